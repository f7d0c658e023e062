// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/exchange.h"

#include <utility>

namespace kubefed::net {
namespace {

class Handle final : public Request::State {
public:
    explicit Handle(std::shared_ptr<Exchange> exchange) : m_exchange(std::move(exchange)) {}
    ~Handle() override {
        if (m_exchange->isOver())
            return;
        if (const auto host = m_exchange->host.lock())
            host->forget(*m_exchange);
        m_exchange->abandon();
    }

private:
    std::shared_ptr<Exchange> m_exchange;
};

}  // namespace

Exchange::Exchange(HttpRequest request, Callback<HttpResponse> done)
    : m_request(std::move(request)),
      m_body(std::make_shared<const std::string>(std::move(m_request.body))),
      m_done(std::move(done)) {}

Exchange::Exchange(HttpRequest request, HttpStream& stream)
    : m_request(std::move(request)),
      m_body(std::make_shared<const std::string>(std::move(m_request.body))),
      m_stream(&stream) {}

Request Exchange::makeHandle() {
    return Request(std::make_unique<Handle>(shared_from_this()));
}

void Exchange::watchTime(Loop& loop, std::string serverName) {
    m_serverName = std::move(serverName);
    lastActivity = loop.now();
    const Duration first = m_request.timeout > Duration::zero() ? m_request.timeout : m_request.idleTimeout;
    if (first > Duration::zero())
        armDeadline(loop, lastActivity + first);
}

void Exchange::armDeadline(Loop& loop, SteadyTime due) {
    // The Loop outlives its deadlines' firing.
    m_deadline = loop.at(due, [&loop, weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && !self->m_over)
            self->onDeadline(loop);
    });
}

void Exchange::onDeadline(Loop& loop) {
    const bool streaming = m_stream != nullptr && headSeen();
    const Duration limit = streaming ? m_request.idleTimeout : m_request.timeout;
    if (streaming) {
        // The head came in time; from now on only silence counts, and a consumer's pause is no silence.
        if (limit <= Duration::zero())
            return;
        if (m_paused)
            lastActivity = loop.now();
        if (lastActivity + limit > loop.now()) {
            armDeadline(loop, lastActivity + limit);
            return;
        }
    }
    if (const auto owner = host.lock())
        owner->forget(*this);
    fail(makeProblem(Problem::Timeout, m_request.method + " '" + m_serverName + "': no answer within " +
                                           std::to_string(limit.count()) + " ms"));
}

bool Exchange::mayRepeat() const {
    return m_status == 0 && (m_request.idempotent || m_request.method == "GET" || m_request.method == "HEAD");
}

void Exchange::onHead(int status, Headers headers) {
    if (m_over || m_status != 0)
        return;
    m_status = status;
    if (m_stream != nullptr) {
        m_stream->onHead(status, headers);
        return;
    }
    m_response.status = status;
    m_response.headers = std::move(headers);
}

void Exchange::onData(std::string_view chunk) {
    if (m_over)
        return;
    if (m_stream == nullptr) {
        if (m_response.body.size() + chunk.size() > m_request.maxBody) {
            if (const auto owner = carrier.lock())
                owner->cancel(*this);
            fail(makeProblem(Problem::TooLarge,
                             "the body is longer than " + std::to_string(m_request.maxBody) + " bytes"));
            return;
        }
        m_response.body.append(chunk);
        if (const auto owner = carrier.lock())
            owner->consumed(*this, chunk.size());
    } else if (m_paused) {
        m_held.append(chunk);  // at most one window: none of it is given back to the peer yet
    } else {
        deliver(chunk);
    }
}

bool Exchange::deliver(std::string_view chunk) {
    if (!m_stream->onData(chunk) && !m_over)
        m_paused = true;
    if (m_over)
        return false;
    if (const auto owner = carrier.lock())
        owner->consumed(*this, chunk.size());
    return true;
}

void Exchange::onEnd() {
    if (m_over)
        return;
    if (m_stream != nullptr) {
        finishStream({});
        return;
    }
    m_over = true;
    m_deadline.cancel();
    auto done = std::move(m_done);
    done(std::move(m_response));
}

void Exchange::fail(Error error) {
    if (m_over)
        return;
    if (m_stream != nullptr) {
        finishStream(std::unexpected(std::move(error)));
        return;
    }
    m_over = true;
    m_deadline.cancel();
    auto done = std::move(m_done);
    done(std::unexpected(std::move(error)));
}

void Exchange::finishStream(Result<void> result) {
    if (m_paused) {
        if (!m_heldEnd)
            m_heldEnd = std::move(result);
        return;
    }
    m_over = true;
    m_deadline.cancel();
    std::exchange(m_stream, nullptr)->onEnd(std::move(result));
}

void Exchange::abandon() {
    m_over = true;
    m_stream = nullptr;
    m_done = nullptr;
    m_deadline.cancel();
}

void Exchange::resume() {
    if (m_over || !m_paused)
        return;
    m_paused = false;
    if (!m_held.empty()) {
        const std::string held = std::exchange(m_held, {});
        if (!deliver(held) || m_paused)
            return;
    }
    if (m_heldEnd) {
        auto result = std::move(*m_heldEnd);
        m_heldEnd.reset();
        finishStream(std::move(result));
    }
}

}  // namespace kubefed::net
