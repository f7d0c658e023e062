// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "controller/rpc/explain_values.h"
#include "controller/rpc/fleet_feed.h"
#include "controller/rpc/fleet_values.h"

#include "rpc_fixture.h"
#include "simulation.h"

using namespace kubefed;
using namespace kubefed::controller;

namespace {

// A simulated federation, observed; what the feed tells is folded as a client does it.
struct Observed {
    explicit Observed(unsigned seed, int members = 3) : sim(seed, members) {}
    ~Observed() {
        feed->stop();
        sim.controller.reset();
    }

    void start() {
        feed = std::make_unique<FleetFeed>(sim.clock, [this](const FleetDeltaPtr& delta) {
            told.push_back(sim.clock.now());
            QCOMPARE(delta->bytes, estimateBytes(*delta));  // streams bound what waits by it
            QVERIFY(delta->bytes > 0);
            fold.apply(plain(*delta));
        });
        sim.controller = std::make_unique<Controller>(sim.host, sim.members, sim.planner, sim.clock,
                                                      ControllerConfig{"fed-1"});
        sim.controller->observe(*feed);
        sim.controller->start([this] {
            feed->start(*sim.controller);
            fold.reset({}, plain(*feed->snapshot()));
        });
    }
    void restart() {
        feed->stop();
        sim.controller.reset();
        start();
    }
    static client::FleetChanges plain(const FleetDelta& delta) {
        client::FleetChanges changes;
        for (const auto& cluster : delta.clusters)
            changes.clusters.push_back(*cluster);
        for (const auto& object : delta.objects)
            changes.objects.push_back(*object);
        changes.removedClusters = delta.removedClusters;
        changes.contacts = delta.contacts;
        changes.removedObjects = delta.removedObjects;
        changes.activities = delta.activities;
        changes.totals = delta.totals;
        return changes;
    }
    Result<client::Explanation> explain(const client::ObjectId& id) {
        Result<client::Explanation> answer = fail(Code::DeadlineExceeded, "no answer");
        const Request request =
            sim.controller->explain(*toTemplateId(id), [&](const Result<Explained>& explained) {
                answer = explained ? Result<client::Explanation>(toClient(*sim.controller, id, *explained))
                                   : fail(explained.error());
            });
        sim.run(Duration{10});
        return answer;
    }
    // Everything that was told, put together, is the snapshot.
    [[nodiscard]] bool agrees() const {
        client::FleetFold now;
        now.reset({}, plain(*feed->snapshot()));
        return now.clusters() == fold.clusters() && now.objects() == fold.objects() &&
               now.activities() == fold.activities() && now.totals() == fold.totals();
    }
    [[nodiscard]] const client::Cluster& cluster(const std::string& name) const {
        for (const auto& [number, cluster] : fold.clusters())
            if (cluster.name == name)
                return cluster;
        qFatal("there is no cluster %s", name.c_str());
    }
    [[nodiscard]] const client::Object& rc(const std::string& name) const {
        return fold.objects().at({"", "v1", "ReplicationController", "shop", name});
    }
    [[nodiscard]] int activities(const std::string& reason) const {
        return static_cast<int>(std::ranges::count(fold.activities(), reason, &client::Activity::reason));
    }

    Simulation sim;
    std::vector<SteadyTime> told;
    client::FleetFold fold;
    std::unique_ptr<FleetFeed> feed;
};

}  // namespace

class FeedTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void beginsWithoutNews();
    void tellsWhatChanges();
    void tellsTenTimesASecondAtMost();
    void followsAMemberThroughFailure();
    void tellsWhenAMemberIsOverdue();
    void saysWhereItIsPlacedInShort();
    void saysWhereMeasuringEnds();
    void numbersAreNeverReused();
    void foldsToTheSnapshot_data();
    void foldsToTheSnapshot();
    void explainsWhatWasDecided();
    void explainsFromPresentInputsAfterARestart();
    void explainsFromPresentInputsAfterAReload();
};

void FeedTest::beginsWithoutNews() {
    Observed all(1);
    all.sim.putRc("web", 6);
    all.start();
    all.sim.run(Duration{30'000});
    all.restart();
    all.sim.run(Duration{200});
    QCOMPARE(all.fold.clusters().size(), std::size_t{3});
    QCOMPARE(all.activities("Placed"), 0);  // it was placed before this controller
    QVERIFY(all.agrees());
    QVERIFY(all.rc("web").since > 0);
    QCOMPARE(all.rc("web").wanted, std::optional<std::int64_t>(6));
}

void FeedTest::tellsWhatChanges() {
    Observed all(2);
    all.start();
    all.sim.run(Duration{15'000});
    all.sim.putRc("web", 6);
    all.sim.run(Duration{15'000});
    QCOMPARE(all.rc("web").shares.size(), std::size_t{3});
    QCOMPARE(all.rc("web").policy, std::string("default"));
    QVERIFY(all.activities("Placed") > 0);
    QVERIFY(all.cluster("m1").latencies.size() >= 2);
    QVERIFY(all.cluster("m1").lastContact > 0);
    QVERIFY(all.agrees());

    all.sim.policies.broken = true;
    all.sim.putRc("web", 9);
    all.sim.run(Duration{15'000});
    QVERIFY(all.rc("web").health == client::ObjectHealth::Unscheduled);
    QCOMPARE(all.rc("web").reason, std::string("PolicyError"));
    QCOMPARE(all.activities("PolicyError"), 1);
    QCOMPARE(all.rc("web").shares.size(), std::size_t{3});  // what is placed stays

    all.sim.erase(Simulation::id("ReplicationController", "web"));
    all.sim.run(Duration{15'000});
    QVERIFY(all.fold.objects().empty());
    QVERIFY(all.agrees());
}

void FeedTest::tellsTenTimesASecondAtMost() {
    Observed all(3);
    all.start();
    all.sim.run(Duration{15'000});
    all.told.clear();
    for (int i = 0; i < 200; ++i) {
        all.sim.putRc("web-" + std::to_string(i), 3);
        all.sim.run(Duration{10});
    }
    QVERIFY(all.told.size() > 5);
    for (std::size_t i = 1; i < all.told.size(); ++i)
        QVERIFY(all.told[i] - all.told[i - 1] >= Duration{100});
}

void FeedTest::followsAMemberThroughFailure() {
    Observed all(4);
    all.start();
    all.sim.putRc("web", 6);
    all.sim.run(Duration{30'000});
    QVERIFY(all.cluster("m2").phase == client::Phase::Ready);
    all.sim.member("m2").down = true;
    all.sim.run(Duration{60'000});
    const client::Cluster& down = all.cluster("m2");
    QVERIFY(down.phase == client::Phase::Unreachable);
    QVERIFY(!down.message.empty());
    QCOMPARE(down.latencies.back(), -1);
    QVERIFY(down.timeline.back().phase == client::Phase::Unreachable);
    const auto transition = [&] {
        return toTimeMs(all.sim.controller->membership().find("m2")->health.since);
    };
    QCOMPARE(down.phaseSince, transition());  // when it happened, not when it was told
    QCOMPARE(down.timeline.back().time, down.phaseSince);
    QCOMPARE(all.activities("Unreachable"), 1);
    QVERIFY(all.fold.activities().back().number > all.fold.activities().front().number);
    QVERIFY(all.rc("web").health == client::ObjectHealth::Unknown);
    all.sim.member("m2").down = false;
    all.sim.run(Duration{60'000});
    QVERIFY(all.cluster("m2").phase == client::Phase::Ready);
    QCOMPARE(all.cluster("m2").phaseSince, transition());
    QVERIFY(all.cluster("m2").timeline.size() >= 3);
    QVERIFY(all.agrees());
}

void FeedTest::tellsWhenAMemberIsOverdue() {
    Observed all(9);
    all.sim.setHealthCheck("m2", "timeoutSeconds", 5);
    all.start();
    all.sim.run(Duration{1'000});
    QCOMPARE(all.cluster("m1").oldAfter, client::TimeMs{13'000});
    QCOMPARE(all.cluster("m2").oldAfter, client::TimeMs{15'000});
    all.sim.setHealthCheck("m2", "periodSeconds", 60);
    all.sim.run(Duration{200});
    QCOMPARE(all.cluster("m2").oldAfter, client::TimeMs{65'000});
    QVERIFY(all.agrees());
}

void FeedTest::saysWhereItIsPlacedInShort() {
    Observed all(6, 6);
    all.start();
    all.sim.putRc("web", 30);
    all.sim.run(Duration{30'000});
    const auto said = [&](const char* text) {
        return std::ranges::any_of(all.fold.activities(), [&](const client::Activity& activity) {
            return activity.reason == "Placed" && activity.message.ends_with(text);
        });
    };
    QVERIFY(said(" and 2 more"));
    QVERIFY(!said(" and 1 more"));
    // It goes from one that does not answer yet, and so is still there: that one does not get it.
    all.sim.member("m6").frozen = true;
    all.sim.label("m6", "evict", true);
    all.sim.run(Duration{5'000});
    QCOMPARE(all.rc("web").shares.size(), std::size_t{6});
    QCOMPARE(all.rc("web").shares.back().state, std::string("Removing"));
    QVERIFY(said(" and 1 more"));
}

void FeedTest::saysWhereMeasuringEnds() {
    Observed all(7, 1);
    all.start();
    all.sim.putRc("web", 3);
    all.sim.run(Duration{15'000});
    const client::Totals soon = all.fold.totals();
    QVERIFY(soon.propagationBound > 0 && soon.propagationP99 && *soon.propagationP99 < soon.propagationBound);
    all.sim.member("m1").throttling = 1;
    all.sim.putRc("web", 4);
    all.sim.run(Duration{400'000});
    all.sim.member("m1").throttling = 0;
    all.sim.run(Duration{200'000});
    QCOMPARE(all.fold.totals().propagationP99.value_or(0), soon.propagationBound);
}

void FeedTest::numbersAreNeverReused() {
    Observed all(5);
    all.start();
    all.sim.run(Duration{15'000});
    const client::ClusterNumber before = all.cluster("m3").number;
    all.sim.host.erase(fed::memberClusters(), {{}, "m3"});
    all.sim.run(Duration{60'000});
    QCOMPARE(all.fold.clusters().size(), std::size_t{2});
    QCOMPARE(all.activities("Left"), 1);
    all.sim.join("m3");
    all.sim.run(Duration{30'000});
    QVERIFY(all.cluster("m3").number > before);
    QVERIFY(all.agrees());
}

void FeedTest::foldsToTheSnapshot_data() {
    QTest::addColumn<unsigned>("seed");
    for (unsigned seed = 10; seed < 20; ++seed)
        QTest::addRow("seed %u", seed) << seed;
}

void FeedTest::foldsToTheSnapshot() {
    QFETCH(unsigned, seed);
    Observed all(seed, 4);
    all.start();
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        const std::string web = "web-" + std::to_string(random() % 8);
        const std::string member = "m" + std::to_string(random() % 4 + 1);
        switch (random() % 5) {
            case 0:
                all.sim.erase(Simulation::id("ReplicationController", web));
                break;
            case 1:
                all.sim.member(member).down = !all.sim.member(member).down;
                break;
            default:
                all.sim.putRc(web, static_cast<std::int64_t>(random() % 10));
        }
        all.sim.run(Duration{random() % 7'000});
        all.sim.run(Duration{200});  // what is noted is told by then
        QVERIFY(all.agrees());
    }
}

void FeedTest::explainsWhatWasDecided() {
    Observed all(6);
    all.start();
    all.sim.run(Duration{15'000});
    all.sim.putRc("web", 6);
    all.sim.run(Duration{15'000});
    const client::ObjectId id{"", "v1", "ReplicationController", "shop", "web"};
    all.sim.member("m2").down = true;  // the decision knew nothing of it
    all.sim.run(Duration{60'000});
    const auto told = all.explain(id);
    QVERIFY2(told.has_value(), told ? "" : told.error().message.c_str());
    QVERIFY(!told->fromPresentInputs);
    QCOMPARE(told->wanted, std::int64_t{6});
    QCOMPARE(told->verdicts.size(), std::size_t{3});
    for (const client::Verdict& verdict : told->verdicts) {
        QVERIFY(verdict.chosen);
        QCOMPARE(verdict.replicas, std::optional<std::int64_t>(2));
        QCOMPARE(verdict.words.size(), std::size_t{2});  // filter and divide of "even"
    }
    QVERIFY(told->decided > 0);
    QVERIFY(!told->because.empty());
    QVERIFY(all.explain({"", "v1", "ReplicationController", "shop", "none"}).error().code == Code::NotFound);
}

void FeedTest::explainsFromPresentInputsAfterARestart() {
    Observed all(7);
    all.start();
    all.sim.putRc("web", 6);
    all.sim.run(Duration{30'000});
    all.restart();
    all.sim.run(Duration{15'000});
    const client::ObjectId id{"", "v1", "ReplicationController", "shop", "web"};
    const auto told = all.explain(id);
    QVERIFY(told.has_value());
    QVERIFY(told->fromPresentInputs);
    QCOMPARE(told->verdicts.size(), std::size_t{3});
    // A new decision is remembered again.
    all.sim.putRc("web", 9);
    all.sim.run(Duration{15'000});
    QVERIFY(!all.explain(id)->fromPresentInputs);
}

void FeedTest::explainsFromPresentInputsAfterAReload() {
    Observed all(8);
    all.start();
    all.sim.putRc("web", 6);
    all.sim.run(Duration{30'000});
    const client::ObjectId id{"", "v1", "ReplicationController", "shop", "web"};
    const auto isOfNow = [&] { return all.explain(id).value().fromPresentInputs; };
    QVERIFY(!isOfNow());
    // A newer version that would decide the same: its words are not those that were said then.
    all.sim.policies.version = "2";
    QVERIFY(isOfNow());
    all.sim.policies.version = "1";
    QVERIFY(!isOfNow());
    // One that does not say that it is another, but decides otherwise.
    all.sim.policies.fillsTheFirst = true;
    QVERIFY(isOfNow());
    // What it decides itself it explains, too.
    all.sim.putRc("web", 9);
    all.sim.run(Duration{15'000});
    QVERIFY(!isOfNow());
    all.sim.policies.fillsTheFirst = false;
    QVERIFY(isOfNow());
}

QTEST_GUILESS_MAIN(FeedTest)
#include "feed_test.moc"
