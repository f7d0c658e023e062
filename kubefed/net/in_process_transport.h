// SPDX-License-Identifier: Apache-2.0
//
// HTTP without sockets between threads of one process: an InProcessServer stands on its handler's thread and
// makes transports for any other thread (or the same), each speaking as one fixed user. Values move, nothing
// is encoded. Bounded: by requests under way per transport (beyond: ResourceExhausted) and by unread bytes
// per answer (ResponseWriter::write() answers false, as over a socket). Either side may end first: requests
// of a server that is gone fail with Unavailable; destroying a transport ends its requests silently.
#pragma once

#include <cstddef>
#include <memory>

#include "kubefed/net/http_server.h"

namespace kubefed::net {

struct InProcessConfig {
    std::size_t maxRequests = 10'000;     // under way at once, per transport
    std::size_t maxBuffered = 4U << 20U;  // bytes per answer that the client has not taken
};

class InProcessServer {
public:
    explicit InProcessServer(HttpHandler& handler, InProcessConfig config = {});
    ~InProcessServer();  // on the constructing thread; no handler call afterwards
    InProcessServer(const InProcessServer&) = delete;
    InProcessServer& operator=(const InProcessServer&) = delete;

    // Any thread; the transport then belongs to the calling one, as does `clock`. `user` is what the handler
    // sees as the verified client certificate.
    [[nodiscard]] std::unique_ptr<HttpTransport> connect(CertificateInfo user, Clock& clock);

private:
    class Side;
    std::shared_ptr<Side> m_side;
};

}  // namespace kubefed::net
