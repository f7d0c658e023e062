// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/net/h2_peer.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

// The client against servers that go away, refuse, stall and misbehave.
class ClientTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { start({}, {}); }
    void cleanup() {
        m_transport.reset();
        m_cache.reset();
        m_peer.reset();
    }

    void goawayDuringAWatchLetsItGoOnAndLaterRequestsUseANewConnection() {
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string& path) {
            if (path == "/watch")
                c.begin(stream, "one");
            else
                c.answer(stream, "answer");
        };
        CollectingStream watch;
        const auto watching = m_transport->stream(get("/watch"), watch);
        QTRY_COMPARE(watch.data, std::string("one"));
        m_peer->at(0).session->goaway(true);
        m_peer->at(0).flush();
        QVERIFY(answered("/later"));
        QCOMPARE(m_peer->connections.size(), std::size_t{2});
        m_peer->at(0).write(m_peer->at(0).streams.front(), "two");
        QTRY_COMPARE(watch.data, std::string("onetwo"));
        QVERIFY(!watch.end);
        m_peer->at(0).session->finish(m_peer->at(0).streams.front());
        m_peer->at(0).flush();
        QTRY_VERIFY(watch.end);
        QVERIFY(watch.end->has_value());
        QTRY_VERIFY(m_peer->at(0).closed);
        QTRY_COMPARE(m_cache->openConnections(), std::size_t{1});
    }

    void requestsBeyondTheLastStreamOfAGoawayAreSentAgainWhateverTheirMethod() {
        bool gone = false;
        m_peer->onRequest = [&](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            if (gone || stream == 1) {
                c.answer(stream, "ok");
                return;
            }
            gone = true;
            c.socket->write(goaway(1, 0));
            c.socket->flush();
            c.frozen = true;
        };
        QVERIFY(answered("/first"));
        HttpRequest post = get("/second");
        post.method = "POST";
        post.body = "not idempotent";
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(std::move(post), slot.callback());
        QTRY_VERIFY(slot.isOk());
        QCOMPARE(slot.value().body, std::string("ok"));
        QCOMPARE(m_peer->connections.size(), std::size_t{2});
    }

    void aRefusedStreamIsSentAgainOnASecondConnection() {
        m_peer->onRequest = [this](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            if (m_peer->connections.size() > 1) {
                c.answer(stream, "ok");
                return;
            }
            c.session->reset(stream, Http2Error::RefusedStream);
        };
        HttpRequest post = get("/");
        post.method = "POST";
        post.body = "x";
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(std::move(post), slot.callback());
        QTRY_VERIFY(slot.isOk());
        QCOMPARE(m_peer->connections.size(), std::size_t{2});
    }

    void endlessRefusalIsAnError() {
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            c.session->reset(stream, Http2Error::RefusedStream);
        };
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QCOMPARE(problemOf(slot.error()), Problem::Reset);
        QCOMPARE(m_peer->connections.size(), std::size_t{5});
    }

    void opensMoreConnectionsAtTheStreamLimitAndThenQueues() {
        TransportConfig config;
        config.maxConnections = 2;
        start({.maxStreams = 3}, config);
        QVERIFY(answered("/learn-the-limit"));
        m_peer->at(0).streams.clear();
        m_peer->onRequest = [](H2Peer::Connection&, std::int32_t, const std::string&) {};
        std::vector<Slot<HttpResponse>> slots(10);
        std::vector<Request> handles;
        for (auto& slot : slots)
            handles.push_back(m_transport->send(get("/"), slot.callback()));
        QTRY_COMPARE(requestsAtPeer(), std::size_t{6});
        QCOMPARE(m_peer->connections.size(), std::size_t{2});
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            c.answer(stream, "");
        };
        for (const auto& c : m_peer->connections)
            for (const std::int32_t stream : std::vector(c->streams))
                c->answer(stream, "");
        for (const auto& slot : slots)
            QTRY_VERIFY(slot.isOk());
        QCOMPARE(m_peer->connections.size(), std::size_t{2});
    }

    void twoHundredWatchesShareOneConnection() {
        start({.maxStreams = 250}, {});
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string& path) {
            if (path == "/watch")
                c.begin(stream, "x");
            else
                c.answer(stream, "");
        };
        std::vector<CollectingStream> watches(200);
        std::vector<Request> handles;
        QVERIFY(answered("/learn-the-limit"));
        for (auto& watch : watches)
            handles.push_back(m_transport->stream(get("/watch"), watch));
        for (const auto& watch : watches)
            QTRY_COMPARE(watch.data, std::string("x"));
        QVERIFY(answered("/also"));
        QCOMPARE(m_peer->connections.size(), std::size_t{1});
    }

    void anIdempotentRequestSurvivesADyingConnectionAPostDoesNot() {
        m_peer->onRequest = [this](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            if (m_peer->connections.size() == 1)
                c.socket->abort();
            else
                c.answer(stream, "ok");
        };
        HttpRequest post = get("/");
        post.method = "POST";
        Slot<HttpResponse> posted;
        const auto first = m_transport->send(std::move(post), posted.callback());
        QTRY_VERIFY(posted.isSet());
        QCOMPARE(problemOf(posted.error()), Problem::Reset);
        QVERIFY(posted.error().code == Code::Unavailable);
        cleanup();
        start({}, {});
        m_peer->onRequest = [this](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            if (m_peer->connections.size() == 1)
                c.socket->abort();
            else
                c.answer(stream, "ok");
        };
        Slot<HttpResponse> got;
        const auto second = m_transport->send(get("/"), got.callback());
        QTRY_VERIFY(got.isOk());
    }

    void aResetInTheMiddleOfAnAnswerIsAnError() {
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string&) {
            c.begin(stream, "half of it");
        };
        CollectingStream stream;
        const auto handle = m_transport->stream(get("/"), stream);
        QTRY_COMPARE(stream.data, std::string("half of it"));
        m_peer->at(0).socket->abort();
        QTRY_VERIFY(stream.end);
        QVERIFY(!stream.end->has_value());
        QCOMPARE(problemOf(stream.end->error()), Problem::Reset);
    }

    void rubbishIsAnError_data() {
        QTest::addColumn<QByteArray>("rubbish");
        QByteArray random;
        for (unsigned i = 0, x = 12345; i < 5000; ++i, x = x * 1664525U + 1013904223U)
            random.append(static_cast<char>(x >> 24U));
        const QByteArray settings("\0\0\0\4\0\0\0\0\0", 9);
        QTest::newRow("random") << random;
        QTest::newRow("http/1.1") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n");
        QTest::newRow("no settings first") << QByteArray("\0\0\10\6\0\0\0\0\0abcdefgh", 17);
        QTest::newRow("oversized frame") << settings + QByteArray("\xff\xff\xff\0\0\0\0\0\1", 9);
        QTest::newRow("data on stream 0") << settings + QByteArray("\0\0\1\0\0\0\0\0\0x", 10);
        QTest::newRow("bad hpack") << settings + QByteArray("\0\0\4\1\4\0\0\0\1\xff\xff\xff\xff", 13);
        QTest::newRow("huge window") << settings + QByteArray("\0\0\4\10\0\0\0\0\0\x7f\xff\xff\xff", 13);
    }
    void rubbishIsAnError() {
        QFETCH(QByteArray, rubbish);
        m_peer->rubbish = rubbish.toStdString();
        HttpRequest post = get("/");
        post.method = "POST";
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(std::move(post), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY(!slot.isOk());
        QVERIFY2(problemOf(slot.error()) == Problem::Protocol || problemOf(slot.error()) == Problem::Reset,
                 slot.error().text().c_str());
        QTRY_COMPARE(m_cache->openConnections(), std::size_t{0});
    }

    void aServerWithoutHttp2IsAnError() {
        m_peer = std::make_unique<H2Peer>(m_pki.server, Http2Limits{}, "");
        m_transport = m_cache->transport(loopback(m_peer->port()), m_pki.anonymous());
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY2(problemOf(slot.error()) == Problem::Protocol, slot.error().text().c_str());
    }

    void limitsOfTheAnswer() {
        m_peer->onRequest = [](H2Peer::Connection& c, std::int32_t stream, const std::string& path) {
            if (path == "/body") {
                c.answer(stream, std::string(1001, 'x'));
                return;
            }
            Headers headers;
            for (int i = 0; i < 100; ++i)
                headers.emplace_back("x-" + std::to_string(i), std::string(1000, 'x'));
            c.session->respond(stream, 200, headers, false);
        };
        HttpRequest body = get("/body");
        body.maxBody = 1000;
        Slot<HttpResponse> first;
        const auto a = m_transport->send(std::move(body), first.callback());
        QTRY_VERIFY(first.isSet());
        QCOMPARE(problemOf(first.error()), Problem::TooLarge);
        QVERIFY(first.error().code == Code::ResourceExhausted);
        Slot<HttpResponse> second;
        const auto b = m_transport->send(get("/headers"), second.callback());
        QTRY_VERIFY(second.isSet());
        QCOMPARE(problemOf(second.error()), Problem::TooLarge);
        QCOMPARE(m_peer->connections.size(), std::size_t{1});
    }

    void refusesRequestsThatCannotBeSent() {
        for (const char* target : {"no-slash", "/a b", "/a\r\nx: y", ""}) {
            Slot<HttpResponse> slot;
            const auto handle = m_transport->send(get(target), slot.callback());
            QVERIFY(!slot.isSet());
            QTRY_VERIFY(slot.isSet());
            QCOMPARE(problemOf(slot.error()), Problem::Malformed);
        }
        QCOMPARE(m_cache->openConnections(), std::size_t{0});
    }

private:
    void start(Http2Limits limits, TransportConfig config) {
        cleanup();
        m_peer = std::make_unique<H2Peer>(m_pki.server, limits);
        m_cache = std::make_unique<ConnectionCache>(m_clock, config);
        m_transport = m_cache->transport(loopback(m_peer->port()), m_pki.anonymous());
    }
    // An ordinary request gets its answer.
    bool answered(const std::string& target) {
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get(target), slot.callback());
        return QTest::qWaitFor([&] { return slot.isSet(); }) && slot.isOk();
    }
    std::size_t requestsAtPeer() const {
        std::size_t count = 0;
        for (const auto& c : m_peer->connections)
            count += c->streams.size();
        return count;
    }
    static QByteArray goaway(char lastStream, char error) {
        QByteArray frame("\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);
        frame[12] = lastStream;
        frame[16] = error;
        return frame;
    }

    TestPki m_pki;
    QtClock m_clock;
    std::unique_ptr<H2Peer> m_peer;
    std::unique_ptr<ConnectionCache> m_cache;
    std::shared_ptr<HttpTransport> m_transport;
};

}  // namespace

QTEST_GUILESS_MAIN(ClientTest)
#include "client_test.moc"
