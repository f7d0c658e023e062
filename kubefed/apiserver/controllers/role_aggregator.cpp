// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/role_aggregator.h"

#include <set>

#include "kubefed/kube/selector.h"

namespace kubefed::apiserver {
namespace {

const kube::Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};

}  // namespace

std::optional<kube::JsonArray> gatheredRules(const kube::Object& role, const ObjectReader& objects) {
    const kube::JsonArray* selectors =
        kube::arrayAt(role.document(), {"aggregationRule", "clusterRoleSelectors"});
    if (selectors == nullptr)
        return std::nullopt;
    kube::JsonArray rules;
    std::set<std::string> seen;
    for (const kube::Json& json : *selectors) {
        const kube::JsonObject* given = json.if_object();
        const Result<kube::LabelSelector> selector =
            kube::LabelSelector::fromJson(given == nullptr ? kube::JsonObject() : *given);
        if (given == nullptr || !selector)
            continue;
        objects.forEach(kClusterRoles, {}, [&](const kube::Object& other) {
            const kube::JsonArray* own = kube::arrayAt(other.document(), {"rules"});
            if (own == nullptr || other.name() == role.name() || !selector->matches(other.labels()))
                return;
            for (const kube::Json& rule : *own)
                if (seen.insert(kube::printCanonical(rule)).second)
                    rules.push_back(rule);
        });
    }
    return rules;
}

RoleAggregator::RoleAggregator(InternalWriter& writer, Clock& clock)
    : m_writer(writer), m_queue(clock, [this](const std::string& name) { sync(name); }) {}

void RoleAggregator::start() {
    addAll();
}

void RoleAggregator::onChange(const Collection& collection, const HistoryEvent&) {
    if (collection.gvr == kClusterRoles)
        addAll();
}

void RoleAggregator::addAll() {
    m_writer.pipeline().state().forEach(kClusterRoles, {}, [this](const kube::Object& role) {
        if (kube::objectAt(role.document(), {"aggregationRule"}) != nullptr)
            m_queue.add(std::string(role.name()));
    });
}

void RoleAggregator::sync(const std::string& name) {
    const State& state = m_writer.pipeline().state();
    const kube::ObjectPtr role = state.get(kClusterRoles, {"", name});
    if (!role)
        return;
    const std::optional<kube::JsonArray> rules = gatheredRules(*role, state);
    const kube::JsonArray* present = kube::arrayAt(role->document(), {"rules"});
    if (!rules ||
        (present == nullptr ? rules->empty() : kube::equal(kube::Json(*present), kube::Json(*rules))))
        return;
    m_writer.modify(
        kClusterRoles, "", name, "", [&](kube::JsonObject& object) { object["rules"] = *rules; },
        m_queue.outcomeOf(name));
}

}  // namespace kubefed::apiserver
