// SPDX-License-Identifier: Apache-2.0
//
// One simulated member cluster: an API server in memory behind TLS on a port of 127.0.0.1, and the
// controllers, scheduler, kubelets and endpoints that a real cluster has. Made, used and destroyed on one
// thread. kill() closes the port, freeze() stops answering, heal() undoes both; the state and the port stay.
#pragma once

#include <memory>
#include <string>

#include "kubefed/net/http_server.h"
#include "kubefed/net/tls.h"
#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

struct MemberSpec {
    std::string name;
    std::string region;
    int nodes = 2;
    Duration podDelay{0};
};

// How an administrator reaches it.
struct MemberAccess {
    std::string name, region;
    std::string server;  // https://127.0.0.1:PORT
    std::string caPem;
    net::KeyPair admin;
};

class Member {
public:
    enum class State { Running, Frozen, Killed };

    // Unavailable: no port.
    [[nodiscard]] static Result<std::unique_ptr<Member>> start(MemberSpec spec, Clock& clock);
    ~Member();

    [[nodiscard]] const MemberAccess& access() const;
    [[nodiscard]] State state() const;
    void freeze();
    void kill();
    [[nodiscard]] Result<void> heal();
    // The present state, for tests.
    [[nodiscard]] const apiserver::ObjectReader& objects() const;

private:
    class Impl;
    explicit Member(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

[[nodiscard]] std::string_view toString(Member::State state);

}  // namespace kubefed::sandbox
