// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/sync.h"

#include <QtTest/QTest>

#include "kubefed/fed/names.h"
#include "tests/unit/fed/sync_case.h"

using namespace kubefed;
using namespace kubefed::fed;
using namespace kubefed::test;

class SyncTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theManifestKeepsWhatIsThePersonsAndDropsWhatIsTheHosts() {
        const kube::Object object = sent(test::kTemplateRc, 4);
        QCOMPARE(object.name(), std::string_view("web"));
        QCOMPARE(object.ns(), std::string_view("shop"));
        QCOMPARE(object.label("app"), std::string_view("web"));
        QCOMPARE(object.label(kFederationLabel), std::string_view("fed-1"));
        QCOMPARE(object.annotation("team"), std::string_view("red"));
        QCOMPARE(object.annotation(kTemplateAnnotation), std::string_view("shop/web"));
        QCOMPARE(object.annotation(kTemplateKindAnnotation), std::string_view("v1 ReplicationController"));
        QCOMPARE(object.annotation("kubefed.io/propagate"), std::string_view());
        QCOMPARE(object.annotation("argocd.argoproj.io/tracking-id"), std::string_view());
        QCOMPARE(object.annotation("kubectl.kubernetes.io/last-applied-configuration"), std::string_view());
        for (const char* key :
             {"uid", "resourceVersion", "managedFields", "finalizers", "creationTimestamp", "generation"})
            QVERIFY2(object.at({"metadata", key}) == nullptr, key);
        QVERIFY(object.at({"status"}) == nullptr);
        QVERIFY(object.at({"spec", "template", "metadata", "creationTimestamp"}) == nullptr);
        QCOMPARE(kube::intAt(object.document(), {"spec", "replicas"}), std::optional<std::int64_t>(4));
        QCOMPARE(parseHex(object.annotation(kAppliedAnnotation)), manifest(test::kTemplateRc)->hash(4));
    }

    void eachClusterHasItsOwnHash() {
        const auto m = manifest(test::kTemplateRc);
        QVERIFY(m->hash(3) != m->hash(4));
        QVERIFY(m->hash(3) == manifest(test::kTemplateRc)->hash(3));
        QVERIFY(manifest(test::kTemplatePod)->hash({}) == manifest(test::kTemplatePod)->hash(5));
    }

    void anApplyNamesTheObject() {
        QCOMPARE(sent(test::kTemplateRc, 3, "u-1").uid(), std::string_view("u-1"));
        QVERIFY(sent(test::kTemplatePod).uid().empty());
    }

    void podsLoseWhatTheHostFilledIn() {
        const kube::Object pod = sent(test::kTemplatePod);
        QVERIFY(pod.at({"spec", "nodeName"}) == nullptr);
        QVERIFY(pod.at({"spec", "priority"}) == nullptr);
        QCOMPARE(kube::arrayAt(pod.document(), {"spec", "volumes"})->size(), 1U);
        QCOMPARE(kube::arrayAt(pod.document(), {"spec", "tolerations"})->size(), 1U);
        const kube::Json& container = kube::arrayAt(pod.document(), {"spec", "containers"})->at(0);
        QCOMPARE(container.at("volumeMounts").as_array().size(), 1U);
    }

    void servicesLeaveAddressesToTheMember() {
        const kube::Object service = sent(test::kTemplateService);
        for (const char* key :
             {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"})
            QVERIFY2(service.at({"spec", key}) == nullptr, key);
        QVERIFY(
            !kube::arrayAt(service.document(), {"spec", "ports"})->at(0).as_object().contains("nodePort"));
        QCOMPARE(kube::stringAt(sent(test::kHeadlessService).document(), {"spec", "clusterIP"}),
                 std::string_view("None"));
    }

    void aMemberObjectIsProjected() {
        const MemberObject live = memberRc();
        QCOMPARE(live.uid, std::string("m-uid"));
        QCOMPARE(live.resourceVersion, 41U);
        QCOMPARE(live.generation, 2);
        QCOMPARE(live.appliedHash, 0x0123456789abcdefU);
        QVERIFY(live.ours && live.labelled && !live.deleting && !live.migrated);
        QCOMPARE(live.ownedIndex, 0);
        QCOMPARE(live.status.readyReplicas, 2);
        QVERIFY(!project(parse(test::kMemberRc), traits("ReplicationController"), "fed-2").ours);
    }

    void theOwnedHashSeesOurFieldsAndNoOthers() {
        const std::uint64_t before = memberRc().ownedHash;
        kube::Object changed = parse(test::kMemberRc);
        changed.document()["spec"].as_object()["replicas"] = 5;
        QVERIFY(project(changed, traits("ReplicationController"), "fed-1").ownedHash != before);
        kube::Object relabelled = parse(test::kMemberRc);
        relabelled.setLabel("theirs", "yes");
        relabelled.document()["status"].as_object()["replicas"] = 9;
        QCOMPARE(project(relabelled, traits("ReplicationController"), "fed-1").ownedHash, before);
        kube::Object image = parse(test::kMemberRc);
        image.document()["spec"]
            .as_object()["template"]
            .as_object()["spec"]
            .as_object()["containers"]
            .as_array()[0]
            .as_object()["image"] = "evil";
        QVERIFY(project(image, traits("ReplicationController"), "fed-1").ownedHash != before);
        image.document()["spec"]
            .as_object()["template"]
            .as_object()["spec"]
            .as_object()["containers"]
            .as_array()[0]
            .as_object()["image"] = "web:1";
        QCOMPARE(project(image, traits("ReplicationController"), "fed-1").ownedHash, before);
    }

    void coverageFindsAFieldThatIsNoLongerOurs() {
        MemberObject live = memberRc();
        kube::Object sentObject = parse(test::kMemberRc);
        kube::erase(sentObject.document(), {"metadata", "labels", "kubefed.io/federation"});
        kube::erase(sentObject.document(), {"spec", "template", "metadata"});
        kube::erase(sentObject.document(), {"status"});
        sentObject.document()["spec"]
            .as_object()["template"]
            .as_object()["spec"]
            .as_object()["containers"]
            .as_array()[0]
            .as_object()
            .erase("imagePullPolicy");
        QVERIFY(covers(live, sentObject.document()));
        const std::string fields = *live.ownedFields;
        std::string scaled = fields;
        scaled.erase(scaled.find("\"f:replicas\":{},"), 16);
        live.ownedFields = std::make_shared<const std::string>(scaled);
        QVERIFY(!covers(live, sentObject.document()));
        std::string emptied = fields;
        const std::size_t at = emptied.find(",\"f:value\":{}");
        emptied.erase(at, 13);
        live.ownedFields = std::make_shared<const std::string>(emptied);
        QVERIFY(!covers(live, sentObject.document()));
        live.ownedFields = nullptr;
        QVERIFY(!covers(live, sentObject.document()));
    }

    void whatIsAbsentIsCreatedAfterItsNamespace() {
        Case c;
        SAME(c.run().action.kind, ActionKind::Create);
        QCOMPARE(c.run().action.hash, c.wanted->hash(3));
        c.input.namespaceReady = false;
        SAME(c.run().action.kind, ActionKind::EnsureNamespace);
        c.input.namespaceGoing = true;
        SAME(c.run().action.kind, ActionKind::None);
        QCOMPARE(c.run().reason, std::string("NamespaceTerminating"));
    }

    void whatIsSettledCostsNothing() {
        Case c;
        c.settle();
        const SyncVerdict verdict = c.run();
        SAME(verdict.action.kind, ActionKind::None);
        SAME(verdict.state, ObjectState::Synced);
    }

    void driftIsCorrectedOnceMigratedByApplyWithUid() {
        Case c;
        c.settle();
        c.live->ownedHash ^= 1;
        SyncVerdict verdict = c.run();
        SAME(verdict.state, ObjectState::Drifted);
        SAME(verdict.action.kind, ActionKind::Migrate);
        const auto patch = kube::parseJson(verdict.action.body);
        QVERIFY(patch.has_value());
        QCOMPARE(patch->as_array().size(), 2U);
        QCOMPARE(patch->as_array()[0].at("op").as_string(), "test");
        QCOMPARE(patch->as_array()[0].at("value").as_string(), "41");
        QCOMPARE(patch->as_array()[1].at("path").as_string(), "/metadata/managedFields/0/operation");
        c.live->migrated = true;
        verdict = c.run();
        SAME(verdict.action.kind, ActionKind::Apply);
        QCOMPARE(kube::Object::parse(verdict.action.body)->uid(), std::string_view("m-uid"));
        QVERIFY(!verdict.action.keepTolerations);
    }

    void aMemberThatKeepsItsEntryIsAppliedToAllTheSame() {
        Case c;
        c.settle();
        c.live->ownedHash ^= 1;
        const SyncVerdict migrate = c.run();
        SAME(migrate.action.kind, ActionKind::Migrate);
        SAME(learn(migrate.action, *c.live, c.memory), Retry::Now);  // it is still Update
        SAME(c.run().action.kind, ActionKind::Apply);
    }

    void aNewVersionOrShareIsApplied() {
        Case c;
        c.settle();
        c.live->migrated = true;
        c.input.replicas = 4;
        const SyncVerdict verdict = c.run();
        SAME(verdict.action.kind, ActionKind::Apply);
        SAME(verdict.state, ObjectState::Applying);
        QCOMPARE(verdict.action.hash, c.wanted->hash(4));
    }

    void afterARestartOnlyDoubtCostsAnApply() {
        Case c;
        c.live = memberRc();
        c.live->appliedHash = c.wanted->hash(3);
        c.live->migrated = true;
        // Everything that the template says is in our entry.
        c.live->ownedFields = std::make_shared<const std::string>(
            "{\"f:metadata\":{\"f:annotations\":{},\"f:labels\":{}},\"f:spec\":{\"f:replicas\":{},\"f:"
            "selector\":{},\"f:template\":{}}}");
        SAME(c.run().state, ObjectState::Synced);
        QCOMPARE(c.memory.settledUid, std::string("m-uid"));
        Case scaled;
        scaled.live = c.live;
        scaled.live->ownedFields = std::make_shared<const std::string>(
            "{\"f:metadata\":{\"f:annotations\":{},\"f:labels\":{}},\"f:spec\":{\"f:selector\":{},\"f:"
            "template\":{}}}");
        SAME(scaled.run().action.kind, ActionKind::Apply);
    }

    void podsKeepTheirLiveTolerations() {
        Case c;
        c.wanted = manifest(test::kTemplatePod);
        c.input.manifest = c.wanted.get();
        c.input.replicas.reset();
        c.live = memberRc();
        c.live->migrated = true;
        QVERIFY(c.run().action.keepTolerations);
    }

    void nothingIsRemovedWithoutARecordedCause() {
        Case c;
        c.settle();
        c.input.wanted = false;
        SAME(c.run().action.kind, ActionKind::None);
        SAME(c.run().state, ObjectState::Left);
        c.input.manifest = nullptr;
        SAME(c.run().action.kind, ActionKind::None);
        c.input.mayDelete = true;
        const SyncVerdict verdict = c.run();
        SAME(verdict.action.kind, ActionKind::Delete);
        QCOMPARE(verdict.action.uid, std::string("m-uid"));
        c.live->deleting = true;
        SAME(c.run().action.kind, ActionKind::None);
        c.live.reset();
        SAME(c.run().action.kind, ActionKind::None);
    }

    void whatIsGoingAwayIsWaitedFor() {
        Case c;
        c.settle();
        c.live->deleting = true;
        SAME(c.run().action.kind, ActionKind::None);
        QCOMPARE(c.run().reason, std::string("Terminating"));
    }

    void aNameThatIsTakenIsInspectedAndOnlyOursIsTakenOver() {
        Case c;
        const SyncVerdict create = c.run();
        SAME(learnFailure(create.action, apiError(409, "AlreadyExists"), c.memory), Retry::Now);
        const SyncVerdict inspect = c.run();
        SAME(inspect.action.kind, ActionKind::Inspect);
        MemberObject foreign = memberRc();
        foreign.ours = false;
        foreign.labelled = false;
        SAME(learnInspection(&foreign, inspect.action.hash, c.memory), Retry::WhenChanged);
        const SyncVerdict verdict = c.run();
        SAME(verdict.action.kind, ActionKind::None);
        SAME(verdict.state, ObjectState::Failed);
        QCOMPARE(verdict.reason, std::string("Conflict"));

        Case ours;
        ours.memory.mustInspect = true;
        const MemberObject mine = memberRc();
        SAME(learnInspection(&mine, 1, ours.memory), Retry::Now);
        ours.live = mine;
        SAME(ours.run().action.kind, ActionKind::Migrate);
    }

    void refusalsAreReportedAndNotRepeatedUntilSomethingChanges() {
        struct Row {
            ActionKind kind;
            Error error;
            const char* reason;
        };
        const Row rows[] = {
            {ActionKind::Apply,
             apiError(422, "Invalid", "spec: Forbidden: pod updates may not change fields other than"),
             "ImmutableField"},
            {ActionKind::Apply, apiError(422, "Invalid", "spec.clusterIP: Invalid value: field is immutable"),
             "ImmutableField"},
            {ActionKind::Apply, apiError(422, "Invalid", "spec.ports: Required value"), "Invalid"},
            {ActionKind::Create, apiError(422, "Invalid", "spec.ports: Required value"), "Invalid"},
            {ActionKind::Apply,
             apiError(500, "InternalError",
                      "failed to create typed patch object (shop/web): duplicate entries"),
             "NotApplicable"},
            {ActionKind::Apply,
             apiError(500, "InternalError",
                      "failed to convert new object (shop/web) to proper version: illegal base64 data"),
             "NotApplicable"},
            {ActionKind::Create, apiError(400, "BadRequest", "unknown field"), "Refused"},
        };
        for (const Row& row : rows) {
            Case c;
            if (row.kind == ActionKind::Apply) {
                c.settle();
                c.live->migrated = true;
                c.live->appliedHash = 1;
            }
            const SyncVerdict first = c.run();
            SAME(first.action.kind, row.kind);
            Retry retry = learnFailure(first.action, row.error, c.memory);
            if (retry == Retry::Now) {  // others' items may have been in the way
                SAME(learn(c.run().action, *c.live, c.memory), Retry::Now);
                retry = learnFailure(c.run().action, row.error, c.memory);
            }
            SAME(retry, Retry::WhenChanged);
            SAME(c.run().action.kind, ActionKind::None);
            SAME(c.run().state, ObjectState::Failed);
            QCOMPARE(c.run().reason, std::string(row.reason));
            c.input.replicas = 9;
            SAME(c.run().action.kind, row.kind);
        }
    }

    void aRefusalIsVoidOnceWhatStandsThereChanges() {
        const auto refused = [](Case& c) {
            const SyncVerdict verdict = c.run();
            const Error error = apiError(422, "Invalid", "spec.clusterIP: field is immutable");
            SAME(learnFailure(verdict.action, error, c.memory), Retry::WhenChanged);
            SAME(c.run().action.kind, ActionKind::None);
        };
        const auto applied = [&] {
            Case c;
            c.settle();
            c.live->migrated = true;
            c.live->appliedHash = 1;
            refused(c);
            return c;
        };
        Case removed = applied();
        removed.live.reset();
        SAME(removed.run().action.kind, ActionKind::Create);
        refused(removed);  // again, of nothing now
        removed.live = memberRc();
        removed.live->migrated = true;
        SAME(removed.run().action.kind, ActionKind::Apply);
        Case remade = applied();
        remade.live->uid = "another";
        SAME(remade.run().action.kind, ActionKind::Apply);
        Case edited = applied();
        edited.live->ownedHash ^= 1;
        SAME(edited.run().action.kind, ActionKind::Apply);
        Case told = applied();
        told.live->status.readyReplicas = 0;
        SAME(told.run().action.kind, ActionKind::None);
    }

    void passingFailuresAreTriedAgain() {
        struct Row {
            Error error;
            const char* reason;
        };
        const Row rows[] = {{apiError(429, "TooManyRequests"), "Throttled"},
                            {apiError(503, "ServiceUnavailable"), "WriteFailed"},
                            {apiError(403, "Forbidden"), "Forbidden"},
                            {apiError(401, "Unauthorized"), "Unauthorized"},
                            {Error{.code = Code::DeadlineExceeded, .message = "slow"}, "WriteFailed"}};
        for (const Row& row : rows) {
            Case c;
            const SyncVerdict first = c.run();
            SAME(learnFailure(first.action, row.error, c.memory), Retry::Later);
            SAME(c.run().action.kind, ActionKind::Create);
            SAME(c.run().state, ObjectState::Failed);
            QCOMPARE(c.run().reason, std::string(row.reason));
            SAME(learn(first.action, memberRc(), c.memory), Retry::Later);  // another hash than was sent
            MemberObject kept = memberRc();
            kept.appliedHash = first.action.hash;
            SAME(learn(first.action, kept, c.memory), Retry::Now);
            QVERIFY(c.memory.failedReason.empty());
        }
    }

    void suspensionSaysWhatWaits() {
        Case c;
        SyncVerdict held = whileSuspended(c.run());
        SAME(held.action.kind, ActionKind::None);
        SAME(held.state, ObjectState::Pending);
        QCOMPARE(held.reason, std::string("Suspended"));
        QVERIFY2(held.message.starts_with("is to be created there"), held.message.c_str());
        c.settle();
        SAME(whileSuspended(c.run()).state, ObjectState::Synced);
        c.live->ownedHash ^= 1;
        SAME(whileSuspended(c.run()).state, ObjectState::Drifted);
        c.input.wanted = false;
        c.input.mayDelete = true;
        held = whileSuspended(c.run());
        SAME(held.state, ObjectState::Pending);
        QVERIFY2(held.message.starts_with("is to be removed there"), held.message.c_str());
    }

    void whatIsNoTemplateAnyMoreStaysAndSaysWhy() {
        Case c;
        c.settle();
        c.input.wanted = false;
        c.input.optedOut = "it is annotated";
        const SyncVerdict verdict = c.run();
        SAME(verdict.state, ObjectState::Left);
        QCOMPARE(verdict.reason, std::string("NotPropagated"));
        QCOMPARE(verdict.message, std::string("kept as it is: it is annotated"));
    }

    void causesAreProjected() {
        const MemberObject pod = project(parse(test::kPodUnschedulable), traits("Pod"), "fed-1");
        QCOMPARE(pod.status.reason, std::string("Unschedulable"));
        QCOMPARE(pod.status.message, std::string("0/1 nodes are available"));
        const MemberObject rc = project(parse(test::kFailingRc), traits("ReplicationController"), "fed-1");
        QCOMPARE(rc.status.reason, std::string("FailedCreate"));
        QCOMPARE(rc.status.message.size(), std::size_t{255});  // 256 would cut a character in two
        QCOMPARE(rc.status.fullyLabeledReplicas, 2);
    }

    void reasonsOfPods() {
        const auto pod = [](const char* text) { return parse(text); };
        QCOMPARE(podReason(pod(test::kPodPullError).document()), std::string("ImagePullBackOff"));
        QCOMPARE(podReason(pod(test::kPodUnschedulable).document()), std::string("Unschedulable"));
        QCOMPARE(podReason(pod(test::kPodStarting).document()), std::string());
        QCOMPARE(podReason(pod(test::kPodReady).document()), std::string());
        kube::Object ending = pod(test::kPodPullError);
        ending.metadata()["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        QCOMPARE(podReason(ending.document()), std::string());
        QVERIFY(isPodReady(pod(test::kPodReady).document()));
    }
};

QTEST_GUILESS_MAIN(SyncTest)
#include "sync_test.moc"
