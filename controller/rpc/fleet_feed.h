// SPDX-License-Identifier: Apache-2.0
//
// The live fleet: notes what changes in the Controller, and every 100 ms at most makes one delta of it, which
// all subscribers share. Keeps what only time tells: phase timelines, latencies of probes, activities (made
// from transitions), figures over the last minutes. Core thread; outlives the Controller it observes, but is
// read only while that lives.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "controller/controller.h"
#include "controller/rpc/fleet_delta.h"

namespace kubefed::controller {

class FleetFeed final : public ControllerObserver {
public:
    using Listener = std::function<void(const FleetDeltaPtr&)>;

    FleetFeed(Clock& clock, Listener listener);

    // The controller has read the federation: what is there now is the beginning, not news.
    void start(const Controller& controller);
    // The controller is about to go.
    void stop();
    // Everything, as the listener knows it: what comes next follows on it.
    [[nodiscard]] FleetDeltaPtr snapshot() const;

    void memberChanged(const std::string& name) override;
    void memberProbed(const Member& member, const fed::Probe& probe) override;
    void objectChanged(const TemplateId& id) override;

private:
    struct KnownCluster {
        std::shared_ptr<const client::Cluster> value;
        std::vector<client::PhaseChange> timeline;
        std::vector<std::int32_t> latencies;
    };
    struct Sample {
        SteadyTime time{};
        Histogram::Buckets propagated{};
        std::uint64_t decisions = 0;
    };

    void schedule();
    void flush();
    void flushClusters(FleetDelta& delta);
    void flushCluster(const std::string& name, FleetDelta& delta);
    void flushObject(const TemplateId& id, FleetDelta& delta);
    void sample();
    [[nodiscard]] client::Totals totals() const;
    void noteCluster(const client::Cluster& now, const client::Cluster* before, FleetDelta& delta);
    void noteObject(const client::Object& now, const client::Object* before, FleetDelta& delta);
    void add(FleetDelta& delta, client::Activity activity);
    [[nodiscard]] client::ClusterNumber numberOf(std::string_view name) const;
    [[nodiscard]] std::string placed(const client::Object& object) const;

    Clock& m_clock;
    Listener m_listener;
    const Controller* m_controller = nullptr;
    bool m_isTelling = false;  // false while it learns what is there at the start

    std::map<std::string, KnownCluster, std::less<>> m_clusters;
    std::map<std::string, client::ClusterNumber, std::less<>> m_numbers;  // of those that are there
    client::ClusterNumber m_lastNumber = 0;
    std::unordered_map<TemplateId, std::shared_ptr<const client::Object>> m_objects;
    std::deque<client::Activity> m_activities;
    std::uint64_t m_lastActivity = 0;
    client::Totals m_totals;
    std::deque<Sample> m_samples;  // oldest first, over five minutes

    std::set<std::string> m_dirtyMembers;
    std::unordered_set<TemplateId> m_dirtyObjects;
    std::vector<std::pair<std::string, client::Contact>> m_contacts;
    SteadyTime m_flushed{};
    Request m_timer;
    Request m_sampleTimer;
};

}  // namespace kubefed::controller
