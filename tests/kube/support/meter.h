// SPDX-License-Identifier: Apache-2.0
//
// Measures propagation: writes objects to one API server and notes when each was acknowledged there and when
// it appeared in others, by watching those. Also writes straight to the members, for the ceiling. One thread
// with a Qt event loop, which run() and the others turn until they are done: tests and benchmarks only.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <QStringList>

#include "kubefed/kube/client.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/util/qt_clock.h"

namespace kubefed::test {

struct Sample {
    std::string name;
    SteadyTime sent{};
    SteadyTime acknowledged{};
    std::map<std::string, SteadyTime> present;  // by target
    std::string error;
};

struct Burst {
    std::vector<Sample> samples;
    std::chrono::duration<double> untilPresent{0};  // first sent to last present everywhere
    std::chrono::duration<double> untilWritten{0};  // first sent to last acknowledged
    std::string error;                              // timed out: what is missing
    // Milliseconds from acknowledged to present on all targets; the q-quantile over the samples.
    [[nodiscard]] double latencyMs(double q) const;
    // Milliseconds from sent to acknowledged.
    [[nodiscard]] double writeMs(double q) const;
};

// When the next object may be written: once one is acknowledged, or once one is present in all targets (then
// a latency is that of a single object, and not of the queue behind it).
enum class Pace { Acknowledged, Present };

class Meter {
public:
    // Contexts of `kubeconfigs` (a list as in $KUBECONFIG).
    explicit Meter(const QStringList& kubeconfigs);
    ~Meter();
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

    // Creates `count` objects made by `make(name)` in `source`, at most `concurrency` at a time, names
    // PREFIX-0..., and waits until each is present in all `targets` (empty: only written).
    [[nodiscard]] Burst run(const std::string& source, const std::vector<std::string>& targets,
                            const kube::Gvr& gvr, const std::string& ns,
                            const std::function<kube::Object(const std::string&)>& make, int count,
                            int concurrency, const std::string& prefix, std::chrono::seconds timeout,
                            Pace pace = Pace::Acknowledged);
    // The same objects to every one of `sources` directly, `concurrency` at a time to each. Watched: until a
    // watch of its own shows each of them there, as in run(); the instrument then costs both the same.
    [[nodiscard]] Burst runDirect(const std::vector<std::string>& sources, const kube::Gvr& gvr,
                                  const std::string& ns,
                                  const std::function<kube::Object(const std::string&)>& make, int count,
                                  int concurrency, const std::string& prefix, std::chrono::seconds timeout,
                                  bool watched = false);
    // Writing requests that a server has answered so far, by its own metrics; Leases and cluster statuses not
    // counted. Negative: it does not say.
    [[nodiscard]] double writesOf(const std::string& context);
    // Deletes the collection (owned objects in the background) and waits until none is left in any of
    // `contexts`. "" or why not.
    [[nodiscard]] std::string removeAll(const std::vector<std::string>& contexts, const kube::Gvr& gvr,
                                        const std::string& ns, std::chrono::seconds timeout);
    [[nodiscard]] kube::Client& client(const std::string& context);
    // Turns the event loop until `done` or the time is up; false then.
    static bool until(const std::function<bool()>& done, std::chrono::milliseconds timeout);

private:
    class Impl;
    class Presence;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::test
