// SPDX-License-Identifier: Apache-2.0
#include "gui/app/live_source.h"

#include <QtTest/QTest>

#include "kubefed/client/convert.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_transport.h"
#include "tests/unit/client/fake_federation.h"

using namespace kubefed;
using namespace kubefed::gui;
using client::ConnectionState;

namespace {

class Sink final : public client::FleetSink {
public:
    void stateChanged(ConnectionState now, const Error&) override { state = now; }
    void reset(const client::FleetInfo&, client::FleetChanges) override { ++resets; }
    void changed(client::FleetChanges) override {}
    ConnectionState state = ConnectionState::Connecting;
    int resets = 0;
};

std::vector<v1::FleetMessage> snapshot() {
    std::vector<v1::FleetMessage> messages(2);
    client::toMessage({.federation = "prod"}, *messages[0].mutable_begin());
    (void)messages[1].mutable_end();
    for (v1::FleetMessage& message : messages)
        message.set_now(1'000);
    return messages;
}

}  // namespace

// What is read again as long as the stream is not live: the kubeconfig, and where the stream is. The API is
// answered by hand, time stands still, the stream comes over gRPC.
class LiveSourceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        m_ca = *net::makeCa("test", std::chrono::hours{24});
        m_server = *net::makeCertificate(
            m_ca, {.commonName = "s", .dnsNames = {"localhost"}, .addresses = {"127.0.0.1"}, .server = true});
    }

    void init() {
        m_clock = std::make_unique<FakeClock>();
        m_transport = std::make_shared<net::FakeTransport>();
        m_reached.clear();
        m_sink.state = ConnectionState::Connecting;
        m_sink.resets = 0;
        m_context = {.context = "prod", .identity = {.bearerToken = "first"}};
        m_source = std::make_unique<LiveSource>(
            m_context, [this]() -> Result<kube::ContextConfig> { return m_context; }, *m_clock,
            [this](const net::Endpoint&, const net::Identity& identity) {
                m_reached.push_back(identity.bearerToken);
                return m_transport;
            });
        m_source->start(m_sink);
    }

    void cleanup() { m_source.reset(); }

    void credentialsAreReadAgainWhileTheyAreRefused() {
        client::FakeFederation federation(m_server, m_ca.certPem);
        federation.setGreeting({}, 16 /* UNAUTHENTICATED */, "the token is not valid");
        tellWhere(federation.port());
        QTRY_VERIFY(m_sink.state == ConnectionState::Forbidden);
        federation.setGreeting(snapshot());
        // The same credentials again: asked, but nothing is made anew.
        m_clock->advance(Duration{10'000});
        tellWhere(federation.port());
        QCOMPARE(m_reached, std::vector<std::string>({"first"}));
        QVERIFY(m_sink.state == ConnectionState::Forbidden);
        m_context.identity.bearerToken = "second";
        m_clock->advance(Duration{10'000});
        QCOMPARE(m_reached, std::vector<std::string>({"first", "second"}));
        tellWhere(federation.port());
        QTRY_VERIFY(m_sink.state == ConnectionState::Live);
        QVERIFY(federation.credentials().find("second") != std::string::npos);
        QTRY_COMPARE(m_sink.resets, 1);
        // Live: nothing is asked any more.
        const std::size_t asked = m_transport->exchanges().size();
        m_clock->advance(Duration{2'500});
        QCOMPARE(m_transport->exchanges().size(), asked);
    }

    void theApiRefusesAndIsAskedWithNewCredentials() {
        m_transport->answerLast(401, R"({"kind":"Status","code":401,"reason":"Unauthorized"})");
        QVERIFY(m_sink.state == ConnectionState::Forbidden);
        m_context.identity.bearerToken = "second";
        m_clock->advance(Duration{10'000});
        QCOMPARE(m_reached, std::vector<std::string>({"first", "second"}));
        client::FakeFederation federation(m_server, m_ca.certPem);
        federation.setGreeting(snapshot());
        tellWhere(federation.port());
        QTRY_VERIFY(m_sink.state == ConnectionState::Live);
    }

    void aControllerThatComesBackElsewhereIsFound() {
        auto before = std::make_unique<client::FakeFederation>(m_server, m_ca.certPem);
        const int port = before->port();
        before->setGreeting(snapshot());
        tellWhere(port);
        QTRY_VERIFY(m_sink.state == ConnectionState::Live);
        client::FakeFederation after(m_server, m_ca.certPem);
        after.setGreeting(snapshot());
        before.reset();
        QTRY_VERIFY(m_sink.state == ConnectionState::Disconnected);
        // The API is back before the controller has told its new place, and for a while tells the old one.
        for (int i = 0; i < 3; ++i) {
            const std::size_t asked = m_transport->exchanges().size();
            m_clock->advance(Duration{2'000});
            QCOMPARE(m_transport->exchanges().size(), asked + 1);
            tellWhere(port);
            QTRY_VERIFY(m_sink.state == ConnectionState::Disconnected);
        }
        m_clock->advance(Duration{2'000});
        tellWhere(after.port());
        QTRY_VERIFY(m_sink.state == ConnectionState::Live);
        QCOMPARE(after.streams(), 1);
    }

private:
    // The API's answer to the question that is open; then whatever is due at once.
    void tellWhere(int port) {
        QVERIFY(m_transport->last().open);
        const kube::JsonObject info{
            {"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"data", kube::JsonObject{{"grpcEndpoint", "127.0.0.1:" + std::to_string(port)},
                                      {"grpcCA", m_ca.certPem}}}};
        m_transport->answerLast(200, kube::printJson(info));
        m_clock->advance(Duration{0});
    }

    net::KeyPair m_ca, m_server;
    kube::ContextConfig m_context;
    std::unique_ptr<FakeClock> m_clock;
    std::shared_ptr<net::FakeTransport> m_transport;
    std::vector<std::string> m_reached;  // the token of each
    Sink m_sink;
    std::unique_ptr<LiveSource> m_source;
};

QTEST_GUILESS_MAIN(LiveSourceTest)
#include "live_source_test.moc"
