// SPDX-License-Identifier: Apache-2.0
//
// Recordings of a fleet's stream: a header line, then length-delimited FleetMessages as they came, each with
// its time, compressed in blocks; explanations and policies too, whenever they are others than before. For
// demonstrations, tests and bug reports: nothing in it is secret that the stream does not show.
#pragma once

#include <filesystem>
#include <memory>

#include "kubefed/client/fleet_source.h"
#include "kubefed/util/clock.h"

namespace kubefed::client {

// Passes a source through and writes what it tells into a file. While it is live it asks by itself why the
// first 200 objects are where they are (each again when it changed, five in a second at most, 32 MiB in all)
// and for the policies, so that a recording can answer as the controller did. Owner: whoever made it;
// outlives nothing.
class RecordingSource final : public FleetSource {
public:
    [[nodiscard]] static Result<std::unique_ptr<RecordingSource>> make(std::unique_ptr<FleetSource> source,
                                                                       const std::filesystem::path& file,
                                                                       Clock& clock);
    ~RecordingSource() override;
    void start(FleetSink& sink) override;
    [[nodiscard]] TimeMs now() const override;
    [[nodiscard]] Request explain(const ObjectId& object, Callback<Explanation> done) override;
    [[nodiscard]] Request listPolicies(Callback<std::vector<PolicyPlugin>> done) override;

private:
    class Impl;
    explicit RecordingSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

// Plays a recording, as far as it is whole. InvalidArgument names the file and what is wrong with it.
class ReplaySource final : public FleetSource {
public:
    [[nodiscard]] static Result<std::unique_ptr<ReplaySource>> make(const std::filesystem::path& file,
                                                                    Clock& clock);
    ~ReplaySource() override;
    void start(FleetSink& sink) override;
    [[nodiscard]] TimeMs now() const override;
    [[nodiscard]] Request explain(const ObjectId& object, Callback<Explanation> done) override;
    [[nodiscard]] Request listPolicies(Callback<std::vector<PolicyPlugin>> done) override;

    // The recording's first and last moment.
    [[nodiscard]] TimeMs begin() const;
    [[nodiscard]] TimeMs end() const;
    // A crash or a full disk cut the file: what came after end() is missing.
    [[nodiscard]] bool isCutOff() const;
    // Backwards too: the sink gets the fleet as it was then, in one reset.
    void seek(TimeMs time);
    void setSpeed(double factor);  // 0: paused; 1 as recorded
    [[nodiscard]] double speed() const;

private:
    class Impl;
    explicit ReplaySource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::client
