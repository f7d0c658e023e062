// SPDX-License-Identifier: Apache-2.0
#include "controller/host/open_writes.h"

#include <algorithm>

namespace kubefed::controller {

void OpenWrites::begin(const TemplateId& id, std::function<void(kube::Object)> take,
                       const std::function<Request(Callback<kube::Object>)>& send) {
    Write& write = m_writes[id];
    ++write.open;
    write.requests.push_back(send([this, id, take = std::move(take)](Result<kube::Object> result) {
        if (result)
            take(std::move(*result));
        answered(id, result ? nullptr : &result.error());
    }));
}

void OpenWrites::answered(const TemplateId& id, const Error* error) {
    Write& write = m_writes.at(id);
    if (error != nullptr && !(m_handlers.isDone && m_handlers.isDone(*error))) {
        write.failed = true;
        write.retryAfter = std::max(write.retryAfter, error->retryAfter.value_or(Duration{0}));
    }
    if (--write.open > 0)
        return;
    const bool failed = write.failed;
    const Duration retryAfter = write.retryAfter;
    m_writes.erase(id);
    m_queue.done(id);
    if (failed)
        m_queue.addRateLimited(id, retryAfter);
    else
        m_queue.forget(id);
    m_handlers.ended();
}

}  // namespace kubefed::controller
