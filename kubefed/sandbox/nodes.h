// SPDX-License-Identifier: Apache-2.0
//
// The nodes of a simulated member: made at start, Ready, with a Lease each that is renewed now and then.
#pragma once

#include <string>
#include <vector>

#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class Nodes {
public:
    Nodes(LocalApi& api, Clock& clock, std::string cluster, std::string region, int count);
    void start();

private:
    void renew();
    [[nodiscard]] kube::JsonObject node(const std::string& name, int index) const;
    [[nodiscard]] kube::JsonObject lease(const std::string& name) const;

    LocalApi& m_api;
    Clock& m_clock;
    const std::string m_cluster, m_region;
    std::vector<std::string> m_names;
    Request m_timer;
};

}  // namespace kubefed::sandbox
