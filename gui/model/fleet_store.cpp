// SPDX-License-Identifier: Apache-2.0
#include "gui/model/fleet_store.h"

#include <algorithm>
#include <utility>

namespace kubefed::gui {

FleetStore::FleetStore(Clock& clock) : m_clock(clock) {}

void FleetStore::attach(client::FleetSource& source) {
    m_source = &source;
    m_now = source.now();
    tick();
    source.start(*this);
}

void FleetStore::detach() {
    m_source = nullptr;
    m_publish.cancel();
    m_tick.cancel();
    m_snapshot.reset();
    m_changes.clear();
    m_fleet.clear();
    m_state = client::ConnectionState::Connecting;
    m_error = Error{.code = Code::Ok};
    m_now = m_lastData = 0;
    m_hasSnapshot = m_connectionChanged = false;
    Q_EMIT connectionChanged();
    Q_EMIT published({.isReset = true});
}

void FleetStore::stateChanged(client::ConnectionState state, const Error& error) {
    m_state = state;
    m_error = error;
    m_connectionChanged = true;
    schedule();
}

void FleetStore::reset(const client::FleetInfo& info, client::FleetChanges all) {
    m_changes.clear();
    m_snapshot = Snapshot{info, std::move(all)};
    m_lastData = m_source->now();
    schedule();
}

void FleetStore::changed(client::FleetChanges changes) {
    m_changes.push_back(std::move(changes));
    m_lastData = m_source->now();
    schedule();
}

// Shown with the next tick: signs of life come as often.
void FleetStore::heard(client::TimeMs time) {
    m_lastData = time;
}

void FleetStore::tick() {
    m_tick = m_clock.after(kTick, [this] {
        tick();
        schedule();
    });
}

void FleetStore::schedule() {
    if (m_publish.isActive())
        return;
    const auto since = std::chrono::duration_cast<Duration>(m_clock.now() - m_lastPublished);
    const bool isFirst = m_lastPublished == SteadyTime{};
    m_publish = m_clock.after(isFirst ? Duration{0} : std::max(Duration{0}, kShortest - since), [this] {
        m_publish.cancel();
        publish();
    });
}

void FleetStore::publish() {
    m_lastPublished = m_clock.now();
    m_now = m_source->now();
    FleetDelta delta;
    if (m_snapshot) {
        m_fleet.reset(std::move(m_snapshot->info), std::move(m_snapshot->all));
        m_snapshot.reset();
        m_hasSnapshot = delta.isReset = true;
    }
    for (client::FleetChanges& changes : std::exchange(m_changes, {}))
        m_fleet.apply(std::move(changes), delta);
    if (delta.isReset)
        delta = {.isReset = true};
    for (auto* list : {&delta.clusters, &delta.contacted}) {
        std::ranges::sort(*list);
        list->erase(std::ranges::unique(*list).begin(), list->end());
    }
    std::ranges::sort(delta.objects);
    delta.objects.erase(std::ranges::unique(delta.objects).begin(), delta.objects.end());
    if (std::exchange(m_connectionChanged, false))
        Q_EMIT connectionChanged();
    Q_EMIT published(delta);
}

}  // namespace kubefed::gui
