// SPDX-License-Identifier: Apache-2.0
//
// Who follows whom: Services the workloads whose pods they select, ConfigMaps, Secrets and ServiceAccounts
// what names them. Indexed both ways, so that one change touches only those concerned. Of what is no template
// too, as it last was one: whether it stands anywhere, and so leads, its Placement says. Core thread; owned
// by Controller; reads objects through the mirror.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "controller/host/host_mirror.h"
#include "kubefed/fed/status_aggregation.h"

namespace kubefed::controller {

class FollowIndex {
public:
    explicit FollowIndex(const HostMirror& mirror) : m_mirror(mirror) {}

    // After a template changed or went.
    void update(const TemplateId& id);
    // Whose decisions decide where `id` goes.
    [[nodiscard]] std::vector<TemplateId> followed(const TemplateId& id) const;
    // Who goes where `id` goes; before update(), who went where it went.
    [[nodiscard]] std::vector<TemplateId> followers(const TemplateId& id) const;
    // Who names this dependent, whether it exists or not.
    [[nodiscard]] std::vector<TemplateId> namedBy(const TemplateId& id) const;
    // What the object names and cannot do without, and will not find in the cluster: it does not exist, or is
    // no template and does not stand there from when it was one.
    [[nodiscard]] std::vector<fed::MissingDependency> missing(const TemplateId& id,
                                                              std::string_view cluster) const;

private:
    using Ids = std::set<TemplateId>;
    struct Keys {
        std::vector<std::string> podLabels;  // sorted, as the selector is
        std::vector<std::string> selector;
        std::vector<TemplateId> names;
    };
    [[nodiscard]] bool selects(const TemplateId& service, const TemplateId& workload) const;

    const HostMirror& m_mirror;
    std::unordered_map<TemplateId, Keys> m_keys;
    std::unordered_map<std::string, Ids> m_byPodLabel;  // "ns\nkey=value" -> workloads
    std::unordered_map<std::string, Ids> m_bySelector;  // the selector's first -> Services
    std::unordered_map<TemplateId, Ids> m_namedBy;
};

}  // namespace kubefed::controller
