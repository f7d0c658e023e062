// SPDX-License-Identifier: Apache-2.0
//
// What pods name (ConfigMaps, Secrets, ServiceAccounts) through the whole controller: it follows them into
// exactly their clusters, and what is missing is named.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

using Kinds = std::vector<std::pair<std::string, std::string>>;

const Kinds kNamed{
    {"ConfigMap", "settings"}, {"Secret", "keys"}, {"Secret", "pull"}, {"ServiceAccount", "robot"}};

// A pod that names all of kNamed, and one Secret that may be missing.
kube::JsonObject podSpec() {
    return kube::parseJson(R"({
        "serviceAccountName": "robot",
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [{"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "keys"}}],
                        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "extra", "key": "a",
                                                                             "optional": true}}}]}],
        "volumes": [{"name": "v", "configMap": {"name": "settings"}}]})")
        .value()
        .as_object();
}

void putNamed(Simulation& s, const std::string& kind, const std::string& name) {
    kube::Object object = kube::Object::make({"", "v1", kind}, "shop", name);
    if (kind != "ServiceAccount")
        object.document()["data"] = kube::JsonObject{{"a", "Yg=="}};
    s.host.put(Simulation::id(kind, name).traits().gvr(), std::move(object));
}

void putWorkload(Simulation& s, std::int64_t replicas) {
    const kube::JsonObject labels{{"app", "web"}};
    kube::JsonObject spec;
    spec["replicas"] = replicas;
    spec["selector"] = labels;
    kube::JsonObject podTemplate;
    podTemplate["metadata"] = kube::JsonObject{{"labels", labels}};
    podTemplate["spec"] = podSpec();
    spec["template"] = std::move(podTemplate);
    s.put({"", "v1", "ReplicationController"}, "shop", "web", std::move(spec));
}

std::set<std::string> holdersOf(Simulation& s, const TemplateId& id) {
    std::set<std::string> names;
    for (const auto& [name, member] : s.members.members)
        if (member->objects.contains(id))
            names.insert(name);
    return names;
}

// Of the first cluster: "reason: message".
std::string said(Simulation& s, const TemplateId& id) {
    const auto placement = s.placement(id);
    if (!placement || placement->status.clusters.empty())
        return "nothing";
    const fed::ClusterObjectStatus& first = placement->status.clusters.front();
    return first.reason + ": " + first.message;
}

}  // namespace

class DependenciesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatPodsNameStandsExactlyWhereTheyAre() {
        Simulation s(51);
        s.start();
        for (const auto& [kind, name] : kNamed)
            putNamed(s, kind, name);
        putNamed(s, "Secret", "unrelated");
        putWorkload(s, 2);
        s.run(3s);
        const TemplateId web = Simulation::id("ReplicationController", "web");
        const std::set<std::string> two = holdersOf(s, web);
        QCOMPARE(two.size(), std::size_t{2});
        for (const auto& [kind, name] : kNamed)
            QVERIFY2(holdersOf(s, Simulation::id(kind, name)) == two, name.c_str());
        QVERIFY(holdersOf(s, Simulation::id("Secret", "unrelated")).empty());
        SAME_TEXT(s.reason(Simulation::id("Secret", "unrelated"), "Scheduled"), "NotReferenced");

        // They follow into another cluster, and away from one.
        putWorkload(s, 3);
        s.run(3s);
        QCOMPARE(holdersOf(s, web).size(), std::size_t{3});
        for (const auto& [kind, name] : kNamed)
            QVERIFY2(holdersOf(s, Simulation::id(kind, name)).size() == 3, name.c_str());
        s.erase(web);
        s.run(3s);
        QVERIFY(holdersOf(s, web).empty());
        // Nothing asks for their removal: a dependent that nobody names any more stays.
        for (const auto& [name, member] : s.members.members)
            SAME_TEXT(member->violation, "");
    }

    void aBarePodTakesThemAlong() {
        Simulation s(52);
        s.start();
        for (const auto& [kind, name] : kNamed)
            putNamed(s, kind, name);
        s.put({"", "v1", "Pod"}, "shop", "one", podSpec());
        s.run(3s);
        const std::set<std::string> one = holdersOf(s, Simulation::id("Pod", "one"));
        QCOMPARE(one.size(), std::size_t{1});
        for (const auto& [kind, name] : kNamed)
            QVERIFY2(holdersOf(s, Simulation::id(kind, name)) == one, name.c_str());
    }

    void whatIsMissingIsNamedUntilItComes_data() {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<QString>("name");
        for (const auto& [kind, name] : kNamed)
            QTest::addRow("%s %s", kind.c_str(), name.c_str())
                << QString::fromStdString(kind) << QString::fromStdString(name);
    }
    void whatIsMissingIsNamedUntilItComes() {
        QFETCH(QString, kind);
        QFETCH(QString, name);
        const TemplateId missing = Simulation::id(kind.toStdString(), name.toStdString());
        Simulation s(53);
        s.start();
        for (const auto& [otherKind, other] : kNamed)
            if (!(Simulation::id(otherKind, other) == missing))
                putNamed(s, otherKind, other);
        putWorkload(s, 3);
        s.run(3s);
        const TemplateId web = Simulation::id("ReplicationController", "web");
        SAME_TEXT(said(s, web), "DependencyMissing: " + kind.toStdString() + " \"" + name.toStdString() +
                                    "\" does not exist in namespace \"shop\"");
        putNamed(s, kind.toStdString(), name.toStdString());
        s.run(3s);
        SAME_TEXT(said(s, web), ": ");
        QCOMPARE(holdersOf(s, missing).size(), std::size_t{3});
        s.erase(missing);
        s.run(3s);
        QVERIFY2(said(s, web).starts_with("DependencyMissing: "), said(s, web).c_str());
    }

    void whatIsNeverSentIsNamed() {
        Simulation s(55);
        for (const auto& [name, member] : s.members.members)
            member->podsStart = false;
        s.start();
        kube::Object token = kube::Object::make({"", "v1", "Secret"}, "shop", "keys");
        token.document()["type"] = "kubernetes.io/service-account-token";
        s.host.put(Simulation::id("Secret", "keys").traits().gvr(), std::move(token));
        for (const auto& [kind, name] : kNamed)
            if (name != "keys")
                putNamed(s, kind, name);
        putWorkload(s, 2);
        s.run(3s);
        const TemplateId web = Simulation::id("ReplicationController", "web");
        const std::string never =
            "DependencyMissing: Secret \"keys\" (tokens belong to one cluster) is not "
            "propagated";
        SAME_TEXT(said(s, web), never);
        // What is opted out later stands where it went, and nowhere else.
        const TemplateId settings = Simulation::id("ConfigMap", "settings");
        kube::Object object = *s.host.find(settings.traits().gvr(), settings.key);
        object.setAnnotation(fed::kPropagateAnnotation, "false");
        s.host.put(settings.traits().gvr(), std::move(object));
        s.run(3s);
        SAME_TEXT(said(s, web), never);
        const std::set<std::string> before = holdersOf(s, settings);
        putWorkload(s, 3);
        s.run(3s);
        for (const auto& [name, member] : s.members.members)
            SAME_TEXT(s.state(web, name)->message,
                      before.contains(name)
                          ? "Secret \"keys\" (tokens belong to one cluster) is not propagated"
                          : "ConfigMap \"settings\" (it is annotated kubefed.io/propagate: \"false\") and "
                            "Secret \"keys\" (tokens belong to one cluster) are not propagated");
        kube::Object back = *s.host.find(settings.traits().gvr(), settings.key);
        back.setAnnotation(fed::kPropagateAnnotation, "true");
        s.host.put(settings.traits().gvr(), std::move(back));
        s.run(3s);
        QCOMPARE(holdersOf(s, settings).size(), std::size_t{3});
        SAME_TEXT(said(s, web), never);
        // Somebody makes it there by hand.
        s.member("m1").podsStart = true;
        s.member("m1").relist();
        s.run(3s);
        SAME_TEXT(s.state(web, "m1")->message, "");
        SAME_TEXT(s.state(web, "m2")->reason, "DependencyMissing");
    }

    void moreThanOneAreNamed() {
        Simulation s(54);
        s.start();
        putWorkload(s, 3);
        s.run(3s);
        SAME_TEXT(said(s, Simulation::id("ReplicationController", "web")),
                  "DependencyMissing: ConfigMap \"settings\", Secret \"keys\", Secret \"pull\" and "
                  "ServiceAccount \"robot\" do not exist in namespace \"shop\"");
    }
};

QTEST_GUILESS_MAIN(DependenciesTest)
#include "dependencies_test.moc"
