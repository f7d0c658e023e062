// SPDX-License-Identifier: Apache-2.0
//
// A whole federation in virtual time: a host, members and a controller that may be killed and started again
// at any moment. Everything is decided by one seed.
#pragma once

#include <memory>
#include <random>
#include <string>

#include "controller/controller.h"
#include "kubefed/fed/leaving.h"
#include "kubefed/fed/names.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_host_api.h"
#include "tests/fakes/fake_members.h"
#include "tests/fakes/fake_planner.h"

namespace kubefed::controller {

// Rejects clusters that leave, that are labelled "evict", or that cannot be written to (unless they have it
// already), and divides evenly.
class EvenRound final : public fed::PolicyRound {
public:
    explicit EvenRound(bool fillsTheFirst = false) : m_fillsTheFirst(fillsTheFirst) {}
    [[nodiscard]] std::span<const Plugin> plugins() const override { return {&m_plugin, 1}; }
    [[nodiscard]] Result<void> run(std::size_t, fed::Stage stage, const fed::RoundContext& context,
                                   std::span<fed::RoundRow> rows, fed::ReasonLog* reasons) override {
        if (stage == fed::Stage::Filter)
            for (fed::RoundRow& row : rows) {
                const fed::ClusterInfo& cluster = context.fleet.clusters()[row.cluster];
                row.out = cluster.phase == fed::Phase::Leaving || cluster.label("evict") != nullptr ||
                          (!row.chosen && !cluster.isWritable());
            }
        if (stage == fed::Stage::Divide) {
            auto left = context.workload.wanted;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const auto share = m_fillsTheFirst ? left : left / static_cast<std::int64_t>(rows.size() - i);
                rows[i].replicas = std::clamp(share, rows[i].min, rows[i].max);
                left -= rows[i].replicas;
                rows[i].reason = reasons != nullptr ? reasons->add("evenly") : 0;
            }
        }
        return {};
    }

private:
    bool m_fillsTheFirst;
    Plugin m_plugin{.name = "even",
                    .weight = 1,
                    .optional = false,
                    .stages = 1U << static_cast<unsigned>(fed::Stage::Filter) |
                              1U << static_cast<unsigned>(fed::Stage::Divide)};
};

class EvenPolicies final : public PolicySource {
public:
    bool broken = false;
    bool fillsTheFirst = false;  // another "even", which divides otherwise
    std::string version = "1";
    Result<std::unique_ptr<fed::PolicyRound>> open(const fed::Policy&) override {
        if (broken)
            return fail(Code::InvalidArgument, "plugin \"even\" cannot be loaded");
        return std::make_unique<EvenRound>(fillsTheFirst);
    }
    std::vector<std::string> forgotten;
    void forget(const std::string& policyUid) override { forgotten.push_back(policyUid); }
    std::string versions(const fed::Policy&) const override { return version; }
};

class Simulation {
public:
    explicit Simulation(unsigned seed, int memberCount = 3) : random(seed), host(clock, random) {
        put({"", "v1", "Namespace"}, "", "shop");
        for (int i = 1; i <= memberCount; ++i)
            join("m" + std::to_string(i));
        host.put(fed::clusterPlacementPolicies(), fed::makeDefaultPolicy());
    }
    ~Simulation() { controller.reset(); }

    void start() {
        controller = std::make_unique<Controller>(host, members, planner, clock, ControllerConfig{"fed-1"});
        controller->start({});
    }
    void restart() {
        controller.reset();
        start();
    }
    void run(Duration duration) { clock.advance(duration); }

    void join(const std::string& name) {
        if (!members.members.contains(name))
            members.members[name] = std::make_unique<FakeMember>(name, clock, random);
        kube::Object secret =
            kube::Object::make({"", "v1", "Secret"}, fed::kSystemNamespace, name + "-token");
        secret.document()["data"] = kube::JsonObject{{"token", "dG9rZW4="}};
        host.put({"", "v1", "secrets"}, secret);
        kube::Object cluster = kube::Object::make(
            {std::string(fed::kGroup), std::string(fed::kVersion), "MemberCluster"}, "", name);
        cluster.document()["spec"] = kube::JsonObject{
            {"apiEndpoint", "https://127.0.0.1:6443"},
            {"credentials", kube::JsonObject{{"secretRef", kube::JsonObject{{"name", name + "-token"}}}}}};
        host.put(fed::memberClusters(), cluster);
    }
    // The members of another federation that has lost its store, as they are; none of them has joined yet.
    void takeMembersOf(const Simulation& lost) {
        members.members.clear();
        for (const auto& [name, one] : lost.members.members) {
            auto copy = std::make_unique<FakeMember>(name, clock, random);
            copy->continueFrom(*one);
            members.members[name] = std::move(copy);
        }
    }
    // `objects`: "keep" or "delete"; empty: as kubectl would, without a word of it.
    void leave(const std::string& name, const char* objects) {
        kube::Object cluster = *host.find(fed::memberClusters(), {{}, name});
        if (*objects != 0) {
            cluster.setAnnotation(fed::kUnjoinObjectsAnnotation, objects);
            cluster.setAnnotation(fed::kUnjoinTimeAnnotation, toRfc3339(clock.wallNow()));
            host.put(fed::memberClusters(), cluster);
        }
        host.erase(fed::memberClusters(), {{}, name});
        run(std::chrono::seconds(5));
    }
    void label(const std::string& cluster, const std::string& key, bool present) {
        kube::Object changed = *host.find(fed::memberClusters(), {{}, cluster});
        if (present)
            changed.metadata()["labels"] = kube::JsonObject{{key, "true"}};
        else
            changed.metadata().erase("labels");
        host.put(fed::memberClusters(), std::move(changed));
    }
    // Of spec.healthCheck; seconds.
    void setHealthCheck(const std::string& cluster, const char* field, int value) {
        kube::Object changed = *host.find(fed::memberClusters(), {{}, cluster});
        kube::ensureObject(changed.document(), {"spec", "healthCheck"})[field] = value;
        host.put(fed::memberClusters(), std::move(changed));
    }
    FakeMember& member(const std::string& name) { return *members.members.at(name); }

    static TemplateId id(std::string_view kind, const std::string& name) {
        return {static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", kind))), {"shop", name}};
    }
    void put(const kube::Gvk& gvk, const std::string& ns, const std::string& name,
             kube::JsonObject spec = {}) {
        kube::Object object = kube::Object::make(gvk, ns, name);
        if (!spec.empty())
            object.document()["spec"] = std::move(spec);
        const kube::Gvr gvr = fed::findKind(gvk)->gvr();
        if (const kube::Object* known = host.find(gvr, object.key())) {
            kube::Object changed = *known;
            changed.document()["spec"] = object.document()["spec"];
            object = std::move(changed);
        }
        host.put(gvr, std::move(object));
    }
    void putRc(const std::string& name, std::int64_t replicas) {
        const kube::JsonObject labels{{"app", name}};
        kube::JsonObject spec;
        spec["replicas"] = replicas;
        spec["selector"] = labels;
        kube::JsonObject podTemplate;
        podTemplate["metadata"] = kube::JsonObject{{"labels", labels}};
        podTemplate["spec"] = kube::JsonObject{};
        spec["template"] = std::move(podTemplate);
        put({"", "v1", "ReplicationController"}, "shop", name, std::move(spec));
    }
    void putService(const std::string& name, const std::string& app) {
        kube::JsonObject spec;
        spec["selector"] = kube::JsonObject{{"app", app}};
        put({"", "v1", "Service"}, "shop", name, std::move(spec));
    }
    // `spec` as JSON; of namespace shop.
    void putPolicy(const std::string& name, std::string_view spec) {
        kube::Object object = kube::Object::make(
            {std::string(fed::kGroup), std::string(fed::kVersion), std::string(fed::kPlacementPolicyKind)},
            "shop", name);
        if (const kube::Object* known = host.find(fed::placementPolicies(), object.key()))
            object = *known;
        object.document()["spec"] = kube::parseJson(spec).value();
        host.put(fed::placementPolicies(), std::move(object));
    }
    void erasePolicy(const std::string& name) { host.erase(fed::placementPolicies(), {"shop", name}); }
    void endNamespace() {
        const kube::Gvr gvr{"", "v1", "namespaces"};
        kube::Object ns = *host.find(gvr, {{}, "shop"});
        ns.metadata()["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        host.put(gvr, std::move(ns));
    }
    void erase(const TemplateId& what) { host.erase(what.traits().gvr(), what.key); }

    // How many replicas stand in all members; -1 where it stands nowhere.
    std::int64_t replicasOf(const TemplateId& what) {
        std::int64_t sum = -1;
        for (const auto& [name, one] : members.members)
            if (const auto it = one->objects.find(what); it != one->objects.end())
                sum = std::max<std::int64_t>(sum, 0) +
                      kube::intAt(it->second.object.document(), {"spec", "replicas"}).value_or(0);
        return sum;
    }
    int holders(const TemplateId& what) {
        int count = 0;
        for (const auto& [name, one] : members.members)
            count += one->objects.contains(what) ? 1 : 0;
        return count;
    }
    int memberWrites() {
        int count = 0;
        for (const auto& [name, one] : members.members)
            count += one->writes;
        return count;
    }
    int deletes() {
        int count = 0;
        for (const auto& [name, one] : members.members)
            count += one->deletes;
        return count;
    }
    std::map<std::string, std::string> uids() {
        std::map<std::string, std::string> result;
        for (const auto& [name, one] : members.members)
            for (const auto& [what, held] : one->objects)
                result[name + " " + what.text()] = held.uid;
        return result;
    }
    std::optional<fed::Placement> placement(const TemplateId& what) {
        const kube::Object* found =
            host.find(fed::placements(), fed::placementKey(what.traits().gvk(), what.key));
        if (found == nullptr)
            return std::nullopt;
        return fed::Placement::decode(*found).value();
    }
    std::string reason(const TemplateId& what, std::string_view condition) {
        const auto found = placement(what);
        const fed::Condition* one = found ? fed::findCondition(found->status.conditions, condition) : nullptr;
        return one == nullptr ? std::string() : one->reason;
    }
    std::string removing(const TemplateId& what) {
        const kube::Object* found =
            host.find(fed::placements(), fed::placementKey(what.traits().gvk(), what.key));
        return found == nullptr ? std::string() : std::string(found->annotation(kRemovingAnnotation));
    }
    // Of the object in a cluster; empty where the Placement does not speak of that cluster.
    std::optional<fed::ClusterObjectStatus> state(const TemplateId& what, std::string_view cluster) {
        const auto found = placement(what);
        if (!found)
            return std::nullopt;
        const auto& all = found->status.clusters;
        const auto one = std::ranges::find(all, cluster, &fed::ClusterObjectStatus::name);
        return one == all.end() ? std::nullopt : std::optional(*one);
    }
    // Within `patience` of virtual time.
    std::optional<Result<Explained>> explain(const TemplateId& what, Duration patience = Duration{10}) {
        std::optional<Result<Explained>> told;
        const Request request =
            controller->explain(what, [&](Result<Explained> result) { told = std::move(result); });
        run(patience);
        return told;
    }
    std::string phase(const std::string& name) {
        return std::string(
            kube::stringAt(host.find(fed::memberClusters(), {{}, name})->document(), {"status", "phase"}));
    }

    FakeClock clock;
    std::mt19937 random;
    FakeHostApi host;
    FakeMembers members;
    EvenPolicies policies;
    FakePlanner planner{policies, clock};
    std::unique_ptr<Controller> controller;
};

}  // namespace kubefed::controller
