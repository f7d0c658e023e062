// SPDX-License-Identifier: Apache-2.0
//
// What is published while the controller has only just been started, in virtual time: members that were not
// listed yet, or cannot be, count as they were written.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation_words.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

const TemplateId kWeb = rc("web");

std::string statusOf(const Simulation& s, const TemplateId& what) {
    const kube::Object* object = s.host.find(what.traits().gvr(), what.key);
    const kube::Json* status = object == nullptr ? nullptr : object->at({"status"});
    return status == nullptr ? std::string() : kube::printCanonical(*status);
}
// All but the words: those of a member that cannot be reached are of its last probes.
std::string placementOf(Simulation& s, const TemplateId& what) {
    const auto placement = s.placement(what);
    std::string text;
    for (const fed::Condition& one : placement->status.conditions)
        text += one.type + " " + one.status + " " + one.reason + " " + one.lastTransitionTime + "\n";
    for (const fed::ClusterObjectStatus& one : placement->status.clusters)
        text += one.name + " " + std::string(fed::toString(one.state)) + " " + one.reason + " " +
                std::to_string(one.replicas ? one.replicas->ready : -1) + " " +
                std::to_string(one.observedGeneration) + " " + one.lastTransitionTime + "\n";
    return text;
}
std::string publishedOf(Simulation& s) {
    return statusOf(s, kWeb) + "\n" + placementOf(s, kWeb) + statusOf(s, service("web")) + "\n" +
           placementOf(s, service("web"));
}
std::int64_t figure(const Simulation& s, std::string_view field) {
    return kube::intAt(s.host.find(kWeb.traits().gvr(), kWeb.key)->document(), {"status", field})
        .value_or(-1);
}
std::size_t addresses(const Simulation& s) {
    const kube::JsonArray* ingress =
        kube::arrayAt(s.host.find(service("web").traits().gvr(), service("web").key)->document(),
                      {"status", "loadBalancer", "ingress"});
    return ingress == nullptr ? 0 : ingress->size();
}

// Three members with three replicas and an address each.
void settle(Simulation& s) {
    for (const auto& [name, member] : s.members.members)
        member->ingress = R"([{"ip":"10.0.0.)" + name.substr(1) + R"("}])";
    s.start();
    s.putRc("web", 9);
    s.putService("web", "web");
    s.run(3s);
}

// What changes of that within a while; empty: nothing, at any time.
std::string changeWithin(Simulation& s, Duration duration) {
    const std::string before = publishedOf(s);
    for (Duration passed{0}; passed < duration; passed += Duration{10}) {
        s.run(Duration{10});
        if (const std::string now = publishedOf(s); now != before)
            return "after " + std::to_string(passed.count()) + " ms\n" + before + "\n" + now;
    }
    return {};
}

}  // namespace

#define STAYS(s, duration)                                      \
    do {                                                        \
        const std::string change = changeWithin((s), duration); \
        QVERIFY2(change.empty(), change.c_str());               \
    } while (false)

class StatusTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anUnreachableMemberCountsOverARestart() {
        Simulation s(1);
        settle(s);
        QCOMPARE(figure(s, "replicas"), 9);
        s.member("m2").down = true;
        s.run(40s);
        SAME_TEXT(s.reason(kWeb, "Applied"), "MembersUnreachable");
        QCOMPARE(figure(s, "readyReplicas"), 9);
        s.restart();
        STAYS(s, 5s);
        QCOMPARE(s.state(kWeb, "m2")->replicas->ready, 3);
        QCOMPARE(addresses(s), 3U);
        s.putRc("web", 12);  // m2 gets none of them
        s.run(2s);
        QCOMPARE(figure(s, "replicas"), s.replicasOf(kWeb));
        s.putRc("web", 9);
        s.run(2s);
        s.member("m2").down = false;
        s.member("m2").ingress = R"([{"ip":"10.0.0.99"}])";
        s.run(20s);
        SAME_TEXT(s.reason(kWeb, "Applied"), "Applied");
        QCOMPARE(figure(s, "replicas"), 9);
        QCOMPARE(addresses(s), 3U);
    }

    void aSlowMemberIsNotSeenInWhatIsPublished() {
        for (const bool isIdentifiedLast : {false, true}) {
            Simulation s(2);
            settle(s);
            s.member("m2").listDelay = isIdentifiedLast ? 50ms : 900ms;
            s.member("m2").identityDelay = isIdentifiedLast ? 900ms : 50ms;
            s.restart();
            STAYS(s, 5s);
        }
    }

    void aMemberThatIsFrozenWhenTheControllerStartsCounts() {
        Simulation s(3);
        settle(s);
        s.member("m2").frozen = true;
        s.restart();
        STAYS(s, 9s);
        for (int i = 0; i < 40; ++i) {  // given up, then Unreachable
            s.run(1s);
            QCOMPARE(figure(s, "replicas"), 9);
            QCOMPARE(figure(s, "availableReplicas"), 9);
            QCOMPARE(addresses(s), 3U);
        }
        SAME_TEXT(s.reason(kWeb, "Applied"), "MembersUnreachable");
        s.member("m2").frozen = false;
        s.run(20s);
        SAME_TEXT(s.reason(kWeb, "Applied"), "Applied");
    }

    // It was neither chosen nor to be emptied any more, but not listed since the start.
    void aClusterThatHasLeftIsNotRemembered() {
        Simulation s(5);
        settle(s);
        s.member("m2").down = true;
        s.run(40s);
        s.restart();
        s.run(5s);
        s.leave("m2", "delete");
        s.run(30s);
        SAME_TEXT(s.phase("m2"), "Leaving");
        QVERIFY(s.state(kWeb, "m2") && s.state(service("web"), "m2"));
        QCOMPARE(addresses(s), 3U);
        kube::Object forced = *s.host.find(fed::memberClusters(), {{}, "m2"});
        forced.setAnnotation(fed::kUnjoinForceAnnotation, "true");
        s.host.put(fed::memberClusters(), forced);
        s.run(30s);
        QVERIFY(s.host.find(fed::memberClusters(), {{}, "m2"}) == nullptr);
        QVERIFY(!s.state(kWeb, "m2") && !s.state(service("web"), "m2"));
        QCOMPARE(figure(s, "replicas"), 9);
        QCOMPARE(addresses(s), 2U);
    }

    // What is done before a restart is not what is asked after it.
    void whatWasAskedMeanwhileIsNotDone() {
        Simulation s(4);
        settle(s);
        s.member("m2").listDelay = 900ms;
        s.controller.reset();
        s.putRc("web", 12);
        s.start();
        s.run(500ms);
        SAME_TEXT(s.reason(kWeb, "Applied"), "Applying");
        QVERIFY(s.state(kWeb, "m2")->state != fed::ObjectState::Synced);
        s.run(2s);
        SAME_TEXT(s.reason(kWeb, "Applied"), "Applied");
        QCOMPARE(figure(s, "replicas"), 12);
    }
};

QTEST_GUILESS_MAIN(StatusTest)
#include "status_test.moc"
