// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <fstream>
#include <thread>

#include <QTemporaryDir>
#include <QTest>

#include "controller/rpc/federation_service.h"
#include "controller/rpc/policy_values.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/util/file.h"
#include "kubefed/util/qt_clock.h"
#include "kubefed/v1/federation.grpc.pb.h"

#include "rpc_fixture.h"
#include "simulation.h"
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

using namespace kubefed;
using namespace kubefed::controller;
using client::ConnectionState;

namespace {

// Answers nothing by itself: the test does.
struct ManualHandler final : RpcHandler {
    void watch(Credentials credentials, std::vector<std::string>, FleetStreamPtr stream) override {
        last = std::move(credentials);
        streams.push_back(std::move(stream));
    }
    void resync(const FleetStream*) override { ++resyncs; }
    void gone(const FleetStream* stream) override {
        std::erase_if(streams, [stream](const auto& known) { return known.get() == stream; });
    }
    void explain(Credentials, client::ObjectId, Callback<client::Explanation> done) override {
        held.push_back(std::move(done));
    }
    void listPolicies(Credentials, Callback<std::vector<client::PolicyPlugin>> done) override {
        InstalledPolicy weighted;
        weighted.name = "weighted";
        weighted.libraryGeneration = 3;
        weighted.calls = 8;
        weighted.p50 = std::chrono::nanoseconds(2'500);
        weighted.p99 = std::chrono::milliseconds(7);
        InstalledPolicy idle;
        idle.name = "idle";
        done(toClient(std::vector{weighted, idle}));
    }
    void beginInstall(Credentials, Callback<std::filesystem::path> done) override {
        if (mayInstall)
            done(folder);
        else
            done(fail(Code::PermissionDenied, "you may not"));
    }
    void install(const void*, Credentials, PolicyUpload upload,
                 Callback<client::PolicyInstalled> done) override {
        uploads.push_back(upload);
        if (holdsInstalls)
            return heldInstalls.push_back(std::move(done));
        std::ifstream in(upload.file, std::ios::binary);
        library.assign(std::istreambuf_iterator<char>(in), {});
        client::PolicyInstalled installed;
        installed.plugin.name = "nearest";
        done(installed);
    }
    void giveUp(const void*) override { ++givenUp; }
    bool mayInstall = true;
    bool holdsInstalls = false;
    std::vector<Callback<client::PolicyInstalled>> heldInstalls;
    int givenUp = 0;
    std::filesystem::path folder;
    std::vector<PolicyUpload> uploads;
    std::string library;
    Credentials last;
    std::vector<FleetStreamPtr> streams;
    std::vector<Callback<client::Explanation>> held;
    int resyncs = 0;
};

std::shared_ptr<const Visibility> all() {
    return std::make_shared<const Visibility>(Visibility{.clusters = true, .allNamespaces = true});
}

}  // namespace

class RpcTest : public QObject {
    Q_OBJECT

private:
    [[nodiscard]] RpcConfig config(std::uint16_t port = 0) const {
        return {.port = port, .certificate = m_server, .clientCaPem = m_ca.certPem};
    }
    [[nodiscard]] client::FederationEndpoint endpoint(std::uint16_t port, const net::KeyPair& who) const {
        return {.address = "127.0.0.1:" + std::to_string(port),
                .caPem = m_ca.certPem,
                .certificatePem = who.certPem,
                .keyPem = who.keyPem};
    }
    [[nodiscard]] static client::TimeMs now() { return 5'000; }

    net::KeyPair m_ca, m_server, m_ann, m_bob;
    QtClock m_clock;

private Q_SLOTS:
    void initTestCase();
    void sendsSnapshotsInParts();
    void endsPartsByTheirSize();
    void showsWhatMayBeSeen();
    void resyncsASlowReader();
    void keepsASnapshotForASlowReader();
    void resyncsWithinTheService();
    void tellsClustersOnly();
    void endsWhatIsOpen();
    void endsWhatTheServiceKeeps();
    void saysThatItServes();
    void keepsThePort();
    void asksTheApiForRights();
    void looksAtRightsAgain();
    void refusesStrangers();
    void takesALibrary();
    void asksWhetherItMayReplace();
    void givesUpACancelledInstall();
    void refusesBadUploads_data();
    void refusesBadUploads();
};

void RpcTest::initTestCase() {
    m_ca = *net::makeCa("test", std::chrono::hours{24});
    m_server = *net::makeCertificate(m_ca, {.commonName = "s", .addresses = {"127.0.0.1"}, .server = true});
    m_ann = *net::makeCertificate(m_ca, {.commonName = "ann", .organizations = {"dev"}, .client = true});
    m_bob = *net::makeCertificate(m_ca, {.commonName = "bob", .client = true});
}

void RpcTest::sendsSnapshotsInParts() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY2(server.has_value(), server ? "" : server.error().message.c_str());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    QVERIFY(!handler.last.certificatePem.empty());
    const auto fleet = makeFleet(700, 3'000);
    handler.streams[0]->snapshot({.federation = "prod"}, false, fleet, all());
    QTRY_COMPARE(seen.resets, 1);
    QCOMPARE(seen.fold.clusters().size(), std::size_t{700});
    QCOMPARE(seen.fold.objects().size(), std::size_t{3'000});
    QVERIFY(seen.fold.clusters().at(7) == *fleet->clusters[6]);
    QVERIFY(seen.fold.objects().at(fleet->objects[5]->id) == *fleet->objects[5]);
    QVERIFY(seen.fold.info().seesClusters && seen.fold.info().seesAllNamespaces);
    handler.streams[0]->heartbeat();
    auto delta = std::make_shared<FleetDelta>();
    delta->removedClusters = {1, 2};
    delta->contacts = {{3, 4'000, 7, true}};
    handler.streams[0]->push(delta);
    QTRY_COMPARE(seen.deltas, 1);
    QCOMPARE(seen.fold.clusters().size(), std::size_t{698});
    QCOMPARE(seen.fold.clusters().at(3).latencies.back(), 7);

    std::optional<Result<std::vector<client::PolicyPlugin>>> plugins;
    const Request request = client.listPolicies([&](auto result) { plugins = std::move(result); });
    QTRY_VERIFY(plugins);
    const client::PolicyPlugin& weighted = plugins->value().at(0);
    QCOMPARE(weighted.name, std::string("weighted"));
    QCOMPARE(weighted.generation, 3U);
    QCOMPARE(weighted.p50Millis.value(), 0.0025);
    QCOMPARE(weighted.p99Millis.value(), 7.0);
    QVERIFY(!plugins->value().at(1).p50Millis);
}

// As when every object fails in every cluster of many: hundreds of values would be more than a client takes.
void RpcTest::endsPartsByTheirSize() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    auto fleet = std::make_shared<FleetDelta>();
    const std::string why(150'000, 'x');  // 500 of them: 75 MB
    for (int i = 0; i < 500; ++i) {
        auto object = std::make_shared<client::Object>(*makeObject("shop", "web-" + std::to_string(i)));
        object->shares[0].message = why;
        fleet->objects.push_back(std::move(object));
    }
    handler.streams[0]->snapshot({.federation = "prod"}, false, fleet, all());
    QTRY_COMPARE_WITH_TIMEOUT(seen.resets, 1, 20'000);
    QCOMPARE(seen.fold.objects().size(), std::size_t{500});
    QVERIFY(seen.fold.objects().at(fleet->objects[499]->id) == *fleet->objects[499]);
    handler.streams[0]->push(fleet);
    QTRY_VERIFY_WITH_TIMEOUT(seen.deltas > 50, 20'000);  // of a megabyte each
    QCOMPARE(seen.error.message, std::string());
}

void RpcTest::showsWhatMayBeSeen() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    const auto fleet = makeFleet(3, 1'200);
    fleet->activities = {{.number = 1, .cluster = 1, .reason = "Unreachable"},
                         {.number = 2, .object = fleet->objects[0]->id, .reason = "Placed"},
                         {.number = 3, .object = fleet->objects[1]->id, .reason = "Placed"}};
    handler.streams[0]->snapshot({}, false, fleet,
                                 std::make_shared<const Visibility>(Visibility{.namespaces = {"shop"}}));
    QTRY_COMPARE(seen.resets, 1);
    QCOMPARE(seen.fold.objects().size(), std::size_t{600});
    for (const auto& [id, object] : seen.fold.objects())
        QCOMPARE(id.ns, std::string("shop"));
    QCOMPARE(seen.fold.clusters().size(), std::size_t{3});
    const client::Cluster& outline = seen.fold.clusters().at(1);
    QCOMPARE(outline.name, std::string("cluster-1"));
    QVERIFY(outline.phase == client::Phase::Ready);
    QVERIFY(outline.apiEndpoint.empty() && outline.labels.empty() && outline.latencies.empty());
    QCOMPARE(seen.fold.activities().size(), std::size_t{1});
    QCOMPARE(seen.fold.activities().front().number, std::uint64_t{2});
    QCOMPARE(seen.fold.info().namespaces, std::vector<std::string>{"shop"});
    auto delta = std::make_shared<FleetDelta>();
    delta->objects = {makeObject("bank", "x")};
    delta->removedObjects = {fleet->objects[1]->id};
    delta->contacts = {{1, 4'000, 7, true}};
    handler.streams[0]->push(delta);  // nothing of it may be seen: nothing is sent
    auto visible = std::make_shared<FleetDelta>();
    visible->objects = {makeObject("shop", "new")};
    handler.streams[0]->push(visible);
    QTRY_COMPARE(seen.deltas, 1);
    QCOMPARE(seen.fold.objects().size(), std::size_t{601});
}

void RpcTest::resyncsASlowReader() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    const auto fleet = makeFleet(3, 10);
    const FleetStreamPtr stream = handler.streams[0];
    stream->snapshot({}, false, fleet, all());
    QTRY_COMPARE(seen.resets, 1);
    // The client's event loop stands still from here, so it does not read; 80,000 objects are told.
    std::weak_ptr<const FleetDelta> newest;
    for (int i = 0; i < 80; ++i) {
        auto delta = std::make_shared<FleetDelta>();
        for (int j = 0; j < 1'000; ++j)
            delta->objects.push_back(makeObject("shop", "web-" + std::to_string(j), 5));
        newest = delta;
        stream->push(std::move(delta));
    }
    QVERIFY(newest.expired());  // nothing is kept of what did not fit
    QTRY_COMPARE(handler.resyncs, 1);
    QVERIFY(seen.deltas < 80);
    stream->push(makeFleet(1, 1));  // what comes before the snapshot is in it
    stream->snapshot({}, true, fleet, all());
    QTRY_COMPARE(seen.resets, 2);
    QCOMPARE(seen.fold.objects().size(), std::size_t{10});
}

void RpcTest::keepsASnapshotForASlowReader() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    const FleetStreamPtr stream = handler.streams[0];
    // Far more than a connection takes while the client's event loop stands still.
    const auto fleet = makeFleet(3, 30'000, 10);
    stream->snapshot({}, false, fleet, all());
    for (int i = 0; i < 200; ++i) {  // what 20 s of probes bring meanwhile
        auto delta = std::make_shared<FleetDelta>();
        delta->contacts = {{1, 4'000 + i, 7, true}};
        stream->push(std::move(delta));
    }
    QTRY_COMPARE_WITH_TIMEOUT(seen.deltas, 200, 30'000);
    QCOMPARE(seen.resets, 1);
    QCOMPARE(handler.resyncs, 0);
    QCOMPARE(seen.fold.objects().size(), std::size_t{30'000});
    QCOMPARE(seen.fold.clusters().at(1).lastContact, client::TimeMs{4'199});

    // More than may wait beside it: it comes all the same, and only then another one is asked for.
    stream->snapshot({}, true, fleet, all());
    for (int i = 0; i < 21; ++i) {
        auto delta = std::make_shared<FleetDelta>();
        for (int j = 0; j < 1'000; ++j)
            delta->objects.push_back(makeObject("shop", "new-" + std::to_string(j), 1));
        stream->push(std::move(delta));
    }
    QTRY_COMPARE_WITH_TIMEOUT(handler.resyncs, 1, 30'000);
    QTRY_COMPARE(seen.resets, 2);
    QCOMPARE(seen.deltas, 200);
    QCOMPARE(seen.fold.objects().size(), std::size_t{30'000});
    stream->heartbeat();  // it asked already
    stream->snapshot({}, true, makeFleet(3, 10), all());
    QTRY_COMPARE(seen.resets, 3);
    QCOMPARE(handler.resyncs, 1);
}

void RpcTest::resyncsWithinTheService() {
    Simulation sim(1);
    sim.start();
    sim.putRc("web", 3);
    sim.run(Duration{30'000});
    ReviewingHost host(m_clock);
    host.allowed = {"ann watch fleets", "ann list placements", "ann list memberclusters"};
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, m_clock, {.federation = "prod"}, {});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient ann(endpoint((*server)->port(), m_ann), m_clock);
    ann.start(seen);
    QTRY_COMPARE(seen.resets, 1);
    const auto before = seen.fold.objects();
    QVERIFY(!before.empty());
    // The client's event loop stands still; what is told meanwhile does not fit.
    for (int i = 0; i < 80; ++i) {
        auto delta = std::make_shared<FleetDelta>();
        for (int j = 0; j < 1'000; ++j)
            delta->objects.push_back(makeObject("shop", "x-" + std::to_string(j), 5));
        service.deliver(delta);
    }
    QTRY_COMPARE_WITH_TIMEOUT(seen.resets, 2, 30'000);
    QVERIFY(seen.fold.objects() == before);  // the fleet as it is, not as far as it was told
    auto delta = std::make_shared<FleetDelta>();
    delta->objects = {makeObject("shop", "new")};
    service.deliver(delta);
    QTRY_COMPARE(seen.fold.objects().size(), before.size() + 1);
    QVERIFY(seen.state == ConnectionState::Live);
    QCOMPARE(service.subscribers(), std::size_t{1});
    feed.stop();
}

void RpcTest::tellsClustersOnly() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock,
                                    client::WatchScope::Clusters);
    client.start(seen);
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    const auto fleet = makeFleet(700, 3'000);
    fleet->activities = {{.number = 1, .cluster = 1, .reason = "Unreachable"}};
    handler.streams[0]->snapshot({}, false, fleet, all());
    QTRY_COMPARE(seen.resets, 1);
    QCOMPARE(seen.fold.clusters().size(), std::size_t{700});
    QVERIFY(seen.fold.objects().empty() && seen.fold.activities().empty());
    auto objects = std::make_shared<FleetDelta>();
    objects->objects = {makeObject("shop", "x")};
    objects->removedObjects = {fleet->objects[1]->id};
    handler.streams[0]->push(objects);  // nothing of it is sent
    auto contacts = std::make_shared<FleetDelta>();
    contacts->contacts = {{1, 4'000, 7, true}};
    handler.streams[0]->push(contacts);
    QTRY_COMPARE(seen.fold.clusters().at(1).lastContact, client::TimeMs{4'000});
    QCOMPARE(seen.deltas, 1);
}

void RpcTest::endsWhatIsOpen() {
    auto handler = std::make_unique<ManualHandler>();
    auto server = RpcServer::make(config(), *handler, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    QTRY_COMPARE(handler->streams.size(), std::size_t{1});
    handler->streams[0]->snapshot({}, false, makeFleet(1, 1), all());
    QTRY_COMPARE(seen.resets, 1);
    std::optional<Result<client::Explanation>> answered, dropped;
    const Request one = client.explain(makeObject("a", "b")->id, [&](auto r) { answered = std::move(r); });
    QTRY_COMPARE(handler->held.size(), std::size_t{1});
    const Request two = client.explain(makeObject("a", "b")->id, [&](auto r) { dropped = std::move(r); });
    QTRY_COMPARE(handler->held.size(), std::size_t{2});
    handler->held[0](fail(Code::NotFound, "nothing was decided"));
    QTRY_VERIFY(answered);
    QVERIFY(answered->error().code == Code::NotFound);
    handler->held.clear();
    QTRY_VERIFY(dropped);
    QVERIFY(dropped->error().code == Code::Unavailable);
    server->reset();
    QTRY_VERIFY(seen.state == ConnectionState::Disconnected);
    QVERIFY(seen.error.message.find("stops") != std::string::npos);
}

void RpcTest::endsWhatTheServiceKeeps() {
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    host.isSilent = true;
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    QTemporaryDir folder;
    const std::filesystem::path file = folder.path().toStdString() + "/nearest.so";
    QVERIFY(writeFile(file, "x").has_value());
    FederationService service(*sim.controller, feed, host, m_clock, {}, {});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    SeenFleet seen;
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    client.start(seen);
    std::optional<Result<client::Explanation>> explained;
    std::optional<Result<client::PolicyInstalled>> installed;
    const Request one = client.explain(makeObject("a", "b")->id, [&](auto r) { explained = std::move(r); });
    const Request two = client.installPolicy(file, true, [&](auto r) { installed = std::move(r); });
    QTRY_VERIFY(host.reviews >= 5);  // three for the stream, one for each of the others
    // The service, which goes after the server, still waits for all of these answers.
    server->reset();
    QTRY_VERIFY(explained && installed);
    QVERIFY(explained->error().code == Code::Unavailable);
    QVERIFY2(explained->error().message.find("stops") != std::string::npos,
             explained->error().message.c_str());
    QVERIFY(installed->error().code == Code::Unavailable);
    QTRY_VERIFY(seen.state == ConnectionState::Disconnected);
    feed.stop();
}

void RpcTest::saysThatItServes() {
    ManualHandler handler;
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    // A prober has no credentials of the federation.
    const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()),
                                             grpc::SslCredentials({.pem_root_certs = m_ca.certPem}));
    const auto check = [&](const grpc::Slice& request) {
        grpc::GenericStub stub(channel);
        grpc::CompletionQueue queue;
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
        const grpc::ByteBuffer asked(&request, 1);
        const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", asked, &queue);
        grpc::ByteBuffer reply;
        grpc::Status status;
        call->StartCall();
        call->Finish(&reply, &status, &reply);
        void* tag = nullptr;
        bool ok = false;
        (void)queue.Next(&tag, &ok);
        grpc::Slice bytes;
        (void)reply.DumpToSingleSlice(&bytes);
        return std::pair(status.error_code(),
                         std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size()));
    };
    // grpc.health.v1: HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1: SERVING = 1}.
    const std::pair serving(grpc::StatusCode::OK, std::string("\x08\x01"));
    QVERIFY(check(grpc::Slice("")) == serving);
    QVERIFY(check(grpc::Slice("\x0A\x04none")).first == grpc::StatusCode::NOT_FOUND);
    server->reset();
    QVERIFY(check(grpc::Slice("")).first == grpc::StatusCode::UNAVAILABLE);
}

void RpcTest::keepsThePort() {
    ManualHandler handler;
    auto first = RpcServer::make(config(), handler, &now);
    QVERIFY(first.has_value());
    const std::uint16_t port = (*first)->port();
    const auto second = RpcServer::make(config(port), handler, &now);
    QVERIFY(!second.has_value());
    QVERIFY(second.error().message.find(std::to_string(port)) != std::string::npos);
    first->reset();
    QVERIFY(RpcServer::make(config(port), handler, &now).has_value());
}

void RpcTest::asksTheApiForRights() {
    Simulation sim(1);
    sim.start();
    sim.putRc("web", 3);
    sim.run(Duration{30'000});
    ReviewingHost host(m_clock);
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, m_clock, {.federation = "prod"},
                              [] { return std::vector<client::PolicyPlugin>(2); });
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    host.allowed = {"ann watch fleets",        "ann list placements",
                    "ann list memberclusters", "ann create explanations shop",
                    "bob watch fleets shop",   "bob list placements shop"};
    host.tokens = {{"t0ken", "ann"}};
    SeenFleet annSees, bobSees, tokenSees;
    client::FederationClient ann(endpoint((*server)->port(), m_ann), m_clock);
    client::FederationClient bob(endpoint((*server)->port(), m_bob), m_clock);
    client::FederationEndpoint byToken = endpoint((*server)->port(), {});
    byToken.bearerToken = "t0ken";
    client::FederationClient token(byToken, m_clock);
    ann.start(annSees);
    bob.start(bobSees);
    token.start(tokenSees);
    QTRY_COMPARE(annSees.resets, 1);
    QTRY_COMPARE(bobSees.resets, 1);
    QTRY_COMPARE(tokenSees.resets, 1);
    QVERIFY(annSees.fold.info().seesClusters && annSees.fold.info().seesAllNamespaces);
    QVERIFY(tokenSees.fold.info().seesAllNamespaces);
    QVERIFY(!bobSees.fold.info().seesClusters && !bobSees.fold.info().seesAllNamespaces);
    QCOMPARE(annSees.fold.objects().size(), bobSees.fold.objects().size());
    QVERIFY(!annSees.fold.objects().empty());
    QVERIFY(!annSees.fold.clusters().at(1).apiEndpoint.empty());
    QVERIFY(bobSees.fold.clusters().at(1).apiEndpoint.empty());

    std::optional<Result<client::Explanation>> annAsks, bobAsks;
    const client::ObjectId id = annSees.fold.objects().begin()->first;
    const Request one = ann.explain(id, [&](auto result) { annAsks = std::move(result); });
    const Request two = bob.explain(id, [&](auto result) { bobAsks = std::move(result); });
    const auto inVirtualTime = [&sim](const auto& answer) {
        sim.run(Duration{10});
        return answer.has_value();
    };
    QTRY_VERIFY(inVirtualTime(annAsks) && bobAsks);
    QVERIFY(annAsks->has_value());
    QVERIFY(bobAsks->error().code == Code::PermissionDenied);
    QVERIFY(bobAsks->error().message.find("\"bob\" may not create explanations") != std::string::npos);
    // Soon after, the answers are still known.
    const int reviews = host.reviews;
    annAsks.reset();
    const Request three = ann.explain(id, [&](auto result) { annAsks = std::move(result); });
    QTRY_VERIFY(inVirtualTime(annAsks));
    QCOMPARE(host.reviews, reviews);
    annAsks.reset();
    const Request four =
        ann.explain({"x", "v1", "Thing", "shop", "none"}, [&](auto result) { annAsks = std::move(result); });
    QTRY_VERIFY(annAsks);
    QVERIFY(annAsks->error().code == Code::NotFound);
    // While a plugin does not come back, the answer says so.
    sim.planner.hang("policy plugin \"tar\" did not come back from filter");
    annAsks.reset();
    const Request five = ann.explain(id, [&](auto result) { annAsks = std::move(result); });
    QTRY_VERIFY(inVirtualTime(annAsks));
    QVERIFY(annAsks->error().code == Code::Aborted);
    QVERIFY(annAsks->error().message.find("\"tar\" did not come back") != std::string::npos);
    feed.stop();
}

void RpcTest::looksAtRightsAgain() {
    Simulation sim(1);
    sim.start();
    sim.putRc("web", 3);
    sim.run(Duration{30'000});
    FakeClock clock;
    ReviewingHost host(clock);
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, clock, {}, {});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    host.allowed = {"ann watch fleets", "ann list placements", "ann list memberclusters"};
    SeenFleet seen;
    client::FederationClient ann(endpoint((*server)->port(), m_ann), m_clock);
    ann.start(seen);
    QTRY_COMPARE(service.subscribers(), std::size_t{1});
    clock.advance(Duration{10});
    QTRY_COMPARE(seen.resets, 1);
    clock.advance(Duration{60'000});
    QTRY_VERIFY(seen.state == ConnectionState::Live);
    QCOMPARE(seen.resets, 1);  // nothing changed
    host.isBroken = true;
    clock.advance(Duration{60'000});
    QCOMPARE(service.subscribers(), std::size_t{1});  // not known is not refused
    host.isBroken = false;
    host.allowed = {"ann watch fleets shop", "ann list placements shop"};
    clock.advance(Duration{60'000});
    QTRY_COMPARE(seen.resets, 2);
    QVERIFY(!seen.fold.info().seesClusters);
    QVERIFY(seen.fold.clusters().at(1).apiEndpoint.empty());
    host.allowed.clear();
    clock.advance(Duration{60'000});
    QTRY_VERIFY(seen.state == ConnectionState::Forbidden);
    QTRY_COMPARE(service.subscribers(), std::size_t{0});
    feed.stop();
}

void RpcTest::refusesStrangers() {
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, m_clock, {}, {});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    host.allowed = {"mallory watch fleets", "mallory list placements", " watch fleets"};
    const auto state = [&](const client::FederationEndpoint& who) {
        SeenFleet seen;
        client::FederationClient client(who, m_clock);
        client.start(seen);
        (void)QTest::qWaitFor([&] { return seen.state != ConnectionState::Connecting; });
        return std::pair(seen.state, seen.error.code);
    };
    client::FederationEndpoint nobody = endpoint((*server)->port(), {});
    QVERIFY(state(nobody) == std::pair(ConnectionState::Forbidden, Code::Unauthenticated));
    nobody.bearerToken = "wrong";
    QVERIFY(state(nobody) == std::pair(ConnectionState::Forbidden, Code::Unauthenticated));
    QVERIFY(state(endpoint((*server)->port(), m_bob)) ==
            std::pair(ConnectionState::Forbidden, Code::PermissionDenied));
    // A certificate of another authority never gets as far as a name.
    const net::KeyPair other = *net::makeCa("other", std::chrono::hours{24});
    const net::KeyPair mallory = *net::makeCertificate(other, {.commonName = "mallory", .client = true});
    QVERIFY(state(endpoint((*server)->port(), mallory)).first == ConnectionState::Disconnected);
    // Nor does a server's certificate of ours.
    QVERIFY(state(endpoint((*server)->port(), m_server)).first == ConnectionState::Disconnected);
    feed.stop();
}

void RpcTest::takesALibrary() {
    ManualHandler handler;
    QTemporaryDir folder;
    handler.folder = folder.path().toStdString();
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    const std::filesystem::path file = handler.folder / "nearest.so";
    const std::string bytes(1'000'000, 'x');
    QVERIFY(writeFile(file, bytes).has_value());
    std::optional<Result<client::PolicyInstalled>> installed;
    Request request = client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY2(installed->has_value(), installed->has_value() ? "" : installed->error().message.c_str());
    QCOMPARE((*installed)->plugin.name, std::string("nearest"));
    QCOMPARE(handler.library, bytes);
    QVERIFY(handler.uploads[0].trusted);
    QCOMPARE(handler.uploads[0].sha256.size(), std::size_t{64});
    QTRY_VERIFY(!std::filesystem::exists(handler.uploads[0].file));  // it is not kept
    handler.mayInstall = false;
    installed.reset();
    request = client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY(installed->error().code == Code::PermissionDenied);
    QCOMPARE(handler.uploads.size(), std::size_t{1});
}

// Who may create may install; whether also in place of another one is known only when its name is.
void RpcTest::asksWhetherItMayReplace() {
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    FleetFeed feed(sim.clock, {});
    QTemporaryDir folder;
    std::vector<std::optional<Error>> refusals;
    PolicyIntake intake;
    intake.folder = [&] { return std::filesystem::path(folder.path().toStdString()); };
    intake.install = [&](const PolicyUpload& upload, Callback<client::PolicyInstalled> done) {
        refusals.push_back(upload.mayNotReplace);
        return m_clock.after(Duration::zero(), [done = std::move(done)]() mutable { done({}); });
    };
    FederationService service(*sim.controller, feed, host, m_clock, {}, {}, intake);
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    host.allowed = {"ann create policyplugins", "ann update policyplugins", "bob create policyplugins"};
    const std::filesystem::path file = intake.folder() / "nearest.so";
    QVERIFY(writeFile(file, "bytes").has_value());
    for (const net::KeyPair& who : {m_ann, m_bob}) {
        client::FederationClient client(endpoint((*server)->port(), who), m_clock);
        std::optional<Result<client::PolicyInstalled>> installed;
        const Request request =
            client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
        QTRY_VERIFY(installed);
        QVERIFY2(installed->has_value(), installed->has_value() ? "" : installed->error().message.c_str());
    }
    QCOMPARE(refusals.size(), std::size_t{2});
    QVERIFY(!refusals[0]);
    QVERIFY(refusals[1] && refusals[1]->code == Code::PermissionDenied);
    QVERIFY(refusals[1]->message.find("\"bob\" may not update policyplugins") != std::string::npos);
}

void RpcTest::givesUpACancelledInstall() {
    QTemporaryDir folder;
    const std::filesystem::path uploads = folder.path().toStdString() + "/uploads";
    const std::filesystem::path file = folder.path().toStdString() + "/nearest.so";
    std::filesystem::create_directory(uploads);
    QVERIFY(writeFile(file, "x").has_value());
    {
        ManualHandler handler;
        handler.folder = uploads;
        handler.holdsInstalls = true;
        auto server = RpcServer::make(config(), handler, &now);
        QVERIFY(server.has_value());
        client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
        Request request = client.installPolicy(file, true, [](auto) {});
        QTRY_COMPARE(handler.heldInstalls.size(), std::size_t{1});
        QVERIFY(std::filesystem::exists(handler.uploads[0].file));  // it may still be read
        request.cancel();
        QTRY_COMPARE(handler.givenUp, 1);
        // An answer comes all the same, when the call and its reply have gone.
        server->reset();
        client::PolicyInstalled installed;
        installed.plugin.name = std::string(1'000, 'n');
        handler.heldInstalls[0](installed);
        handler.heldInstalls.clear();
        QTRY_VERIFY(std::filesystem::is_empty(uploads));
    }
    // The service gives up what it asked for.
    struct Held final : Request::State {
        Held(int& count, Callback<client::PolicyInstalled> done) : ended(count), answer(std::move(done)) {}
        ~Held() override { ++ended; }
        int& ended;
        Callback<client::PolicyInstalled> answer;
    };
    int begun = 0;
    int ended = 0;
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    host.allowed = {"ann create policyplugins"};
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, m_clock, {}, {},
                              {.folder = [&] { return uploads; },
                               .install =
                                   [&](PolicyUpload, Callback<client::PolicyInstalled> done) {
                                       ++begun;
                                       return Request(std::make_unique<Held>(ended, std::move(done)));
                                   }});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    Request request = client.installPolicy(file, true, [](auto) {});
    QTRY_COMPARE(begun, 1);
    QCOMPARE(ended, 0);
    request.cancel();
    QTRY_COMPARE(ended, 1);
    QTRY_VERIFY(std::filesystem::is_empty(uploads));
    feed.stop();
}

void RpcTest::refusesBadUploads_data() {
    QTest::addColumn<QStringList>("messages");  // "h SIZE SHA" or "c BYTES"
    QTest::addColumn<int>("code");
    const QString hashOfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    const int invalid = static_cast<int>(Code::InvalidArgument);
    QTest::newRow("good") << QStringList{"h 1 " + hashOfX, "c x"} << 0;
    QTest::newRow("nothing") << QStringList{} << invalid;
    QTest::newRow("no header") << QStringList{"c x"} << invalid;
    QTest::newRow("two headers") << QStringList{"h 1 " + hashOfX, "h 1 " + hashOfX} << invalid;
    QTest::newRow("too large") << QStringList{"h 99999999999 " + hashOfX} << invalid;
    QTest::newRow("more than announced") << QStringList{"h 1 " + hashOfX, "c xx"} << invalid;
    QTest::newRow("less than announced") << QStringList{"h 2 " + hashOfX, "c x"} << invalid;
    QTest::newRow("damaged") << QStringList{"h 1 " + hashOfX, "c y"} << static_cast<int>(Code::DataLoss);
}

void RpcTest::refusesBadUploads() {
    QFETCH(QStringList, messages);
    QFETCH(int, code);
    ManualHandler handler;
    QTemporaryDir folder;
    handler.folder = folder.path().toStdString();
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    grpc::SslCredentialsOptions tls{m_ca.certPem, m_ann.keyPem, m_ann.certPem};
    const auto stub = v1::Federation::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()), grpc::SslCredentials(tls)));
    std::atomic<int> answered{-1};
    std::jthread caller([&] {  // the handler needs this thread's event loop
        grpc::ClientContext context;
        v1::InstallPolicyResponse reply;
        const auto writer = stub->InstallPolicy(&context, &reply);
        for (const QString& text : messages) {
            const QStringList words = text.split(' ');
            v1::InstallPolicyRequest message;
            if (words[0] == "h") {
                message.mutable_header()->set_size(words[1].toULongLong());
                message.mutable_header()->set_sha256(words[2].toStdString());
            } else {
                message.set_chunk(words[1].toStdString());
            }
            if (!writer->Write(message))
                break;
        }
        writer->WritesDone();
        answered = static_cast<int>(writer->Finish().error_code());
    });
    QTRY_COMPARE(answered.load(), code);
    QCOMPARE(handler.uploads.size(), code == 0 ? std::size_t{1} : std::size_t{0});
    QTRY_VERIFY(std::filesystem::is_empty(handler.folder));
}

QTEST_GUILESS_MAIN(RpcTest)
#include "rpc_test.moc"
