// SPDX-License-Identifier: Apache-2.0
//
// One request of a client from send() or stream() to its end, wherever it waits: in its pool's queue or on a
// connection's stream. It owns the callbacks and calls each at the right time once; it knows nothing of
// sockets. Held by its handle, its connection or queue; thread of its transport. Private to net.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/net/http.h"
#include "kubefed/net/loop.h"

namespace kubefed::net {

class ClientConnection;

class Exchange {
public:
    Exchange(HttpRequest request, Callback<HttpResponse> done);
    Exchange(HttpRequest request, HttpStream& stream);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

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
    [[nodiscard]] bool isPaused() const { return m_paused; }
    [[nodiscard]] bool mayRepeat() const;
    [[nodiscard]] HttpStream* consumer() const { return m_stream; }
    // Of the request's body, which the session shares.
    [[nodiscard]] const std::shared_ptr<const std::string>& body() const { return m_body; }
    [[nodiscard]] const HttpRequest& request() const { return m_request; }

    // Where it is; kept by the pool and the connection.
    std::weak_ptr<ClientConnection> connection;
    std::int32_t streamId = 0;
    int attempts = 0;
    Loop::Deadline deadline;
    SteadyTime lastActivity;

private:
    // Hands `chunk` to the stream; false when the exchange ended meanwhile.
    bool deliver(std::string_view chunk);
    void finishStream(Result<void> result);

    HttpRequest m_request;
    std::shared_ptr<const std::string> m_body;
    Callback<HttpResponse> m_done;
    HttpStream* m_stream = nullptr;
    HttpResponse m_response;
    int m_status = 0;
    bool m_over = false;
    bool m_paused = false;
    std::string m_held;
    std::optional<Result<void>> m_heldEnd;
};

}  // namespace kubefed::net
