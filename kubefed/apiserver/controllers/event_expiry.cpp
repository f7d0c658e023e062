// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/event_expiry.h"

#include <algorithm>
#include <vector>

namespace kubefed::apiserver {
namespace {

const kube::Gvr kEvents{"", "v1", "events"};
constexpr std::chrono::hours kLife{1};
constexpr std::chrono::minutes kLookEvery{1};

}  // namespace

void EventExpiry::start() {
    if (const Collection* events = m_writer.pipeline().state().find(kEvents))
        for (const auto& [key, slot] : events->slots)
            if (slot.committed)
                note(*slot.committed);
}

void EventExpiry::onChange(const Collection& collection, const HistoryEvent& event) {
    if (collection.gvr == kEvents && event.kind != EventKind::Deleted)
        note(*event.now);
}

void EventExpiry::note(const Entry& entry) {
    m_written.push_back({m_clock.now(), entry.rv, entry.ns, entry.name});
    arm();
}

void EventExpiry::arm() {
    if (m_timer.isActive() || m_written.empty())
        return;
    const auto due = std::chrono::ceil<Duration>(m_written.front().at + kLife - m_clock.now());
    m_timer = m_clock.after(std::max<Duration>(due, kLookEvery), [this] { expire(); });
}

void EventExpiry::expire() {
    m_timer = Request();
    std::vector<Written> due;
    for (; !m_written.empty() && m_written.front().at + kLife <= m_clock.now(); m_written.pop_front())
        due.push_back(std::move(m_written.front()));
    const Collection* events = m_writer.pipeline().state().find(kEvents);
    for (const Written& written : due) {
        const EntryPtr head = events->head(storageKey(written.ns, written.name));
        if (!head || head->rv != written.rv)  // written again since, and noted again
            continue;
        m_writer.remove(kEvents, written.ns, written.name, {}, [this, written](bool done) {
            if (done)
                return;
            m_written.push_front(written);
            arm();
        });
    }
    arm();
}

}  // namespace kubefed::apiserver
