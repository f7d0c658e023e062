// SPDX-License-Identifier: Apache-2.0
//
// Events go an hour after their last write, as from kube-apiserver's store. Times are kept in memory only: a
// restart begins the hour anew. Owned by the server, used on its thread.
#pragma once

#include <deque>
#include <string>

#include "kubefed/apiserver/controllers/internal_writer.h"

namespace kubefed::apiserver {

class EventExpiry final : public StateObserver {
public:
    EventExpiry(InternalWriter& writer, Clock& clock) : m_writer(writer), m_clock(clock) {}
    void start();
    void onChange(const Collection& collection, const HistoryEvent& event) override;

private:
    struct Written {
        SteadyTime at;
        std::int64_t rv;
        std::string ns, name;
    };
    void note(const Entry& entry);
    void arm();
    void expire();

    InternalWriter& m_writer;
    Clock& m_clock;
    std::deque<Written> m_written;  // oldest first
    Request m_timer;
};

}  // namespace kubefed::apiserver
