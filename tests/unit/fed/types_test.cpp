// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "kubefed/fed/crds.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/schema.h"
#include "tests/unit/fed/fleet_builders.h"
#include "tests/unit/fed/types_data.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::fed::testing;

class TypesTest : public QObject {
    Q_OBJECT

    static kube::JsonObject schemaOf(std::string_view crd) {
        for (const CrdDocument& document : crdDocuments()) {
            if (document.name != crd)
                continue;
            const kube::Json parsed = kube::parseYaml(document.yaml).value().front();
            const auto* versions = kube::arrayAt(parsed.get_object(), {"spec", "versions"});
            return *kube::objectAt(versions->front().get_object(), {"schema", "openAPIV3Schema"});
        }
        return {};
    }
    static void collect(const kube::JsonObject& schema, const std::string& path,
                        std::vector<std::string>& bare) {
        if (!schema.contains("description") && !path.ends_with(".metadata"))
            bare.push_back(path);
        if (const auto* properties = kube::objectAt(schema, {"properties"}))
            for (const auto& [name, child] : *properties)
                collect(child.as_object(), path + "." + std::string(std::string_view(name)), bare);
        for (const char* nested : {"items", "additionalProperties"})
            if (const auto* child = kube::objectAt(schema, {nested}))
                collect(*child, path + "[]", bare);
    }
    static void verifyFits(const kube::JsonObject& object, std::string_view crd) {
        const auto schema = kube::Schema::fromCrd(schemaOf(crd));
        QVERIFY2(schema.has_value(), crd.data());
        for (const std::string& field : kube::unknownFields(object, (*schema)->root()))
            QVERIFY2(false, field.c_str());
        QCOMPARE(kube::typeProblem(object, (*schema)->root()), std::string());
    }

private Q_SLOTS:
    void everyFieldOfTheApiIsDescribed() {
        QCOMPARE(crdDocuments().size(), std::size_t{5});
        for (const CrdDocument& document : crdDocuments()) {
            const kube::JsonObject schema = schemaOf(document.name);
            QVERIFY(kube::Schema::fromCrd(schema).has_value());
            std::vector<std::string> bare;
            collect(schema, std::string(document.name), bare);
            QVERIFY2(bare.empty(), bare.empty() ? "" : bare.front().c_str());
        }
    }

    void bothPolicyKindsAreOneButForNamespaces() {
        const auto itemsOf = [](kube::JsonObject& schema) -> kube::JsonObject& {
            return schema["properties"]
                .as_object()["spec"]
                .as_object()["properties"]
                .as_object()["resourceSelectors"]
                .as_object()["items"]
                .as_object()["properties"]
                .as_object();
        };
        kube::JsonObject namespaced = schemaOf("placementpolicies.kubefed.io");
        kube::JsonObject wide = schemaOf("clusterplacementpolicies.kubefed.io");
        QVERIFY(itemsOf(wide).erase("namespaceSelector") == 1);
        QVERIFY(kube::equal(namespaced["properties"].as_object()["spec"],
                            wide["properties"].as_object()["spec"]));
    }

    void policiesAreReadWhole() {
        const kube::Object source = object(kPolicyJson);
        verifyFits(source.document(), "placementpolicies.kubefed.io");
        const Policy p = Policy::decode(source).value();
        QCOMPARE(p.ref.text(), std::string("shop/web"));
        QCOMPARE(p.priority, 7);
        QVERIFY(p.resourceSelectors.at(0).labels->matches(
            kube::objectAt(source.document(), {"metadata", "labels"})));
        QCOMPARE(p.plugins.at(1).name, std::string("weighted"));
        QCOMPARE(p.plugins.at(1).weight, 0.5);
        QVERIFY(p.plugins.at(1).optional);
        QCOMPARE(p.perCluster.at("tokyo"), (ReplicaLimits{1, 10}));
        QVERIFY(p.strategy == ReplicaStrategy::Duplicate && p.rebalance == Rebalance::Never);
        QVERIFY(p.onDelete == OnDelete::Orphan && p.suspend);
        verifyFits(makeDefaultPolicy().document(), "clusterplacementpolicies.kubefed.io");
        QVERIFY(Policy::decode(makeDefaultPolicy()).value().priority < -2'000'000'000);
    }

    void mistakesInPoliciesAreNamed() {
        kube::Object source = object(kPolicyJson);
        source.document()["spec"].as_object()["replicas"] = kube::parseJson(
                                                                "{\"perCluster\": {\"a\": {\"min\": 3, "
                                                                "\"max\": 2}}}")
                                                                .value();
        const auto decoded = Policy::decode(source);
        QVERIFY(!decoded);
        QVERIFY2(decoded.error().message.find("perCluster[\"a\"]") != std::string::npos,
                 decoded.error().message.c_str());
        QVERIFY(!Policy::decode(object("{\"kind\": \"Pod\"}")));
        QVERIFY(!Policy::read(object("{\"kind\": \"Pod\"}")));
        const Policy read = Policy::read(source).value();
        QVERIFY(read.invalid.find("perCluster[\"a\"]") != std::string::npos);
        const auto conditions = conditionsOf(read, "2026-01-01T00:00:00Z");
        QCOMPARE(conditions.at(0).status, std::string("False"));
        QCOMPARE(conditions.at(0).message, read.invalid);
    }

    void membersAndPlacementsSurviveWritingAndReading() {
        const MemberCluster member = MemberCluster::decode(object(kMemberJson)).value();
        QCOMPARE(member.status.nodes->total, 12);
        QVERIFY(member.status.phase == Phase::Degraded);
        kube::Object again = object("{\"kind\": \"MemberCluster\", \"apiVersion\": \"kubefed.io/v1alpha1\"}");
        again.document()["spec"] = encode(member.spec);
        again.document()["status"] = encode(member.status);
        verifyFits(again.document(), "memberclusters.kubefed.io");
        const MemberCluster copy = MemberCluster::decode(again).value();
        QVERIFY(copy.spec == member.spec && copy.status == member.status);

        PlacementSpec spec;
        spec.source = {{"", "v1", "Pod"}, {"shop", "web"}, "uid"};
        spec.policy = {"PlacementPolicy", "shop", "web", "u", 3};
        spec.onDelete = OnDelete::Orphan;
        spec.frozenAgainst.emplace();
        spec.replicas = 0;
        spec.unplaced = 2;
        spec.leftBehind = {{{}, {}, {"oregon"}}, {{"", "v1", "Pod"}, "toolbox", {"osaka", "tokyo"}}};
        spec.clusters = {{"osaka", 0}, {"tokyo", std::nullopt}};
        PlacementStatus status;
        status.observedGeneration = 4;
        QVERIFY(setCondition(status.conditions, {"Scheduled", "True", "Scheduled", "", "", 4},
                             "2026-01-01T00:00:00Z"));
        status.clusters = {{"osaka", ObjectState::Unreachable, "TimedOut", "m",
                            ClusterObjectStatus::Replicas{3, 2}, 1, "2026-01-01T00:00:00Z"}};
        status.explanation = CompactExplanation{"2026-01-01T00:00:00Z",
                                                "it is new",
                                                {{"tokyo", 6, 0.92, "chosen"}},
                                                {{"taints", "rejected by taints", 2, {"a", "b"}}},
                                                1};
        kube::Object placement =
            makePlacement(object("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": "
                                 "{\"name\": \"web\", \"namespace\": \"shop\", \"uid\": \"uid\"}}"),
                          spec);
        placement.document()["status"] = encode(status);
        verifyFits(placement.document(), "placements.kubefed.io");
        QCOMPARE(placement.key().text(), std::string("shop/pod.core.web"));
        QCOMPARE(placement.ownerReferences().size(), std::size_t{1});
        const Placement read = Placement::decode(placement).value();
        QVERIFY(read.spec == spec);
        QVERIFY(read.status == status);
    }

    void howAMemberIsProbedHasDefaultsAndBounds() {
        const auto schema = kube::Schema::fromCrd(schemaOf("memberclusters.kubefed.io")).value();
        const auto member = [](std::string_view check) {
            return object(
                "{\"kind\": \"MemberCluster\", \"apiVersion\": \"kubefed.io/v1alpha1\", \"spec\": "
                "{\"apiEndpoint\": \"https://10.1.0.4:6443\", \"healthCheck\": {" +
                std::string(check) + "}}}");
        };
        const auto read = [](const kube::Object& from) {
            return MemberCluster::decode(from).value().spec.healthCheck;
        };
        using std::chrono::seconds;
        QVERIFY(read(object(kMemberJson)) == (HealthCheck{seconds(20), seconds(4), 5, 2}));
        kube::Json filled(member("").document());
        kube::applyDefaults(filled, schema->root());
        QVERIFY(kube::find(filled.get_object(), {"spec", "healthCheck", "failureThreshold"}) != nullptr);
        QVERIFY(read(kube::Object(filled.get_object())) == HealthCheck());
        QVERIFY(read(member("\"failureThreshold\": 1")) == (HealthCheck{.failureThreshold = 1}));
        const std::pair<const char*, std::int64_t> most[] = {{"periodSeconds", 3600},
                                                             {"timeoutSeconds", 300},
                                                             {"failureThreshold", 100},
                                                             {"successThreshold", 100}};
        for (const auto& [field, bound] : most)
            for (const std::int64_t value : {std::int64_t{0}, std::int64_t{1}, bound, bound + 1}) {
                const kube::Object one = member("\"" + std::string(field) + "\": " + std::to_string(value));
                const bool isWithin = value >= 1 && value <= bound;
                QVERIFY2(kube::validateSchema(one.document(), schema->root()).empty() == isWithin, field);
                // An API server that let it pass changes nothing about what is done.
                const HealthCheck check = read(one);
                QVERIFY2(check == read(member("\"" + std::string(field) + "\": " +
                                              std::to_string(std::clamp<std::int64_t>(value, 1, bound)))),
                         field);
            }
    }

    void conditionsMoveTheirTimeOnlyWithTheirStatus() {
        std::vector<Condition> conditions;
        QVERIFY(setCondition(conditions, {"Ready", "True", "Ok", "", "", 0}, "t1"));
        QVERIFY(!setCondition(conditions, {"Ready", "True", "Ok", "", "", 0}, "t2"));
        QVERIFY(setCondition(conditions, {"Ready", "True", "Fine", "", "", 0}, "t3"));
        QCOMPARE(conditions.front().lastTransitionTime, std::string("t1"));
        QVERIFY(setCondition(conditions, {"Ready", "False", "Fine", "", "", 0}, "t4"));
        QCOMPARE(conditions.front().lastTransitionTime, std::string("t4"));
    }

    void placementsAreNamedForTheirTemplates() {
        QCOMPARE(placementName({"", "v1", "ReplicationController"}, "frontend"),
                 std::string("replicationcontroller.core.frontend"));
        QCOMPARE(placementName({"apps", "v1", "Deployment"}, "web"), std::string("deployment.apps.web"));
        const std::string a = placementName({"", "v1", "Pod"}, std::string(252, 'a') + "1");
        const std::string b = placementName({"", "v1", "Pod"}, std::string(252, 'a') + "2");
        QVERIFY(a.size() <= 253 && b.size() <= 253 && a != b);
        QCOMPARE(placementKey({"", "v1", "Namespace"}, {"", "shop"}).ns, std::string("kubefed-system"));
    }

    void whatIsNoTemplate_data() {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<bool>("isTemplate");
        for (const TemplateCase& entry : templateCases())
            QTest::newRow(entry.name) << QByteArray(entry.json) << entry.isTemplate;
    }
    void whatIsNoTemplate() {
        QFETCH(QByteArray, json);
        QFETCH(bool, isTemplate);
        QCOMPARE(fed::isTemplate(object(json.toStdString())), isTemplate);
    }

    void podsNameWhatTheyNeed() {
        const kube::Object pod = object(kPodJson);
        const auto needed = dependenciesOf(*findKind(pod.gvk()), pod.document());
        std::vector<std::string> names;
        for (const Dependency& d : needed)
            names.push_back(std::string(d.kind) + "/" + d.name + (d.optional ? "?" : ""));
        QCOMPARE(names, (std::vector<std::string>{"ConfigMap/env", "ConfigMap/maybe?", "ConfigMap/projected",
                                                  "ConfigMap/settings", "Secret/key", "Secret/pull",
                                                  "Secret/tls", "ServiceAccount/robot"}));
        const auto requests = requestsOf(*findKind(pod.gvk()), pod.document());
        QCOMPARE(requests, (std::vector<std::pair<std::string, std::int64_t>>{{"cpu", 350},
                                                                              {"memory", 67'108'864'000}}));
    }

    void whatTheHostFilledInIsStripped() {
        kube::Object pod = object(kPodJson);
        stripHostFilled(*findKind(pod.gvk()), pod.document());
        const kube::JsonObject& spec = *kube::objectAt(pod.document(), {"spec"});
        QVERIFY(!spec.contains("nodeName") && !spec.contains("priority"));
        QCOMPARE(kube::arrayAt(spec, {"tolerations"})->size(), std::size_t{1});
        QVERIFY(kube::printJson(spec).find("kube-api-access") == std::string::npos);
        QVERIFY(kube::printJson(spec).find("settings") != std::string::npos);

        kube::Object service = object(kServiceJson);
        stripHostFilled(*findKind(service.gvk()), service.document());
        QCOMPARE(
            kube::printCanonical(*service.at({"spec"})),
            std::string("{\"ports\":[{\"port\":80}],\"selector\":{\"app\":\"web\"},\"type\":\"NodePort\"}"));
        kube::Object headless = object(kServiceJson);
        headless.document()["spec"].as_object()["clusterIP"] = "None";
        stripHostFilled(*findKind(headless.gvk()), headless.document());
        QCOMPARE(kube::stringAt(headless.document(), {"spec", "clusterIP"}), std::string_view("None"));
    }

    void replicasAreReadAndWrittenWhereTheKindHasThem() {
        kube::Object rc = kube::Object::make({"", "v1", "ReplicationController"}, "shop", "a");
        const KindTraits& kind = *findKind(rc.gvk());
        QCOMPARE(replicasOf(kind, rc.document()), std::optional<std::int64_t>(1));
        setReplicas(kind, rc.document(), 5);
        QCOMPARE(replicasOf(kind, rc.document()), std::optional<std::int64_t>(5));
        QVERIFY(!replicasOf(*findKind("v1", "Pod"), rc.document()));
        QVERIFY(findKind("apps/v1", "Deployment") == nullptr);
    }
};

QTEST_GUILESS_MAIN(TypesTest)
#include "types_test.moc"
