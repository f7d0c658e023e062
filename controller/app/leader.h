// SPDX-License-Identifier: Apache-2.0
//
// Holds the Lease kubefed-system/kubefed-controller, so that of several controllers one acts, and so that
// clients see when none does. Renews every 10 s; a Lease that another one holds is taken when it has stood
// still for its duration. Core thread. `elected` comes once; `lost` once, after which the process must end.
#pragma once

#include <functional>
#include <string>

#include "controller/host/host_api.h"

namespace kubefed::controller {

class Leader {
public:
    Leader(HostApi& host, Clock& clock, std::string identity, std::function<void()> elected,
           std::function<void()> lost);
    Leader(const Leader&) = delete;
    Leader& operator=(const Leader&) = delete;

    void start() { ensureNamespace(); }

private:
    void ensureNamespace();
    void look();
    void found(const kube::Object& lease);
    void createLease();
    void renew();
    void wrote(Result<kube::Object> answer);
    void lose();
    void again(Duration delay);
    [[nodiscard]] kube::JsonObject spec() const;

    HostApi& m_host;
    Clock& m_clock;
    const std::string m_identity;
    std::function<void()> m_elected;
    std::function<void()> m_lost;
    bool m_leading = false;
    bool m_isLost = false;
    std::string m_version;  // of the Lease, as last seen
    std::string m_otherHolder;
    std::string m_otherRenewal;  // what another holder last wrote, and since when it stands
    SteadyTime m_otherSince{};
    SteadyTime m_renewed{};
    std::int64_t m_transitions = 0;
    Request m_timer;
    Request m_request;
};

}  // namespace kubefed::controller
