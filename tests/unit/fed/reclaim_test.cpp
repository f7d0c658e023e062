// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/reclaim.h"

#include "tests/unit/fed/sync_case.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::test;

class ReclaimTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aListOfWhichEveryItemWasTakenOverIsNoLongerOurs() {
        MemberObject live = project(parse(test::kTakenService), traits("Service"), "fed-1");
        const kube::JsonObject wanted = sent(test::kNamedService).document();
        QVERIFY(!covers(live, wanted));
        QVERIFY(missesItems(live, wanted));
        // Ours as a whole, since nobody has items of it: an atomic list.
        kube::Object atomic = parse(test::kTakenService);
        atomic.metadata()["managedFields"].as_array().pop_back();
        live = project(atomic, traits("Service"), "fed-1");
        QVERIFY(covers(live, wanted));
        QVERIFY(!missesItems(live, wanted));
    }

    void whatStandsForAnItemThatHasGoneBecomesOurs() {
        const kube::Object live = parse(test::kTakenService);
        const auto patch = kube::parseJson(reclaimPatch(live, sent(test::kNamedService).document()));
        QVERIFY(patch.has_value());
        QCOMPARE(patch->as_array()[0].at("value").as_string(), "77");
        QCOMPARE(patch->as_array()[1].at("path").as_string(), "/metadata/managedFields");
        const kube::JsonArray& entries = patch->as_array()[1].at("value").as_array();
        QCOMPARE(entries.size(), 1U);  // the other one had nothing else
        const std::string ours = kube::printJson(entries[0].at("fieldsV1"));
        QVERIFY2(ours.find("\\\"port\\\":81") != std::string::npos, ours.c_str());
        QVERIFY2(ours.find("f:targetPort") != std::string::npos, ours.c_str());
    }

    void whatDoesNotResembleTheItemThatHasGoneStays() {
        const auto reclaimed = [](const kube::Object& live, const kube::JsonObject& wanted) {
            const std::string patch = reclaimPatch(live, wanted);
            if (patch.empty())
                return std::string("nothing");
            return kube::printJson(kube::parseJson(patch)->as_array()[1].at("value").as_array()[0]);
        };
        const auto ports = [](kube::Object& object) -> kube::JsonArray& {
            return object.document()["spec"].as_object()["ports"].as_array();
        };
        const kube::JsonObject wanted = sent(test::kNamedService).document();
        // Our port was changed into another one.
        kube::Object live = parse(test::kCrowdedService);
        const std::string one = reclaimed(live, wanted);
        QVERIFY2(one.find("\\\"port\\\":81") != std::string::npos, one.c_str());
        QVERIFY2(one.find("9090") == std::string::npos, one.c_str());
        // At most one stands for one that has gone: the closest.
        ports(live)[0].as_object()["targetPort"] = 80;
        QCOMPARE(reclaimed(live, wanted), one);
        // Only one may be without a name, so it is the one that was changed.
        kube::JsonObject nameless = wanted;
        nameless["spec"].as_object()["ports"].as_array()[0].as_object().erase("name");
        ports(live)[1].as_object().erase("name");
        ports(live)[1].as_object()["targetPort"] = 81;
        ports(live)[0].as_object()["targetPort"] = 9090;
        QCOMPARE(reclaimed(live, nameless), one);
        // It was removed.
        live = parse(test::kCrowdedService);
        ports(live).pop_back();
        QCOMPARE(reclaimed(live, wanted), std::string("nothing"));
        // What every item has alike makes none resemble another.
        kube::Object workload = parse(test::kSidecarRc);
        kube::JsonArray& containers = workload.document()["spec"]
                                          .as_object()["template"]
                                          .as_object()["spec"]
                                          .as_object()["containers"]
                                          .as_array();
        containers.erase(containers.begin());
        kube::JsonObject template_ = sent(test::kTemplateRc, 3).document();
        for (kube::Json* container : {&containers[0], &template_["spec"]
                                                           .as_object()["template"]
                                                           .as_object()["spec"]
                                                           .as_object()["containers"]
                                                           .as_array()[0]}) {
            container->as_object()["imagePullPolicy"] = "IfNotPresent";
            container->as_object()["terminationMessagePath"] = "/dev/termination-log";
            container->as_object()["resources"] = kube::JsonObject{};
            container->as_object()["tty"] = false;
        }
        QCOMPARE(reclaimed(workload, template_), std::string("nothing"));
        containers[0].as_object()["image"] = "web:1";  // renamed
        QVERIFY(reclaimed(workload, template_) != "nothing");
    }

    void anUnrelatedRefusalMakesNothingOurs() {
        Case c;
        c.wanted = manifest(test::kNamedService);
        c.input.manifest = c.wanted.get();
        c.live = project(parse(test::kCrowdedService), traits("Service"), "fed-1");
        c.live->appliedHash = 1;  // the port is new in the template
        const SyncVerdict apply = c.run();
        SAME(apply.action.kind, ActionKind::Apply);
        const Error unrelated =
            apiError(422, "Invalid", "spec.ports[0].nodePort: Invalid value: 1: not valid");
        SAME(learnFailure(apply.action, unrelated, c.memory), Retry::WhenChanged);
        SAME(c.run().action.kind, ActionKind::None);
        Case taken = c;
        taken.memory = {};
        const Error twice = apiError(422, "Invalid", "spec.ports[1].name: Duplicate value: \"http\"");
        SAME(learnFailure(apply.action, twice, taken.memory), Retry::Now);
        SAME(taken.run().action.kind, ActionKind::Reclaim);
    }

    void whatOthersAddedBesideOursStays() {
        const char* both = test::kSidecarRc;
        const MemberObject live = project(parse(both), traits("ReplicationController"), "fed-1");
        const kube::JsonObject wanted = sent(test::kTemplateRc, 3).document();
        QVERIFY(!missesItems(live, wanted));
        QCOMPARE(reclaimPatch(parse(both), wanted), std::string());
    }

    void anItemThatHasGoneIsReclaimedOnceThenApplied() {
        Case c;
        c.wanted = manifest(test::kNamedService);
        c.input.manifest = c.wanted.get();
        c.live = project(parse(test::kTakenService), traits("Service"), "fed-1");
        c.live->appliedHash = c.wanted->hash(3);
        c.memory.settledUid = c.live->uid;
        const SyncVerdict reclaim = c.run();
        SAME(reclaim.action.kind, ActionKind::Reclaim);
        SAME(reclaim.state, ObjectState::Drifted);
        SAME(learn(reclaim.action, *c.live, c.memory), Retry::Now);
        SAME(c.run().action.kind, ActionKind::Apply);
        c.live->ownedHash ^= 1;  // edited once more meanwhile
        SAME(c.run().action.kind, ActionKind::Reclaim);
        // A new version may have new items: then only a refusal shows that something is in the way.
        c.memory = {};
        c.live->appliedHash = 1;
        const SyncVerdict apply = c.run();
        SAME(apply.action.kind, ActionKind::Apply);
        const Error refused = apiError(422, "Invalid", "spec.ports[0].name: Required value");
        SAME(learnFailure(apply.action, refused, c.memory), Retry::Now);
        const SyncVerdict again = c.run();
        SAME(again.action.kind, ActionKind::Reclaim);
        SAME(learn(again.action, *c.live, c.memory), Retry::Now);
        SAME(learnFailure(c.run().action, refused, c.memory), Retry::WhenChanged);
        QCOMPARE(c.run().reason, std::string("Invalid"));
    }
};

QTEST_APPLESS_MAIN(ReclaimTest)
#include "reclaim_test.moc"
