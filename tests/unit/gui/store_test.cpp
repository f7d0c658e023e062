// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include "kubefed/client/fleet_fold.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_fleet_source.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/fleet_store.h"
#include "gui/model/state.h"
#include "gui/model/summary.h"

using namespace kubefed;
using namespace kubefed::gui;
using client::ConnectionState;

class StoreTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_clock = std::make_unique<FakeClock>();
        m_clock->advance(Duration{1'000});
        m_source = std::make_unique<FakeFleetSource>(*m_clock);
        m_store = std::make_unique<FleetStore>(*m_clock);
        m_store->attach(*m_source);
    }

    void publishesASnapshotWithoutWaiting() {
        QSignalSpy published(m_store.get(), &FleetStore::published);
        m_source->tell(testing::syntheticInfo(), testing::storyFleet(m_source->now()));
        QCOMPARE(published.size(), 0);  // never from inside the call
        m_clock->advance(Duration{0});
        QCOMPARE(published.size(), 1);
        QVERIFY(m_store->hasSnapshot());
        QVERIFY(!m_store->isStale());
        QCOMPARE(m_store->fleet().clusters().size(), std::size_t{14});
        QCOMPARE(m_store->fleet().info().federation, std::string("prod"));
    }

    void publishesAtMostTenTimesASecond() {
        tellStory();
        QSignalSpy published(m_store.get(), &FleetStore::published);
        std::size_t clusters = 0;
        connect(m_store.get(), &FleetStore::published, this,
                [&](const FleetDelta& delta) { clusters += delta.clusters.size(); });
        for (int i = 0; i < 1'000; ++i) {
            client::Cluster cluster = *m_store->fleet().cluster(1);
            cluster.message = std::to_string(i);
            m_source->sink()->changed({.clusters = {cluster}});
            m_clock->advance(Duration{1});
        }
        m_clock->advance(Duration{100});
        QVERIFY2(published.size() >= 9 && published.size() <= 11,
                 qPrintable(QString::number(published.size())));
        QCOMPARE(clusters, static_cast<std::size_t>(published.size()));  // each named once
        QCOMPARE(m_store->fleet().cluster(1)->message, std::string("999"));
    }

    void agesGoOnWithoutAnyData() {
        tellStory();
        QSignalSpy published(m_store.get(), &FleetStore::published);
        const client::TimeMs before = m_store->now();
        m_clock->advance(Duration{5'000});
        QCOMPARE(published.size(), 5);
        QVERIFY(m_store->now() >= before + 4'000);
    }

    void signsOfLifeKeepItYoung() {
        tellStory();
        for (int i = 0; i < 30; ++i) {
            m_clock->advance(Duration{1'000});
            m_source->beat();
        }
        QCOMPARE(m_store->lastData(), m_source->now());
        m_clock->advance(Duration{2'000});
        QVERIFY(m_store->now() - m_store->lastData() <= 2'000);
        m_source->lose(ConnectionState::Stalled, {.code = Code::Ok});
        m_clock->advance(Duration{1'000});
        QCOMPARE(m_store->asOf(), m_store->lastData());
        QVERIFY(m_store->now() - m_store->lastData() >= 2'900);
    }

    void keepsWhatItHasWhenTheControllerIsLost() {
        tellStory();
        m_source->lose(ConnectionState::Disconnected,
                       {.code = Code::Unavailable, .message = "connection refused"});
        m_clock->advance(Duration{200});
        QVERIFY(m_store->isStale());
        QCOMPARE(m_store->error().message, std::string("connection refused"));
        QCOMPARE(m_store->fleet().clusters().size(), std::size_t{14});
        // A controller that was started anew may number its clusters otherwise; objects keep our numbers.
        client::FleetChanges again = testing::storyFleet(m_source->now());
        const client::ObjectId kept = again.objects[7].id;
        const ObjectNumber number = m_store->fleet().numberOf(kept);
        std::ranges::reverse(again.objects);
        m_source->tell(testing::syntheticInfo(), std::move(again));
        m_clock->advance(Duration{200});
        QVERIFY(!m_store->isStale());
        QCOMPARE(m_store->fleet().numberOf(kept), number);
    }

    void takesContactsIntoTheCluster() {
        tellStory();
        const std::size_t probes = m_store->fleet().cluster(2)->latencies.size();
        m_source->sink()->changed({.contacts = {{2, m_source->now(), 77, true}, {999, 1, 1, true}}});
        m_clock->advance(Duration{200});
        const client::Cluster& cluster = *m_store->fleet().cluster(2);
        QCOMPARE(cluster.latencies.size(), probes + 1);
        QCOMPARE(cluster.latencies.back(), 77);
        QCOMPARE(cluster.latency.value_or(0), std::int64_t{77});
        for (int i = 0; i < 200; ++i)
            m_source->sink()->changed({.contacts = {{2, m_source->now(), -1, true}}});
        m_clock->advance(Duration{200});
        QCOMPARE(cluster.latencies.size(), client::kMaxLatencies);
        QCOMPARE(cluster.latency.value_or(0), std::int64_t{77});  // a failed probe has none
    }

    // What a recording puts together, and what the window does, is the same fleet, whatever comes.
    void foldsAsRecordingsDo() {
        const client::FleetChanges story = testing::storyFleet(m_source->now());
        client::FleetFold fold;
        Fleet fleet;
        fold.reset(testing::syntheticInfo(), story);
        fleet.reset(testing::syntheticInfo(), story);
        std::mt19937 random(4711);
        const auto any = [&random](std::size_t limit) { return random() % limit; };
        std::uint64_t told = 0;
        for (int i = 0; i < 300; ++i) {
            client::FleetChanges changes;
            for (std::size_t j = any(4); j > 0; --j) {
                const client::Cluster& cluster = story.clusters[any(story.clusters.size())];
                const client::Object& object = story.objects[any(story.objects.size())];
                if (any(2) == 0)
                    changes.clusters.push_back(cluster);
                if (any(3) == 0)
                    changes.removedClusters.push_back(cluster.number);
                if (any(2) == 0)  // the controller's clock may go back
                    changes.contacts.push_back(
                        {cluster.number, m_source->now() - 500 + static_cast<client::TimeMs>(any(1'000)),
                         static_cast<std::int32_t>(any(9)) - 1, any(2) == 0});
                if (any(2) == 0)
                    changes.objects.push_back(object);
                if (any(3) == 0)
                    changes.removedObjects.push_back(object.id);
                if (any(2) == 0)
                    changes.activities.push_back({.number = 1'000 + (told += any(2))});
                if (any(4) == 0)
                    changes.totals = client::Totals{.queued = i};
            }
            FleetDelta delta;
            fold.apply(changes);
            fleet.apply(std::move(changes), delta);
            QVERIFY(fleet.clusters() == fold.clusters());
            QVERIFY(fleet.activities() == fold.activities());
            QVERIFY(fleet.totals() == fold.totals());
            QCOMPARE(fleet.objects().size(), fold.objects().size());
            for (const auto& [id, object] : fold.objects())
                QVERIFY(*fleet.object(fleet.numberOf(id)) == object);
        }
    }

    void boundsActivitiesAndSkipsRepeatedOnes() {
        tellStory();
        client::FleetChanges many;
        for (std::uint64_t i = 5; i < 3'000; ++i)
            many.activities.push_back({.number = i, .time = 1, .reason = "again"});
        m_source->sink()->changed(std::move(many));
        m_clock->advance(Duration{200});
        QCOMPARE(m_store->fleet().activities().size(), client::kMaxActivities);
        QCOMPARE(m_store->fleet().activities().back().number, std::uint64_t{2'999});
        QVERIFY(std::ranges::is_sorted(m_store->fleet().activities(), {}, &client::Activity::number));
    }

    void detachForgetsEverything() {
        tellStory();
        m_store->detach();
        QVERIFY(!m_store->hasSnapshot());
        QCOMPARE(m_store->fleet().objects().size(), std::size_t{0});
        QCOMPARE(m_clock->pendingTimers(), std::size_t{0});
    }

    void summaryNamesTheWorstWithCauseAndAge() {
        tellStory();
        const Summary summary = summarize(m_store->fleet(), m_store->now());
        QCOMPARE(summary.clusters, 14);
        QCOMPARE(summary.clusterTally.front().name, QString("Unreachable"));
        QCOMPARE(summary.clusterTally.front().count, 1);
        QCOMPARE(summary.clusterTally.back().name, QString("Ready"));
        QCOMPARE(summary.worst.size(), Summary::kWorst);
        QCOMPARE(summary.worst.front().subject, QString("oregon"));
        QVERIFY(summary.worst.front().cause.contains("no answer within 3 s"));
        QCOMPARE(ageText(m_store->now() - summary.worst.front().since), QString("31 s"));
        QVERIFY(summary.worst[1].object != 0);
    }

    // Green only where nothing in it is worse, and all that is counted is found.
    void whatIsLeftIsAsUrgentAsTheWorstOfIt() {
        const std::vector<Tally> tallies{{"Unreachable", Level::Bad, 1},  {"Degraded", Level::Warn, 2},
                                         {"Unauthorized", Level::Bad, 1}, {"Silent", Level::Unknown, 3},
                                         {"Joining", Level::Busy, 4},     {"Ready", Level::Good, 90}};
        const std::vector<TallyLine> lines = linesOf(tallies, 4);
        QCOMPARE(lines.size(), std::size_t{4});
        QCOMPARE(lines[0].filter, QString("status=unreachable"));
        QCOMPARE(lines[3].tally.name, QString("others"));
        QCOMPARE(lines[3].tally.count, 97);
        QVERIFY(lines[3].tally.level == Level::Unknown);
        QCOMPARE(lines[3].filter, QString("status=silent,joining,ready"));
        QCOMPARE(linesOf({tallies.begin() + 2, tallies.end()}, 4).back().tally.name, QString("Ready"));
    }

    void readyClustersThatWereNotHeardOfAreSilent() {
        tellStory();
        m_clock->advance(Duration{30'000});
        const Summary summary = summarize(m_store->fleet(), m_store->now());
        for (const Tally& tally : summary.clusterTally)
            QVERIFY2(tally.level != Level::Good && tally.name != "Ready", "nothing old is green");
        QCOMPARE(summary.clusterTally[2].name, QString("Silent"));
        QCOMPARE(summary.clusterTally[2].count, 11);
        const State dublin =
            stateOf(*m_store->fleet().cluster("dublin"), m_store->now(), m_store->fleet().info());
        QCOMPARE(dublin.reason, QString("was Ready when it was last heard of"));
        QCOMPARE(dublin.since, m_store->fleet().cluster("dublin")->lastContact);
        for (const Tally& tally : summary.objectTally)
            QVERIFY2(tally.level != Level::Good && tally.name != "Healthy", "nor what is there");
    }

private:
    void tellStory() {
        m_source->tell(testing::syntheticInfo(), testing::storyFleet(m_source->now()));
        m_clock->advance(Duration{10});
    }

    std::unique_ptr<FakeClock> m_clock;
    std::unique_ptr<FakeFleetSource> m_source;
    std::unique_ptr<FleetStore> m_store;
};

QTEST_GUILESS_MAIN(StoreTest)
#include "store_test.moc"
