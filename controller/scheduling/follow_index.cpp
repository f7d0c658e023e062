// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/follow_index.h"

#include "kubefed/kube/selector.h"

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
    if (const auto old = m_keys.find(id); old != m_keys.end()) {
        for (const std::string& key : old->second.podLabels)
            dropFrom(m_byPodLabel, key, id);
        if (!old->second.selector.empty())
            dropFrom(m_bySelector, old->second.selector, id);
        for (const TemplateId& named : old->second.names)
            dropFrom(m_namedBy, named, id);
        m_keys.erase(old);
    }
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || !record->isTemplate)
        return;
    Keys keys;
    const fed::KindTraits& kind = id.traits();
    const kube::JsonObject& document = record->object->document();
    if (const kube::JsonObject* labels = fed::podLabelsOf(kind, document))
        for (const auto& pair : *labels)
            m_byPodLabel[keys.podLabels.emplace_back(pairKey(id.key.ns, pair))].insert(id);
    if (kind.role == fed::Role::Service)
        if (const kube::JsonObject* selector = fed::podSelectorOf(kind, document);
            selector && !selector->empty()) {
            keys.selector = pairKey(id.key.ns, *selector->begin());
            m_bySelector[keys.selector].insert(id);
        }
    for (const fed::Dependency& dependency : fed::dependenciesOf(kind, document)) {
        keys.names.push_back(dependentId(id.key.ns, dependency));
        m_namedBy[keys.names.back()].insert(id);
    }
    if (!keys.podLabels.empty() || !keys.selector.empty() || !keys.names.empty())
        m_keys.emplace(id, std::move(keys));
}

bool FollowIndex::selects(const TemplateId& service, const TemplateId& workload) const {
    const TemplateRecord* from = m_mirror.findTemplate(service);
    const TemplateRecord* to = m_mirror.findTemplate(workload);
    if (from == nullptr || to == nullptr)
        return false;
    const kube::JsonObject* selector = fed::podSelectorOf(service.traits(), from->object->document());
    const kube::JsonObject* labels = fed::podLabelsOf(workload.traits(), to->object->document());
    return selector != nullptr && kube::LabelSelector::fromMap(*selector).matches(labels);
}

std::vector<TemplateId> FollowIndex::followed(const TemplateId& id) const {
    if (id.traits().role != fed::Role::Service)
        return namedBy(id);
    const auto keys = m_keys.find(id);
    if (keys == m_keys.end() || keys->second.selector.empty())
        return {};
    std::vector<TemplateId> workloads = listOf(m_byPodLabel, keys->second.selector);
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

std::vector<std::string> FollowIndex::missing(const TemplateId& id) const {
    std::vector<std::string> result;
    const TemplateRecord* record = m_mirror.findTemplate(id);
    if (record == nullptr || !m_keys.contains(id) || m_keys.at(id).names.empty())
        return result;
    for (const fed::Dependency& dependency : fed::dependenciesOf(id.traits(), record->object->document()))
        if (!dependency.optional && m_mirror.findTemplate(dependentId(id.key.ns, dependency)) == nullptr)
            result.push_back(std::string(dependency.kind) + " \"" + dependency.name + "\"");
    return result;
}

}  // namespace kubefed::controller
