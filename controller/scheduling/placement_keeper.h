// SPDX-License-Identifier: Apache-2.0
//
// Keeps a Placement, by its finalizer, for as long as its template's deletion needs it: it is the only record
// of which members hold the object, and a namespace's deletion takes both in any order. A Placement that
// somebody deleted while its template lives is let go at once and decided anew. Core thread; owned by
// Controller.
#pragma once

#include <unordered_map>

#include "controller/host/host_mirror.h"
#include "controller/metrics.h"
#include "kubefed/cache/work_queue.h"

namespace kubefed::controller {

class PlacementKeeper {
public:
    PlacementKeeper(HostApi& host, HostMirror& mirror, Clock& clock, Metrics& metrics);
    PlacementKeeper(const PlacementKeeper&) = delete;
    PlacementKeeper& operator=(const PlacementKeeper&) = delete;

    // The Placement or its template changed. Cheap unless the Placement is being deleted.
    void look(const TemplateId& id);

private:
    // A Placement that is being deleted and that our finalizer holds; else null.
    [[nodiscard]] const PlacementRecord* held(const TemplateId& id) const;
    void pump();
    void pumpSoon();
    bool process(const TemplateId& id);
    void askForNamespace(const TemplateId& id);
    void release(const TemplateId& id, const PlacementRecord& placement);
    void finished(const TemplateId& id, const Error* error);

    HostApi& m_host;
    HostMirror& m_mirror;
    Clock& m_clock;
    Metrics& m_metrics;
    Request m_turn;
    cache::WorkQueue<TemplateId> m_queue;
    std::unordered_map<TemplateId, Request> m_requests;  // last: ends first
};

}  // namespace kubefed::controller
