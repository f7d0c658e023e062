// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/shard_sinks.h"

#include "kubefed/fed/names.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::controller {

void SinkBase::onState(Result<void> state) {
    const int http = !state && state.error().status ? state.error().status->httpCode : 0;
    // 403 and 404 are about this type; anything else is about the connection, which probes judge.
    std::string problem = http == 403 || http == 404 ? state.error().message : std::string();
    const bool broken = !state && problem.empty();
    if (problem == m_problem && broken == m_broken)
        return;
    m_problem = problem;
    m_broken = broken;
    m_outlet.emit(
        MirrorState{m_kind, std::move(problem), broken, broken ? state.error().message : std::string()});
}

bool KindSink::isOurs(const kube::Object& object) const {
    return object.label(fed::kFederationLabel) == m_federationId;
}

void KindSink::onListBegin() {
    m_listing = true;
    m_outlet.emit(ListBegin{m_kind});
    m_troubles.clear();
    m_reasons.clear();
}

void KindSink::onListed(kube::Object object) {
    take(std::move(object));
}

void KindSink::onListEnd(const std::string& resourceVersion) {
    m_listing = false;
    for (const auto& [workload, reasons] : m_reasons)
        m_outlet.emit(PodReasonsSeen{workload, reasons});
    m_outlet.emit(ListEnd{m_kind, fed::parseVersion(resourceVersion)});
}

bool KindSink::onChange(kube::WatchEvent event) {
    if (event.type == kube::EventType::Bookmark)
        return true;
    const kube::ObjectKey key = event.object.key();
    if (event.type != kube::EventType::Deleted)
        return take(std::move(event.object));
    noteTrouble(key, {});
    if (!isOurs(event.object))
        return true;
    return m_outlet.emit(ObjectGone{m_kind, key, std::string(event.object.uid()),
                                    fed::parseVersion(event.object.resourceVersion())});
}

bool KindSink::take(kube::Object object) {
    const fed::KindTraits& traits = fed::enabledKinds()[m_kind];
    if (isOurs(object)) {
        fed::MemberObject projected = fed::project(object, traits, m_federationId);
        projected.ownedFields = m_outlet.intern(std::move(projected.ownedFields));
        return m_outlet.emit(ObjectSeen{m_kind, object.key(), std::move(projected)});
    }
    if (!traits.isPod)
        return true;
    PodTrouble trouble{.workload = {}, .reason = fed::podReason(object.document())};
    if (!trouble.reason.empty())
        for (const kube::OwnerReference& owner : object.ownerReferences())
            if (owner.controller && owner.kind == "ReplicationController")
                trouble.workload = {std::string(object.ns()), owner.name};
    return noteTrouble(object.key(), std::move(trouble));
}

bool KindSink::noteTrouble(const kube::ObjectKey& pod, PodTrouble trouble) {
    bool room = true;
    const auto known = m_troubles.find(pod);
    if (known != m_troubles.end()) {
        if (known->second.workload == trouble.workload && known->second.reason == trouble.reason)
            return true;
        const PodTrouble before = std::move(known->second);
        m_troubles.erase(known);
        room = countTrouble(before, -1);
    }
    if (trouble.workload.name.empty() || trouble.reason.empty())
        return room;
    room = countTrouble(trouble, 1) && room;
    m_troubles.emplace(pod, std::move(trouble));
    return room;
}

bool KindSink::countTrouble(const PodTrouble& trouble, int by) {
    fed::PodReasons& reasons = m_reasons[trouble.workload];
    if ((reasons[trouble.reason] += by) <= 0)
        reasons.erase(trouble.reason);
    const fed::PodReasons now = reasons;
    if (now.empty())
        m_reasons.erase(trouble.workload);
    return m_listing || m_outlet.emit(PodReasonsSeen{trouble.workload, now});
}

void NamespaceSink::onListBegin() {
    for (auto& [name, seen] : m_known)
        seen = false;
}

void NamespaceSink::onListed(kube::Object object) {
    take(object, false);
}

void NamespaceSink::onListEnd(const std::string&) {
    for (auto it = m_known.begin(); it != m_known.end();) {
        if (it->second) {
            ++it;
            continue;
        }
        m_outlet.emit(NamespaceSeen{it->first, false, true});
        it = m_known.erase(it);
    }
    m_outlet.emit(NamespacesListed{});
}

bool NamespaceSink::onChange(kube::WatchEvent event) {
    return event.type == kube::EventType::Bookmark ||
           take(event.object, event.type == kube::EventType::Deleted);
}

bool NamespaceSink::take(const kube::Object& object, bool gone) {
    std::string name(object.name());
    if (gone)
        m_known.erase(name);
    else
        m_known[name] = true;
    return m_outlet.emit(NamespaceSeen{std::move(name), object.isDeleting(), gone});
}

void NodeSink::onListBegin() {
    m_listing = true;
    m_nodes.clear();
}

void NodeSink::onListed(kube::Object object) {
    take(object);
}

void NodeSink::onListEnd(const std::string&) {
    m_listing = false;
    tell();
}

bool NodeSink::onChange(kube::WatchEvent event) {
    if (event.type == kube::EventType::Bookmark)
        return true;
    const std::string name(event.object.name());
    if (event.type == kube::EventType::Deleted)
        return m_nodes.erase(name) == 0 || tell();
    const auto known = m_nodes.find(name);
    const std::optional<Node> before = known == m_nodes.end() ? std::nullopt : std::optional(known->second);
    take(event.object);
    return before == m_nodes[name] || tell();  // heartbeats change nothing that we keep
}

void NodeSink::take(const kube::Object& object) {
    Node node;
    if (const kube::JsonArray* conditions = kube::arrayAt(object.document(), {"status", "conditions"}))
        for (const kube::Json& condition : *conditions)
            if (const kube::JsonObject* one = condition.if_object();
                one != nullptr && kube::stringAt(*one, {"type"}) == "Ready")
                node.ready = kube::stringAt(*one, {"status"}) == "True";
    if (const kube::JsonObject* allocatable = kube::objectAt(object.document(), {"status", "allocatable"}))
        for (const auto& [resource, value] : *allocatable)
            if (const auto* text = value.if_string())
                if (const Result<kube::Quantity> quantity = kube::Quantity::parse(kube::view(*text)))
                    node.milli[std::string(resource.data(), resource.size())] = quantity->milli();
    m_nodes[std::string(object.name())] = std::move(node);
}

bool NodeSink::tell() {
    if (m_listing)
        return true;
    NodesSeen totals;
    for (const auto& [name, node] : m_nodes) {
        ++totals.total;
        if (!node.ready)
            continue;
        ++totals.ready;
        for (const auto& [resource, milli] : node.milli)
            totals.allocatableMilli[resource] += milli;
    }
    return m_outlet.emit(std::move(totals));
}

}  // namespace kubefed::controller
