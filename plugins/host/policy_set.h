// SPDX-License-Identifier: Apache-2.0
//
// The policy objects of one PlacementPolicy, in the order of its plugins, and rounds on them. Internal to
// plugins/host; shared by the registry and by the rounds under way.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/host/instance.h"

namespace kubefed::plugins {

inline constexpr std::string_view kAffinity = "affinity";
inline constexpr std::string_view kTaints = "taints";
inline constexpr std::string_view kWeighted = "weighted";

[[nodiscard]] inline std::string inQuotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

using PluginPtr = std::shared_ptr<const Plugin>;
// The plugin of a name, or why it cannot be had.
using PluginFinder = std::function<Result<PluginPtr>(const std::string& name)>;

class PolicySet {
public:
    // What open() of PolicyRegistry says.
    [[nodiscard]] static Result<std::shared_ptr<PolicySet>> make(const fed::Policy& policy,
                                                                 const PluginFinder& find);

    [[nodiscard]] const fed::Policy& policy() const { return m_policy; }
    [[nodiscard]] bool uses(std::string_view plugin) const;
    // Waits for the round before it.
    [[nodiscard]] static std::unique_ptr<fed::PolicyRound> openRound(std::shared_ptr<PolicySet> set);

private:
    class Round;
    explicit PolicySet(fed::Policy policy) : m_policy(std::move(policy)) {}
    [[nodiscard]] Result<void> add(const fed::PluginUse& use, const PluginFinder& find);

    const fed::Policy m_policy;
    std::vector<fed::PolicyRound::Plugin> m_plugins;
    std::vector<std::unique_ptr<Instance>> m_instances;  // null: failed to be made, see m_failures
    std::vector<std::string> m_failures;
    std::mutex m_inUse;
};

}  // namespace kubefed::plugins
