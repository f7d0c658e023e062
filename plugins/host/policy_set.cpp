// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/policy_set.h"

#include <algorithm>

namespace kubefed::plugins {

namespace {

// The plugins of a policy in their order, as name and configuration.
std::vector<fed::PluginUse> usesOf(const fed::Policy& policy) {
    fed::PluginUse taints{.name = std::string(kTaints)};
    if (!policy.tolerations.empty())
        taints.config["tolerations"] = policy.tolerations;
    std::vector<fed::PluginUse> uses{{.name = std::string(kAffinity), .config = policy.clusters},
                                     std::move(taints)};
    for (const fed::PluginUse& use : policy.plugins)
        // Listed without configuration these two add nothing to what always runs.
        if ((use.name != kAffinity && use.name != kTaints) || !use.config.empty())
            uses.push_back(use);
    return uses;
}

Result<std::unique_ptr<Instance>> makeInstance(const fed::PluginUse& use, const PluginFinder& find) {
    auto plugin = find(use.name);
    KUBEFED_TRY(plugin);
    auto instance = Instance::make(*std::move(plugin), use.config);
    if (!instance)
        instance.error().message = "plugin " + inQuotes(use.name) + ": " + instance.error().message;
    return instance;
}

}  // namespace

class PolicySet::Round final : public fed::PolicyRound {
public:
    explicit Round(std::shared_ptr<PolicySet> set) : m_set(std::move(set)), m_lock(m_set->m_inUse) {}

    [[nodiscard]] std::span<const Plugin> plugins() const override { return m_set->m_plugins; }
    [[nodiscard]] Result<void> run(std::size_t plugin, fed::Stage stage, const fed::RoundContext& context,
                                   std::span<fed::RoundRow> rows, fed::ReasonLog* reasons) override {
        if (m_set->m_instances[plugin] == nullptr)
            return fail(Code::FailedPrecondition, m_set->m_failures[plugin]);
        return m_set->m_instances[plugin]->run(stage, context, rows, reasons);
    }
    void answeredWrongly(std::size_t plugin, fed::Stage stage, const std::string& what) override {
        if (m_set->m_instances[plugin] != nullptr)
            m_set->m_instances[plugin]->plugin().counters->failed(std::string(fed::toString(stage)) + ": " +
                                                                  what);
    }

private:
    std::shared_ptr<PolicySet> m_set;
    std::unique_lock<std::mutex> m_lock;
};

Result<std::shared_ptr<PolicySet>> PolicySet::make(const fed::Policy& policy, const PluginFinder& find) {
    std::shared_ptr<PolicySet> set(new PolicySet(policy));
    bool isDivided = false;
    for (const fed::PluginUse& use : usesOf(policy)) {
        KUBEFED_TRY(set->add(use, find));
        isDivided = isDivided || set->m_plugins.back().has(fed::Stage::Divide);
    }
    const fed::PluginUse divider{.name = std::string(kWeighted)};
    if (!isDivided)
        KUBEFED_TRY(set->add(divider, find));
    return set;
}

Result<void> PolicySet::add(const fed::PluginUse& use, const PluginFinder& find) {
    auto instance = makeInstance(use, find);
    if (!instance && !use.optional)
        return fail(std::move(instance.error()));
    // An optional one that cannot be made fails in its first stage, so that the explanation shows it.
    constexpr std::uint32_t kFilterOnly = 1U << static_cast<unsigned>(fed::Stage::Filter);
    m_plugins.push_back(
        {use.name, use.weight, use.optional, instance ? (*instance)->plugin().manifest.stages : kFilterOnly});
    m_failures.push_back(instance ? std::string() : instance.error().message);
    m_instances.push_back(instance ? *std::move(instance) : nullptr);
    return {};
}

bool PolicySet::uses(std::string_view plugin) const {
    return std::ranges::any_of(m_plugins, [&](const auto& used) { return used.name == plugin; });
}

std::unique_ptr<fed::PolicyRound> PolicySet::openRound(std::shared_ptr<PolicySet> set) {
    return std::make_unique<Round>(std::move(set));
}

}  // namespace kubefed::plugins
