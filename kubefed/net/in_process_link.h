// SPDX-License-Identifier: Apache-2.0
//
// What the two sides of an in-process connection say to each other, and a mailbox that may vanish while the
// other thread still knows it. Private to net.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "kubefed/net/http_server.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::net {

// Sends to a thread as long as that thread listens. The mailbox itself has no bound: what may wait in it is
// bounded by the number of requests and by the bytes that each answer may have on the way.
template <class T>
class Outlet {
public:
    void open(Mailbox<T>* mailbox) {
        const std::scoped_lock lock(m_mutex);
        m_mailbox = mailbox;
    }
    // Afterwards no thread touches the mailbox.
    void close() { open(nullptr); }
    bool send(T message) {
        const std::scoped_lock lock(m_mutex);
        return m_mailbox != nullptr && m_mailbox->push(std::move(message));
    }

private:
    std::mutex m_mutex;
    Mailbox<T>* m_mailbox = nullptr;
};
inline constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max();

struct ToClient {
    enum class Kind { Head, Data, End, Reset };
    std::int64_t id = 0;
    Kind kind = Kind::Head;
    int status = 0;
    Headers headers = {};
    std::string data = {};
    bool last = false;  // of Head: the whole answer, data included
};
using ClientOutlet = Outlet<ToClient>;

struct ToServer {
    enum class Kind { Request, Cancel, Taken, Gone };
    std::shared_ptr<ClientOutlet> from;
    Kind kind = Kind::Request;
    std::int64_t id = 0;
    std::size_t bytes = 0;  // of Taken
    std::optional<ServerRequest> request = {};
};
using ServerOutlet = Outlet<ToServer>;

// Lets go of it from the event loop: a mailbox must not be destroyed while it hands out its messages.
void releaseLater(std::shared_ptr<void> kept);

[[nodiscard]] std::unique_ptr<HttpTransport> makeInProcessTransport(std::shared_ptr<ServerOutlet> server,
                                                                    CertificateInfo user,
                                                                    std::size_t maxRequests,
                                                                    std::size_t reportAfter, Clock& clock);

}  // namespace kubefed::net
