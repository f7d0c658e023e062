// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/client.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "tests/fakes/fake_transport.h"

using namespace kubefed;
using namespace kubefed::kube;
using kubefed::net::FakeTransport;

namespace {

const Gvr kPods{"", "v1", "pods"};

// Single quotes for double ones, so that documents stay readable here.
std::string q(std::string text) {
    std::ranges::replace(text, '\'', '"');
    return text;
}

struct Recorder final : WatchHandler {
    bool onEvent(WatchEvent event) override {
        names.emplace_back(event.object.name());
        types.push_back(event.type);
        if (inEvent)
            inEvent();
        return !pauseAfter || names.size() != pauseAfter;
    }
    void onWatchBegin() override { ++begins; }
    void onWatchEnd(Result<void> result) override {
        ended = std::move(result);
        if (inEnd)
            inEnd();
    }
    std::vector<std::string> names;
    std::vector<EventType> types;
    int begins = 0;
    std::size_t pauseAfter = 0;
    std::optional<Result<void>> ended;
    std::function<void()> inEvent, inEnd;
};

std::string frame(const char* type, const std::string& name, const char* version = "1") {
    return q(std::string("{'type':'") + type +
             "','object':{'kind':'Pod','apiVersion':'v1','metadata':{'name':'" + name +
             "','resourceVersion':'" + version + "'}}}\n");
}

using Names = std::vector<std::string>;

}  // namespace

class ClientTest : public QObject {
    Q_OBJECT

    std::shared_ptr<FakeTransport> m_transport;
    std::unique_ptr<Client> m_client;

    FakeTransport::Exchange& startWatch(Recorder& recorder, Request& handle) {
        handle = m_client->watch(kPods, {.resourceVersion = "5"}, recorder);
        FakeTransport::begin(m_transport->last());
        return m_transport->last();
    }

private Q_SLOTS:
    void init() {
        m_transport = std::make_shared<FakeTransport>();
        m_client = std::make_unique<Client>(m_transport, "kubefed-test");
    }

    void requestsAreWhatTheApiWants() {
        const auto ignore = [](auto) {};
        const Object pod = Object::make({"", "v1", "Pod"}, "shop", "web");
        std::vector<Request> handles;
        handles.push_back(m_client->get(kPods, {"shop", "web"}, ignore));
        handles.push_back(m_client->list(
            kPods, {.ns = "shop", .labelSelector = "a=b,c in (d)", .resourceVersion = "0"}, ignore));
        handles.push_back(
            m_client->list(kPods, {.resourceVersion = "7", .limit = 10, .continueToken = "t="}, ignore));
        handles.push_back(m_client->create(kPods, pod, {.fieldManager = "kubefed", .dryRun = true}, ignore));
        handles.push_back(m_client->create({"", "v1", "serviceaccounts"},
                                           Object::make({"", "v1", "TokenRequest"}, "ns", "sa"),
                                           {.subresource = "token"}, ignore));
        handles.push_back(m_client->update(kPods, pod, {.subresource = "status"}, ignore));
        handles.push_back(m_client->patch(kPods, {"shop", "web"}, PatchType::Apply, "{}",
                                          {.fieldManager = "m", .force = true}, ignore));
        handles.push_back(
            m_client->patch(kPods, {"shop", "web"}, PatchType::Merge, "{}", {.force = true}, ignore));
        handles.push_back(m_client->remove(kPods, {"shop", "web"},
                                           {.uid = "u", .propagationPolicy = "Background"}, ignore));
        Names asked;
        for (const auto& exchange : m_transport->exchanges())
            asked.push_back(exchange->request.method + " " + exchange->request.target);
        const Names expected{
            "GET /api/v1/namespaces/shop/pods/web",
            "GET "
            "/api/v1/namespaces/shop/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=500&resourceVersion=0",
            "GET /api/v1/pods?limit=10&continue=t%3D",
            "POST /api/v1/namespaces/shop/pods?fieldManager=kubefed&dryRun=All",
            "POST /api/v1/namespaces/ns/serviceaccounts/sa/token",
            "PUT /api/v1/namespaces/shop/pods/web/status",
            "PATCH /api/v1/namespaces/shop/pods/web?fieldManager=m&force=true",
            "PATCH /api/v1/namespaces/shop/pods/web",
            "DELETE /api/v1/namespaces/shop/pods/web"};
        QCOMPARE(asked, expected);
        const auto type = [&](std::size_t i) {
            return std::string(net::header(m_transport->exchanges()[i]->request.headers, "content-type"));
        };
        QCOMPARE(type(0), std::string());
        QCOMPARE(type(6), std::string("application/apply-patch+yaml"));
        QCOMPARE(type(7), std::string("application/merge-patch+json"));
        QVERIFY(m_transport->exchanges()[6]->request.idempotent);
        QVERIFY(!m_transport->exchanges()[3]->request.idempotent);
        QCOMPARE(m_transport->last().request.body,
                 q("{'apiVersion':'v1','kind':'DeleteOptions','preconditions':{'uid':'u'},'propagationPolicy'"
                   ":'Background'}"));
    }

    void listItemsGetTheirType() {
        std::optional<Result<ObjectList>> got;
        const Request handle =
            m_client->list(kPods, {}, [&](Result<ObjectList> list) { got = std::move(list); });
        QVERIFY(!got);
        m_transport->answerLast(
            200,
            q("{'kind':'PodList','apiVersion':'v1','metadata':{'resourceVersion':'42','continue':'next'},"
              "'items':[{'metadata':{'name':'a'}},{'metadata':{'name':'b'}}]}"));
        QVERIFY(got && *got);
        QCOMPARE((*got)->resourceVersion, std::string("42"));
        QCOMPARE((*got)->continueToken, std::string("next"));
        QCOMPARE((*got)->items.size(), 2U);
        QCOMPARE((*got)->items[1].gvk().text(), std::string("v1 Pod"));
    }

    void statusErrorsKeepReasonAndRetryAfter() {
        std::optional<Result<Object>> got;
        const Request handle =
            m_client->get(kPods, {"a", "b"}, [&](Result<Object> object) { got = std::move(object); });
        m_transport->answerLast(
            429, q("{'kind':'Status','reason':'TooManyRequests','message':'slow down','code':429}"),
            {{"retry-after", "3"}});
        QVERIFY(got && !*got);
        QVERIFY(got->error().isReason("TooManyRequests"));
        QCOMPARE(got->error().status->httpCode, 429);
        QCOMPARE(got->error().retryAfter->count(), 3000);
    }

    void answersThatAreNotJsonAreErrors() {
        for (const char* body : {"", "<html>", "[]", "{\"kind\":\"PodList\""}) {
            std::optional<Result<Object>> got;
            const Request handle =
                m_client->get(kPods, {"a", "b"}, [&](Result<Object> object) { got = std::move(object); });
            m_transport->answerLast(200, body);
            QVERIFY(got && !*got);
            QVERIFY(got->error().code == Code::DataLoss);
        }
    }

    void versionsOfProvidersAreRead() {
        std::optional<Result<ServerVersion>> got;
        const Request handle =
            m_client->version(Duration(1000), [&](Result<ServerVersion> v) { got = std::move(v); });
        m_transport->answerLast(200, q("{'major':'1','minor':'29+','gitVersion':'v1.29.3-gke.1'}"));
        QVERIFY(got && *got);
        QCOMPARE((*got)->minor, 29);
        QCOMPARE((*got)->gitVersion, std::string("v1.29.3-gke.1"));
    }

    void aWatchAsksForBookmarksFromItsVersion() {
        Recorder recorder;
        const Request handle = m_client->watch(
            kPods, {.ns = "shop", .resourceVersion = "5", .sendInitialEvents = true}, recorder);
        QCOMPARE(
            m_transport->last().request.target,
            std::string("/api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5"
                        "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=300"));
    }

    void eventsComeWholeWhereverTheBytesAreCut() {
        const std::string stream = frame("ADDED", "a") + frame("MODIFIED", "b\xc3\xa9") + "\n" +
                                   frame("BOOKMARK", "") + frame("DELETED", "c");
        for (std::size_t step : {1U, 2U, 7U, 50U, 1000U}) {
            Recorder recorder;
            Request handle;
            auto& exchange = startWatch(recorder, handle);
            QCOMPARE(recorder.begins, 1);
            for (std::size_t i = 0; i < stream.size(); i += step)
                QVERIFY(FakeTransport::feed(exchange, std::string_view(stream).substr(i, step)));
            QCOMPARE(recorder.names, (Names{"a", "b\xc3\xa9", "", "c"}));
            QCOMPARE(recorder.types, (std::vector{EventType::Added, EventType::Modified, EventType::Bookmark,
                                                  EventType::Deleted}));
            FakeTransport::end(exchange);
            QVERIFY(recorder.ended && *recorder.ended);
        }
    }

    void malformedEventsEndTheWatch() {
        for (const char* bytes :
             {"{]", "nonsense\n", "{}\n", "[1]\n", "{\"type\":\"ADDED\",\"object\":7}\n"}) {
            Recorder recorder;
            Request handle;
            auto& exchange = startWatch(recorder, handle);
            FakeTransport::feed(exchange, frame("ADDED", "a") + bytes + frame("ADDED", "never"));
            QVERIFY(recorder.ended && !*recorder.ended);
            QVERIFY(recorder.ended->error().code == Code::DataLoss);
            QCOMPARE(recorder.names, Names{"a"});
            QVERIFY(!exchange.open);
        }
    }

    void anErrorEventIsItsStatus() {
        Recorder recorder;
        Request handle;
        auto& exchange = startWatch(recorder, handle);
        FakeTransport::feed(
            exchange, q("{'type':'ERROR','object':{'kind':'Status','apiVersion':'v1','status':'Failure',"
                        "'message':'too old resource version: 5 (9)','reason':'Expired','code':410}}\n"));
        QVERIFY(recorder.ended && !*recorder.ended);
        QVERIFY(recorder.ended->error().isReason("Expired"));
        QVERIFY(!exchange.open);
    }

    void aRefusedWatchIsItsStatus() {
        Recorder recorder;
        const Request handle = m_client->watch(kPods, {}, recorder);
        auto& exchange = m_transport->last();
        FakeTransport::begin(exchange, 403);
        FakeTransport::feed(exchange, q("{'kind':'Status','reason':'Forb"));
        FakeTransport::feed(exchange, q("idden','message':'no','code':403}"));
        FakeTransport::end(exchange);
        QVERIFY(recorder.ended && !*recorder.ended);
        QVERIFY(recorder.ended->error().isReason("Forbidden"));
        QCOMPARE(recorder.begins, 0);
    }

    void aConnectionLostInTheMiddleOfAnEventIsAnError() {
        Recorder recorder;
        Request handle;
        auto& exchange = startWatch(recorder, handle);
        FakeTransport::feed(exchange, frame("ADDED", "a") + "{\"type\":");
        FakeTransport::end(exchange);
        QVERIFY(recorder.ended && !*recorder.ended);
        QVERIFY(recorder.ended->error().code == Code::Unavailable);
    }

    void aPausedWatchHoldsWhatCameAndItsEnd() {
        Recorder recorder;
        recorder.pauseAfter = 1;
        Request handle;
        auto& exchange = startWatch(recorder, handle);
        QVERIFY(!FakeTransport::feed(
            exchange, frame("ADDED", "a") + frame("ADDED", "b") + frame("ADDED", "c").substr(0, 20)));
        QCOMPARE(recorder.names, Names{"a"});
        QVERIFY(exchange.paused);
        m_client->resumeWatch(recorder);
        QCOMPARE(recorder.names, (Names{"a", "b"}));
        QVERIFY(!exchange.paused);
        recorder.pauseAfter = 3;
        QVERIFY(!FakeTransport::feed(exchange, frame("ADDED", "c").substr(20) + frame("ADDED", "d")));
        FakeTransport::end(exchange);
        QVERIFY(!recorder.ended);
        m_client->resumeWatch(recorder);
        QCOMPARE(recorder.names, (Names{"a", "b", "c", "d"}));
        QVERIFY(recorder.ended && *recorder.ended);
    }

    void aHandleMayBeDestroyedInsideAnyCallback() {
        Recorder recorder;
        Request handle;
        auto& exchange = startWatch(recorder, handle);
        recorder.inEvent = [&] { handle.cancel(); };
        FakeTransport::feed(exchange, frame("ADDED", "a") + frame("ADDED", "never"));
        QCOMPARE(recorder.names, Names{"a"});
        QVERIFY(!recorder.ended);

        Recorder ending;
        Request second;
        auto& other = startWatch(ending, second);
        ending.inEnd = [&] { second.cancel(); };
        FakeTransport::end(other);
        QVERIFY(ending.ended);

        Request get;
        bool called = false;
        get = m_client->get(kPods, {"a", "b"}, [&](Result<Object>) {
            get.cancel();
            called = true;
        });
        m_transport->answerLast(200, "{}");
        QVERIFY(called);
    }

    void afterCancellingNothingComes() {
        Recorder recorder;
        Request handle;
        auto& exchange = startWatch(recorder, handle);
        handle.cancel();
        QVERIFY(!exchange.open);
        m_client->resumeWatch(recorder);
        QVERIFY(recorder.names.empty() && !recorder.ended);
    }
};

QTEST_GUILESS_MAIN(ClientTest)
#include "client_test.moc"
