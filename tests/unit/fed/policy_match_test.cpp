// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "tests/unit/fed/fleet_builders.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

class PolicyMatchTest : public QObject {
    Q_OBJECT

    static kube::Object controller() {
        return object(
            "{\"apiVersion\": \"v1\", \"kind\": \"ReplicationController\", \"metadata\": {\"name\": "
            "\"frontend\", \"namespace\": \"shop\", \"labels\": {\"app\": \"web\"}}}");
    }
    static kube::Object service() {
        return object(
            "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"metadata\": {\"name\": \"frontend\", "
            "\"namespace\": \"shop\"}}");
    }
    static Policy named(const char* uid, const char* selectorJson = "{}", const char* ns = "shop") {
        Policy p = policy(uid, uid);
        p.ref.ns = ns;
        p.ref.kind = p.isNamespaced() ? "PlacementPolicy" : "ClusterPlacementPolicy";
        p.creationTimestamp = "2026-11-22T00:00:00Z";
        p.resourceSelectors.clear();
        const kube::Json selector = kube::parseJson(selectorJson).value();
        ResourceSelector& s = p.resourceSelectors.emplace_back();
        s.apiVersion = kube::stringAt(selector.get_object(), {"apiVersion"});
        s.kind = kube::stringAt(selector.get_object(), {"kind"});
        s.name = kube::stringAt(selector.get_object(), {"name"});
        if (const auto* labels = kube::objectAt(selector.get_object(), {"labelSelector"}))
            s.labels = kube::LabelSelector::fromJson(*labels).value();
        if (const auto* labels = kube::objectAt(selector.get_object(), {"namespaceSelector"}))
            s.namespaces = kube::LabelSelector::fromJson(*labels).value();
        return p;
    }
    static Governance governed(const kube::Object& object, std::vector<const Policy*> policies,
                               const PlacementSpec* last = nullptr) {
        return govern(*findKind(object.gvk()), object, nullptr, policies, last);
    }
    static std::string winner(const kube::Object& object, std::vector<const Policy*> policies) {
        const Governance found = governed(object, std::move(policies));
        return found.policy == nullptr ? "none" : found.policy->ref.name;
    }
    static PlacementSpec decidedBy(const Policy& p) {
        PlacementSpec spec;
        spec.policy = p.ref;
        spec.clusters = {{"tokyo", 3}};
        return spec;
    }

private Q_SLOTS:
    void whoWins() {
        const Policy byKind = named("kind", "{\"apiVersion\": \"v1\", \"kind\": \"ReplicationController\"}");
        const Policy byLabel = named("label", "{\"labelSelector\": {\"matchLabels\": {\"app\": \"web\"}}}");
        const Policy byName = named("name", "{\"kind\": \"ReplicationController\", \"name\": \"frontend\"}");
        Policy high = named("high", "{}");
        high.priority = 1;
        Policy clusterWide = named("wide", "{\"name\": \"frontend\"}", "");
        clusterWide.priority = 100;
        Policy older = named("older", "{}");
        older.creationTimestamp = "2026-11-21T00:00:00Z";
        const Policy elsewhere = named("elsewhere", "{}", "other");
        const Policy otherKind = named("pods", "{\"kind\": \"Pod\"}");
        Policy deleting = named("deleting", "{\"name\": \"frontend\"}");
        deleting.isDeleting = true;

        QCOMPARE(winner(controller(), {&elsewhere, &otherKind, &deleting}), std::string("none"));
        QCOMPARE(winner(controller(), {&clusterWide, &byKind}), std::string("kind"));
        QCOMPARE(winner(controller(), {&byKind, &byLabel}), std::string("label"));
        QCOMPARE(winner(controller(), {&byLabel, &byName, &byKind}), std::string("name"));
        QCOMPARE(winner(controller(), {&byName, &high}), std::string("high"));
        QCOMPARE(winner(controller(), {&byKind, &older}), std::string("older"));
        QCOMPARE(winner(controller(), {&older, &byKind}), std::string("older"));
        QCOMPARE(winner(controller(), {&clusterWide}), std::string("wide"));
    }

    void servicesFollowUnlessAPolicyNamesTheirKind() {
        const Policy all = named("all", "{}");
        const Policy services = named("services", "{\"apiVersion\": \"v1\", \"kind\": \"Service\"}");
        QVERIFY(governed(service(), {&all}).follows);
        QCOMPARE(winner(service(), {&all, &services}), std::string("services"));
        QVERIFY(!governed(controller(), {}).follows);
        QVERIFY(!governed(controller(), {}).message.empty());
    }

    void namespacesAreSelectedByTheirLabels() {
        const Policy wide =
            named("wide", "{\"namespaceSelector\": {\"matchLabels\": {\"team\": \"shop\"}}}", "");
        const auto labels = kube::parseJson("{\"team\": \"shop\"}").value().get_object();
        const KindTraits& kind = *findKind(controller().gvk());
        QVERIFY(match(wide, kind, controller(), &labels).has_value());
        QVERIFY(!match(wide, kind, controller(), nullptr).has_value());
    }

    void aVanishedPolicyFreezesUntilAnotherIsCreatedOrEdited() {
        const Policy web = named("web");
        Policy fallback = named("default", "{}", "");
        PlacementSpec last = decidedBy(web);
        QCOMPARE(governed(controller(), {&web, &fallback}, &last).policy, &web);

        // Gone: frozen, although the default matches, and still so when asked again and after a restart.
        Governance frozen = governed(controller(), {&fallback}, &last);
        QVERIFY(frozen.policy == nullptr);
        QVERIFY(frozen.frozenAgainst.has_value());
        const Decision decision = withoutPolicy(&last, frozen);
        QCOMPARE(decision.reason, std::string("NoPolicy"));
        QCOMPARE(decision.message,
                 std::string("policy \"shop/web\", which decided, is gone or no longer selects this object; "
                             "create or edit a policy that selects it; what is placed stays"));
        QVERIFY(decision.spec.clusters == last.clusters);
        last = decision.spec;
        QVERIFY(governed(controller(), {&fallback}, &last).policy == nullptr);
        QVERIFY(governed(controller(), {}, &last).policy == nullptr);

        // Another one is created, or the default edited.
        const Policy created = named("created");
        QCOMPARE(governed(controller(), {&fallback, &created}, &last).policy, &created);
        Policy edited = fallback;
        edited.ref.generation = 2;
        QCOMPARE(governed(controller(), {&edited}, &last).policy, &edited);
        // One that does not match changes nothing.
        const Policy elsewhere = named("elsewhere", "{}", "other");
        QVERIFY(governed(controller(), {&fallback, &elsewhere}, &last).policy == nullptr);
    }

    void aRecreatedPolicyIsANewOneAtOnce() {
        const Policy web = named("web");
        const PlacementSpec last = decidedBy(web);
        Policy again = web;
        again.ref.uid = "another";
        QCOMPARE(governed(controller(), {&again}, &last).policy, &again);
    }

    void aPolicyEditedAwayFreezesButAnEditedObjectDoesNot() {
        Policy web = named("web", "{\"labelSelector\": {\"matchLabels\": {\"app\": \"web\"}}}");
        const Policy fallback = named("default", "{}", "");
        const PlacementSpec last = decidedBy(web);
        kube::Object relabelled = controller();
        relabelled.setLabel("app", "api");
        QCOMPARE(governed(relabelled, {&web, &fallback}, &last).policy, &fallback);

        Policy edited = named("web", "{\"kind\": \"Pod\"}");
        edited.ref.generation = 2;
        QVERIFY(governed(controller(), {&edited, &fallback}, &last).policy == nullptr);
    }

    void aServiceWhosePolicyVanishedIsFrozenToo() {
        const Policy services = named("services", "{\"kind\": \"Service\"}");
        const PlacementSpec last = decidedBy(services);
        const Governance found = governed(service(), {}, &last);
        QVERIFY(found.policy == nullptr);
        QVERIFY(!found.follows);
        QVERIFY(found.frozenAgainst.has_value());
    }
};

QTEST_GUILESS_MAIN(PolicyMatchTest)
#include "policy_match_test.moc"
