// SPDX-License-Identifier: Apache-2.0
#include <QTcpServer>
#include <QTest>

#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/h2_peer.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

// Who is who: certificates on both sides, and what is said when they do not fit.
class TlsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { serve(m_pki.server); }
    void cleanup() {
        m_handles.clear();
        m_cache.reset();
        m_server.reset();
    }

    void endpoints_data() {
        QTest::addColumn<QByteArray>("url");
        QTest::addColumn<QByteArray>("normal");
        QTest::newRow("plain") << QByteArray("https://host") << QByteArray("https://host:443");
        QTest::newRow("port") << QByteArray("https://10.0.0.1:6443/") << QByteArray("https://10.0.0.1:6443");
        QTest::newRow("base") << QByteArray("https://a-b.example/k8s/c1/")
                              << QByteArray("https://a-b.example:443/k8s/c1");
        QTest::newRow("ipv6") << QByteArray("https://[::1]:1") << QByteArray("https://[::1]:1");
        for (const char* bad :
             {"http://host", "host:443", "https://", "https://h:0", "https://h:65536", "https://h:x",
              "https://h:", "https://[::1", "https://[::1]x", "https://u:p@h", "https://h/a?b",
              "https://h/a b", "https://[host]", "https://h h"})
            QTest::newRow(bad) << QByteArray(bad) << QByteArray();
    }
    void endpoints() {
        QFETCH(QByteArray, url);
        QFETCH(QByteArray, normal);
        const auto endpoint = Endpoint::parse(url.toStdString());
        if (normal.isEmpty()) {
            QVERIFY(!endpoint);
            QVERIFY(endpoint.error().code == Code::InvalidArgument);
        } else {
            QVERIFY(endpoint);
            QCOMPARE(endpoint->url(), normal.toStdString());
        }
    }

    void certificatesCarryWhatWasAskedFor() {
        const auto info = readCertificate(m_pki.server.certPem);
        QVERIFY(info);
        QCOMPARE(info->subjectCommonName, std::string("server"));
        QCOMPARE(info->subjectAltNames,
                 (std::vector<std::string>{"localhost", "federation.test", "127.0.0.1", "0:0:0:0:0:0:0:1"}));
        QVERIFY(info->notAfter > std::chrono::system_clock::now() + std::chrono::hours{24 * 364});
        const KeyPair alice = m_pki.client("alice", {"devs", "system:masters"});
        QCOMPARE(readCertificate(alice.certPem)->organizations,
                 (std::vector<std::string>{"devs", "system:masters"}));
        QVERIFY(checkKeyPair(alice));
        QVERIFY(!checkKeyPair({.certPem = alice.certPem, .keyPem = m_pki.server.keyPem}));
        QVERIFY(!readCertificate("rubbish"));
        QVERIFY(!makeCertificate({.certPem = "x", .keyPem = "y"}, {.commonName = "a"}));
        QVERIFY(!makeCertificate(m_pki.ca,
                                 {.commonName = "a", .organizations = {}, .dnsNames = {"a,IP:1.1.1.1"}}));
        QVERIFY(!makeCertificate(
            m_pki.ca, {.commonName = "a", .organizations = {}, .dnsNames = {}, .addresses = {"x"}}));
    }

    void signatures() {
        const auto key = makeSigningKey();
        QVERIFY(key);
        const auto signature = signJws(key->keyPem, "head.body");
        QVERIFY(signature);
        QCOMPARE(signature->size(), std::size_t{64});
        QVERIFY(verifyJws(key->certPem, "head.body", *signature));
        QVERIFY(verifyJws(key->keyPem, "head.body", *signature));
        QVERIFY(!verifyJws(key->certPem, "head.bodY", *signature));
        QVERIFY(!verifyJws(makeSigningKey()->certPem, "head.body", *signature));
        for (const std::size_t size : {std::size_t{0}, std::size_t{63}})
            QVERIFY(!verifyJws(key->certPem, "head.body", signature->substr(0, size)));
        QVERIFY(!verifyJws("rubbish", "head.body", *signature));
        QVERIFY(!signJws("rubbish", "x"));
        const KeyPair rsa = m_pki.client("r", {}, true);
        const auto rs256 = signJws(rsa.keyPem, "x");
        QVERIFY(rs256 && verifyJws(rsa.keyPem, "x", *rs256) && !verifyJws(rsa.keyPem, "y", *rs256));
    }

    void eachIdentityHasItsOwnConnection() {
        const KeyPair rsa = m_pki.client("bob", {"ops"}, true);
        Identity token = m_pki.anonymous();
        token.bearerToken = "secret-token";
        QCOMPARE(ask(m_pki.as(m_pki.alice)), std::string("alice"));
        QCOMPARE(ask(m_pki.as(rsa)), std::string("bob"));
        QCOMPARE(ask(token), std::string("Bearer secret-token"));
        QCOMPARE(ask(m_pki.anonymous()), std::string("nobody"));
        QCOMPARE(ask(m_pki.as(m_pki.alice)), std::string("alice"));
        QCOMPARE(m_cache->openConnections(), std::size_t{4});
    }

    void anUnknownClientCertificateIsReportedNotTrusted() {
        const TestPki other;
        Identity mallory = m_pki.as(other.alice);
        QCOMPARE(ask(mallory), std::string("rejected"));
        const KeyPair expired = makeCertificate(m_pki.ca, {.commonName = "old",
                                                           .organizations = {},
                                                           .dnsNames = {},
                                                           .addresses = {},
                                                           .client = true,
                                                           .life = std::chrono::hours{-1}})
                                    .value();
        QCOMPARE(ask(m_pki.as(expired)), std::string("rejected"));
        QCOMPARE(ask(m_pki.as(m_pki.server)), std::string("rejected"));  // not for clients
    }

    void badServersAreToldApart_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<int>("problem");
        QTest::newRow("unknown CA") << 0 << static_cast<int>(Problem::UnknownCa);
        QTest::newRow("name") << 1 << static_cast<int>(Problem::NameMismatch);
        QTest::newRow("expired") << 2 << static_cast<int>(Problem::Expired);
        QTest::newRow("refused") << 3 << static_cast<int>(Problem::Refused);
        QTest::newRow("no TLS") << 4 << static_cast<int>(Problem::Timeout);
        QTest::newRow("bad CA file") << 5 << static_cast<int>(Problem::None);
        QTest::newRow("self-signed") << 6 << static_cast<int>(Problem::UnknownCa);
    }
    void badServersAreToldApart() {
        QFETCH(int, kind);
        QFETCH(int, problem);
        const TestPki other;
        Identity identity = m_pki.anonymous();
        QTcpServer silent;
        auto spec = CertificateSpec{.commonName = "s",
                                    .organizations = {},
                                    .dnsNames = {"elsewhere"},
                                    .addresses = {},
                                    .server = true};
        if (kind == 0)
            identity = other.anonymous();
        if (kind == 1)
            serve(makeCertificate(m_pki.ca, spec).value());
        if (kind == 2) {
            spec.addresses = {"127.0.0.1"};
            spec.life = std::chrono::hours{-2};
            serve(makeCertificate(m_pki.ca, spec).value());
        }
        if (kind == 3)
            m_server.reset();
        if (kind == 4) {
            QVERIFY(silent.listen(QHostAddress::LocalHost));
            m_port = silent.serverPort();
        }
        if (kind == 5)
            identity.caPem = "rubbish";
        if (kind == 6)
            serve(makeCa("127.0.0.1", std::chrono::hours{1}).value());
        TransportConfig config;
        config.connectTimeout = Duration{kind == 4 ? 300 : 5000};
        ConnectionCache cache(m_clock, config);
        Slot<HttpResponse> slot;
        const auto transport = cache.transport(loopback(m_port), identity);
        const auto handle = transport->send(get("/"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY(!slot.isOk());
        QVERIFY2(static_cast<int>(problemOf(slot.error())) == problem, slot.error().text().c_str());
        const bool tls = kind < 3 || kind == 6;
        QCOMPARE(slot.error().code == Code::Unauthenticated, tls);
        QCOMPARE(cache.openConnections(), std::size_t{0});

        Slot<ServerProbe> probe;
        const auto probing =
            probeServer(loopback(m_port), identity, m_clock, Duration{2000}, probe.callback());
        QTRY_VERIFY(probe.isSet());
        QCOMPARE(probe.isOk(), tls);
        if (tls) {
            QCOMPARE(static_cast<int>(probe.value().problem), problem);
            QVERIFY(!probe.value().problemText.empty() && !probe.value().chainPem.empty());
        } else {
            QCOMPARE(static_cast<int>(problemOf(probe.error())), problem);
        }
    }

    void theProbeOfAGoodServer() {
        Slot<ServerProbe> probe;
        const auto probing =
            probeServer(loopback(m_port), m_pki.anonymous(), m_clock, Duration{2000}, probe.callback());
        QTRY_VERIFY(probe.isOk());
        QVERIFY(probe.value().problem == Problem::None);
        QCOMPARE(probe.value().certificate.subjectCommonName, std::string("server"));
    }

    void theServerNameIsSentAndChecked() {
        serve(makeCertificate(m_pki.ca, {.commonName = "s",
                                         .organizations = {},
                                         .dnsNames = {"federation.test"},
                                         .addresses = {},
                                         .server = true})
                  .value());
        Identity identity = m_pki.as(m_pki.alice);
        identity.tlsServerName = "federation.test";
        QCOMPARE(ask(identity), std::string("alice"));
        identity.tlsServerName = "other.test";
        QCOMPARE(ask(identity), std::string("certificate is for another name"));
        identity.insecureSkipVerify = true;
        QCOMPARE(ask(identity), std::string("alice"));
    }

    void ipv6Loopback() {
        ServerConfig config = m_pki.serverConfig();
        config.address = "::1";
        HttpServer server(config, m_handler, m_clock);
        const auto port = server.listen();
        if (!port)
            QSKIP("this machine has no IPv6 loopback");
        const auto transport = m_cache->transport(Endpoint{.host = "::1", .port = *port, .basePath = "/base"},
                                                  m_pki.as(m_pki.alice));
        Slot<HttpResponse> slot;
        const auto handle = transport->send(get("/x"), slot.callback());
        QTRY_VERIFY(slot.isSet());
        QVERIFY2(slot.isOk(), slot.isOk() ? "" : slot.error().text().c_str());
        QCOMPARE(m_lastPath, std::string("/base/x"));
        QCOMPARE(m_lastHost, "[::1]:" + std::to_string(*port));
    }

    void theServerRefusesWhatItCannotUse() {
        ServerConfig config = m_pki.serverConfig();
        config.certificate.keyPem = m_pki.alice.keyPem;
        QVERIFY(HttpServer(config, m_handler, m_clock).listen().error().code == Code::InvalidArgument);
        config = m_pki.serverConfig();
        config.port = m_port;
        QVERIFY(HttpServer(config, m_handler, m_clock).listen().error().code == Code::Unavailable);
    }

private:
    void serve(const KeyPair& certificate) {
        m_cache = std::make_unique<ConnectionCache>(m_clock);
        ServerConfig config = m_pki.serverConfig();
        config.certificate = certificate;
        m_server = std::make_unique<HttpServer>(config, m_handler, m_clock);
        m_port = m_server->listen().value();
    }
    // Whom the server takes us for, or the first words of the error.
    std::string ask(const Identity& identity) {
        const auto transport = m_cache->transport(loopback(m_port), identity);
        Slot<HttpResponse> slot;
        const auto handle = transport->send(get("/"), slot.callback());
        if (!QTest::qWaitFor([&] { return slot.isSet(); }))
            return "no answer";
        return slot.isOk() ? slot.value().body
                           : slot.error().message.substr(0, slot.error().message.find(": "));
    }

    TestPki m_pki;
    QtClock m_clock;
    std::string m_lastPath;
    std::string m_lastHost;
    FunctionHandler m_handler{[this](const ServerRequest& r, const std::shared_ptr<ResponseWriter>& w) {
        m_lastPath = r.path;
        m_lastHost = header(r.headers, "host");
        const std::string token(header(r.headers, "authorization"));
        w->respond(200, {},
                   r.peer           ? r.peer->subjectCommonName
                   : r.peerRejected ? "rejected"
                   : token.empty()  ? "nobody"
                                    : token);
    }};
    std::vector<Request> m_handles;
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<ConnectionCache> m_cache;
    std::uint16_t m_port = 0;
};

}  // namespace

QTEST_GUILESS_MAIN(TlsTest)
#include "tls_test.moc"
