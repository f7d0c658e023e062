// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/auth.h"

#include <QtTest/QTest>

#include "kubefed/net/tls.h"
#include "tests/unit/apiserver/kinds_replay.h"

using namespace kubefed;
using namespace kubefed::apiserver;
using kubefed::tests::MemoryObjects;

namespace {

constexpr std::string_view kRbac = "rbac.authorization.k8s.io";
const kube::Gvr kAccounts{"", "v1", "serviceaccounts"};

void putRbac(MemoryObjects& objects, const kube::Object& object) {
    std::string resource(object.kind());
    for (char& c : resource)
        c = c < 'a' ? static_cast<char>(c + 32) : c;
    objects.put({std::string(kRbac), "v1", resource + "s"}, object);
}

kube::Object role(const char* name, const char* ns, const char* rules) {
    kube::Object object =
        kube::Object::make({std::string(kRbac), "v1", *ns == 0 ? "ClusterRole" : "Role"}, ns, name);
    object.document()["rules"] = *kube::parseJson(rules);
    return object;
}

kube::Object binding(const char* ns, const char* roleKind, const char* roleName, const char* user) {
    kube::Object object =
        kube::Object::make({std::string(kRbac), "v1", *ns == 0 ? "ClusterRoleBinding" : "RoleBinding"}, ns,
                           std::string(roleName) + "-" + user);
    object.document()["roleRef"] =
        kube::JsonObject{{"apiGroup", kRbac}, {"kind", roleKind}, {"name", roleName}};
    object.document()["subjects"] =
        kube::JsonArray{kube::JsonObject{{"kind", "User"}, {"apiGroup", kRbac}, {"name", user}}};
    return object;
}

}  // namespace

class AuthTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tokensHoldForTheirAccountOnly() {
        MemoryObjects objects;
        kube::Object account = kube::Object::make({"", "v1", "ServiceAccount"}, "shop", "robot");
        account.metadata()["uid"] = "u-1";
        objects.put(kAccounts, account);
        const auto key = net::makeSigningKey();
        const auto other = net::makeSigningKey();
        QVERIFY(key && other);
        const auto issuer = TokenIssuer::make(key->keyPem);
        const auto stranger = TokenIssuer::make(other->keyPem);
        QVERIFY(issuer && stranger);
        const WallTime now{std::chrono::seconds(1'000'000)};
        const auto issued = (*issuer)->issue("shop", "robot", "u-1", {}, std::chrono::hours(1), now);
        QVERIFY(issued.has_value());
        const auto user = (*issuer)->verify(issued->token, objects, now);
        QVERIFY(user.has_value());
        QCOMPARE(user->name, std::string("system:serviceaccount:shop:robot"));
        QVERIFY((*issuer)->verify(issued->token, objects, now + std::chrono::minutes(59)).has_value());
        QVERIFY(!(*issuer)->verify(issued->token, objects, now + std::chrono::hours(1)).has_value());
        QVERIFY(!(*stranger)->verify(issued->token, objects, now).has_value());
        std::string tampered = issued->token;
        tampered[tampered.size() / 2] = tampered[tampered.size() / 2] == 'A' ? 'B' : 'A';
        QVERIFY(!(*issuer)->verify(tampered, objects, now).has_value());
        const auto elsewhere =
            (*issuer)->issue("shop", "robot", "u-1", {"vault"}, std::chrono::hours(1), now);
        QVERIFY(!(*issuer)->verify(elsewhere->token, objects, now).has_value());
        QVERIFY(!(*issuer)->issue("shop", "robot", "u-1", {}, std::chrono::seconds(599), now).has_value());
        account.metadata()["uid"] = "u-2";  // deleted and made again
        objects.put(kAccounts, account);
        QVERIFY(!(*issuer)->verify(issued->token, objects, now).has_value());
        objects.remove(kAccounts, {"shop", "robot"});
        QVERIFY(!(*issuer)->verify(issued->token, objects, now).has_value());
    }

    void aBoundTokenEndsWithWhatItIsBoundTo_data() {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("resource");
        QTest::addColumn<QString>("ns");
        QTest::newRow("pod") << "Pod" << "pods" << "shop";
        QTest::newRow("secret") << "Secret" << "secrets" << "shop";
        QTest::newRow("node") << "Node" << "nodes" << "";
    }
    void aBoundTokenEndsWithWhatItIsBoundTo() {
        QFETCH(QString, kind);
        QFETCH(QString, resource);
        QFETCH(QString, ns);
        const kube::Gvr gvr{"", "v1", resource.toStdString()};
        MemoryObjects objects;
        kube::Object account = kube::Object::make({"", "v1", "ServiceAccount"}, "shop", "robot");
        account.metadata()["uid"] = "u-1";
        objects.put(kAccounts, account);
        const auto issuer = TokenIssuer::make(net::makeSigningKey()->keyPem);
        const WallTime now{std::chrono::seconds(1'000'000)};
        const auto issued = (*issuer)->issue("shop", "robot", "u-1", {}, std::chrono::hours(1), now,
                                             TokenIssuer::BoundObject{kind.toStdString(), "b", "b-1"});
        QVERIFY(issued.has_value());
        const auto holds = [&](WallTime when) {
            return (*issuer)->verify(issued->token, objects, when).has_value();
        };
        QVERIFY(!holds(now));
        kube::Object bound = kube::Object::make({"", "v1", kind.toStdString()}, ns.toStdString(), "b");
        bound.metadata()["uid"] = "b-1";
        objects.put(gvr, bound);
        QVERIFY(holds(now));
        bound.metadata()["deletionTimestamp"] = toRfc3339(now);
        objects.put(gvr, bound);
        QVERIFY(holds(now + std::chrono::seconds(59)));
        QVERIFY(!holds(now + std::chrono::seconds(61)));
        bound.metadata().erase("deletionTimestamp");
        bound.metadata()["uid"] = "b-2";
        objects.put(gvr, bound);
        QVERIFY(!holds(now));
        QVERIFY(!(*issuer)
                     ->issue("shop", "robot", "u-1", {}, std::chrono::hours(1), now,
                             TokenIssuer::BoundObject{"ConfigMap", "b", "b-1"})
                     .has_value());
    }

    void rulesAllowWhatTheySay_data() {
        QTest::addColumn<QString>("rules");
        QTest::addColumn<QString>("verb");
        QTest::addColumn<QString>("resource");
        QTest::addColumn<QString>("subresource");
        QTest::addColumn<QString>("name");
        QTest::addColumn<bool>("allowed");
        const QString pods = "[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\"]}]";
        const QString scales = "[{\"apiGroups\":[\"*\"],\"resources\":[\"*/scale\"],\"verbs\":[\"*\"]}]";
        const QString named =
            "[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"resourceNames\":[\"a\"],\"verbs\":[\"get\"]}]";
        const QString logs = "[{\"apiGroups\":[\"\"],\"resources\":[\"pods/log\"],\"verbs\":[\"get\"]}]";
        const QString apps = "[{\"apiGroups\":[\"apps\"],\"resources\":[\"*\"],\"verbs\":[\"*\"]}]";
        QTest::newRow("the resource") << pods << "get" << "pods" << "" << "a" << true;
        QTest::newRow("another verb") << pods << "list" << "pods" << "" << "" << false;
        QTest::newRow("its subresource") << pods << "get" << "pods" << "log" << "a" << false;
        QTest::newRow("a subresource named") << logs << "get" << "pods" << "log" << "a" << true;
        QTest::newRow("not its resource") << logs << "get" << "pods" << "" << "a" << false;
        QTest::newRow("any scale") << scales << "update" << "replicationcontrollers" << "scale" << "a"
                                   << true;
        QTest::newRow("not what is scaled")
            << scales << "update" << "replicationcontrollers" << "" << "a" << false;
        QTest::newRow("the name") << named << "get" << "pods" << "" << "a" << true;
        QTest::newRow("another name") << named << "get" << "pods" << "" << "b" << false;
        QTest::newRow("a list by name") << named << "list" << "pods" << "" << "" << false;
        QTest::newRow("another group") << apps << "get" << "pods" << "" << "a" << false;
    }

    void rulesAllowWhatTheySay() {
        QFETCH(const QString, rules);
        QFETCH(const QString, verb);
        QFETCH(const QString, resource);
        QFETCH(const QString, subresource);
        QFETCH(const QString, name);
        QFETCH(const bool, allowed);
        MemoryObjects objects;
        putRbac(objects, role("r", "shop", rules.toUtf8().constData()));
        putRbac(objects, binding("shop", "Role", "r", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        Attributes asked;
        asked.user = &ann;
        asked.verb = verb.toStdString();
        asked.resource = resource.toStdString();
        asked.subresource = subresource.toStdString();
        asked.ns = "shop";
        asked.name = name.toStdString();
        QCOMPARE(authorize(asked, objects).allowed, allowed);
        asked.ns = "other";
        QVERIFY(!authorize(asked, objects).allowed);
        const User bob{"bob", {}, {"system:authenticated"}};
        asked.ns = "shop";
        asked.user = &bob;
        QVERIFY(!authorize(asked, objects).allowed);
    }

    void aggregatedRolesGatherAndUrlsMatch() {
        MemoryObjects objects;
        for (const kube::Object& object : bootstrapRbac())
            putRbac(objects, object);
        putRbac(objects, binding("shop", "ClusterRole", "edit", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        Attributes asked;
        asked.user = &ann;
        asked.ns = "shop";
        for (const auto& [verb, group, resource, allowed] :
             {std::tuple{"create", "", "pods", true}, std::tuple{"list", "", "services", true},
              std::tuple{"create", "kubefed.io", "placementpolicies", true},
              std::tuple{"create", "kubefed.io", "memberclusters", false},
              std::tuple{"create", "rbac.authorization.k8s.io", "roles", false}}) {
            asked.verb = verb;
            asked.group = group;
            asked.resource = resource;
            QCOMPARE(authorize(asked, objects).allowed, allowed);
        }
        Attributes url;
        url.user = &ann;
        url.isResource = false;
        url.verb = "get";
        url.path = "/apis/apps/v1";
        QVERIFY(authorize(url, objects).allowed);
        url.path = "/metrics";
        QVERIFY(!authorize(url, objects).allowed);
    }

    // What an aggregated role shows may be late; what it grants is not.
    void nestedAggregationIsGatheredAnew() {
        MemoryObjects objects;
        const auto labelled = [](kube::Object object, const char* label) {
            object.setLabel(label, "true");
            return object;
        };
        const auto gathering = [](const char* name, const char* rules,
                                  std::initializer_list<const char*> labels) {
            kube::Object object = role(name, "", rules);
            kube::JsonArray selectors;
            for (const char* label : labels)
                selectors.push_back(kube::JsonObject{{"matchLabels", kube::JsonObject{{label, "true"}}}});
            object.document()["aggregationRule"] = kube::JsonObject{{"clusterRoleSelectors", selectors}};
            return object;
        };
        const char* stale = R"([{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}])";
        const char* fresh = R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])";
        putRbac(objects, labelled(role("leaf", "", fresh), "leaf"));
        putRbac(objects, labelled(gathering("middle", stale, {"leaf", "top"}), "middle"));
        putRbac(objects, labelled(gathering("top", "[]", {"middle"}), "top"));
        putRbac(objects, binding("shop", "ClusterRole", "top", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        Attributes asked;
        asked.user = &ann;
        asked.ns = "shop";
        asked.verb = "get";
        asked.resource = "pods";
        QVERIFY(authorize(asked, objects).allowed);
        asked.resource = "secrets";
        QVERIFY(!authorize(asked, objects).allowed);
    }

    // As the window advises who may not.
    void whoViewsANamespaceMayAskWhyThere() {
        MemoryObjects objects;
        for (const kube::Object& object : bootstrapRbac())
            putRbac(objects, object);
        putRbac(objects, binding("shop", "ClusterRole", "view", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        Attributes asked;
        asked.user = &ann;
        asked.group = "kubefed.io";
        asked.verb = "create";
        asked.resource = "explanations";
        asked.ns = "shop";
        QVERIFY(authorize(asked, objects).allowed);
        asked.ns = "other";
        QVERIFY(!authorize(asked, objects).allowed);
    }

    // What each call of kubefed.v1.Federation asks for, and the whole of the fleet.
    void fleetViewersSeeAllAndChangeNothing() {
        MemoryObjects objects;
        for (const kube::Object& object : bootstrapRbac())
            putRbac(objects, object);
        putRbac(objects, binding("", "ClusterRole", "kubefed-fleet-viewer", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        Attributes asked;
        asked.user = &ann;
        asked.group = "kubefed.io";
        for (const auto& [verb, resource, allowed] :
             {std::tuple{"watch", "fleets", true}, std::tuple{"list", "placements", true},
              std::tuple{"list", "memberclusters", true}, std::tuple{"create", "explanations", true},
              std::tuple{"list", "policyplugins", true}, std::tuple{"create", "policyplugins", false},
              std::tuple{"delete", "memberclusters", false},
              std::tuple{"update", "placementpolicies", false}}) {
            asked.verb = verb;
            asked.resource = resource;
            QCOMPARE(authorize(asked, objects).allowed, allowed);
        }
        asked.group = "";
        asked.verb = "get";
        asked.resource = "secrets";
        QVERIFY(!authorize(asked, objects).allowed);
    }

    void nobodyGrantsMoreThanTheyHave() {
        MemoryObjects objects;
        const char* podRules =
            "[{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\",\"list\"]}]";
        putRbac(objects, role("reader", "shop", podRules));
        putRbac(objects, binding("shop", "Role", "reader", "ann"));
        const User ann{"ann", {}, {"system:authenticated"}};
        const kube::Gvr roles{std::string(kRbac), "v1", "roles"};
        const auto mayWrite = [&](const User& user, const kube::Object& object,
                                  const kube::Object* previous = nullptr) {
            const Result<void> result =
                checkGrant(user, roles, object.document(),
                           previous == nullptr ? nullptr : &previous->document(), object.ns(), objects);
            return result ? 200 : result.error().status->httpCode;
        };
        QCOMPARE(mayWrite(ann, role("mine", "shop", podRules)), 200);
        const auto refused = checkGrant(
            ann, roles,
            role("more", "shop", "[{\"apiGroups\":[\"\"],\"resources\":[\"secrets\"],\"verbs\":[\"get\"]}]")
                .document(),
            nullptr, "shop", objects);
        QVERIFY(!refused);
        QVERIFY(refused.error().message.find(
                    "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}") != std::string::npos);
        const User master{"root", {}, {"system:masters"}};
        QCOMPARE(mayWrite(master, role("all", "", podRules)), 200);
        // A role that comes later could grant anything.
        QCOMPARE(mayWrite(ann, binding("shop", "Role", "reader", "x")), 200);
        QCOMPARE(mayWrite(ann, binding("shop", "Role", "later", "x")), 404);
        QCOMPARE(mayWrite(ann, binding("shop", "ClusterRole", "later", "x")), 404);
        QCOMPARE(mayWrite(master, binding("shop", "Role", "later", "x")), 200);
        // So could whatever an aggregation selects later.
        kube::Object plain = role("sum", "", "[]"), sum = plain;
        sum.document()["aggregationRule"] =
            *kube::parseJson(R"({"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]})");
        kube::Object none =
            role("none", "", R"([{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}])");
        none.document()["aggregationRule"] = *kube::parseJson(R"({"clusterRoleSelectors":[]})");
        QCOMPARE(mayWrite(ann, none), 403);
        QCOMPARE(mayWrite(ann, plain), 200);
        QCOMPARE(mayWrite(ann, sum), 403);
        QCOMPARE(mayWrite(ann, plain, &sum), 403);
        QCOMPARE(mayWrite(master, sum), 200);
        putRbac(objects, role("cluster-admin", "",
                              R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]},)"
                              R"({"nonResourceURLs":["*"],"verbs":["*"]}])"));
        putRbac(objects, binding("", "ClusterRole", "cluster-admin", "bob"));
        QCOMPARE(mayWrite({"bob", {}, {}}, sum), 200);
    }
};

QTEST_GUILESS_MAIN(AuthTest)
#include "auth_test.moc"
