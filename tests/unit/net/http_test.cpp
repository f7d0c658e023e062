// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <QFile>
#include <QTest>

#include "kubefed/net/lasting_port.h"
#include "kubefed/net/server_connection.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/net_fixture.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

// The ordinary life of requests between our client and our server.
class HttpTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_server = std::make_unique<HttpServer>(m_pki.serverConfig(), m_handler, m_clock);
        const auto port = m_server->listen();
        QVERIFY2(port, port ? "" : port.error().text().c_str());
        m_port = *port;
        m_cache = std::make_unique<ConnectionCache>(m_clock);
        m_transport = m_cache->transport(loopback(m_port), m_pki.as(m_pki.alice));
    }
    void cleanup() {
        m_onRequest = nullptr;
        m_transport.reset();
        m_cache.reset();
        m_server.reset();
    }

    // A server that comes back must not find its port under somebody's outgoing connection.
    void lastingPortsAreNotTheKernels() {
        QFile file(QStringLiteral("/proc/sys/net/ipv4/ip_local_port_range"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QList<QByteArray> range = file.readAll().simplified().split(' ');
        const auto ports = lastingPorts(50);
        for (const std::uint16_t port : ports) {
            QVERIFY(port >= 1024 && port < 30'000);
            QVERIFY(port < range.at(0).toInt() || port > range.at(1).toInt());
        }
        QCOMPARE(std::set(ports.begin(), ports.end()).size(), ports.size());
        if (range.at(0).toInt() >= 30'000)
            QCOMPARE(ports.size(), std::size_t{50});
    }

    void answersWithStatusHeadersAndBody() {
        HttpRequest request = get("/api/v1/pods?limit=5&x=%2F");
        request.method = "POST";
        request.body = "{\"a\":1}";
        request.headers = {{"content-type", "application/json"}};
        ServerRequest seen;
        m_onRequest = [&seen](ServerRequest r, const std::shared_ptr<ResponseWriter>& writer) {
            seen = std::move(r);
            writer->respond(201, {{"content-type", "text/plain"}}, "made");
        };
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(std::move(request), slot.callback());
        QVERIFY(!slot.isSet());
        QTRY_VERIFY(slot.isSet());
        QVERIFY2(slot.isOk(), slot.isOk() ? "" : slot.error().text().c_str());
        QCOMPARE(slot.value().status, 201);
        QCOMPARE(slot.value().body, std::string("made"));
        QCOMPARE(header(slot.value().headers, "content-type"), std::string_view("text/plain"));
        QVERIFY(header(slot.value().headers, "date").ends_with(" GMT"));
        QCOMPARE(httpDate(WallTime{std::chrono::seconds{784111777}}),
                 std::string("Sun, 06 Nov 1994 08:49:37 GMT"));
        QCOMPARE(seen.method, std::string("POST"));
        QCOMPARE(seen.path, std::string("/api/v1/pods"));
        QCOMPARE(seen.query, std::string("limit=5&x=%2F"));
        QCOMPARE(seen.body, std::string("{\"a\":1}"));
        QCOMPARE(header(seen.headers, "content-type"), std::string_view("application/json"));
        QCOMPARE(seen.remoteAddress, std::string("127.0.0.1"));
        QVERIFY(seen.peer.has_value());
        QCOMPARE(seen.peer->subjectCommonName, std::string("alice"));
        QCOMPARE(seen.peer->organizations, std::vector<std::string>{"devs"});
        QVERIFY(!seen.peerRejected);
        QCOMPARE(m_cache->openConnections(), std::size_t{1});
    }

    void carriesBigBodiesBothWays() {
        HttpRequest request = get("/echo");
        request.method = "PUT";
        request.body = std::string(2'900'000, 'x');
        m_onRequest = [](ServerRequest r, const std::shared_ptr<ResponseWriter>& writer) {
            std::string body = std::move(r.body);
            body += std::string(5'000'000, 'y');
            writer->respond(200, {}, std::move(body));
        };
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(std::move(request), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY2(slot.isOk(), slot.isOk() ? "" : slot.error().text().c_str());
        QCOMPARE(slot.value().body.size(), std::size_t{7'900'000});
        QCOMPARE(slot.value().body[2'899'999], 'x');
        QCOMPARE(slot.value().body[2'900'000], 'y');
    }

    void streamsAndEnds() {
        std::shared_ptr<ResponseWriter> writer;
        m_onRequest = [&writer](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->begin(200, {{"content-type", "application/json"}});
            writer = std::move(w);
        };
        CollectingStream stream;
        const auto handle = m_transport->stream(get("/watch"), stream);
        QTRY_COMPARE(stream.status, 200);
        QVERIFY(writer->write("one"));
        QTRY_COMPARE(stream.data, std::string("one"));
        QVERIFY(writer->write("two"));
        QTRY_COMPARE(stream.data, std::string("onetwo"));
        QVERIFY(!stream.end);
        writer->finish();
        QTRY_VERIFY(stream.end);
        QVERIFY(stream.end->has_value());
    }

    void tellsTheServerWhenTheClientCancels() {
        std::shared_ptr<ResponseWriter> writer;
        int closed = 0;
        m_onRequest = [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->setOnClosed([&closed] { ++closed; });
            w->begin(200, {});
            writer = std::move(w);
        };
        CollectingStream stream;
        auto handle = m_transport->stream(get("/watch"), stream);
        QTRY_COMPARE(stream.status, 200);
        handle.cancel();
        QTRY_COMPARE(closed, 1);
        QVERIFY(writer->isClosed());
        QVERIFY(!stream.end);
        QCOMPARE(m_cache->openConnections(), std::size_t{1});
    }

    void resetIsAnErrorOfTheClient() {
        m_onRequest = [](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) { w->reset(); };
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY(!slot.isOk());
        QCOMPARE(problemOf(slot.error()), Problem::Reset);
    }

    void aForgottenWriterResetsItsRequest() {
        m_onRequest = [](const ServerRequest&, const std::shared_ptr<ResponseWriter>&) {};
        Slot<HttpResponse> slot;
        const auto handle = m_transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY(!slot.isOk());
    }

private:
    TestPki m_pki;
    QtClock m_clock;
    FunctionHandler::Function m_onRequest;
    FunctionHandler m_handler{[this](ServerRequest request, std::shared_ptr<ResponseWriter> writer) {
        m_onRequest(std::move(request), std::move(writer));
    }};
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<ConnectionCache> m_cache;
    std::shared_ptr<HttpTransport> m_transport;
    std::uint16_t m_port = 0;
};

}  // namespace

QTEST_GUILESS_MAIN(HttpTest)
#include "http_test.moc"
