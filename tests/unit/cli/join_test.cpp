// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/join.h"

#include <string>

#include <QtTest/QTest>

#include "kubefed/cli/commands.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/managed_fields.h"
#include "tests/unit/cli/join_fixture.h"

using namespace kubefed;
using namespace kubefed::cli;
using namespace std::chrono_literals;

class JoinTest : public QObject, protected JoinFixture {
    Q_OBJECT

    // Runs a join that must fail and leave both sides as they were.
    void fails(int exitCode, const std::string& id, const std::string& remedy) {
        const auto federation = w->federation.objects;
        const auto member = w->member.objects;
        join();
        QCOMPARE(w->exitCode.value_or(-1), exitCode);
        QVERIFY2(w->text().find("error " + id + ":") != std::string::npos, w->text().c_str());
        QVERIFY2(w->text().find("  remedy:   " + remedy) != std::string::npos, w->text().c_str());
        QVERIFY2(w->text().find("nothing was changed") != std::string::npos, w->text().c_str());
        QVERIFY(w->federation.objects == federation);
        QVERIFY(w->member.objects == member);
    }

    std::string label(std::string_view key) const { return std::string(memberCluster().label(key)); }
    void joinAgain() {
        w->exitCode.reset();
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
    }

private Q_SLOTS:
    void init() { makeWorld(); }

    void aMemberIsJoinedAndAllIsSaid() {
        becomesReady();
        w->options.labels = {{"topology.kubernetes.io/region", "jp"}};
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        const std::string expected =
            "Joining \"tokyo\" (https://10.1.0.4:6443) to federation \"prod\"\n"
            " ✓ reached the API server                 Kubernetes v1.34.4, 1 ms\n"
            " ✓ certificate is for 10.1.0.4, expires in 11 months\n"
            " ✓ your credentials may create service accounts and roles there\n"
            " ✓ clocks agree (0.0 s apart)\n";
        QVERIFY2(w->text().starts_with(expected), w->text().c_str());
        QVERIFY2(w->text().find("granted)") != std::string::npos, w->text().c_str());
        QVERIFY2(
            w->text().find(" ✓ cluster is Ready: 12 nodes, 384 CPU\ntokyo joined in ") != std::string::npos,
            w->text().c_str());
        const kube::JsonObject& made = w->federation.objects.at(kMemberPath);
        QCOMPARE(kube::stringAt(made, {"spec", "apiEndpoint"}), std::string_view("https://10.1.0.4:6443"));
        QCOMPARE(kube::stringAt(made, {"spec", "caBundle"}), std::string_view("Q0E="));
        QCOMPARE(kube::stringAt(made, {"spec", "credentials", "secretRef", "name"}),
                 std::string_view("tokyo-credentials"));
        QCOMPARE(kube::stringAt(made, {"metadata", "labels", "topology.kubernetes.io/region"}),
                 std::string_view("jp"));
        const auto& secret =
            w->federation.objects.at("/api/v1/namespaces/kubefed-system/secrets/tokyo-credentials");
        QCOMPARE(kube::stringAt(secret, {"data", "token"}), std::string_view("dDBrZW4="));
        QVERIFY(w->member.objects.contains("/api/v1/namespaces/kubefed-system/serviceaccounts/prod"));
    }

    void theRightsInTheMemberAreLimited() {
        becomesReady();
        join();
        const auto& role =
            w->member.objects.at("/apis/rbac.authorization.k8s.io/v1/clusterroles/kubefed:prod");
        const std::string text = kube::printJson(role);
        QVERIFY2(text.find('*') == std::string::npos, text.c_str());
        QVERIFY(text.find("replicationcontrollers") != std::string::npos);
        QVERIFY(text.find("serviceaccounts/token") == std::string::npos);
        const auto& own = w->member.objects.at(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/kubefed-system/roles/kubefed:prod");
        QVERIFY(kube::printJson(own).find("\"resourceNames\":[\"prod\"]") != std::string::npos);
    }

    void allReadingComesBeforeTheFirstWrite() {
        becomesReady();
        join();
        bool wrote = false;
        for (const std::string& line : w->member.log) {
            const bool review = line.find("selfsubjectaccessreviews") != std::string::npos;
            if (line.starts_with("GET") || review)
                QVERIFY2(!wrote, line.c_str());
            else
                wrote = true;
        }
        QVERIFY(wrote);
    }

    void aBusyServerIsAskedAgainAndNotForEver() {
        becomesReady();
        w->federation.busy = 3;
        w->member.busy = 2;
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        init();
        w->federation.busy = 1000;
        join();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        QCOMPARE(w->federation.log.size(), 4U);
    }

    void joiningAgainChangesNothingAndRepairsWhatIsMissing() {
        becomesReady();
        join();
        const auto before = w->member.objects;
        w->member.objects.erase("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubefed:prod");
        w->exitCode.reset();
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QCOMPARE(w->member.objects.size(), before.size());
    }

    void joiningAgainWhatIsAsItShouldBeIsAnExitCodeIfAskedFor() {
        const auto again = [this] {
            w->exitCode.reset();
            w->err.str("");
            join();
            return w->exitCode.value_or(-1);
        };
        becomesReady();
        w->options.common.errorUnchanged = true;
        QCOMPARE(again(), 0);
        QCOMPARE(again(), 3);
        QVERIFY2(w->text().find("tokyo joined in ") != std::string::npos, w->text().c_str());
        w->options.common.errorUnchanged = false;
        QCOMPARE(again(), 0);
        w->options.common.errorUnchanged = true;
        // Its token is a new one each time.
        w->member.tokenExpires = toRfc3339(w->clock.wallNow() + std::chrono::hours(800));
        QCOMPARE(again(), 3);
        const auto& secret =
            w->federation.objects.at("/api/v1/namespaces/kubefed-system/secrets/tokyo-credentials");
        QVERIFY(kube::printJson(secret).find(w->member.tokenExpires) != std::string::npos);
        w->member.objects.erase("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubefed:prod");
        QCOMPARE(again(), 0);
        QCOMPARE(again(), 3);
        w->options.labels = {{"tier", "gold"}};
        QCOMPARE(again(), 0);
        QCOMPARE(again(), 3);
        w->options.labels = {};
        w->options.removedLabels = {"tier"};
        QCOMPARE(again(), 0);
        QCOMPARE(again(), 3);
        w->options.removedLabels = {};
        w->options.secretName = "mine";
        QCOMPARE(again(), 0);
        QCOMPARE(again(), 3);
        // One that was not Ready may have lacked just that token.
        kube::ensureObject(w->federation.objects.at(kMemberPath), {"status"})["conditions"] = kube::JsonArray{
            kube::JsonObject{{"type", "Ready"}, {"status", "False"}, {"reason", "Unauthorized"}}};
        QCOMPARE(again(), 0);
    }

    void joiningAgainKeepsWhatIsNotGiven() {
        becomesReady();
        w->options.labels = {{"region", "jp"}, {"tier", "gold"}};
        w->options.secretName = "mine-credentials";
        w->options.tlsServerName = "10.1.0.4";
        join();
        w->options = {.common = w->options.common, .name = "tokyo"};
        w->options.labels = {{"tier", "silver"}};
        joinAgain();
        const kube::Object member = memberCluster();
        QCOMPARE(member.label("region"), std::string_view("jp"));
        QCOMPARE(member.label("tier"), std::string_view("silver"));
        QCOMPARE(kube::stringAt(member.document(), {"spec", "credentials", "secretRef", "name"}),
                 std::string_view("mine-credentials"));
        QCOMPARE(kube::stringAt(member.document(), {"spec", "tlsServerName"}), std::string_view("10.1.0.4"));
        QVERIFY(
            !w->federation.objects.contains("/api/v1/namespaces/kubefed-system/secrets/tokyo-credentials"));
        w->options.labels = {};
        w->options.tlsServerName = "";
        joinAgain();
        QCOMPARE(label("region"), std::string("jp"));
        QVERIFY(!w->federation.objects.at(kMemberPath).at("spec").as_object().contains("tlsServerName"));
    }
    void joiningAgainKeepsWhatAnApplyOfOursSet() {
        becomesReady();
        join();
        kube::JsonObject& stored = w->federation.objects.at(kMemberPath);
        const auto taints = kube::JsonArray{kube::JsonObject{{"key", "k"}, {"effect", "NoSchedule"}}};
        kube::ensureObject(stored, {"spec"})["taints"] = taints;
        const kube::JsonObject check{{"failureThreshold", 5}};
        kube::ensureObject(stored, {"spec"})["healthCheck"] = check;
        kube::ensureObject(stored, {"metadata", "labels"})["others"] = "x";
        kube::JsonObject& own =
            stored["metadata"].as_object()["managedFields"].as_array().front().as_object();
        kube::ensureObject(own, {"fieldsV1", "f:spec", "f:taints"});
        kube::ensureObject(own, {"fieldsV1", "f:spec", "f:healthCheck", "f:failureThreshold"});
        joinAgain();
        const kube::Object member = memberCluster();
        const kube::Json* kept = kube::find(member.document(), {"spec", "taints"});
        QVERIFY2(kept != nullptr && *kept == kube::Json(taints), member.text().c_str());
        const kube::JsonObject* probed = kube::objectAt(member.document(), {"spec", "healthCheck"});
        QVERIFY2(probed != nullptr && *probed == check, member.text().c_str());
        QCOMPARE(member.label("others"), std::string_view("x"));
        const auto entries = kube::readManagedFields(member.document());
        QVERIFY(!entries->front().fields.has({"f:metadata", "f:labels", "f:others"}));
    }
    void underAnotherNameTheOldSecretGoes() {
        const std::string secrets = "/api/v1/namespaces/kubefed-system/secrets/";
        becomesReady();
        join();
        w->options.secretName = "mine";
        joinAgain();
        QVERIFY(w->federation.objects.contains(secrets + "mine"));
        QVERIFY(!w->federation.objects.contains(secrets + "tokyo-credentials"));
        QVERIFY2(w->text().find("old Secret kubefed-system/tokyo-credentials removed") != std::string::npos,
                 w->text().c_str());
        // One that is somebody else's by now is left; one that cannot be removed is told.
        kube::ensureObject(w->federation.objects.at(secrets + "mine"), {"metadata", "labels"}) = {};
        w->options.secretName = "third";
        joinAgain();
        QVERIFY(w->federation.objects.contains(secrets + "mine"));
        w->federation.refusing = {"DELETE " + secrets + "third"};
        w->options.secretName = "fourth";
        joinAgain();
        QVERIFY(w->federation.objects.contains(secrets + "third"));
        QVERIFY2(
            w->text().find("the old Secret kubefed-system/third could not be removed: ") != std::string::npos,
            w->text().c_str());
        QCOMPARE(w->exitCode.value_or(-1), 0);
    }
    void aLabelIsRemovedByName() {
        becomesReady();
        w->options.labels = {{"region", "jp"}, {"tier", "gold"}};
        join();
        kube::ensureObject(w->federation.objects.at(kMemberPath), {"metadata", "labels"})["others"] = "x";
        w->options.labels = {};
        w->options.removedLabels = {"tier", "others"};
        joinAgain();
        QCOMPARE(label("region"), std::string("jp"));
        QCOMPARE(label("tier"), std::string());
        QCOMPARE(label("others"), std::string());
    }
    void labelsAreReadBeforeAnythingIsWritten() {
        for (const char* bad : {"bad key=v", "k=a b", "k", "=v", "-", "a/b/c=d"}) {
            const auto parsed = parseCommandLine({"join", "tokyo", "--labels", bad}, w->env);
            QVERIFY2(std::get_if<int>(&parsed) != nullptr && std::get<int>(parsed) == 2, bad);
        }
        QVERIFY2(w->text().find("error KF1008: --labels: invalid label key \"bad key\"") != std::string::npos,
                 w->text().c_str());
        for (const char* good : {"k=v,x/y=", "k-", "k=v,l-"})
            QVERIFY2(std::holds_alternative<std::unique_ptr<Verb>>(
                         parseCommandLine({"join", "tokyo", "--labels", good}, w->env)),
                     good);
    }

    void aDryRunReadsBothSidesAndWritesNothing() {
        w->options.dryRun = true;
        const auto federation = w->federation.objects;
        const auto member = w->member.objects;
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QVERIFY(w->federation.objects == federation && w->member.objects == member);
        QVERIFY2(w->text().find("  create MemberCluster tokyo in federation \"prod\"") != std::string::npos,
                 w->text().c_str());
        QVERIFY(w->member.log.size() > 8);
    }
    void aDryRunSaysWhatItWouldRemove() {
        becomesReady();
        w->options.labels = {{"region", "jp"}};
        join();
        w->options.labels = {};
        w->options.removedLabels = {"region"};
        w->options.secretName = "mine";
        w->options.dryRun = true;
        joinAgain();
        for (const char* words :
             {"  remove label region from it\n",
              "  remove its old Secret kubefed-system/tokyo-credentials once it is Ready"})
            QVERIFY2(w->text().find(words) != std::string::npos, w->text().c_str());
        QCOMPARE(label("region"), std::string("jp"));
    }

    void theGrantedLifeIsSaidWhenItIsShorter() {
        becomesReady();
        w->member.tokenExpires = toRfc3339(w->clock.wallNow() + std::chrono::hours(24));
        join();
        QVERIFY2(w->text().find("(24 hours granted, 30 days asked)") != std::string::npos, w->text().c_str());
    }

    // ---- the failures of the issue

    void noSuchContext() {
        w->options.clusterContext = "kyoto";
        fails(2, "KF1001", "choose one of them");
    }
    void refused() {
        w->member.connection = net::makeProblem(net::Problem::Refused, "10.1.0.4:6443");
        fails(4, "KF1101", "check that the cluster runs");
    }
    void timedOut() {
        w->member.connection = net::makeProblem(net::Problem::Timeout, "10.1.0.4:6443");
        fails(4, "KF1102", "check firewalls");
    }
    void nameMismatch() {
        w->member.certificate.problem = net::Problem::NameMismatch;
        w->member.certificate.certificate.subjectAltNames = {"10.96.0.1", "api.tokyo.internal"};
        fails(4, "KF1103",
              "kubefed join tokyo --cluster-context tokyo --tls-server-name api.tokyo.internal\n");
        QVERIFY(w->text().find("  evidence: subject alternative names are 10.96.0.1, api.tokyo.internal\n") !=
                std::string::npos);
    }
    void unknownCa() {
        w->member.certificate.problem = net::Problem::UnknownCa;
        fails(4, "KF1104", "put the cluster's CA into the kubeconfig");
    }
    void expired() {
        w->member.certificate.problem = net::Problem::Expired;
        fails(4, "KF1105", "renew the cluster's serving certificate");
    }
    void unauthorized() {
        w->member.unauthorized = true;
        fails(4, "KF1106", "log in to the cluster again");
    }
    void oneRightIsMissing() {
        for (const char* right :
             {"create namespaces", "create serviceaccounts", "create clusterroles", "create rolebindings"}) {
            init();
            w->member.denied = {right};
            fails(4, "KF1107", "ask for that right");
            QVERIFY2(w->text().find(std::string("may not ") + right) != std::string::npos, w->text().c_str());
        }
    }
    void tooOld() {
        w->member.minor = 28;
        fails(4, "KF1108", "upgrade the cluster");
    }
    void alreadyJoinedUnderAnotherName() {
        becomesReady();
        join();
        w->err.str("");
        w->exitCode.reset();
        w->options.name = "again";
        fails(1, "KF1109", "use that name, or kubefed unjoin tokyo first");
    }
    void theFederationItself() {
        w->options.clusterContext = "prod";
        fails(2, "KF1110", "name the member's context");
        init();
        w->options.clusterContext = "plainprod";
        w->options.common.context = "prod";
        fails(2, "KF1110", "name the member's context");
        init();  // another address of it
        w->connector.clusters["again"] = &w->federation;
        w->federation.certificate = w->member.certificate;
        w->federation.date = w->member.date;
        w->options.clusterContext = "again";
        fails(2, "KF1110", "name the member's context");
    }
    void aMemberInThePlaceOfTheFederation() {
        w->options.common.context = "again";
        fails(2, "KF1003", "name the federation's context");
    }
    void theClocksDisagree() {
        w->member.date = "Fri, 20 Dec 2019 00:10:00 GMT";
        fails(4, "KF1111", "correct the clock");
    }
    void theNameIsTakenByAnotherCluster() {
        becomesReady();
        join();
        w->err.str("");
        w->exitCode.reset();
        w->federation.changed = nullptr;
        kube::ensureObject(w->federation.objects.at(kMemberPath), {"status"})["clusterUID"] = "other-uid";
        fails(1, "KF1112", "choose another name");
        QVERIFY2(
            w->text().find("kubefed join tokyo --cluster-context tokyo --replace\n") != std::string::npos,
            w->text().c_str());
    }
    void anotherClusterTakesTheNameWhenItIsConfirmed() {
        becomesReady();
        join();
        w->err.str("");
        w->exitCode.reset();
        w->federation.changed = nullptr;
        kube::ensureObject(w->federation.objects.at(kMemberPath), {"status"})["clusterUID"] = "other-uid";
        w->options.replace = true;
        w->options.timeout = 5s;
        join();
        // The other cluster was Ready; this one is not yet.
        QCOMPARE(w->exitCode.value_or(-1), 6);
        QCOMPARE(memberCluster().annotation(fed::kConfirmUidAnnotation), std::string_view("tokyo-uid"));
        QVERIFY2(w->text().find("takes the place of cluster other-uid") != std::string::npos,
                 w->text().c_str());
        becomesReady();
        w->exitCode.reset();
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
    }
    void replacingNobodyConfirmsNothing() {
        becomesReady();
        w->options.replace = true;
        join();
        QCOMPARE(w->exitCode.value_or(-1), 0);
        QCOMPARE(memberCluster().annotation(fed::kConfirmUidAnnotation), std::string_view());
    }
    void foreignObjectsInTheMember() {
        w->member.objects["/api/v1/namespaces/kubefed-system/serviceaccounts/prod"] =
            kube::JsonObject{{"metadata", kube::JsonObject{{"name", "prod"}}}};
        fails(4, "KF1115", "remove it there");
    }
    void noRightInTheFederation() {
        w->federation.denied = {"create memberclusters"};
        fails(1, "KF1005", "ask for that right");
    }

    // ---- failures after the first write are undone

    void aRefusedWriteInTheMemberIsUndone() {
        w->member.failing = {
            "/apis/rbac.authorization.k8s.io/v1/namespaces/kubefed-system/rolebindings/kubefed:prod"};
        fails(4, "KF1114", "see the evidence");
    }
    void aRefusedWriteInTheFederationIsUndoneOnBothSides() {
        w->federation.failing = {kMemberPath};
        fails(1, "KF1116", "see the evidence");
    }
    void whatCannotBeUndoneIsListed() {
        w->federation.failing = {kMemberPath};
        w->member.changed = [this] {
            w->member.failing = {"/api/v1/namespaces/kubefed-system/serviceaccounts/prod"};
        };
        w->member.failing = {};
        w->member.objects["/api/v1/namespaces/kubefed-system"] =
            kube::JsonObject{{"metadata", kube::JsonObject{{"name", "kubefed-system"}}}};
        w->member.changed = nullptr;
        w->federation.changed = [this] {
            w->member.failing = {"/api/v1/namespaces/kubefed-system/serviceaccounts/prod"};
        };
        join();
        QVERIFY2(w->text().find("could not be undone: serviceaccounts \"kubefed-system/prod\"") !=
                     std::string::npos,
                 w->text().c_str());
    }
    // ---- writes without an answer may have been done

    void aCreateThatIsDoneWithoutAnAnswerIsUndone() {
        w->member.unanswered = {"/api/v1/namespaces/kubefed-system/serviceaccounts/prod"};
        fails(4, "KF1102", "check firewalls");
    }
    void aMemberClusterThatIsMadeWithoutAnAnswerIsUndone() {
        w->federation.unanswered = {kMemberPath};
        fails(1, "KF1004", "kubefed up prod");
    }
    void whatSomebodyElseMadeMeanwhileStays() {
        const std::string account = "/api/v1/namespaces/kubefed-system/serviceaccounts/prod";
        w->member.lost = {account};
        w->member.changed = [this, account] {
            w->member.objects[account] = kube::JsonObject{{"metadata", kube::JsonObject{{"name", "prod"}}}};
            w->member.changed = nullptr;
        };
        join();
        QCOMPARE(w->exitCode.value_or(-1), 4);
        QVERIFY(w->member.objects.contains(account));
    }
    void aWriteOfWhichNothingCanBeKnownIsSaid() {
        w->member.unanswered = {"/api/v1/namespaces/kubefed-system/serviceaccounts/prod"};
        w->member.changed = [this] {
            if (w->member.objects.contains("/api/v1/namespaces/kubefed-system/serviceaccounts/prod"))
                w->member.connection = net::makeProblem(net::Problem::Timeout, "10.1.0.4:6443");
        };
        join();
        QCOMPARE(w->exitCode.value_or(-1), 4);
        QVERIFY2(
            w->text().find("could not be undone: namespaces \"kubefed-system\" in \"tokyo\"; not known "
                           "whether it was done: serviceaccounts \"kubefed-system/prod\" in \"tokyo\"") !=
                std::string::npos,
            w->text().c_str());
        QVERIFY(w->text().find("nothing was changed") == std::string::npos);
    }
    void aJoinAgainThatFailsSaysWhatItUpdated() {
        becomesReady();
        join();
        w->err.str("");
        w->exitCode.reset();
        w->member.tokenExpires = toRfc3339(w->clock.wallNow() + std::chrono::hours(700));
        w->member.objects.erase("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubefed:prod");
        w->federation.failing = {kMemberPath};
        join();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        QVERIFY2(w->text().find("\nupdated: secrets \"kubefed-system/tokyo-credentials\" in \"prod\"\n") !=
                     std::string::npos,
                 w->text().c_str());
        QVERIFY(!w->member.objects.contains(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kubefed:prod"));
    }
    void anUpdateWithoutAnAnswerIsSaid() {
        becomesReady();
        join();
        w->err.str("");
        w->exitCode.reset();
        const std::string secret = "/api/v1/namespaces/kubefed-system/secrets/tokyo-credentials";
        w->member.tokenExpires = toRfc3339(w->clock.wallNow() + std::chrono::hours(700));
        w->federation.unanswered = {secret};
        join();
        QCOMPARE(w->exitCode.value_or(-1), 1);
        QVERIFY2(w->text().find("\nupdated: secrets ") != std::string::npos, w->text().c_str());
        QVERIFY(w->federation.objects.contains(secret));
    }
    void interruptedInTheMiddleItUndoesWhatItDid() {
        const auto federation = w->federation.objects;
        const auto member = w->member.objects;
        int writes = 0;
        w->member.changed = [&] {
            if (++writes == 3)
                w->verb->interrupt();
        };
        join();
        QCOMPARE(w->exitCode.value_or(-1), 130);
        QVERIFY(writes >= 3);
        QVERIFY(w->federation.objects == federation);
        QVERIFY(w->member.objects == member);
    }
    void aMemberThatDoesNotBecomeReadyStaysJoined() {
        w->options.timeout = 5s;
        join();
        QCOMPARE(w->exitCode.value_or(-1), 6);
        QVERIFY(w->text().find("error KF1113:") != std::string::npos);
        QVERIFY(w->federation.objects.contains(kMemberPath));
        QVERIFY(w->text().find("nothing was changed") == std::string::npos);
    }
};

QTEST_GUILESS_MAIN(JoinTest)
#include "join_test.moc"
