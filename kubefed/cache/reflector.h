// SPDX-License-Identifier: Apache-2.0
//
// Keeps a mirror of one type of one API server: list (paged), then watch with bookmarks, resuming at the
// last resourceVersion, listing anew on 410, with jittered exponential back-off on errors (Retry-After
// obeyed). Runs on its Client's thread; tells its sink in order. The sink decides what to keep (projection),
// and may stop the stream by answering false until resume(). Destroying it ends everything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kubefed/kube/client.h"
#include "kubefed/util/clock.h"

namespace kubefed::cache {

class ReflectorSink {
public:
    virtual ~ReflectorSink() = default;
    // A complete list begins / one of its objects / it ends (what was not in it is gone). A second begin
    // without an end before it means that the first list was given up.
    virtual void onListBegin() = 0;
    virtual void onListed(kube::Object object) = 0;
    virtual void onListEnd(const std::string& resourceVersion) = 0;
    // Added, Modified or Deleted after the list. False: full, stop until resume().
    virtual bool onChange(kube::WatchEvent event) = 0;
    // State of the connection: an error while it backs off, ok when a list or watch works (again).
    virtual void onState(Result<void> state) = 0;
};

struct ReflectorConfig {
    kube::Gvr gvr = {};
    std::string ns = {};
    std::string labelSelector = {};
    std::string fieldSelector = {};
    int pageSize = 500;
    Duration backoffFirst{200};
    Duration backoffMax{30'000};
    Duration watchTimeout{300'000};  // jittered up to twice
};

class Reflector {
public:
    Reflector(kube::Client& client, Clock& clock, ReflectorConfig config, ReflectorSink& sink,
              std::uint64_t jitterSeed);
    ~Reflector();
    Reflector(const Reflector&) = delete;
    Reflector& operator=(const Reflector&) = delete;

    void start();
    // After onChange() answered false. What had arrived already is told from inside this call.
    void resume();
    // Ends a back-off now: the cluster was just seen to be back.
    void retryNow();
    [[nodiscard]] const std::string& resourceVersion() const;

private:
    class Impl;
    std::shared_ptr<Impl> m_impl;
};

}  // namespace kubefed::cache
