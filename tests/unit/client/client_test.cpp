// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <QTemporaryDir>
#include <QTest>

#include "kubefed/client/connection_words.h"
#include "kubefed/client/convert.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/client/fleet_fold.h"
#include "kubefed/client/locate.h"
#include "kubefed/client/recording.h"
#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_transport.h"

#include "fake_federation.h"

using namespace kubefed;
using namespace kubefed::client;

namespace {

Cluster cluster(ClusterNumber number, const std::string& name) {
    Cluster value;
    value.number = number;
    value.name = name;
    value.labels = {{"topology.kubernetes.io/region", "jp"}};
    value.phase = Phase::Ready;
    value.phaseSince = 5;
    value.reason = "r";
    value.message = "m";
    value.lastContact = 900;
    value.latency = 12;
    value.kubernetesVersion = "v1.34.4";
    value.nodes = NodeCounts{2, 3};
    value.objects = ObjectCounts{4, 3, 1, 2};
    value.allocatable = {{"cpu", "4"}};
    value.requested = {{"cpu", "1"}};
    value.taints = {{"k", "v", "NoSchedule"}};
    value.unschedulable = true;
    value.conditions = {{"Ready", "True", "Ok", "fine", 7}};
    value.apiEndpoint = "https://10.0.0.1:6443";
    value.created = 1;
    value.credentialsExpire = 2;
    value.timeline = {{3, Phase::Joining, "new"}, {5, Phase::Ready, ""}};
    value.latencies = {10, -1, 12};
    return value;
}

Object object(const std::string& name) {
    Object value;
    value.id = {"", "v1", "ReplicationController", "shop", name};
    value.uid = "u";
    value.policy = "shop/web";
    value.wanted = 9;
    value.ready = 0;
    value.unplaced = 1;
    value.health = ObjectHealth::Failing;
    value.since = 4;
    value.reason = "ImagePullBackOff";
    value.message = "in tokyo: ×2";
    value.created = 3;
    value.shares = {{1, "Synced", "", "", 5, 5, 6}, {2, "Failed", "NotApplicable", "why", 4, {}, 6}};
    return value;
}

FleetChanges fleet() {
    FleetChanges all;
    all.clusters = {cluster(1, "tokyo"), cluster(2, "osaka")};
    all.objects = {object("web")};
    all.activities = {{1, 10, Severity::Warning, 2, object("web").id, "Failing", "web fails"}};
    all.totals = Totals{0.01, {}, 3, 1.5};
    return all;
}

v1::FleetMessage changesMessage(const FleetChanges& changes, TimeMs now = 1000) {
    v1::FleetMessage message;
    message.set_now(now);
    toMessage(changes, *message.mutable_changes());
    return message;
}

std::vector<v1::FleetMessage> snapshot(bool resync = false) {
    std::vector<v1::FleetMessage> messages(4);
    FleetInfo info{.federationId = "id", .federation = "prod", .controllerVersion = "1", .namespaces = {"a"}};
    info.seesAllNamespaces = false;
    toMessage(info, *messages[0].mutable_begin());
    messages[0].mutable_begin()->set_is_resync(resync);
    // In two parts, as a large one comes.
    FleetChanges first = fleet();
    first.clusters.resize(1);
    first.totals.reset();
    FleetChanges second = fleet();
    second.clusters.erase(second.clusters.begin());
    second.objects.clear();
    second.activities.clear();
    messages[1] = changesMessage(first);
    messages[2] = changesMessage(second);
    (void)messages[3].mutable_end();
    messages[0].set_now(1000);
    messages[3].set_now(1000);
    return messages;
}

struct Sink final : FleetSink {
    void stateChanged(ConnectionState state, const Error& error) override {
        states.push_back(state);
        errors.push_back(error);
    }
    void reset(const FleetInfo& info, FleetChanges all) override {
        ++resets;
        fold.reset(info, std::move(all));
    }
    void changed(FleetChanges changes) override {
        ++changedTimes;
        fold.apply(std::move(changes));
    }
    void heard() override { ++heardTimes; }
    [[nodiscard]] ConnectionState state() const { return states.back(); }
    int heardTimes = 0;
    std::vector<ConnectionState> states;
    std::vector<Error> errors;
    int resets = 0;
    int changedTimes = 0;
    FleetFold fold;
};

}  // namespace

class ClientTest : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] FederationEndpoint endpoint(int port) const {
        return {.address = "127.0.0.1:" + std::to_string(port),
                .caPem = m_ca.certPem,
                .certificatePem = m_client.certPem,
                .keyPem = m_client.keyPem};
    }
    // A recording of 10 s: a snapshot at 1000, a contact each second, tokyo Unreachable at 5000.
    void record(const std::filesystem::path& file);

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
    void readsNoFasterThanItIsTaken();
    void locates();
    void replaysWhatWasRecorded();
    void seeksBackwards();
    void refusesBadRecordings();
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

void ClientTest::record(const std::filesystem::path& file) {
    // A source that tells what the test says, at its own time.
    struct Source final : FleetSource {
        void start(FleetSink& to) override { sink = &to; }
        [[nodiscard]] TimeMs now() const override { return time; }
        Request explain(const ObjectId& id, Callback<Explanation> done) override {
            Explanation explanation;
            explanation.object = id;
            explanation.because = "recorded";
            done(explanation);
            return {};
        }
        Request listPolicies(Callback<std::vector<PolicyPlugin>>) override { return {}; }
        FleetSink* sink = nullptr;
        TimeMs time = 1000;
    };
    auto made = std::make_unique<Source>();
    Source& source = *made;
    FakeClock clock;
    Sink sink;
    auto recording = RecordingSource::make(std::move(made), file, clock);
    QVERIFY(recording.has_value());
    (*recording)->start(sink);
    source.sink->stateChanged(ConnectionState::Live, {.code = Code::Ok});
    source.sink->reset({.federation = "prod"}, fleet());
    for (source.time = 2000; source.time <= 11'000; source.time += 1000) {
        FleetChanges changes;
        changes.contacts = {{1, source.time, 20, true}};
        if (source.time == 5000) {
            changes.clusters = {cluster(1, "tokyo")};
            changes.clusters[0].phase = Phase::Unreachable;
            changes.contacts.clear();
        }
        source.sink->changed(std::move(changes));
    }
    source.time = 11'000;
    (void)(*recording)->explain(object("web").id, [](auto) {});
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.changedTimes, 10);
}

void ClientTest::replaysWhatWasRecorded() {
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "one.rec";
    record(file);
    FakeClock clock;
    auto replay = ReplaySource::make(file, clock);
    QVERIFY2(replay.has_value(), replay ? "" : replay.error().message.c_str());
    ReplaySource& source = **replay;
    Sink sink;
    QCOMPARE(source.begin(), TimeMs{1000});
    QCOMPARE(source.end(), TimeMs{11'000});
    source.start(sink);
    QVERIFY(sink.states.empty());
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.state(), ConnectionState::Live);
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    clock.advance(Duration{1'500});
    QCOMPARE(source.now(), TimeMs{2'500});
    QCOMPARE(sink.changedTimes, 1);
    source.setSpeed(0);
    clock.advance(Duration{60'000});
    QCOMPARE(source.now(), TimeMs{2'500});
    QCOMPARE(sink.changedTimes, 1);
    source.setSpeed(10);
    clock.advance(Duration{300});
    QCOMPARE(source.now(), TimeMs{5'500});
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Unreachable);
    clock.advance(Duration{60'000});
    QCOMPARE(source.now(), source.end());
    QCOMPARE(sink.changedTimes, 10);
    std::optional<Result<Explanation>> known, unknown;
    const Request one = source.explain(object("web").id, [&](auto result) { known = std::move(result); });
    const Request two = source.explain(object("x").id, [&](auto result) { unknown = std::move(result); });
    QVERIFY(!known);
    clock.advance(Duration::zero());
    QCOMPARE((*known)->because, std::string("recorded"));
    QVERIFY(unknown->error().code == Code::Unimplemented);
}

void ClientTest::seeksBackwards() {
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "two.rec";
    record(file);
    FakeClock clock;
    auto replay = ReplaySource::make(file, clock);
    QVERIFY(replay.has_value());
    Sink sink;
    (*replay)->start(sink);
    (*replay)->setSpeed(0);
    (*replay)->seek(8'000);
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.changedTimes, 0);
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Unreachable);
    const Cluster at8 = sink.fold.clusters().at(1);
    (*replay)->seek(3'000);
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 2);
    QCOMPARE((*replay)->now(), TimeMs{3'000});
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Ready);
    QCOMPARE(sink.fold.clusters().at(1).latencies.size(), std::size_t{5});
    (*replay)->seek(8'000);
    clock.advance(Duration::zero());
    QVERIFY(sink.fold.clusters().at(1) == at8);
    (*replay)->seek(-5);
    clock.advance(Duration::zero());
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    QCOMPARE((*replay)->now(), TimeMs{1'000});
}

void ClientTest::refusesBadRecordings() {
    const std::filesystem::path folder(m_folder.path().toStdString());
    record(folder / "good.rec");
    const std::string good = *readFile(folder / "good.rec");
    FakeClock clock;
    const auto code = [&](const std::string& bytes) {
        (void)writeFile(folder / "bad.rec", bytes);
        const auto replay = ReplaySource::make(folder / "bad.rec", clock);
        if (replay)
            return Code::Ok;
        return replay.error().message.find("bad.rec") != std::string::npos ? replay.error().code
                                                                           : Code::Internal;
    };
    QVERIFY(code(good) == Code::Ok);
    QVERIFY(code("") == Code::InvalidArgument);
    QVERIFY(code("\x7f"
                 "ELF and so on") == Code::InvalidArgument);
    QVERIFY(code("kubefed-recording 2\n") == Code::InvalidArgument);
    QVERIFY(code(good.substr(0, 20)) == Code::InvalidArgument);
    // Cut off at any place: an error, or (between two blocks) the part that is there.
    for (std::size_t size = 20; size < good.size(); size += 7)
        QVERIFY(code(good.substr(0, size)) == Code::InvalidArgument);
    // A bit wrong at any place: an error, or another recording; never a crash.
    for (std::size_t at = 20; at < good.size(); ++at) {
        std::string bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
        const auto answer = code(bytes);
        QVERIFY(answer == Code::InvalidArgument || answer == Code::Ok);
    }
    QVERIFY(ReplaySource::make(folder / "none.rec", clock).error().code == Code::NotFound);
}

QTEST_GUILESS_MAIN(ClientTest)
#include "client_test.moc"
