// SPDX-License-Identifier: Apache-2.0

#include <QTemporaryDir>
#include <QTest>

#include "kubefed/client/connection_words.h"
#include "kubefed/client/locate.h"
#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_transport.h"

#include "fake_federation.h"
#include "fleet_values.h"

using namespace kubefed;
using namespace kubefed::client;
using namespace kubefed::client::testing;

class ClientTest : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] FederationEndpoint endpoint(int port) const {
        return {.address = "127.0.0.1:" + std::to_string(port),
                .caPem = m_ca.certPem,
                .certificatePem = m_client.certPem,
                .keyPem = m_client.keyPem};
    }

    net::KeyPair m_ca, m_server, m_client;
    QtClock m_clock;
    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase();
    void valuesSurviveTheWire();
    void tellsSnapshotsWholeAndThenChanges();
    void comesBackByItself();
    void saysInShortWhatFails();
    void saysThatItStalls();
    void tellsSignsOfLife();
    void triesAgainWhenAsked();
    void waitsForALongSnapshot();
    void waitsWhenItIsForbidden();
    void refusesAnotherCa();
    void sendsATokenWhereThereIsNoCertificate();
    void answersUnaryCalls();
    void cancelsByHandle();
    void endsFromInsideACallback();
    void uploads();
    void endsWhatIsNotAnswered();
    void endsAConnectionThatSaysNothing();
    void readsNoFasterThanItIsTaken();
    void locates();
};

void ClientTest::initTestCase() {
    m_ca = *net::makeCa("test", std::chrono::hours{24});
    m_server = *net::makeCertificate(
        m_ca, {.commonName = "s", .dnsNames = {"localhost"}, .addresses = {"127.0.0.1"}, .server = true});
    m_client = *net::makeCertificate(m_ca, {.commonName = "ann", .organizations = {"dev"}, .client = true});
}

void ClientTest::valuesSurviveTheWire() {
    FleetChanges all = fleet();
    all.removedClusters = {7};
    all.removedObjects = {object("old").id};
    all.contacts = {{1, 950, -1, true}};
    v1::FleetChanges message;
    toMessage(all, message);
    v1::FleetChanges read;
    QVERIFY(read.ParseFromString(message.SerializeAsString()));
    FleetChanges back;
    append(back, read);
    QVERIFY(back.clusters == all.clusters);
    QVERIFY(back.removedClusters == all.removedClusters);
    QVERIFY(back.contacts == all.contacts);
    QVERIFY(back.objects == all.objects);
    QVERIFY(back.removedObjects == all.removedObjects);
    QVERIFY(back.activities == all.activities);
    QVERIFY(back.totals == all.totals);
    // Absent stays absent, 0 stays 0.
    QVERIFY(!back.objects[0].shares[1].ready.has_value());
    QCOMPARE(back.objects[0].ready, std::optional<std::int64_t>(0));
    for (int i = 0; i < 7; ++i) {
        QVERIFY(parsePhase(toString(static_cast<Phase>(i))) == static_cast<Phase>(i));
        QVERIFY(parseObjectHealth(toString(static_cast<ObjectHealth>(i))) == static_cast<ObjectHealth>(i));
    }
    QVERIFY(parsePhase("Melted") == Phase::Unknown);
}

void ClientTest::tellsSnapshotsWholeAndThenChanges() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    Sink sink;
    FederationClient client(endpoint(federation.port()), m_clock);
    client.start(sink);
    QVERIFY(sink.states.empty());  // never from inside a call
    QTRY_COMPARE(sink.resets, 1);
    QCOMPARE(sink.states.front(), ConnectionState::Connecting);
    QCOMPARE(sink.state(), ConnectionState::Live);
    QCOMPARE(sink.changedTimes, 0);
    QCOMPARE(sink.fold.info().federation, std::string("prod"));
    QVERIFY(!sink.fold.info().seesAllNamespaces);
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    QVERIFY(sink.fold.whole().objects == fleet().objects);
    QVERIFY(sink.fold.totals() == *fleet().totals);
    QCOMPARE(federation.credentials(), std::string("cn:ann"));
    QVERIFY(client.now() >= 1000 && client.now() < 10'000);  // the controller's clock, not ours

    FleetChanges changes;
    changes.contacts = {{1, 990, 15, true}};
    changes.removedClusters = {2};
    federation.send(changesMessage(changes, 2000));
    QTRY_COMPARE(sink.changedTimes, 1);
    QCOMPARE(sink.fold.clusters().size(), std::size_t{1});
    QCOMPARE(sink.fold.clusters().at(1).latencies, (std::vector<std::int32_t>{10, -1, 12, 15}));

    for (const v1::FleetMessage& message : snapshot(true))
        federation.send(message);
    QTRY_COMPARE(sink.resets, 2);
    QCOMPARE(sink.fold.clusters().size(), std::size_t{2});
}

void ClientTest::comesBackByItself() {
    auto federation = std::make_unique<FakeFederation>(m_server, m_ca.certPem);
    federation->setGreeting(snapshot());
    const int port = federation->port();
    Sink sink;
    FederationClient client(endpoint(port), m_clock);
    client.start(sink);
    QTRY_COMPARE(sink.resets, 1);
    federation.reset();
    QTRY_COMPARE(sink.state(), ConnectionState::Disconnected);
    QVERIFY(!sink.errors.back().message.empty());
    QCOMPARE(sink.fold.clusters().size(), std::size_t{2});  // what was told stays
    QTRY_COMPARE_WITH_TIMEOUT(sink.errors.back().message, endpoint(port).address + " refuses connections",
                              10'000);
    federation = std::make_unique<FakeFederation>(m_server, m_ca.certPem, port);
    federation->setGreeting(snapshot());
    QTRY_COMPARE_WITH_TIMEOUT(sink.resets, 2, 10'000);
    QCOMPARE(sink.state(), ConnectionState::Live);
}

void ClientTest::saysInShortWhatFails() {
    const std::string prefix = "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.1:7: ";
    const auto says = [&](const std::string& cause) { return connectionWords(prefix + cause, "10.0.0.1:7"); };
    QCOMPARE(says("Failed to connect to remote host: Connection refused"),
             std::string("10.0.0.1:7 refuses connections"));
    QCOMPARE(says("Failed to connect to remote host: No route to host"),
             std::string("10.0.0.1:7 cannot be reached: there is no route to it"));
    QCOMPARE(connectionWords("Socket closed", "fed:7"), std::string("fed:7 closed the connection"));
    QCOMPARE(connectionWords("the controller stops", "fed:7"), std::string("the controller stops"));
}

void ClientTest::saysThatItStalls() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    FakeClock clock;
    Sink sink;
    FederationClient client(endpoint(federation.port()), clock);
    client.start(sink);
    clock.advance(Duration::zero());
    QTRY_COMPARE(sink.resets, 1);
    clock.advance(Duration{2'900});
    QCOMPARE(sink.state(), ConnectionState::Live);
    clock.advance(Duration{200});
    QCOMPARE(sink.state(), ConnectionState::Stalled);
    v1::FleetMessage beat;
    (void)beat.mutable_heartbeat();
    beat.set_now(5'000);
    federation.send(beat);
    QTRY_COMPARE(sink.state(), ConnectionState::Live);
    // Silence for so long is a connection that is gone; the next one brings a fresh snapshot.
    clock.advance(Duration{10'100});
    QCOMPARE(sink.state(), ConnectionState::Disconnected);
    clock.advance(Duration{300});
    QTRY_COMPARE(sink.resets, 2);
    QTRY_COMPARE(federation.streams(), 1);
}

void ClientTest::tellsSignsOfLife() {
    FakeFederation federation(m_server, m_ca.certPem);
    Sink sink;
    FederationClient client(endpoint(federation.port()), m_clock);
    client.start(sink);
    QTRY_COMPARE(federation.streams(), 1);
    std::vector<v1::FleetMessage> messages = snapshot();
    for (std::size_t i = 0; i < 3; ++i)
        federation.send(messages[i]);
    QTRY_VERIFY(client.now() < 10'000);  // the controller's clock: a part has come
    QCOMPARE(sink.heardTimes, 0);        // what is shown is not as of now before all of it came
    federation.send(messages[3]);
    QTRY_COMPARE(sink.resets, 1);
    const int before = sink.heardTimes;
    v1::FleetMessage beat;
    (void)beat.mutable_heartbeat();
    beat.set_now(2'000);
    federation.send(beat);
    federation.send(beat);
    QTRY_COMPARE(sink.heardTimes, before + 2);
    QCOMPARE(sink.changedTimes, 0);
}

void ClientTest::triesAgainWhenAsked() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    FakeClock clock;
    Sink sink;
    FederationClient client(endpoint(federation.port()), clock);
    client.start(sink);
    clock.advance(Duration::zero());
    QTRY_COMPARE(sink.resets, 1);
    client.reconnect();  // live: nothing to be done
    clock.advance(Duration{2'900});
    QCOMPARE(federation.streamsEver(), 1);
    clock.advance(Duration{200});
    QCOMPARE(sink.state(), ConnectionState::Stalled);
    client.reconnect();
    clock.advance(Duration::zero());
    QTRY_COMPARE(sink.resets, 2);
    QCOMPARE(federation.streamsEver(), 2);
    QCOMPARE(sink.state(), ConnectionState::Live);
    QTRY_COMPARE(federation.streams(), 1);  // the silent one is let go
}

void ClientTest::waitsForALongSnapshot() {
    FakeFederation federation(m_server, m_ca.certPem);
    FakeClock clock;
    Sink sink;
    FederationClient client(endpoint(federation.port()), clock);
    client.start(sink);
    clock.advance(Duration::zero());
    QTRY_COMPARE(federation.streams(), 1);
    // Its four messages come over ten seconds.
    TimeMs now = 1'000'000'000'000'000;
    for (v1::FleetMessage message : snapshot()) {
        QCOMPARE(sink.resets, 0);
        QCOMPARE(sink.states, std::vector{ConnectionState::Connecting});  // what there is is not told yet
        clock.advance(Duration{2'500});
        message.set_now(now += 10'000);
        federation.send(message);
        QTRY_COMPARE(client.now(), now);
    }
    QTRY_COMPARE(sink.resets, 1);
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    QCOMPARE(federation.streamsEver(), 1);
    QCOMPARE(sink.state(), ConnectionState::Live);
    // What there is stays live while another one comes, but not in silence.
    v1::FleetMessage begin = snapshot(true)[0];
    begin.set_now(now += 10'000);
    federation.send(begin);
    QTRY_COMPARE(client.now(), now);
    QCOMPARE(sink.state(), ConnectionState::Live);
    clock.advance(Duration{3'100});
    QCOMPARE(sink.state(), ConnectionState::Stalled);
    federation.send(begin);
    QTRY_COMPARE(sink.state(), ConnectionState::Live);
}

void ClientTest::waitsWhenItIsForbidden() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting({}, 7, "ann may not watch fleets");
    FakeClock clock;
    Sink sink;
    FederationClient client(endpoint(federation.port()), clock);
    client.start(sink);
    clock.advance(Duration::zero());
    QTRY_VERIFY(!sink.states.empty() && sink.state() == ConnectionState::Forbidden);
    QVERIFY(sink.errors.back().code == Code::PermissionDenied);
    QVERIFY(sink.errors.back().message.find("may not watch") != std::string::npos);
    clock.advance(Duration{59'000});
    QCOMPARE(federation.streamsEver(), 1);
    federation.setGreeting(snapshot());
    clock.advance(Duration{1'100});
    QTRY_COMPARE(sink.resets, 1);
}

void ClientTest::refusesAnotherCa() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    FederationEndpoint wrong = endpoint(federation.port());
    wrong.caPem = net::makeCa("other", std::chrono::hours{24})->certPem;
    Sink sink;
    FederationClient client(wrong, m_clock);
    client.start(sink);
    QTRY_VERIFY(!sink.states.empty() && sink.state() == ConnectionState::Disconnected);
    QCOMPARE(federation.streamsEver(), 0);
    QCOMPARE(sink.errors.back().message, wrong.address + " has a certificate that is not this federation's");
}

void ClientTest::sendsATokenWhereThereIsNoCertificate() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    Sink sink;
    FederationClient client({.address = "127.0.0.1:" + std::to_string(federation.port()),
                             .caPem = m_ca.certPem,
                             .serverName = "localhost",
                             .bearerToken = "abc"},
                            m_clock);
    client.start(sink);
    QTRY_COMPARE(sink.resets, 1);
    QCOMPARE(federation.credentials(), std::string("Bearer abc"));
}

void ClientTest::answersUnaryCalls() {
    FakeFederation federation(m_server, m_ca.certPem);
    FederationClient client(endpoint(federation.port()), m_clock);
    std::optional<Result<Explanation>> good, bad;
    const Request one = client.explain(object("web").id, [&](auto result) { good = std::move(result); });
    const Request two = client.explain(object("none").id, [&](auto result) { bad = std::move(result); });
    QTRY_VERIFY(good && bad);
    QVERIFY(good->has_value());
    QVERIFY((*good)->object == object("web").id);
    QCOMPARE((*good)->because, std::string("it is new"));
    QVERIFY(bad->error().code == Code::NotFound);
    QCOMPARE(bad->error().message, std::string("nothing was decided for it"));
    std::optional<Result<std::vector<PolicyPlugin>>> plugins;
    const Request three = client.listPolicies([&](auto result) { plugins = std::move(result); });
    QTRY_VERIFY(plugins);
    QVERIFY(plugins->error().code == Code::Unimplemented);
}

void ClientTest::cancelsByHandle() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.holdExplain(true);
    auto client = std::make_unique<FederationClient>(endpoint(federation.port()), m_clock);
    int called = 0;
    Request held = client->explain(object("web").id, [&](auto) { ++called; });
    QTRY_COMPARE(federation.credentials(), std::string("cn:ann"));
    held.cancel();
    federation.holdExplain(false);
    std::optional<Result<Explanation>> after;
    const Request next = client->explain(object("web").id, [&](auto result) { after = std::move(result); });
    QTRY_VERIFY(after);
    QCOMPARE(called, 0);
    // A handle may outlive the client; then nothing comes.
    federation.holdExplain(true);
    const Request left = client->explain(object("web").id, [&](auto) { ++called; });
    client.reset();
    QTest::qWait(0);
    QCOMPARE(called, 0);
}

void ClientTest::endsFromInsideACallback() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    auto client = std::make_unique<FederationClient>(endpoint(federation.port()), m_clock);
    Request request;
    bool ended = false;
    request = client->explain(object("web").id, [&](auto) {
        client.reset();
        request.cancel();
        ended = true;
    });
    QTRY_VERIFY(ended);
}

void ClientTest::uploads() {
    FakeFederation federation(m_server, m_ca.certPem);
    FederationClient client(endpoint(federation.port()), m_clock);
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "nearest.so";
    const std::string bytes(700'000, 'x');
    QVERIFY(writeFile(file, bytes).has_value());
    std::optional<Result<PolicyInstalled>> installed;
    const Request request =
        client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY(installed->has_value());
    QCOMPARE(federation.uploaded(), "nearest.so:" + bytes);
    QVERIFY((*installed)->isUnchanged);  // the double answers with what `trust` was
    QCOMPARE((*installed)->plugin.sha256.size(), std::size_t{64});
    installed.reset();
    const Request missing = client.installPolicy(file.parent_path() / "none.so", true,
                                                 [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY(installed->error().code == Code::NotFound);
}

void ClientTest::endsWhatIsNotAnswered() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.holdExplain(true);
    federation.holdUploads(true);
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "slow.so";
    QVERIFY(writeFile(file, std::string(1'000, 'x')).has_value());
    const CallDeadlines patient{.unary = Duration{600'000}, .upload = Duration{600'000}};
    for (const bool isUpload : {false, true}) {
        FederationEndpoint impatient = endpoint(federation.port());
        impatient.deadlines = patient;
        (isUpload ? impatient.deadlines.upload : impatient.deadlines.unary) = Duration{300};
        FederationClient client(impatient, m_clock);
        std::optional<Result<Explanation>> explained;
        std::optional<Result<PolicyInstalled>> installed;
        const SteadyTime began = m_clock.now();
        const Request one =
            client.explain(object("web").id, [&](auto result) { explained = std::move(result); });
        const Request two =
            client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
        QTRY_VERIFY(isUpload ? installed.has_value() : explained.has_value());
        QVERIFY(m_clock.now() - began >= Duration{250});
        QVERIFY(isUpload ? !explained : !installed);  // each has its own
        const Error& error = isUpload ? installed->error() : explained->error();
        QVERIFY(error.code == Code::DeadlineExceeded);
        QCOMPARE(error.message, "the controller at " + impatient.address + " gave no answer in time");
    }
}

void ClientTest::endsAConnectionThatSaysNothing() {
    FakeFederation federation(m_server, m_ca.certPem);
    FakeClock clock;
    Sink sink;
    FederationClient client(endpoint(federation.port()), clock);
    client.start(sink);
    clock.advance(Duration::zero());
    QTRY_COMPARE(federation.streams(), 1);
    clock.advance(Duration{4'900});
    QCOMPARE(sink.state(), ConnectionState::Connecting);
    clock.advance(Duration{200});
    QCOMPARE(sink.state(), ConnectionState::Disconnected);
    QCOMPARE(sink.errors.back().message,
             "the controller at " + endpoint(federation.port()).address + " does not answer within 5 s");
    QTRY_COMPARE(federation.streams(), 0);
}

void ClientTest::readsNoFasterThanItIsTaken() {
    FakeFederation federation(m_server, m_ca.certPem);
    federation.setGreeting(snapshot());
    Sink sink;
    FederationClient client(endpoint(federation.port()), m_clock);
    client.start(sink);
    QTRY_COMPARE(sink.resets, 1);
    // The event loop stands still while much is sent: the controller keeps what is not taken.
    FleetChanges changes;
    for (int i = 0; i < 100; ++i)
        changes.objects.push_back(object("web-" + std::to_string(i)));
    const v1::FleetMessage message = changesMessage(changes);
    for (int i = 0; i < 1000; ++i)
        federation.send(message);
    QVERIFY(federation.unsent() > 500);
    QTRY_COMPARE_WITH_TIMEOUT(sink.changedTimes, 1000, 20'000);
    QCOMPARE(federation.unsent(), std::size_t{0});
}

void ClientTest::locates() {
    auto transport = std::make_shared<net::FakeTransport>();
    kube::Client api(transport, "test");
    const net::Identity identity{.caPem = "ca", .clientCertPem = "cert", .clientKeyPem = "key"};
    std::optional<Result<FederationEndpoint>> found;
    const auto ask = [&](int status, const std::string& body) {
        found.reset();
        const Request request = locate(api, identity, [&](auto result) { found = std::move(result); });
        transport->answerLast(status, body);
        return transport->last().request.target == "/api/v1/namespaces/kube-public/configmaps/kubefed-info" &&
               found.has_value();
    };
    QVERIFY(ask(200,
                "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"data\":{\"grpcEndpoint\":\"h:1\","
                "\"grpcCA\":\"pem\"}}"));
    QVERIFY(found->has_value());
    QCOMPARE((*found)->address, std::string("h:1"));
    QCOMPARE((*found)->caPem, std::string("pem"));
    QCOMPARE((*found)->certificatePem, std::string("cert"));
    QVERIFY(ask(200, "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"data\":{\"federationId\":\"x\"}}"));
    QVERIFY(found->error().code == Code::FailedPrecondition);
}

QTEST_GUILESS_MAIN(ClientTest)
#include "client_test.moc"
