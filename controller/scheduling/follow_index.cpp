// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/follow_index.h"

#include <algorithm>

namespace kubefed::controller {
namespace {

std::string pairKey(const std::string& ns, const kube::JsonObject::value_type& pair) {
    std::string key = ns + "\n";
    key.append(pair.key().data(), pair.key().size());
    key += '=';
    if (const auto* text = pair.value().if_string())
        key.append(text->data(), text->size());
    return key;
}

// Sorted, so that a selector is met by labels that include it.
std::vector<std::string> pairKeys(const std::string& ns, const kube::JsonObject* pairs) {
    std::vector<std::string> keys;
    if (pairs != nullptr)
        for (const auto& pair : *pairs)
            keys.push_back(pairKey(ns, pair));
    std::ranges::sort(keys);
    return keys;
}

template <class Map, class Key>
void dropFrom(Map& map, const Key& key, const TemplateId& id) {
    const auto it = map.find(key);
    if (it == map.end())
        return;
    it->second.erase(id);
    if (it->second.empty())
        map.erase(it);
}

template <class Map, class Key>
std::vector<TemplateId> listOf(const Map& map, const Key& key) {
    const auto it = map.find(key);
    return it == map.end() ? std::vector<TemplateId>{}
                           : std::vector<TemplateId>(it->second.begin(), it->second.end());
}

TemplateId dependentId(const std::string& ns, const fed::Dependency& dependency) {
    return {static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", dependency.kind))),
            {ns, dependency.name}};
}

}  // namespace

void FollowIndex::update(const TemplateId& id) {
    const TemplateRecord* record = m_mirror.findTemplate(id);
    // What stands of it in clusters is what it was as a template, whatever it says by now.
    if (record != nullptr && !record->isTemplate && m_keys.contains(id))
        return;
    if (const auto old = m_keys.find(id); old != m_keys.end()) {
        for (const std::string& key : old->second.podLabels)
            dropFrom(m_byPodLabel, key, id);
        if (!old->second.selector.empty())
            dropFrom(m_bySelector, old->second.selector.front(), id);
        for (const TemplateId& named : old->second.names)
            dropFrom(m_namedBy, named, id);
        m_keys.erase(old);
    }
    if (record == nullptr)
        return;
    Keys keys;
    const fed::KindTraits& kind = id.traits();
    const kube::JsonObject& document = record->object->document();
    keys.podLabels = pairKeys(id.key.ns, fed::podLabelsOf(kind, document));
    for (const std::string& label : keys.podLabels)
        m_byPodLabel[label].insert(id);
    if (kind.role == fed::Role::Service)
        keys.selector = pairKeys(id.key.ns, fed::podSelectorOf(kind, document));
    if (!keys.selector.empty())
        m_bySelector[keys.selector.front()].insert(id);
    for (const fed::Dependency& dependency : fed::dependenciesOf(kind, document)) {
        keys.names.push_back(dependentId(id.key.ns, dependency));
        m_namedBy[keys.names.back()].insert(id);
    }
    if (!keys.podLabels.empty() || !keys.selector.empty() || !keys.names.empty())
        m_keys.emplace(id, std::move(keys));
}

// By what is indexed and not by the objects: those that a change takes away are asked for once it is made.
bool FollowIndex::selects(const TemplateId& service, const TemplateId& workload) const {
    const auto from = m_keys.find(service);
    const auto to = m_keys.find(workload);
    return from != m_keys.end() && to != m_keys.end() && !from->second.selector.empty() &&
           std::ranges::includes(to->second.podLabels, from->second.selector);
}

std::vector<TemplateId> FollowIndex::followed(const TemplateId& id) const {
    if (id.traits().role != fed::Role::Service)
        return namedBy(id);
    const auto keys = m_keys.find(id);
    if (keys == m_keys.end() || keys->second.selector.empty())
        return {};
    std::vector<TemplateId> workloads = listOf(m_byPodLabel, keys->second.selector.front());
    std::erase_if(workloads, [&](const TemplateId& workload) { return !selects(id, workload); });
    return workloads;
}

std::vector<TemplateId> FollowIndex::followers(const TemplateId& id) const {
    const auto keys = m_keys.find(id);
    if (keys == m_keys.end())
        return {};
    std::vector<TemplateId> result = keys->second.names;
    for (const std::string& label : keys->second.podLabels)
        for (const TemplateId& service : listOf(m_bySelector, label))
            if (selects(service, id))
                result.push_back(service);
    return result;
}

std::vector<TemplateId> FollowIndex::namedBy(const TemplateId& id) const {
    return listOf(m_namedBy, id);
}

std::vector<fed::MissingDependency> FollowIndex::missing(const TemplateId& id,
                                                         std::string_view cluster) const {
    std::vector<fed::MissingDependency> result;
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || !record->isTemplate || !m_keys.contains(id) || m_keys.at(id).names.empty())
        return result;
    for (const fed::Dependency& dependency : fed::dependenciesOf(id.traits(), record->object->document())) {
        const TemplateId named = dependentId(id.key.ns, dependency);
        const TemplateRecord* found = m_mirror.findTemplate(named);
        if (dependency.optional || (found != nullptr && found->isTemplate))
            continue;
        const PlacementRecord* placement = m_mirror.inForce(named);
        if (placement != nullptr && placement->placement.spec.find(cluster) != nullptr)
            continue;
        result.push_back({std::string(dependency.kind) + " \"" + dependency.name + "\"",
                          found == nullptr ? "" : std::string(fed::whyNoTemplate(*found->object))});
    }
    return result;
}

}  // namespace kubefed::controller
