// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <string>

#include <QtTest/QTest>

#include "kubefed/kube/client.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/sandbox/member.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;

namespace {

const kube::ObjectKey kWeb{"default", "web"};

kube::Object controller(int replicas, const char* image) {
    kube::Object object = kube::Object::make({"", "v1", "ReplicationController"}, kWeb.ns, kWeb.name);
    const kube::JsonObject labels{{"app", "web"}};
    kube::JsonObject container{{"name", "c"}, {"image", image}};
    container["ports"] = kube::JsonArray{kube::JsonObject{{"name", "http"}, {"containerPort", 8080}}};
    object.document()["spec"] = kube::JsonObject{
        {"replicas", replicas},
        {"selector", labels},
        {"template",
         kube::JsonObject{{"metadata", kube::JsonObject{{"labels", labels}}},
                          {"spec", kube::JsonObject{{"containers", kube::JsonArray{container}}}}}}};
    return object;
}

kube::Object service() {
    kube::Object object = kube::Object::make({"", "v1", "Service"}, kWeb.ns, kWeb.name);
    object.document()["spec"] =
        kube::JsonObject{{"selector", kube::JsonObject{{"app", "web"}}},
                         {"ports", kube::JsonArray{kube::JsonObject{{"port", 80}, {"targetPort", "http"}}}}};
    return object;
}

bool isPlaced(const kube::Object& pod) {
    return !kube::stringAt(pod.document(), {"spec", "nodeName"}).empty();
}

}  // namespace

// A member as the controller meets it: over TLS, with its administrator's certificate.
class SandboxTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { start({"tokyo", "jp", 2, Duration{20}}, m_clock); }

    void cleanup() {
        m_requests.clear();
        m_client.reset();
        m_cache.reset();
        m_member.reset();
    }

    void aReplicationControllerBecomesReadyAndScales() {
        create(sandbox::kReplicationControllers, controller(5, "web:1"));
        QTRY_COMPARE(readyReplicas(), 5);
        QCOMPARE(pods().size(), std::size_t{5});
        scale(2);
        QTRY_COMPARE(pods().size(), std::size_t{2});
        QTRY_COMPARE(readyReplicas(), 2);
    }

    // Of two nodes that are alike one has three of five pods and the other two; half of one taken, it has
    // none.
    void podsGoWhereMostIsFree() {
        kube::Object alike = controller(5, "web:1");
        request(alike, "100m");
        create(sandbox::kReplicationControllers, alike);
        QTRY_COMPARE(readyReplicas(), 5);
        std::map<std::string, int> spread = podsByNode();
        QCOMPARE(spread.size(), std::size_t{2});
        const auto [few, many] = std::minmax(spread.begin()->second, spread.rbegin()->second);
        QCOMPARE(few, 2);
        QCOMPARE(many, 3);

        cleanup();
        start({"osaka", "jp", 2, Duration{20}}, m_clock);
        kube::Object large = kube::Object::make({"", "v1", "Pod"}, kWeb.ns, "large");
        large.document()["spec"] = *kube::parseJson(
            R"({"containers":[{"name":"c","image":"db:1","resources":{"requests":{"cpu":"2"}}}]})");
        create(sandbox::kPods, large);
        QTRY_VERIFY(!nodeOf({kWeb.ns, "large"}).empty());
        create(sandbox::kReplicationControllers, alike);
        QTRY_COMPARE(readyReplicas(), 5);
        spread = podsByNode();
        QCOMPARE(spread.size(), std::size_t{2});
        QCOMPARE(spread[nodeOf({kWeb.ns, "large"})], 1);  // nothing but the large one
    }

    void aDeletedPodIsReplaced() {
        create(sandbox::kReplicationControllers, controller(2, "web:1"));
        QTRY_COMPARE(readyReplicas(), 2);
        const kube::ObjectKey victim = pods().front();
        m_requests.push_back(m_client->remove(sandbox::kPods, victim, {}, [](Result<kube::Object>) {}));
        QTRY_VERIFY(m_member->objects().get(sandbox::kPods, victim) == nullptr);
        QTRY_COMPARE(readyReplicas(), 2);
    }

    void anImageThatDoesNotExistStaysWaiting() {
        create(sandbox::kReplicationControllers, controller(1, "does-not-exist:1"));
        QTRY_COMPARE(waitingReason(), std::string("ImagePullBackOff"));
        QCOMPARE(readyReplicas(), 0);
    }

    void podsAreMadeOnceTheirServiceAccountIsThere() {
        kube::Object object = controller(2, "web:1");
        object.document()["spec"].at("template").at("spec").as_object()["serviceAccountName"] = "robot";
        create(sandbox::kReplicationControllers, object);
        QTRY_VERIFY(failure().find("robot") != std::string::npos);
        QCOMPARE(pods().size(), std::size_t{0});
        scale(0);  // what is not wanted does not fail
        QTRY_COMPARE(failure(), std::string());
        scale(2);
        QTRY_VERIFY(failure().find("robot") != std::string::npos);
        create({"", "v1", "serviceaccounts"},
               kube::Object::make({"", "v1", "ServiceAccount"}, kWeb.ns, "robot"));
        QTRY_COMPARE_WITH_TIMEOUT(readyReplicas(), 2, 20'000);
        QTRY_COMPARE(failure(), std::string());
    }

    void aPodThatFitsNowhereSaysSo() {
        kube::Object object = controller(1, "web:1");
        object.document()["spec"].at("template").at("spec").at("containers").at(0).as_object()["resources"] =
            kube::JsonObject{{"requests", kube::JsonObject{{"cpu", "64"}}}};
        create(sandbox::kReplicationControllers, object);
        QTRY_COMPARE(unschedulableMessage(), std::string("0/2 nodes are available: 2 Insufficient cpu."));
    }

    void aGatedPodWaitsForItsGates() {
        const auto pod = [](const char* name, bool gated, const char* cpu) {
            kube::Object object = kube::Object::make({"", "v1", "Pod"}, kWeb.ns, name);
            object.document()["spec"] = *kube::parseJson(
                R"({"containers":[{"name":"c","image":"web:1","resources":{"requests":{"cpu":")" +
                std::string(cpu) + R"("}}}]})");
            if (gated)
                object.document()["spec"].as_object()["schedulingGates"] =
                    *kube::parseJson(R"([{"name":"example.com/wait"}])");
            return object;
        };
        const auto textOf = [this](const char* name, std::initializer_list<std::string_view> path) {
            const kube::ObjectPtr found = m_member->objects().get(sandbox::kPods, {kWeb.ns, name});
            return found ? std::string(kube::stringAt(found->document(), path)) : std::string("no pod");
        };
        const auto reasonOf = [this](const char* name) {
            const kube::ObjectPtr found = m_member->objects().get(sandbox::kPods, {kWeb.ns, name});
            const kube::JsonArray* conditions = kube::arrayAt(found->document(), {"status", "conditions"});
            return std::string(kube::stringAt(conditions->front().get_object(), {"reason"}));
        };
        create(sandbox::kPods, pod("a-gated", true, "1"));
        create(sandbox::kPods, pod("b-large", true, "64"));
        create(sandbox::kPods, pod("c-free", false, "1"));
        QTRY_COMPARE(textOf("c-free", {"status", "phase"}), std::string("Running"));
        QCOMPARE(textOf("a-gated", {"spec", "nodeName"}), std::string());
        QCOMPARE(reasonOf("b-large"), std::string("SchedulingGated"));
        for (const char* name : {"a-gated", "b-large"}) {
            bool done = false;
            m_requests.push_back(
                m_client->patch(sandbox::kPods, {kWeb.ns, name}, kube::PatchType::Merge,
                                R"({"spec":{"schedulingGates":null}})", {},
                                [&](Result<kube::Object> made) { done = made.has_value(); }));
            QTRY_VERIFY(done);
        }
        QTRY_COMPARE(textOf("a-gated", {"status", "phase"}), std::string("Running"));
        QTRY_COMPARE(reasonOf("b-large"), std::string("Unschedulable"));
    }

    void aPodIsReadyAfterTheDelayAndNotBefore() {
        constexpr Duration kDelay{60'000};
        cleanup();
        start({"osaka", "jp", 2, kDelay}, m_virtualClock);
        create(sandbox::kReplicationControllers, controller(2, "web:1"));
        QTRY_VERIFY(reaches([this] { return countPods(&isPlaced) == 2; }));
        m_virtualClock.advance(kDelay - 10 * kMoment);  // the first was placed some moments ago
        QCOMPARE(countPods(&sandbox::isPodReady), 0);
        m_virtualClock.advance(10 * kMoment);
        QCOMPARE(countPods(&sandbox::isPodReady), 2);
        QTRY_VERIFY(reaches([this] { return readyReplicas() == 2; }));
    }

    void aMemberHasTheNodesThatAreAskedFor() {
        cleanup();
        start({"osaka", "jp", 7, Duration{20}}, m_clock);
        int nodes = 0;
        m_member->objects().forEach(sandbox::kNodes, {}, [&](const kube::Object&) { ++nodes; });
        QCOMPARE(nodes, 7);
        kube::Object object = controller(1, "web:1");
        object.document()["spec"].at("template").at("spec").as_object()["nodeSelector"] =
            kube::JsonObject{{"disk", "none"}};
        create(sandbox::kReplicationControllers, object);
        QTRY_VERIFY(unschedulableMessage().starts_with("0/7 nodes are available: "));
    }

    void aServiceHasItsPodsAsEndpoints() {
        create(sandbox::kReplicationControllers, controller(3, "web:1"));
        create(sandbox::kServices, service());
        QTRY_COMPARE(addresses(), std::size_t{3});
        const kube::ObjectPtr endpoints = m_member->objects().get(sandbox::kEndpoints, kWeb);
        const kube::JsonArray* subsets = kube::arrayAt(endpoints->document(), {"subsets"});
        QCOMPARE(subsets->front().at("ports").at(0).at("port").as_int64(), 8080);
        std::size_t inSlices = 0;
        m_member->objects().forEach(sandbox::kEndpointSlices, kWeb.ns, [&](const kube::Object& slice) {
            inSlices += kube::arrayAt(slice.document(), {"endpoints"})->size();
        });
        QCOMPARE(inSlices, std::size_t{3});
    }

    void aFrozenMemberDoesNotAnswerUntilItIsHealed() {
        m_member->freeze();
        QVERIFY(m_member->state() == sandbox::Member::State::Frozen);
        const Result<kube::ServerVersion> frozen = version(Duration{300});
        QVERIFY(!frozen.has_value());
        QVERIFY(frozen.error().code == Code::DeadlineExceeded);
        QVERIFY(m_member->heal().has_value());
        QVERIFY(version(Duration{5000}).has_value());
    }

    void aKilledMemberComesBackOnItsPortWithItsState() {
        create(sandbox::kReplicationControllers, controller(1, "web:1"));
        QTRY_COMPARE(readyReplicas(), 1);
        const kube::ObjectKey pod = pods().front();
        m_member->kill();
        const Result<kube::ServerVersion> dead = version(Duration{3000});
        QVERIFY(!dead.has_value());
        QVERIFY(dead.error().code == Code::Unavailable);
        QVERIFY(m_member->heal().has_value());
        QVERIFY(version(Duration{5000}).has_value());
        QCOMPARE(pods().front(), pod);
    }

private:
    static constexpr Duration kMoment{1};

    void start(sandbox::MemberSpec spec, Clock& clock) {
        auto member = sandbox::Member::start(std::move(spec), clock);
        QVERIFY2(member.has_value(), member ? "" : member.error().text().c_str());
        m_member = std::move(*member);
        m_cache = std::make_unique<net::ConnectionCache>(m_clock);
        net::Identity identity;
        identity.caPem = m_member->access().caPem;
        identity.clientCertPem = m_member->access().admin.certPem;
        identity.clientKeyPem = m_member->access().admin.keyPem;
        const auto endpoint = net::Endpoint::parse(m_member->access().server);
        QVERIFY(endpoint.has_value());
        m_client = std::make_unique<kube::Client>(m_cache->transport(*endpoint, identity), "sandbox_test");
        QTRY_VERIFY(reaches([this] {
            return m_member->objects().get({"", "v1", "serviceaccounts"}, {"default", "default"}) != nullptr;
        }));
    }
    // Is it so, or after a moment more in which time is virtual?
    template <class State>
    bool reaches(State isSo) {
        if (!isSo())
            m_virtualClock.advance(kMoment);
        return isSo();
    }
    void create(const kube::Gvr& gvr, const kube::Object& object) {
        std::string problem = "no answer";
        m_requests.push_back(m_client->create(
            gvr, object, {}, [&](Result<kube::Object> made) { problem = made ? "" : made.error().text(); }));
        QTRY_COMPARE(problem, std::string());
    }
    void scale(int replicas) {
        bool done = false;
        m_requests.push_back(m_client->patch(
            sandbox::kReplicationControllers, kWeb, kube::PatchType::Merge,
            kube::printJson(kube::JsonObject{{"spec", kube::JsonObject{{"replicas", replicas}}}}), {},
            [&](Result<kube::Object> patched) { done = patched.has_value(); }));
        QTRY_VERIFY(done);
    }
    Result<kube::ServerVersion> version(Duration timeout) {
        std::optional<Result<kube::ServerVersion>> answer;
        const Request request =
            m_client->version(timeout, [&](Result<kube::ServerVersion> v) { answer = std::move(v); });
        const auto answered = [&] { QTRY_VERIFY_WITH_TIMEOUT(answer.has_value(), 15000); };
        answered();
        return answer.value_or(fail(Code::Internal, "the client gave no answer"));
    }
    int readyReplicas() {
        const kube::ObjectPtr rc = m_member->objects().get(sandbox::kReplicationControllers, kWeb);
        return rc ? static_cast<int>(kube::intAt(rc->document(), {"status", "readyReplicas"}).value_or(0))
                  : -1;
    }
    std::string failure() {
        const kube::ObjectPtr rc = m_member->objects().get(sandbox::kReplicationControllers, kWeb);
        const kube::JsonArray* conditions =
            rc ? kube::arrayAt(rc->document(), {"status", "conditions"}) : nullptr;
        return conditions == nullptr || conditions->empty()
                   ? std::string()
                   : std::string(kube::stringAt(conditions->front().get_object(), {"message"}));
    }
    static void request(kube::Object& object, const char* cpu) {
        object.document()["spec"].at("template").at("spec").at("containers").at(0).as_object()["resources"] =
            kube::JsonObject{{"requests", kube::JsonObject{{"cpu", cpu}}}};
    }
    std::string nodeOf(const kube::ObjectKey& pod) {
        const kube::ObjectPtr found = m_member->objects().get(sandbox::kPods, pod);
        return found ? std::string(kube::stringAt(found->document(), {"spec", "nodeName"})) : std::string();
    }
    std::map<std::string, int> podsByNode() {
        std::map<std::string, int> count;
        for (const kube::ObjectKey& pod : pods())
            ++count[nodeOf(pod)];
        return count;
    }
    std::vector<kube::ObjectKey> pods() {
        std::vector<kube::ObjectKey> keys;
        m_member->objects().forEach(sandbox::kPods, kWeb.ns,
                                    [&](const kube::Object& pod) { keys.push_back(pod.key()); });
        return keys;
    }
    int countPods(bool (*isOne)(const kube::Object&)) {
        int count = 0;
        m_member->objects().forEach(sandbox::kPods, kWeb.ns,
                                    [&](const kube::Object& pod) { count += isOne(pod) ? 1 : 0; });
        return count;
    }
    std::string podText(std::string_view list, std::initializer_list<std::string_view> path) {
        std::string found;
        m_member->objects().forEach(sandbox::kPods, kWeb.ns, [&](const kube::Object& pod) {
            if (const kube::JsonArray* parts = kube::arrayAt(pod.document(), {"status", list});
                parts && !parts->empty())
                if (const kube::Json* text = kube::find(parts->front(), path); text && text->is_string())
                    found = kube::view(text->get_string());
        });
        return found;
    }
    std::string waitingReason() { return podText("containerStatuses", {"state", "waiting", "reason"}); }
    std::string unschedulableMessage() { return podText("conditions", {"message"}); }
    std::size_t addresses() {
        const kube::ObjectPtr endpoints = m_member->objects().get(sandbox::kEndpoints, kWeb);
        const kube::JsonArray* subsets =
            endpoints ? kube::arrayAt(endpoints->document(), {"subsets"}) : nullptr;
        if (subsets == nullptr || subsets->empty())
            return 0;
        const kube::JsonArray* ready = kube::arrayAt(subsets->front().get_object(), {"addresses"});
        return ready == nullptr ? 0 : ready->size();
    }

    QtClock m_clock;
    FakeClock m_virtualClock;
    std::unique_ptr<sandbox::Member> m_member;
    std::unique_ptr<net::ConnectionCache> m_cache;
    std::unique_ptr<kube::Client> m_client;
    std::vector<Request> m_requests;
};

QTEST_GUILESS_MAIN(SandboxTest)
#include "sandbox_test.moc"
