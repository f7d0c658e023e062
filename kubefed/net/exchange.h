// SPDX-License-Identifier: Apache-2.0
//
// One request of a client from send() or stream() to its end, wherever it waits: in its pool's queue or on a
// connection's stream. It owns the callbacks and calls each at the right time once; it knows nothing of
// sockets. Held by its handle, its connection or queue; thread of its transport. Private to net.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/net/http.h"
#include "kubefed/net/loop.h"

namespace kubefed::net {

class Exchange;

// What carries an exchange while it is under way.
class ExchangeCarrier {
public:
    virtual ~ExchangeCarrier() = default;
    // Ends it at the server, if it has not ended.
    virtual void cancel(Exchange& exchange) = 0;
    // The user took so much of the answer.
    virtual void consumed(const Exchange& exchange, std::size_t bytes) = 0;
};

// Whoever it was given to, on a carrier or waiting for one.
class ExchangeHost {
public:
    virtual ~ExchangeHost() = default;
    // It ends from this side: cancelled or out of time.
    virtual void forget(Exchange& exchange) = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
public:
    Exchange(HttpRequest request, Callback<HttpResponse> done);
    Exchange(HttpRequest request, HttpStream& stream);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // The handle whose destruction cancels.
    [[nodiscard]] Request makeHandle();
    // Begins to count time: until the whole answer, or its head and then each silence of a stream.
    void watchTime(Loop& loop, std::string serverName);

    // What came from the server. Each may run the user's code, which may end this exchange or its connection.
    void onHead(int status, Headers headers);
    void onData(std::string_view chunk);
    void onEnd();
    // Ends it with an error, if it is not over.
    void fail(Error error);
    // Ends it silently.
    void abandon();
    // Hands on what was held back while the consumer paused.
    void resume();

    [[nodiscard]] bool isOver() const { return m_over; }
    [[nodiscard]] bool headSeen() const { return m_status != 0; }
    [[nodiscard]] bool mayRepeat() const;
    [[nodiscard]] HttpStream* consumer() const { return m_stream; }
    // Of the request's body, which the session shares.
    [[nodiscard]] const std::shared_ptr<const std::string>& body() const { return m_body; }
    [[nodiscard]] const HttpRequest& request() const { return m_request; }

    // Where it is; kept by its host and its carrier.
    std::weak_ptr<ExchangeHost> host;
    std::weak_ptr<ExchangeCarrier> carrier;
    std::int64_t streamId = 0;
    int attempts = 0;
    SteadyTime lastActivity;

private:
    void armDeadline(Loop& loop, SteadyTime due);
    void onDeadline(Loop& loop);
    // Hands `chunk` to the stream; false when the exchange ended meanwhile.
    bool deliver(std::string_view chunk);
    void finishStream(Result<void> result);

    HttpRequest m_request;
    std::shared_ptr<const std::string> m_body;
    Callback<HttpResponse> m_done;
    HttpStream* m_stream = nullptr;
    HttpResponse m_response;
    int m_status = 0;
    Loop::Deadline m_deadline;
    std::string m_serverName;
    bool m_over = false;
    bool m_paused = false;
    std::string m_held;
    std::optional<Result<void>> m_heldEnd;
};

}  // namespace kubefed::net
