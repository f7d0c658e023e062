// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/net/h2_peer.h"
#include "tests/unit/net/raw_client.h"

using namespace kubefed;
using namespace kubefed::net;
using namespace std::chrono_literals;

namespace {

// Time, back-pressure, limits and lifetimes.
class FlowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cleanup() {
        m_transport.reset();
        m_cache.reset();
        m_peer.reset();
    }

    void aSilentPeerIsPingedAndThenGivenUp() {
        FakeClock clock;
        usePeer(clock, {.closeIdleAfter = Duration{0}});
        CollectingStream watch;
        const auto handle = m_transport->stream(get("/watch"), watch);
        QTRY_COMPARE(watch.data, std::string("x"));
        const std::size_t before = m_peer->at(0).received;
        clock.advance(30s);
        QTRY_VERIFY(m_peer->at(0).received >= before + 17);  // a PING frame
        settle();
        clock.advance(29s);
        QVERIFY(!watch.end);
        m_peer->at(0).frozen = true;  // half open: the connection stands, nobody answers
        settle();
        clock.advance(1s);
        settle();
        clock.advance(14s);
        QVERIFY(!watch.end);
        clock.advance(2s);
        QTRY_VERIFY(watch.end);
        QVERIFY(watch.end->error().code == Code::Unavailable);
        QVERIFY(problemOf(watch.end->error()) == Problem::Reset);
        QCOMPARE(m_cache->openConnections(), std::size_t{0});
    }

    void anIdleConnectionCloses() {
        FakeClock clock;
        usePeer(clock, {.closeIdleAfter = 10s});
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isOk());
        clock.advance(9s);
        settle();
        QCOMPARE(m_cache->openConnections(), std::size_t{1});
        clock.advance(2s);
        QTRY_COMPARE(m_cache->openConnections(), std::size_t{0});
        QTRY_VERIFY(m_peer->at(0).closed);
    }

    void requestsRunOutOfTime() {
        FakeClock clock;
        usePeer(clock, {.closeIdleAfter = Duration{0}});
        Slot<HttpResponse> slot;
        HttpRequest request = get("/never");
        request.timeout = 5s;
        const auto handle = m_transport->send(std::move(request), slot.callback());
        QTRY_COMPARE(m_peer->connections.size(), std::size_t{1});
        QTRY_COMPARE(m_peer->at(0).streams.size(), std::size_t{1});
        clock.advance(4999ms);
        QVERIFY(!slot.isSet());
        clock.advance(1ms);
        QVERIFY(slot.isSet());
        QVERIFY(problemOf(slot.error()) == Problem::Timeout);
        QTRY_COMPARE(m_peer->at(0).cancelled.size(), std::size_t{1});
    }

    void aStreamMayBeSilentOnlySoLong() {
        FakeClock clock;
        usePeer(clock, {.pingAfter = 1h, .closeIdleAfter = Duration{0}});
        HttpRequest request = get("/watch");
        request.timeout = 5s;
        request.idleTimeout = 20s;
        CollectingStream watch;
        const auto handle = m_transport->stream(std::move(request), watch);
        QTRY_COMPARE(watch.data, std::string("x"));
        clock.advance(19s);
        m_peer->at(0).write(1, "y");
        QTRY_COMPARE(watch.data, std::string("xy"));
        clock.advance(19s);
        QVERIFY(!watch.end);
        watch.paused = true;
        m_peer->at(0).write(1, "z");
        QTRY_COMPARE(watch.data, std::string("xyz"));
        clock.advance(100s);  // the consumer's own pause is no silence
        QVERIFY(!watch.end);
        watch.paused = false;
        m_transport->resume(watch);
        settle();
        clock.advance(41s);
        QVERIFY(watch.end);
        QVERIFY(problemOf(watch.end->error()) == Problem::Timeout);
    }

    void aPausedStreamStopsItsPeerAndNobodyElse() {
        QtClock clock;
        TransportConfig config;
        config.streamWindow = 100'000;
        config.connectionWindow = 1'000'000;
        usePeer(clock, config);
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string& path) {
            c.answer(stream, std::string(path == "/big" ? 500'000 : 300'000, 'b'));
        };
        std::vector<CollectingStream> stalled(12);  // together more than the connection's window
        std::vector<Request> handles;
        for (auto& stream : stalled) {
            stream.paused = true;
            handles.push_back(m_transport->stream(get("/big"), stream));
        }
        for (const auto& stream : stalled)
            QTRY_VERIFY(!stream.data.empty());
        for (int i = 0; i < 3; ++i) {
            Slot<HttpResponse> slot;
            const auto handle = m_transport->send(get("/other"), slot.callback());
            QTRY_VERIFY(slot.isOk());
            QCOMPARE(slot.value().body.size(), std::size_t{300'000});
        }
        QCOMPARE(m_peer->connections.size(), std::size_t{1});
        for (const std::int32_t stream : m_peer->at(0).streams)
            if (m_peer->at(0).session->unsent(stream) > 0)
                QVERIFY(m_peer->at(0).session->unsent(stream) >= 380'000);
        for (auto& stream : stalled) {
            QVERIFY(stream.data.size() < 100'000);
            stream.paused = false;
            m_transport->resume(stream);
        }
        for (const auto& stream : stalled) {
            QTRY_VERIFY(stream.end);
            QCOMPARE(stream.data.size(), std::size_t{500'000});
        }
    }

    void callbacksMayDestroyEverything() {
        QtClock clock;
        usePeer(clock, {});
        Request own;
        bool called = false;
        own = m_transport->send(get("/"), [&](const Result<HttpResponse>&) {
            own.cancel();
            called = true;
        });
        QTRY_VERIFY(called);
        Request first;
        called = false;
        first = m_transport->send(get("/"), [&](const Result<HttpResponse>&) {
            called = true;
            m_transport.reset();
            m_cache.reset();
        });
        Slot<HttpResponse> other;
        const auto second = m_transport->send(get("/never"), other.callback());
        QTRY_VERIFY(called);
        settle();
        QVERIFY(!other.isSet());
    }

    void aTransportMayGoWhileItsRequestsRun() {
        QtClock clock;
        usePeer(clock, {});
        Slot<HttpResponse> kept;
        Slot<HttpResponse> dropped;
        const auto handle = m_transport->send(get("/"), kept.callback());
        auto cancelled = m_transport->send(get("/"), dropped.callback());
        m_transport.reset();
        cancelled.cancel();
        QTRY_VERIFY(kept.isOk());
        settle();
        QVERIFY(!dropped.isSet());
    }

    void theServersLimits() {
        QtClock clock;
        ServerConfig config = m_pki.serverConfig();
        config.maxBody = 10'000;
        int handled = 0;
        FunctionHandler handler([&handled](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) {
            ++handled;
            w->respond(200, {}, "");
        });
        HttpServer server(config, handler, clock);
        m_cache = std::make_unique<ConnectionCache>(clock);
        m_transport = m_cache->transport(loopback(server.listen().value()), m_pki.anonymous());
        HttpRequest big = get("/");
        big.method = "POST";
        big.body = std::string(500'000, 'x');
        Slot<HttpResponse> tooBig;
        const auto a = m_transport->send(std::move(big), tooBig.callback());
        QTRY_VERIFY(tooBig.isOk());
        QCOMPARE(tooBig.value().status, 413);
        HttpRequest wide = get("/");
        for (int i = 0; i < 100; ++i)
            wide.headers.emplace_back("x-" + std::to_string(i), std::string(900, 'x'));
        Slot<HttpResponse> tooWide;
        const auto b = m_transport->send(std::move(wide), tooWide.callback());
        QTRY_VERIFY(tooWide.isOk());
        QCOMPARE(tooWide.value().status, 431);
        QCOMPARE(handled, 0);
        Slot<HttpResponse> fine;
        const auto c = m_transport->send(get("/"), fine.callback());
        QTRY_VERIFY(fine.isOk());
        QCOMPARE(m_cache->openConnections(), std::size_t{1});
    }

    void strangersSendShortBodies() {
        QtClock clock;
        FunctionHandler handler(
            [](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) { w->respond(200, {}, ""); });
        HttpServer server(m_pki.serverConfig(), handler, clock);
        m_cache = std::make_unique<ConnectionCache>(clock);
        m_transport = m_cache->transport(loopback(server.listen().value()), m_pki.anonymous());
        for (const bool known : {false, true}) {
            HttpRequest request = get("/");
            request.method = "POST";
            request.body = std::string(100'000, 'x');
            if (known)
                request.headers.emplace_back("authorization", "Bearer t");
            Slot<HttpResponse> slot;
            const auto handle = m_transport->send(std::move(request), slot.callback());
            QTRY_VERIFY(slot.isOk());
            QCOMPARE(slot.value().status, known ? 200 : 413);
        }
    }

    void aSlowReaderFillsOnlyItsOwnBuffer() {
        QtClock clock;
        ServerConfig config = m_pki.serverConfig();
        config.maxBuffered = 100'000;
        std::shared_ptr<ResponseWriter> slow;
        int drained = 0;
        FunctionHandler handler([&](const ServerRequest& r, std::shared_ptr<ResponseWriter> w) {
            if (r.path != "/watch") {
                w->respond(200, {}, "quick");
                return;
            }
            w->setOnDrained([&drained] { ++drained; });
            w->begin(200, {});
            slow = std::move(w);
        });
        HttpServer server(config, handler, clock);
        TransportConfig client;
        client.streamWindow = 20'000;
        m_cache = std::make_unique<ConnectionCache>(clock, client);
        m_transport = m_cache->transport(loopback(server.listen().value()), m_pki.anonymous());
        CollectingStream stream;
        stream.paused = true;
        const auto handle = m_transport->stream(get("/watch"), stream);
        QTRY_VERIFY(slow);
        int written = 0;
        while (slow->write(std::string(10'000, 'x')) && written < 1000)
            ++written;
        QVERIFY(written < 30);
        Slot<HttpResponse> quick;
        const auto other = m_transport->send(get("/quick"), quick.callback());
        QTRY_VERIFY(quick.isOk());
        QCOMPARE(drained, 0);
        stream.paused = false;
        m_transport->resume(stream);
        QTRY_COMPARE(drained, 1);
        QVERIFY(slow->write("more"));
        stream.paused = true;
        while (!slow->isClosed() && written < 2000) {  // one that does not listen to "full" is cut off
            slow->write(std::string(10'000, 'x'));
            ++written;
        }
        QVERIFY(written < 120);
        stream.paused = false;
        m_transport->resume(stream);
        QTRY_VERIFY(stream.end);
        QVERIFY(!stream.end->has_value());
    }

    void rubbishFromClientsHarmsNobody_data() {
        QTest::addColumn<QByteArray>("rubbish");
        const QByteArray preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        const QByteArray settings("\0\0\0\4\0\0\0\0\0", 9);
        QByteArray random;
        for (unsigned i = 0, x = 99; i < 20'000; ++i, x = x * 1664525U + 1013904223U)
            random.append(static_cast<char>(x >> 24U));
        QTest::newRow("random") << random;
        QTest::newRow("wrong preface") << QByteArray("PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n");
        QTest::newRow("random frames") << preface + settings + random;
        QTest::newRow("oversized") << preface + settings + QByteArray("\xff\xff\xff\1\5\0\0\0\1", 9);
        QTest::newRow("even stream") << preface + settings + QByteArray("\0\0\1\1\5\0\0\0\2\x82", 10);
        QTest::newRow("bad hpack") << preface + settings +
                                          QByteArray("\0\0\4\1\5\0\0\0\1\xff\xff\xff\xff", 13);
    }
    void rubbishFromClientsHarmsNobody() {
        QFETCH(QByteArray, rubbish);
        QtClock clock;
        FunctionHandler handler(
            [](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) { w->respond(200, {}, ""); });
        HttpServer server(m_pki.serverConfig(), handler, clock);
        const auto port = server.listen().value();
        RawClient raw(port, m_pki.ca.certPem, "h2");
        QTRY_VERIFY(raw.isReady());
        raw.send(rubbish.toStdString());
        QTRY_VERIFY(raw.closed);
        m_cache = std::make_unique<ConnectionCache>(clock);
        m_transport = m_cache->transport(loopback(port), m_pki.anonymous());
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isOk());
    }

    void drainingLetsRunningRequestsEnd() {
        QtClock clock;
        std::shared_ptr<ResponseWriter> running;
        FunctionHandler handler(
            [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) { running = std::move(w); });
        HttpServer server(m_pki.serverConfig(), handler, clock);
        const auto port = server.listen().value();
        m_cache = std::make_unique<ConnectionCache>(clock);
        m_transport = m_cache->transport(loopback(port), m_pki.anonymous());
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(running);
        bool done = false;
        server.drain(10s, [&done] { done = true; });
        Slot<HttpResponse> late;
        settle();
        const auto refused = m_transport->send(get("/late"), late.callback());
        QTRY_VERIFY(late.isSet());
        QVERIFY(problemOf(late.error()) == Problem::Refused);
        QVERIFY(!done);
        running->respond(200, {}, "finished");
        QTRY_VERIFY(slot.isOk());
        QTRY_VERIFY(done);
    }

    void drainingEndsAfterItsGrace() {
        QtClock clock;
        std::shared_ptr<ResponseWriter> running;
        FunctionHandler handler(
            [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) { running = std::move(w); });
        HttpServer server(m_pki.serverConfig(), handler, clock);
        m_cache = std::make_unique<ConnectionCache>(clock);
        m_transport = m_cache->transport(loopback(server.listen().value()), m_pki.anonymous());
        CollectingStream stream;
        const auto handle = m_transport->stream(get("/"), stream);
        QTRY_VERIFY(running);
        bool done = false;
        server.drain(50ms, [&done] { done = true; });
        QTRY_VERIFY(done);
        QTRY_VERIFY(stream.end);
        QVERIFY(!stream.end->has_value());
        QVERIFY(running->isClosed());
    }

private:
    void usePeer(Clock& clock, const TransportConfig& config) {
        m_peer = std::make_unique<H2Peer>(m_pki.server);
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string& path) {
            if (path == "/watch")
                c.begin(stream, "x");
            else if (path != "/never")
                c.answer(stream, "ok");
        };
        m_cache = std::make_unique<ConnectionCache>(clock, config);
        m_transport = m_cache->transport(loopback(m_peer->port()), m_pki.anonymous());
    }
    // Lets what is on its way arrive: a round trip of an unrelated connection.
    void settle() {
        QtClock clock;
        H2Peer peer(m_pki.server);
        ConnectionCache cache(clock);
        Slot<HttpResponse> slot;
        const auto transport = cache.transport(loopback(peer.port()), m_pki.anonymous());
        const auto handle = transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
    }

    TestPki m_pki;
    std::unique_ptr<H2Peer> m_peer;
    std::unique_ptr<ConnectionCache> m_cache;
    std::shared_ptr<HttpTransport> m_transport;
};

}  // namespace

QTEST_GUILESS_MAIN(FlowTest)
#include "flow_test.moc"
