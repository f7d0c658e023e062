// SPDX-License-Identifier: Apache-2.0
//
// An HttpTransport that keeps every request until the test answers it, by hand or (answerWith) from a
// function. Answers reach callbacks only from answer*(), pump() or feed(), never from inside send() or
// stream(). Single thread.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/net/http.h"

namespace kubefed::net {

class FakeTransport final : public HttpTransport {
public:
    struct Exchange {
        HttpRequest request;
        Callback<HttpResponse> done;   // of send()
        HttpStream* stream = nullptr;  // of stream()
        bool open = true;              // neither ended nor cancelled
        bool paused = false;
    };
    using Route = std::function<Result<HttpResponse>(const HttpRequest&)>;

    [[nodiscard]] Request send(HttpRequest request, Callback<HttpResponse> done) override {
        auto exchange = std::make_shared<Exchange>();
        exchange->request = std::move(request);
        exchange->done = std::move(done);
        m_exchanges.push_back(exchange);
        return Request(std::make_unique<Handle>(exchange));
    }
    [[nodiscard]] Request stream(HttpRequest request, HttpStream& stream) override {
        auto exchange = std::make_shared<Exchange>();
        exchange->request = std::move(request);
        exchange->stream = &stream;
        m_exchanges.push_back(exchange);
        return Request(std::make_unique<Handle>(exchange));
    }
    void resume(HttpStream& stream) override {
        for (const auto& exchange : m_exchanges)
            if (exchange->stream == &stream)
                exchange->paused = false;
    }

    // Everything that was asked so far, in order; and the newest.
    [[nodiscard]] const std::vector<std::shared_ptr<Exchange>>& exchanges() const { return m_exchanges; }
    [[nodiscard]] Exchange& last() const { return *m_exchanges.back(); }
    [[nodiscard]] std::size_t openCount() const {
        return static_cast<std::size_t>(
            std::ranges::count_if(m_exchanges, [](const auto& e) { return e->open; }));
    }

    static void answer(Exchange& exchange, Result<HttpResponse> response) {
        exchange.open = false;
        auto done = std::exchange(exchange.done, nullptr);
        done(std::move(response));
    }
    void answerLast(int status, std::string body, Headers headers = {}) const {
        answer(last(),
               HttpResponse{.status = status, .headers = std::move(headers), .body = std::move(body)});
    }
    void failLast(Code code, std::string message) const { answer(last(), fail(code, std::move(message))); }

    // Streams.
    static void begin(Exchange& exchange, int status = 200, Headers headers = {}) {
        exchange.stream->onHead(status, headers);
    }
    // False: the receiver paused (a real transport then sends no more until resume()).
    static bool feed(Exchange& exchange, std::string_view chunk) {
        if (!exchange.open)
            return true;
        const bool goOn = exchange.stream->onData(chunk);
        exchange.paused = !goOn;
        return goOn;
    }
    static void end(Exchange& exchange, Result<void> result = {}) {
        exchange.open = false;
        exchange.stream->onEnd(std::move(result));
    }

    // Answers all open sends from `route`, and those which they lead to, until none is left.
    void pump(const Route& route) const {
        for (bool progress = true; progress;) {
            progress = false;
            for (std::size_t i = 0; i < m_exchanges.size(); ++i) {
                const auto exchange = m_exchanges[i];
                if (!exchange->open || !exchange->done)
                    continue;
                answer(*exchange, route(exchange->request));
                progress = true;
            }
        }
    }

private:
    class Handle final : public Request::State {
    public:
        explicit Handle(std::shared_ptr<Exchange> exchange) : m_exchange(std::move(exchange)) {}
        ~Handle() override {
            m_exchange->open = false;
            m_exchange->done = nullptr;
        }

    private:
        std::shared_ptr<Exchange> m_exchange;
    };

    std::vector<std::shared_ptr<Exchange>> m_exchanges;
};

}  // namespace kubefed::net
