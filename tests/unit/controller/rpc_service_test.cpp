// SPDX-License-Identifier: Apache-2.0
// Who sees what of the fleet, and for how long: the service in virtual time, with streams that keep what they
// are told.
#include <QTest>

#include "controller/rpc/federation_service.h"

#include "rpc_fixture.h"
#include "simulation.h"

using namespace kubefed;
using namespace kubefed::controller;

namespace {

struct KeptStream final : FleetStream {
    void snapshot(const client::FleetInfo&, bool, FleetDeltaPtr whole,
                  std::shared_ptr<const Visibility> visibility) override {
        ++snapshots;
        sees = *visibility;
        objects = std::ranges::count_if(whole->objects,
                                        [this](const auto& object) { return sees.sees(object->id); });
    }
    void push(FleetDeltaPtr) override {}
    void heartbeat() override {}
    void end(const Error& error) override { ended = error; }
    [[nodiscard]] bool isEnded() const override { return ended.has_value(); }
    int snapshots = 0;
    Visibility sees;
    std::ptrdiff_t objects = 0;
    std::optional<Error> ended;
};

}  // namespace

class RpcServiceTest : public QObject {
    Q_OBJECT

private:
    struct World {
        World() {
            sim.controller = std::make_unique<Controller>(sim.host, sim.members, sim.planner, sim.clock,
                                                          ControllerConfig{"fed-1"});
            sim.controller->observe(feed);
            sim.controller->start([this] { feed.start(*sim.controller); });
            sim.run(Duration{1'000});
            service = std::make_unique<FederationService>(*sim.controller, feed, host, sim.clock,
                                                          client::FleetInfo{.federation = "prod"},
                                                          FederationService::Policies());
        }
        ~World() {
            service.reset();
            feed.stop();
            sim.controller.reset();
        }
        std::shared_ptr<KeptStream> watch(const std::string& who) {
            auto stream = std::make_shared<KeptStream>();
            host.tokens[who] = who;
            service->watch({.certificatePem = {}, .bearerToken = who}, {}, stream);
            sim.run(Duration{500});
            return stream;
        }

        Simulation sim{1};
        ReviewingHost host{sim.clock};
        FleetFeed feed{sim.clock, [this](const FleetDeltaPtr& delta) {
                           if (service)
                               service->deliver(delta);
                       }};
        std::unique_ptr<FederationService> service;
    };
    std::unique_ptr<World> w;

private Q_SLOTS:
    void init() { w = std::make_unique<World>(); }
    void cleanup() { w.reset(); }

    // Whoever may edit a namespace sees that it is empty.
    void anEmptyNamespaceIsSeen() {
        w->host.allowed = {"bob watch fleets shop", "bob list placements shop"};
        const auto bob = w->watch("bob");
        QVERIFY2(!bob->ended, bob->ended ? bob->ended->message.c_str() : "");
        QCOMPARE(bob->snapshots, 1);
        QVERIFY(bob->sees == Visibility{.namespaces = {"shop"}});
        QCOMPARE(bob->objects, 0);
        w->sim.putRc("web", 3);
        w->sim.run(Duration{60'000});
        w->sim.erase(Simulation::id("ReplicationController", "web"));
        w->sim.run(Duration{120'000});
        QVERIFY(w->feed.snapshot()->objects.empty());
        QVERIFY2(!bob->ended, bob->ended ? bob->ended->message.c_str() : "");
        QCOMPARE(bob->snapshots, 1);  // nothing of what may be seen has changed
        const auto mallory = w->watch("mallory");
        QVERIFY(mallory->ended && mallory->ended->code == Code::PermissionDenied);
    }

    void aNewNamespaceIsAskedFor() {
        w->host.allowed = {"bob watch fleets shop", "bob list placements shop", "bob watch fleets depot",
                           "bob list placements depot"};
        const auto bob = w->watch("bob");
        QCOMPARE(bob->snapshots, 1);
        const int reviews = w->host.reviews;
        w->sim.run(Duration{5'000});
        QCOMPARE(w->host.reviews, reviews);
        w->sim.put({"", "v1", "Namespace"}, "", "depot");
        w->sim.run(Duration{2'500});
        QCOMPARE(bob->snapshots, 2);
        QVERIFY(bob->sees == (Visibility{.namespaces = {"depot", "shop"}}));
        w->sim.host.erase({"", "v1", "namespaces"}, {{}, "depot"});
        w->sim.run(Duration{6'000});
        QCOMPARE(bob->snapshots, 3);
        QVERIFY(bob->sees == Visibility{.namespaces = {"shop"}});
    }

    void rightsThatComeAfterANamespaceAreSeenSoon() {
        w->host.allowed = {"bob watch fleets shop", "bob list placements shop"};
        const auto bob = w->watch("bob");
        w->sim.put({"", "v1", "Namespace"}, "", "depot");
        w->sim.run(Duration{3'000});
        QVERIFY(bob->sees == Visibility{.namespaces = {"shop"}});
        w->host.allowed.insert({"bob watch fleets depot", "bob list placements depot"});
        w->sim.run(Duration{10'000});
        QVERIFY(bob->sees == (Visibility{.namespaces = {"depot", "shop"}}));
        // One that stays somebody else's is looked for no longer than a minute.
        w->sim.put({"", "v1", "Namespace"}, "", "bank");
        w->sim.run(Duration{70'000});
        const int reviews = w->host.reviews;
        w->sim.run(Duration{100'000});
        QVERIFY2(w->host.reviews - reviews <= 2 * 10, std::to_string(w->host.reviews - reviews).c_str());
    }

    void namespacesThatComeAndGoCostLittle() {
        w->host.allowed = {"bob watch fleets shop", "bob list placements shop", "bob watch fleets depot",
                           "bob list placements depot"};
        const auto bob = w->watch("bob");
        for (int i = 0; i < 10; ++i) {
            w->sim.put({"", "v1", "Namespace"}, "", "depot");
            w->sim.run(Duration{1'500});
            w->sim.host.erase({"", "v1", "namespaces"}, {{}, "depot"});
            w->sim.run(Duration{1'500});
        }
        QVERIFY2(bob->snapshots <= 1 + 6, std::to_string(bob->snapshots).c_str());
        w->sim.run(Duration{6'000});
        QVERIFY(bob->sees == Visibility{.namespaces = {"shop"}});
    }

    // Who hears of no end (its word was lost in a full mailbox) sees it.
    void whatHasEndedTakesNoPlace() {
        w->host.allowed = {"bob watch fleets", "bob list placements"};
        const auto bob = w->watch("bob");
        QCOMPARE(w->service->subscribers(), std::size_t{1});
        bob->end({.code = Code::Cancelled});
        w->sim.run(Duration{1'500});
        QCOMPARE(w->service->subscribers(), std::size_t{0});
        QCOMPARE(bob.use_count(), 1L);
    }

    void noOneTakesAllPlaces() {
        w->host.allowed = {"bob watch fleets shop", "bob list placements shop", "ann watch fleets",
                           "ann list placements"};
        std::vector<std::shared_ptr<KeptStream>> streams;
        for (int i = 0; i < 16; ++i)
            streams.push_back(w->watch("bob"));
        QVERIFY(std::ranges::none_of(streams, &KeptStream::isEnded));
        const auto tooMany = w->watch("bob");
        QVERIFY(tooMany->ended && tooMany->ended->code == Code::ResourceExhausted);
        QVERIFY2(tooMany->ended->message.find("\"bob\"") != std::string::npos,
                 tooMany->ended->message.c_str());
        QVERIFY(!w->watch("ann")->ended);
        w->sim.run(Duration{120'000});  // rights are looked at again
        QVERIFY(std::ranges::none_of(streams, &KeptStream::isEnded));
        streams[3]->end({.code = Code::Cancelled});
        QVERIFY(!w->watch("bob")->ended);
    }
};

QTEST_GUILESS_MAIN(RpcServiceTest)
#include "rpc_service_test.moc"
