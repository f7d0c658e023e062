// SPDX-License-Identifier: Apache-2.0
#include "controller/host/host_mirror.h"

#include <algorithm>

#include "kubefed/fed/names.h"

namespace kubefed::controller {
namespace {

Result<kube::ObjectPtr> keepWhole(kube::Object object) {
    kube::erase(object.document(), {"metadata", "managedFields"});
    return std::make_shared<const kube::Object>(std::move(object));
}

Result<PlacementRecord> decodePlacement(const kube::Object& object) {
    Result<fed::Placement> placement = fed::Placement::decode(object);
    if (!placement)
        return fail(std::move(placement.error()));
    PlacementRecord record{
        .placement = std::move(*placement), .removing = {}, .isDeleting = object.isDeleting()};
    if (const kube::JsonArray* finalizers = kube::arrayAt(object.document(), {"metadata", "finalizers"});
        record.isDeleting && finalizers != nullptr)
        for (const kube::Json& finalizer : *finalizers)
            if (finalizer.is_string())
                record.finalizers.emplace_back(kube::view(finalizer.get_string()));
    record.removing = fed::parseRemovals(object.annotation(kRemovingAnnotation));
    return record;
}

TemplateId sourceOf(const PlacementRecord& record) {
    const int kind = kindIndex(fed::findKind(record.placement.spec.source.gvk));
    if (kind < 0)
        return {};
    return {static_cast<std::uint8_t>(kind), record.placement.spec.source.key};
}

}  // namespace

bool isDecisionChanged(const PlacementRecord* before, const PlacementRecord* after) {
    return before == nullptr || after == nullptr || !(before->placement.spec == after->placement.spec) ||
           before->removing != after->removing;
}

HostMirror::HostMirror(HostApi& host, std::string federationId, MirrorHandlers handlers)
    : m_host(host),
      m_federationId(std::move(federationId)),
      m_handlers(std::move(handlers)),
      m_namespaces(
          keepWhole,
          [this](const auto& key, auto*, auto*) {
              ++m_rulesVersion;
              m_handlers.namespaceChanged(key.name);
          },
          oneSynced()),
      m_namespacedPolicies(
          fed::Policy::read,
          [this](const auto& key, auto* before, auto* after) { policyTold(key, before, after); },
          oneSynced()),
      m_clusterPolicies(
          fed::Policy::read,
          [this](const auto& key, auto* before, auto* after) { policyTold(key, before, after); },
          oneSynced()),
      m_placements(
          decodePlacement,
          [this](const auto&, const PlacementRecord* before, const PlacementRecord* after) {
              if (isDecisionChanged(before, after))
                  ++m_objectsVersion;
              const PlacementRecord* known = after != nullptr ? after : before;
              const TemplateId id = known != nullptr ? sourceOf(*known) : TemplateId{};
              if (id.key.name.empty())
                  return;
              if (after != nullptr && !after->removing.empty())
                  m_owing.insert(id);
              else
                  m_owing.erase(id);
              m_handlers.placementChanged(id, before, after);
          },
          oneSynced()),
      m_members(
          keepWhole, [this](const auto& key, auto*, auto*) { m_handlers.memberChanged(key.name); },
          oneSynced()) {
    for (std::size_t i = 0; i < fed::enabledKinds().size(); ++i)
        makeTemplateStore(i);
}

void HostMirror::policyTold(const kube::ObjectKey& key, const fed::Policy* before, const fed::Policy* after) {
    m_policyListStale = true;
    // Between two lists another one may have taken its name.
    if (before != nullptr && (after == nullptr || before->ref.uid != after->ref.uid))
        m_handlers.policyGone(before->ref.uid);
    const bool isStatusOnly = before != nullptr && after != nullptr && before->ref == after->ref &&
                              before->isDeleting == after->isDeleting;
    if (!isStatusOnly) {
        ++m_rulesVersion;
        m_handlers.policyChanged(key.ns);
    }
    m_handlers.policySeen(key);
}

std::function<void()> HostMirror::oneSynced() {
    ++m_pending;
    return [this] {
        if (--m_pending == 0)
            m_handlers.synced();
    };
}

void HostMirror::makeTemplateStore(std::size_t kind) {
    const fed::KindTraits& traits = fed::enabledKinds()[kind];
    if (!isPropagated(traits)) {
        m_templates.push_back(nullptr);
        return;
    }
    auto decode = [this, kind, &traits](kube::Object object) -> Result<TemplateRecord> {
        kube::erase(object.document(), {"metadata", "managedFields"});
        TemplateRecord record;
        record.isTemplate = fed::isTemplate(object);
        if (record.isTemplate) {
            // Of five versions of a template in a row, four are our own finalizer and statuses.
            const TemplateRecord* before = m_templates[kind]->find(object.key());
            record.manifest = before != nullptr && before->manifest != nullptr &&
                                      fed::Manifest::isSameOf(*before->object, object)
                                  ? before->manifest
                                  : fed::Manifest::build(object, traits, m_federationId);
        }
        record.object = std::make_shared<const kube::Object>(std::move(object));
        return record;
    };
    auto changed = [this, kind](const kube::ObjectKey& key, const TemplateRecord* before,
                                const TemplateRecord* after) {
        ++m_objectsVersion;
        m_handlers.templateChanged({static_cast<std::uint8_t>(kind), key}, before, after);
    };
    m_templates.push_back(std::make_unique<Templates>(std::move(decode), std::move(changed), oneSynced()));
}

void HostMirror::start() {
    const auto mirror = [this](const kube::Gvr& gvr, cache::ReflectorSink& sink) {
        m_mirrors.push_back(m_host.mirror(gvr, {}, sink));
    };
    mirror({"", "v1", "namespaces"}, m_namespaces);
    mirror(fed::memberClusters(), m_members);
    mirror(fed::placementPolicies(), m_namespacedPolicies);
    mirror(fed::clusterPlacementPolicies(), m_clusterPolicies);
    mirror(fed::placements(), m_placements);
    for (std::size_t i = 0; i < m_templates.size(); ++i)
        if (m_templates[i])
            mirror(fed::enabledKinds()[i].gvr(), *m_templates[i]);
}

const TemplateRecord* HostMirror::findTemplate(const TemplateId& id) const {
    const auto& store = m_templates[id.kind];
    return store ? store->find(id.key) : nullptr;
}

const PlacementRecord* HostMirror::findPlacement(const TemplateId& id) const {
    return m_placements.find(fed::placementKey(id.traits().gvk(), id.key));
}

const PlacementRecord* HostMirror::inForce(const TemplateId& id) const {
    const TemplateRecord* record = findTemplate(id);
    const PlacementRecord* placement = findPlacement(id);
    if (record == nullptr || placement == nullptr ||
        placement->placement.spec.source.uid != record->object->uid())
        return nullptr;
    return placement;
}

std::set<std::string, std::less<>> HostMirror::namespaces() const {
    std::set<std::string, std::less<>> names;
    m_namespaces.forEach([&](const kube::ObjectKey& key, const kube::ObjectPtr&) { names.insert(key.name); });
    return names;
}

const kube::JsonObject* HostMirror::namespaceLabels(const std::string& ns) const {
    const kube::ObjectPtr* object = m_namespaces.find({{}, ns});
    return object == nullptr ? nullptr : (*object)->labels();
}

const std::vector<const fed::Policy*>& HostMirror::policies() const {
    if (std::exchange(m_policyListStale, false)) {
        m_policyList.clear();
        const auto add = [this](const kube::ObjectKey&, const fed::Policy& policy) {
            m_policyList.push_back(&policy);
        };
        m_namespacedPolicies.forEach(add);
        m_clusterPolicies.forEach(add);
    }
    return m_policyList;
}

const fed::Policy* HostMirror::findPolicy(const kube::ObjectKey& key) const {
    return key.ns.empty() ? m_clusterPolicies.find(key) : m_namespacedPolicies.find(key);
}

bool HostMirror::maySuspendIn(const std::string& ns) const {
    return std::ranges::any_of(policies(), [&](const fed::Policy* policy) {
        return policy->suspend && (!policy->isNamespaced() || policy->ref.ns == ns);
    });
}

const kube::ObjectPtr* HostMirror::findMember(const std::string& name) const {
    return m_members.find({{}, name});
}

void HostMirror::forEachTemplate(
    const std::function<void(const TemplateId&, const TemplateRecord&)>& visit) const {
    for (std::size_t i = 0; i < m_templates.size(); ++i)
        if (m_templates[i])
            m_templates[i]->forEach([&](const kube::ObjectKey& key, const TemplateRecord& record) {
                visit({static_cast<std::uint8_t>(i), key}, record);
            });
}

void HostMirror::forEachMember(const std::function<void(const kube::Object&)>& visit) const {
    m_members.forEach([&](const kube::ObjectKey&, const kube::ObjectPtr& object) { visit(*object); });
}

void HostMirror::takeTemplate(const TemplateId& id, kube::Object object) {
    m_templates[id.kind]->takeChanged(std::move(object));
}

void HostMirror::takePlacement(kube::Object object, bool created) {
    created ? m_placements.takeCreated(std::move(object)) : m_placements.takeChanged(std::move(object));
}

void HostMirror::takePolicy(kube::Object object) {
    object.ns().empty() ? m_clusterPolicies.takeChanged(std::move(object))
                        : m_namespacedPolicies.takeChanged(std::move(object));
}

void HostMirror::takeMember(kube::Object object) {
    m_members.takeChanged(std::move(object));
}

}  // namespace kubefed::controller
