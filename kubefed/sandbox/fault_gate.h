// SPDX-License-Identifier: Apache-2.0
//
// Stands between a member's HTTP server and its API server and can freeze: connections are taken, requests
// wait without an answer, open streams stall. Thawed, everything that waited goes on in order. Member's
// thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "kubefed/net/http_server.h"

namespace kubefed::sandbox {

class GatedWriter;

class FaultGate final : public net::HttpHandler {
public:
    explicit FaultGate(net::HttpHandler& behind) : m_behind(behind) {}
    ~FaultGate() override;
    void handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) override;
    void freeze() { *m_frozen = true; }
    void thaw();
    // Requests that still wait belong to connections that are gone.
    void drop() { m_waiting.clear(); }
    [[nodiscard]] bool isFrozen() const { return *m_frozen; }

private:
    struct Waiting {
        net::ServerRequest request;
        std::shared_ptr<net::ResponseWriter> writer;
    };
    void pass(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer);

    net::HttpHandler& m_behind;
    std::shared_ptr<bool> m_frozen = std::make_shared<bool>(false);  // writers may outlive the gate
    std::deque<Waiting> m_waiting;
    std::vector<std::weak_ptr<GatedWriter>> m_writers;
};

}  // namespace kubefed::sandbox
