// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <latch>

#include <QTest>

#include "kubefed/net/in_process_transport.h"
#include "kubefed/util/joined_thread.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/net_fixture.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

// A server on a thread of its own, with a handler that lives there.
class ServerThread : public JoinedThread {
public:
    explicit ServerThread(FunctionHandler::Function function, InProcessConfig config = {})
        : m_handler(std::move(function)), m_config(config) {
        start();
        m_ready.wait();
    }
    ~ServerThread() override { stop(); }
    void stop() {
        quit();
        join();
    }
    [[nodiscard]] InProcessServer& server() { return *m_server; }

protected:
    void work() override {
        InProcessServer server(m_handler, m_config);
        m_server = &server;
        m_ready.count_down();
        exec();
    }

private:
    FunctionHandler m_handler;
    const InProcessConfig m_config;
    InProcessServer* m_server = nullptr;
    // Not Qt's semaphore: the thread sanitizer cannot see into Qt's own locks.
    std::latch m_ready{1};
};

CertificateInfo user(std::string name) {
    CertificateInfo info;
    info.subjectCommonName = std::move(name);
    info.organizations = {"system:masters"};
    return info;
}

class InProcessTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void carriesRequestsBetweenThreads() {
        ServerThread thread([](const ServerRequest& r, const std::shared_ptr<ResponseWriter>& w) {
            w->respond(
                201, {{"content-type", "x"}},
                r.method + " " + r.path + " " + r.query + " " + r.body + " " + r.peer->subjectCommonName);
        });
        const auto transport = thread.server().connect(user("controller"), m_clock);
        std::vector<Slot<HttpResponse>> slots(1000);
        std::vector<Request> handles;
        for (auto& slot : slots) {
            HttpRequest request = get("/a/b?c=d");
            request.method = "POST";
            request.body = "body";
            handles.push_back(transport->send(std::move(request), slot.callback()));
        }
        QVERIFY(!slots.front().isSet());
        for (const auto& slot : slots) {
            QTRY_VERIFY(slot.isOk());
            QCOMPARE(slot.value().status, 201);
            QCOMPARE(slot.value().body, std::string("POST /a/b c=d body controller"));
        }
    }

    void aSlowReaderStopsItsWriterAndResumes() {
        std::atomic<std::size_t> written = 0;
        std::atomic<bool> closed = false;
        auto writeUntilFull = [&written](const std::shared_ptr<ResponseWriter>& w) {
            do {
                written += 1000;
            } while (w->write(std::string(1000, 'x')) && written < 1'000'000);
            if (written >= 1'000'000)
                w->finish();
        };
        ServerThread thread(
            [&](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) {
                w->begin(200, {});
                w->setOnClosed([&closed] { closed = true; });
                w->setOnDrained([&writeUntilFull, w] { writeUntilFull(w); });
                writeUntilFull(w);
            },
            {.maxBuffered = 20'000});
        const auto transport = thread.server().connect(user("u"), m_clock);
        CollectingStream stream;
        stream.paused = true;
        const auto handle = transport->stream(get("/watch"), stream);
        QTRY_COMPARE(stream.data.size(), std::size_t{1000});
        QTRY_VERIFY(written >= 20'000);
        QVERIFY(written <= 22'000);
        QCOMPARE(stream.data.size(), std::size_t{1000});
        stream.paused = false;
        transport->resume(stream);
        QTRY_VERIFY(stream.end);
        QVERIFY(stream.end->has_value());
        QCOMPARE(stream.data.size(), std::size_t{1'000'000});
        QVERIFY(!closed);
    }

    void cancellingReachesTheHandler() {
        std::atomic<int> closed = 0;
        std::vector<std::shared_ptr<ResponseWriter>> writers;
        ServerThread thread([&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->begin(200, {});
            w->setOnClosed([&closed] { ++closed; });
            writers.push_back(std::move(w));
        });
        auto transport = thread.server().connect(user("u"), m_clock);
        CollectingStream first;
        CollectingStream second;
        auto handle = transport->stream(get("/1"), first);
        const auto other = transport->stream(get("/2"), second);
        QTRY_COMPARE(second.status, 200);
        handle.cancel();
        QTRY_COMPARE(closed.load(), 1);
        transport.reset();
        QTRY_COMPARE(closed.load(), 2);
        QVERIFY(!first.end && !second.end);
        thread.stop();
        writers.clear();
    }

    void aServerThatEndsFailsItsRequests() {
        std::vector<std::shared_ptr<ResponseWriter>> writers;
        ServerThread thread([&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->begin(200, {});
            writers.push_back(std::move(w));
        });
        const auto transport = thread.server().connect(user("u"), m_clock);
        CollectingStream stream;
        const auto handle = transport->stream(get("/1"), stream);
        QTRY_COMPARE(stream.status, 200);
        thread.stop();
        QTRY_VERIFY(stream.end);
        QVERIFY(stream.end->error().code == Code::Unavailable);
        Slot<HttpResponse> later;
        const auto second = transport->send(get("/2"), later.callback());
        QTRY_VERIFY(later.isSet());
        QVERIFY(later.error().code == Code::Unavailable);
    }

    void deadlinesAndLimits() {
        std::vector<std::shared_ptr<ResponseWriter>> writers;
        ServerThread thread(
            [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) { writers.push_back(std::move(w)); },
            {.maxRequests = 2});
        const auto transport = thread.server().connect(user("u"), m_clock);
        std::vector<Slot<HttpResponse>> slots(3);
        std::vector<Request> handles;
        for (auto& slot : slots) {
            HttpRequest request = get("/");
            request.timeout = Duration{50};
            handles.push_back(transport->send(std::move(request), slot.callback()));
        }
        QTRY_VERIFY(slots[0].isSet() && slots[1].isSet() && slots[2].isSet());
        QVERIFY(slots[0].error().code == Code::DeadlineExceeded);
        QVERIFY(slots[2].error().code == Code::ResourceExhausted);
        thread.stop();
        writers.clear();
    }

    void aHandleMayBeDestroyedInItsOwnCallbackAndTheTransportToo() {
        ServerThread thread(
            [](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) { w->respond(200, {}, "x"); });
        auto transport = thread.server().connect(user("u"), m_clock);
        Request handle;
        bool called = false;
        handle = transport->send(get("/"), [&](const Result<HttpResponse>&) {
            called = true;
            handle.cancel();
            transport.reset();
        });
        QTRY_VERIFY(called);
        QVERIFY(!transport);
    }

private:
    QtClock m_clock;
};

}  // namespace

QTEST_GUILESS_MAIN(InProcessTest)
#include "in_process_test.moc"
