// SPDX-License-Identifier: Apache-2.0
//
// Everything that the controller knows of the federation API: templates, namespaces, policies, Placements,
// MemberClusters. Core thread; owned by Controller. Handlers are told after each change and only enqueue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "controller/host/host_api.h"
#include "controller/host/host_store.h"
#include "controller/ids.h"
#include "kubefed/fed/manifest.h"
#include "kubefed/fed/removal.h"
#include "kubefed/fed/types.h"

namespace kubefed::controller {

struct TemplateRecord {
    kube::ObjectPtr object;  // without managedFields
    std::shared_ptr<const fed::Manifest> manifest;
    bool isTemplate = false;  // see fed::isTemplate()
};

struct PlacementRecord {
    fed::Placement placement;
    fed::Removals removing;  // kRemovingAnnotation
    bool isDeleting = false;
    std::vector<std::string> finalizers;  // while it is being deleted
};

// Of a Placement before and after; null: there is none. Else its status only is another one.
[[nodiscard]] bool isDecisionChanged(const PlacementRecord* before, const PlacementRecord* after);

struct MirrorHandlers {
    std::function<void(const TemplateId&, const TemplateRecord* before, const TemplateRecord* after)>
        templateChanged;
    std::function<void(const TemplateId&, const PlacementRecord* before, const PlacementRecord* after)>
        placementChanged;
    std::function<void(const std::string& ns)> namespaceChanged;
    std::function<void(const std::string& ns)> policyChanged;  // "": cluster-wide; what it says, or it went
    std::function<void(const std::string& uid)> policyGone;    // told before policyChanged
    std::function<void(const kube::ObjectKey&)> policySeen;    // what it says, or its status
    std::function<void(const std::string& name)> memberChanged;
    std::function<void()> synced;  // once: everything is listed
};

class HostMirror {
public:
    HostMirror(HostApi& host, std::string federationId, MirrorHandlers handlers);
    HostMirror(const HostMirror&) = delete;
    HostMirror& operator=(const HostMirror&) = delete;

    void start();
    [[nodiscard]] bool isSynced() const { return m_pending == 0; }

    [[nodiscard]] const TemplateRecord* findTemplate(const TemplateId& id) const;
    [[nodiscard]] const PlacementRecord* findPlacement(const TemplateId& id) const;
    // The Placement that belongs to this very template (not to an earlier one of its name).
    [[nodiscard]] const PlacementRecord* inForce(const TemplateId& id) const;
    // Those whose Placement says that something is still to be removed somewhere.
    [[nodiscard]] const std::set<TemplateId>& owing() const { return m_owing; }
    [[nodiscard]] std::set<std::string, std::less<>> namespaces() const;
    [[nodiscard]] const kube::JsonObject* namespaceLabels(const std::string& ns) const;
    [[nodiscard]] const std::vector<const fed::Policy*>& policies() const;
    // Another one after any change of what says who governs whom: policies, and labels of namespaces.
    [[nodiscard]] std::uint64_t rulesVersion() const { return m_rulesVersion; }
    // Another one after any change of those, of a template or of a decision.
    [[nodiscard]] std::uint64_t version() const { return m_rulesVersion + m_objectsVersion; }
    // Without a namespace: a ClusterPlacementPolicy.
    [[nodiscard]] const fed::Policy* findPolicy(const kube::ObjectKey& key) const;
    // Is there a policy that suspends, and may select something in the namespace?
    [[nodiscard]] bool maySuspendIn(const std::string& ns) const;
    [[nodiscard]] const kube::ObjectPtr* findMember(const std::string& name) const;
    void forEachTemplate(const std::function<void(const TemplateId&, const TemplateRecord&)>& visit) const;
    void forEachMember(const std::function<void(const kube::Object&)>& visit) const;

    // Answers of our own writes.
    void takeTemplate(const TemplateId& id, kube::Object object);
    void takePlacement(kube::Object object, bool created);
    void takeMember(kube::Object object);
    void takePolicy(kube::Object object);

private:
    void policyTold(const kube::ObjectKey& key, const fed::Policy* before, const fed::Policy* after);
    using Templates = HostStore<TemplateRecord>;
    void makeTemplateStore(std::size_t kind);
    [[nodiscard]] std::function<void()> oneSynced();

    HostApi& m_host;
    const std::string m_federationId;
    MirrorHandlers m_handlers;
    std::size_t m_pending = 0;
    mutable std::vector<const fed::Policy*> m_policyList;
    mutable bool m_policyListStale = true;
    std::set<TemplateId> m_owing;
    std::uint64_t m_rulesVersion = 0;
    std::uint64_t m_objectsVersion = 0;

    std::vector<std::unique_ptr<Templates>> m_templates;  // by kind; null for Namespace
    HostStore<kube::ObjectPtr> m_namespaces;
    HostStore<fed::Policy> m_namespacedPolicies;
    HostStore<fed::Policy> m_clusterPolicies;
    HostStore<PlacementRecord> m_placements;
    HostStore<kube::ObjectPtr> m_members;
    std::vector<Request> m_mirrors;  // last: ends first
};

}  // namespace kubefed::controller
