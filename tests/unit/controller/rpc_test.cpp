// SPDX-License-Identifier: Apache-2.0

#include <memory>
#include <optional>

#include <QTemporaryDir>
#include <QTest>

#include "kubefed/util/file.h"
#include "kubefed/v1/federation.grpc.pb.h"

#include "rpc_fixture.h"
#include "rpc_world.h"
#include "simulation.h"
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

using namespace kubefed;
using namespace kubefed::controller;
using namespace kubefed::controller::testing;
using client::ConnectionState;

class RpcTest : public QObject, private RpcWorld {
    Q_OBJECT

    // A server of which the test answers what is asked, and a client of ann's that watches it.
    struct Watch {
        ManualHandler handler;
        std::unique_ptr<RpcServer> server;
        SeenFleet seen;
        std::optional<client::FederationClient> client;
    };
    // nullptr, and a word about it, where no server can be made.
    std::unique_ptr<Watch> begin(client::WatchScope scope = client::WatchScope::Everything) {
        auto watch = std::make_unique<Watch>();
        auto server = RpcServer::make(config(), watch->handler, &now);
        if (!server) {
            qWarning("%s", server.error().message.c_str());
            return nullptr;
        }
        watch->server = std::move(*server);
        watch->client.emplace(endpoint(watch->server->port(), m_ann), m_clock, scope);
        watch->client->start(watch->seen);
        return watch;
    }

private Q_SLOTS:
    void initTestCase() { makeKeys(); }
    void sendsSnapshotsInParts();
    void endsPartsByTheirSize();
    void showsWhatMayBeSeen();
    void resyncsASlowReader();
    void resyncsASlowReaderOfLargeValues();
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
};

void RpcTest::sendsSnapshotsInParts() {
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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
    const Request request = watch->client->listPolicies([&](auto result) { plugins = std::move(result); });
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
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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

// As when objects fail in a thousand clusters: few values, and much memory.
void RpcTest::resyncsASlowReaderOfLargeValues() {
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
    QTRY_COMPARE(handler.streams.size(), std::size_t{1});
    const FleetStreamPtr stream = handler.streams[0];
    stream->snapshot({}, false, makeFleet(3, 10), all());
    QTRY_COMPARE(seen.resets, 1);
    const auto large = makeObject("shop", "web", 1'000, std::string(200, 'x'));
    const auto makeDelta = [&] {
        auto delta = std::make_shared<FleetDelta>();
        delta->objects.assign(12, large);
        delta->bytes = estimateBytes(*delta);
        return delta;
    };
    QVERIFY(makeDelta()->bytes > std::size_t{4} << 20U);
    constexpr int kFar = 100;  // 400 MB, were the objects not all the same one
    std::weak_ptr<const FleetDelta> newest;
    for (int i = 0; i < kFar; ++i) {
        auto delta = makeDelta();
        newest = delta;
        stream->push(std::move(delta));
    }
    QVERIFY(newest.expired());
    QTRY_COMPARE_WITH_TIMEOUT(handler.resyncs, 1, 30'000);
    // Read in time, more than may wait passes.
    stream->snapshot({}, true, makeFleet(3, 10), all());
    QTRY_COMPARE(seen.resets, 2);
    for (int i = 0; i < 20; ++i) {
        const int before = seen.deltas;
        stream->push(makeDelta());
        QTRY_VERIFY(seen.deltas >= before + 3);  // in parts of a megabyte
    }
    QCOMPARE(handler.resyncs, 1);
    // So does one that is larger alone: it would bring a snapshot each time.
    auto larger = std::make_shared<FleetDelta>();
    larger->objects.assign(250, large);
    larger->objects.push_back(makeObject("shop", "last"));
    larger->bytes = estimateBytes(*larger);
    QVERIFY(larger->bytes > std::size_t{64} << 20U);
    stream->push(larger);
    QTRY_VERIFY_WITH_TIMEOUT(seen.fold.objects().contains(larger->objects.back()->id), 30'000);
    QCOMPARE(handler.resyncs, 1);
}

void RpcTest::keepsASnapshotForASlowReader() {
    const auto watch = begin();
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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
    const auto watch = begin(client::WatchScope::Clusters);
    QVERIFY(watch != nullptr);
    ManualHandler& handler = watch->handler;
    SeenFleet& seen = watch->seen;
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

QTEST_GUILESS_MAIN(RpcTest)
#include "rpc_test.moc"
