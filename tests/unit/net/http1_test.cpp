// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "kubefed/net/http1_parser.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/raw_client.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// The server as HTTP/1.1 clients see it.
class Http1Test : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_requests.clear();
        m_onRequest = [](const ServerRequest& r, const std::shared_ptr<ResponseWriter>& w) {
            w->respond(200, {}, r.method + " " + r.path + "?" + r.query + " " + r.body + "\n");
        };
        ServerConfig config = m_pki.serverConfig();
        config.maxHeader = 2000;
        config.maxBody = 10'000;
        m_server = std::make_unique<HttpServer>(config, m_handler, m_clock);
        const auto port = m_server->listen();
        QVERIFY(port);
        m_client = std::make_unique<RawClient>(*port, m_pki.ca.certPem, "http/1.1", &m_pki.alice);
        QTRY_VERIFY(m_client->isReady());
    }
    void cleanup() {
        m_client.reset();
        m_server.reset();
        m_onRequest = nullptr;
    }

    void keepsTheConnectionAndAnswersPipelinedRequestsInOrder() {
        m_client->send(
            "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: "
            "3\r\n\r\nxyz"
            "GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
        QTRY_VERIFY(has(m_client->received, "GET /c"));
        const auto a = m_client->received.find("GET /a?x=1");
        const auto b = m_client->received.find("POST /b? xyz");
        QVERIFY(a != std::string::npos && b != std::string::npos && a < b);
        QVERIFY(!m_client->closed);
        QCOMPARE(m_requests.size(), std::size_t{3});
        QCOMPARE(m_requests.front().peer.value().subjectCommonName, std::string("alice"));
    }

    void aPipelinedRequestWaitsForTheAnswerBeforeIt() {
        std::vector<std::shared_ptr<ResponseWriter>> writers;
        m_onRequest = [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            writers.push_back(std::move(w));
        };
        m_client->send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
        QTRY_COMPARE(m_requests.size(), std::size_t{1});
        writers[0]->respond(200, {}, "first");
        QTRY_COMPARE(m_requests.size(), std::size_t{2});
        QCOMPARE(m_requests[1].path, std::string("/b"));
    }

    void pipelinedRequestsWaitForAClientThatDoesNotRead() {
        const std::string answer(100'000, 'x');
        m_onRequest = [&](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) {
            w->respond(200, {}, answer);
        };
        m_client->socket().setReadBufferSize(1000);
        QSslSocket& socket = m_client->socket();
        QObject::disconnect(&socket, &QSslSocket::readyRead, &socket, nullptr);
        constexpr std::size_t kAsked = 400;
        std::string requests;
        for (std::size_t i = 0; i < kAsked; ++i)
            requests += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        m_client->send(requests);
        // Until nothing comes any more: what fits into the sockets, and a little.
        std::size_t before = 0;
        QTRY_VERIFY_WITH_TIMEOUT(
            m_requests.size() > 0 && std::exchange(before, m_requests.size()) == m_requests.size(), 10'000);
        QVERIFY2(m_requests.size() < kAsked / 2, qPrintable(QString::number(m_requests.size())));
        std::size_t taken = 0;
        socket.setReadBufferSize(0);
        QTRY_VERIFY_WITH_TIMEOUT(
            (taken += static_cast<std::size_t>(socket.readAll().size())) >= kAsked * answer.size(), 20'000);
        QCOMPARE(m_requests.size(), kAsked);
    }

    void readsChunkedBodies() {
        m_client->send(
            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
            "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        QTRY_VERIFY(has(m_client->received, "POST /c? abcde"));
    }

    void readsAnEmptyChunkedBodyByteByByte() {
        const std::string_view sent =
            "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        Http1Parser parser(1000, 1000, 1000);
        for (std::size_t i = 0; i + 1 < sent.size(); ++i)
            QCOMPARE(parser.feed(sent.substr(i, 1)), Http1Parser::State::NeedMore);
        QCOMPARE(parser.feed("\n"), Http1Parser::State::Complete);
        QCOMPARE(parser.take().body, std::string());
    }

    void strangersSendShortBodies() {
        const std::string body(200, 'x');
        const std::string head = "POST /c HTTP/1.1\r\nHost: h\r\n";
        const std::string token = "Authorization: Bearer t\r\n";
        const std::string sized = "Content-Length: 200\r\n\r\n" + body;
        const std::string chunked = "Transfer-Encoding: chunked\r\n\r\nc8\r\n" + body + "\r\n0\r\n\r\n";
        for (const std::string& rest : {sized, chunked}) {
            Http1Parser stranger(1000, 1000, 199), known(1000, 1000, 199), enough(1000, 1000, 200);
            QCOMPARE(stranger.feed(head + rest), Http1Parser::State::Failed);
            QCOMPARE(stranger.refusal(), 413);
            QCOMPARE(known.feed(head + token + rest), Http1Parser::State::Complete);
            QCOMPARE(enough.feed(head + rest), Http1Parser::State::Complete);
        }
    }

    void continuesWhenAsked() {
        m_client->send("POST /c HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        QTRY_VERIFY(has(m_client->received, "HTTP/1.1 100 Continue\r\n\r\n"));
        QVERIFY(m_requests.empty());
        m_client->send("ok");
        QTRY_VERIFY(has(m_client->received, "POST /c? ok"));
    }

    void streamsInChunks() {
        std::shared_ptr<ResponseWriter> writer;
        m_onRequest = [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->begin(200, {});
            writer = std::move(w);
        };
        m_client->send("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
        QTRY_VERIFY(has(m_client->received, "transfer-encoding: chunked\r\n"));
        QVERIFY(writer->write("hello world!"));
        QTRY_VERIFY(m_client->received.ends_with("c\r\nhello world!\r\n"));
        writer->finish();
        QTRY_VERIFY(m_client->received.ends_with("0\r\n\r\n"));
        m_client->send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
        QTRY_COMPARE(m_requests.size(), std::size_t{2});
    }

    void noticesAClientThatGoesAwayDuringAStream() {
        int closed = 0;
        std::shared_ptr<ResponseWriter> writer;
        m_onRequest = [&](const ServerRequest&, std::shared_ptr<ResponseWriter> w) {
            w->setOnClosed([&] { ++closed; });
            w->begin(200, {});
            writer = std::move(w);
        };
        m_client->send("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n");
        QTRY_VERIFY(writer != nullptr);
        m_client.reset();
        QTRY_COMPARE(closed, 1);
        QVERIFY(writer->isClosed());
        QVERIFY(!writer->write("ignored"));
    }

    void closesWhenAsked() {
        m_client->send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(has(m_client->received, "connection: close\r\n"));
        QVERIFY(m_client->received.ends_with("GET /a? \n"));
    }

    void http10EndsAStreamWithTheConnection() {
        m_onRequest = [](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) {
            w->begin(200, {});
            w->write("plain");
            w->finish();
        };
        m_client->send("GET /a HTTP/1.0\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(m_client->received.ends_with("\r\n\r\nplain"));
        QVERIFY(!has(m_client->received, "chunked"));
    }

    void headHasNoBody() {
        m_client->send(
            "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(has(m_client->received, "content-length: 10\r\n\r\nHTTP/1.1 200"));
    }

    void refuses_data() {
        QTest::addColumn<QByteArray>("sent");
        QTest::addColumn<int>("status");
        const QByteArray end = "\r\n\r\n";
        QTest::newRow("no request line") << QByteArray("hello\r\n\r\n") << 400;
        QTest::newRow("bytes") << QByteArray("\x00\xff\x80\x01\r\n\r\n", 8) << 400;
        QTest::newRow("no host") << "GET / HTTP/1.1" + end << 400;
        QTest::newRow("two hosts") << "GET / HTTP/1.1\r\nHost: a\r\nHost: b" + end << 400;
        QTest::newRow("length and chunks")
            << "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked" + end << 400;
        QTest::newRow("bad length") << "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1" + end << 400;
        QTest::newRow("long head") << "GET / HTTP/1.1\r\nHost: a\r\nX: " + QByteArray(3000, 'x') + end << 431;
        QTest::newRow("endless head") << "GET / HTTP/1.1\r\nHost: a\r\nX: " + QByteArray(9000, 'x') << 431;
        QTest::newRow("long body") << "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001" + end << 413;
        QTest::newRow("long chunks") << "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked" + end +
                                            "2711\r\n" + QByteArray(10'001, 'x') + "\r\n0" + end
                                     << 413;
    }
    void refuses() {
        QFETCH(QByteArray, sent);
        QFETCH(int, status);
        m_client->send(sent.toStdString());
        QTRY_VERIFY(m_client->closed);
        QVERIFY2(m_client->received.starts_with("HTTP/1.1 " + std::to_string(status) + " "),
                 m_client->received.c_str());
        QVERIFY(m_requests.empty());
    }

private:
    TestPki m_pki;
    QtClock m_clock;
    std::vector<ServerRequest> m_requests;
    FunctionHandler::Function m_onRequest;
    FunctionHandler m_handler{[this](ServerRequest request, std::shared_ptr<ResponseWriter> writer) {
        m_requests.push_back(request);
        m_onRequest(std::move(request), std::move(writer));
    }};
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<RawClient> m_client;
};

}  // namespace

QTEST_GUILESS_MAIN(Http1Test)
#include "http1_test.moc"
