// SPDX-License-Identifier: Apache-2.0
//
// Writes to the host for keys that a queue has handed out. A key may have several at a time; with the answer
// of the last its processing ends, and if one of them failed it comes back: after its back-off, and not
// before the host's Retry-After. Its own end cancels what is under way. Core thread; owned by who owns the
// queue, and declared last.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "controller/ids.h"
#include "kubefed/cache/work_queue.h"
#include "kubefed/kube/object.h"
#include "kubefed/util/error.h"
#include "kubefed/util/request.h"

namespace kubefed::controller {

class OpenWrites {
public:
    struct Handlers {
        // Errors that leave nothing to be written; null: there are none.
        std::function<bool(const Error&)> isDone;
        // A key's processing has ended: there is room for another one.
        std::function<void()> ended;
    };
    OpenWrites(cache::WorkQueue<TemplateId>& queue, Handlers handlers)
        : m_queue(queue), m_handlers(std::move(handlers)) {}
    OpenWrites(const OpenWrites&) = delete;
    OpenWrites& operator=(const OpenWrites&) = delete;

    // `send` makes the request; its answer comes from the event loop, never from inside the call. `take` is
    // told what stands at the host now.
    void begin(const TemplateId& id, std::function<void(kube::Object)> take,
               const std::function<Request(Callback<kube::Object>)>& send);

    [[nodiscard]] bool contains(const TemplateId& id) const { return m_writes.contains(id); }
    [[nodiscard]] std::size_t size() const { return m_writes.size(); }  // keys

private:
    struct Write {
        std::vector<Request> requests;
        std::size_t open = 0;
        bool failed = false;
        Duration retryAfter{0};
    };
    void answered(const TemplateId& id, const Error* error);

    cache::WorkQueue<TemplateId>& m_queue;
    Handlers m_handlers;
    std::map<TemplateId, Write> m_writes;  // last: ends first
};

}  // namespace kubefed::controller
