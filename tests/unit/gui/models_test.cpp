// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_fleet_source.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/activity_model.h"
#include "gui/model/cluster_table_model.h"
#include "gui/model/detail_tables.h"
#include "gui/model/explanation_model.h"
#include "gui/model/placement_matrix_model.h"
#include "gui/model/policy_table_model.h"

using namespace kubefed;
using namespace kubefed::gui;
using client::Phase;
using Mode = QAbstractItemModelTester::FailureReportingMode;

namespace {

QStringList column(const QAbstractItemModel& model, int column) {
    QStringList texts;
    for (int row = 0; row < model.rowCount(); ++row)
        texts += model.index(row, column).data().toString();
    return texts;
}

}  // namespace

class ModelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_clock = std::make_unique<FakeClock>();
        m_source = std::make_unique<FakeFleetSource>(*m_clock);
        m_store = std::make_unique<FleetStore>(*m_clock);
        m_store->attach(*m_source);
        m_source->tell(testing::syntheticInfo(), testing::storyFleet(m_source->now()));
        settle();
    }

    void troubleComesFirst() {
        const ClusterTableModel clusters(*m_store);
        const QStringList names = column(clusters, ClusterTableModel::Name);
        QCOMPARE(names.mid(0, 3), QStringList({"oregon", "tokyo", "stockholm"}));
        QCOMPARE(names.size(), 14);
        QCOMPARE(column(clusters, ClusterTableModel::Synced).front().left(2), QString("?/"));
        QCOMPARE(column(clusters, ClusterTableModel::Seen).front(), QString("65 s"));
        const ObjectTableModel objects(*m_store);
        QCOMPARE(column(objects, ObjectTableModel::Status).mid(0, 3),
                 QStringList({"Failing", "Failing", "Unknown"}));
    }

    void sortingByAFigureKeepsTheUnknownLast() {
        ClusterTableModel clusters(*m_store);
        for (const auto order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
            clusters.sort(ClusterTableModel::Latency, order);
            QStringList unknown = column(clusters, ClusterTableModel::Name).last(2);
            unknown.sort();
            QCOMPARE(unknown, QStringList({"oregon", "stockholm"}));
        }
        clusters.sort(ClusterTableModel::Name);
        QVERIFY(std::ranges::is_sorted(column(clusters, ClusterTableModel::Name)));
    }

    void onlyTheCellsThatDifferAreTold() {
        const ClusterTableModel clusters(*m_store);
        QSignalSpy changed(&clusters, &QAbstractItemModel::dataChanged);
        QSignalSpy layout(&clusters, &QAbstractItemModel::layoutChanged);
        m_source->sink()->changed({.contacts = {{5, m_source->now() + 100, 333, true}}});
        settle();
        const int row = clusters.rowOf("dublin");
        QCOMPARE(changed.size(), 2);  // this row, and later the ages of all
        const auto first = changed.front().at(0).toModelIndex();
        const auto last = changed.front().at(1).toModelIndex();
        QCOMPARE(first.row(), row);
        QCOMPARE(last.row(), row);
        QVERIFY(first.column() >= ClusterTableModel::Seen);
        QCOMPARE(last.column(), static_cast<int>(ClusterTableModel::Latency));
        QCOMPARE(layout.size(), 0);
        changed.clear();
        m_source->sink()->changed({.clusters = {*m_store->fleet().cluster(5)}});
        m_clock->advance(Duration{150});
        QCOMPARE(changed.size(), 0);  // the same again is nothing
    }

    void rowsGreyThirteenSecondsAfterTheLastContact() {
        const ClusterTableModel clusters(*m_store);
        client::Cluster dublin = *m_store->fleet().cluster(5);
        dublin.lastContact = m_source->now();
        m_source->sink()->changed({.clusters = {dublin}});
        m_clock->advance(Duration{12'900});
        const auto level = [&] {
            return clusters.index(clusters.rowOf("dublin"), 0).data(LevelRole).toInt();
        };
        const auto isOld = [&] { return clusters.index(clusters.rowOf("dublin"), 0).data(OldRole).toBool(); };
        QCOMPARE(level(), static_cast<int>(Level::Good));
        QVERIFY(!isOld());
        m_clock->advance(Duration{1'200});
        QVERIFY(isOld());
        QCOMPARE(level(), static_cast<int>(Level::Unknown));
        m_source->sink()->changed({.contacts = {{5, m_source->now(), 9, true}}});
        m_clock->advance(Duration{200});
        QVERIFY(!isOld());  // back by itself
        // One that is probed less often is given its own time.
        dublin = *m_store->fleet().cluster(5);
        dublin.oldAfter = 65'000;
        m_source->sink()->changed({.clusters = {dublin}});
        m_clock->advance(Duration{64'000});
        QVERIFY(!isOld());
        QCOMPARE(level(), static_cast<int>(Level::Good));
        m_clock->advance(Duration{2'000});
        QVERIFY(isOld());
    }

    void objectsAreAtMostUnknownWhileAClusterOfTheirsIsSilent() {
        ObjectTableModel objects(*m_store);
        ObjectTableModel placed(*m_store);
        PlacementMatrixModel matrix(*m_store);
        const client::ClusterNumber dublin = m_store->fleet().cluster("dublin")->number;
        placed.restrictTo(dublin);
        QVERIFY(placed.rowCount() > 0);
        const auto goodThere = [&](const OrderedTable& model) {
            int good = 0;
            for (int row = 0; row < model.rowCount(); ++row) {
                const QModelIndex at = model.index(row, 0);
                const auto* object =
                    m_store->fleet().object(static_cast<ObjectNumber>(at.data(HandleRole).toULongLong()));
                const int level = &model == &matrix ? matrix.headerData(row, Qt::Vertical, LevelRole).toInt()
                                                    : at.data(LevelRole).toInt();
                good +=
                    Fleet::shareIn(*object, dublin) != nullptr && level < static_cast<int>(Level::Unknown);
            }
            return good;
        };
        const int before = goodThere(objects);
        QVERIFY(before > 0);
        QCOMPARE(goodThere(placed), before);
        QCOMPARE(goodThere(matrix), before);
        // All but dublin are heard of; nothing else is told.
        for (int second = 0; second < 15; ++second) {
            for (const auto& [number, cluster] : m_store->fleet().clusters())
                if (number != dublin)
                    m_source->sink()->changed({.contacts = {{number, m_source->now(), 9, true}}});
            m_clock->advance(Duration{1'000});
        }
        for (const OrderedTable* model : std::vector<const OrderedTable*>{&objects, &placed, &matrix})
            QCOMPARE(goodThere(*model), 0);
        QVERIFY(column(objects, ObjectTableModel::Status).contains("Healthy"));  // elsewhere
        QVERIFY(!column(placed, ObjectTableModel::Status).contains("Healthy"));
        QCOMPARE(placed.index(placed.rowCount() - 1, ObjectTableModel::Status).data().toString(),
                 QString("Unknown"));
        QVERIFY(std::ranges::any_of(column(placed, ObjectTableModel::Reason), [](const QString& reason) {
            return reason.startsWith("was Healthy; nothing is heard of 1 of ");
        }));
        m_source->sink()->changed({.contacts = {{dublin, m_source->now(), 9, true}}});
        m_clock->advance(Duration{200});
        QCOMPARE(goodThere(objects), before);  // back by itself
        QCOMPARE(goodThere(matrix), before);
    }

    void figuresOfClustersThatDoNotAnswerAreNotKnown() {
        const ObjectTableModel objects(*m_store);
        const PlacementMatrixModel matrix(*m_store);
        ShareTableModel shares(*m_store);
        const QAbstractItemModelTester tester(&shares, Mode::Fatal);
        const client::Cluster& oregon = *m_store->fleet().cluster("oregon");
        int there = 0;
        for (const auto& [number, object] : m_store->fleet().objects()) {
            const client::Share* share = Fleet::shareIn(object, oregon.number);
            if (share == nullptr || share->desired.value_or(0) == 0)
                continue;
            ++there;
            QVERIFY(share->ready.has_value());  // the controller tells the last it knew
            const QString unknown = "?/" + QString::number(*share->desired);
            const int row = objects.rowOf(keyOf(object.id));
            QCOMPARE(objects.index(row, ObjectTableModel::Ready).data().toString(),
                     "?/" + QString::number(*object.wanted));
            QVERIFY(objects.index(row, ObjectTableModel::Ready).data(RatioRole).toDouble() < 0);
            QCOMPARE(matrix.index(matrix.rowOf(keyOf(object.id)), 0).data().toString(), unknown);
            shares.restrictTo(number);
            QCOMPARE(shares.index(shares.rowOf("oregon"), ShareTableModel::Ready).data().toString(), unknown);
        }
        QVERIFY(there > 0);
    }

    void everythingGreysWhenTheControllerIsLost() {
        const ClusterTableModel clusters(*m_store);
        const ObjectTableModel objects(*m_store);
        m_source->lose(client::ConnectionState::Disconnected, {.code = Code::Unavailable, .message = "gone"});
        m_clock->advance(Duration{200});
        for (int row = 0; row < clusters.rowCount(); ++row)
            QVERIFY(clusters.index(row, 0).data(OldRole).toBool());
        QVERIFY(objects.index(0, 0).data(OldRole).toBool());
        m_source->tell(testing::syntheticInfo(), testing::storyFleet(m_source->now()));
        m_clock->advance(Duration{200});
        QVERIFY(!objects.index(0, 0).data(OldRole).toBool());
    }

    void nothingMovesWhileHeld() {
        ClusterTableModel clusters(*m_store);
        const QAbstractItemModelTester tester(&clusters, Mode::Fatal);
        const QPersistentModelIndex chosen(clusters.index(clusters.rowOf("seoul"), 0));
        const QStringList before = column(clusters, 0);
        clusters.setHeld(true);
        client::Cluster seoul = *m_store->fleet().cluster("seoul");
        seoul.phase = Phase::Unreachable;
        client::Cluster added = seoul;
        added.number = 99;
        added.name = "atlantis";
        m_source->sink()->changed(
            {.clusters = {seoul, added}, .removedClusters = {m_store->fleet().cluster("oregon")->number}});
        settle();
        QCOMPARE(column(clusters, 0).mid(0, before.size()), before);
        QCOMPARE(column(clusters, 0).back(), QString("atlantis"));
        QVERIFY(clusters.index(clusters.rowOf("oregon"), 0).data(GoneRole).toBool());
        QCOMPARE(clusters.index(clusters.rowOf("seoul"), ClusterTableModel::Status).data().toString(),
                 QString("Unreachable"));  // values change in place
        clusters.setHeld(false);
        QCOMPARE(column(clusters, 0).mid(0, 2), QStringList({"atlantis", "seoul"}));
        QCOMPARE(clusters.rowOf("oregon"), -1);
        QCOMPARE(chosen.data().toString(), QString("seoul"));  // what was chosen stays chosen
        QCOMPARE(chosen.row(), 1);
    }

    void aHoldEndsHalfAMinuteAfterTheLastMove() {
        ClusterTableModel clusters(*m_store);
        PlacementMatrixModel matrix(*m_store);
        const QAbstractItemModelTester tester(&clusters, Mode::Fatal);
        const QSignalSpy ended(&clusters, &OrderedTable::holdEnded);
        const QStringList before = column(clusters, 0);
        const client::ClusterNumber first = matrix.clusterAt(0);
        clusters.setHeld(true);
        matrix.setColumnsHeld(true);
        client::Cluster seoul = *m_store->fleet().cluster("seoul");
        seoul.phase = Phase::Unreachable;
        const client::ClusterNumber gone = m_store->fleet().cluster("oregon")->number;
        m_clock->advance(Duration{20'000});
        m_source->sink()->changed({.clusters = {seoul}, .removedClusters = {gone}});
        clusters.setHeld(true);
        m_clock->advance(Duration{29'000});
        QCOMPARE(column(clusters, 0), before);
        QVERIFY(matrix.clusterAt(0) != first);  // nothing moved over it since
        m_clock->advance(Duration{2'000});
        QCOMPARE(ended.size(), 1);
        QCOMPARE(column(clusters, 0).front(), QString("seoul"));
        QCOMPARE(clusters.rowOf("oregon"), -1);
        QVERIFY(!clusters.isHeld());
        // With the next move it begins again.
        clusters.setHeld(true);
        seoul.phase = Phase::Ready;
        seoul.lastContact = m_source->now();
        m_source->sink()->changed({.clusters = {seoul}});
        settle();
        QCOMPARE(column(clusters, 0).front(), QString("seoul"));
    }

    void filterNarrowsAndWidens() {
        ClusterTableModel clusters(*m_store);
        const QAbstractItemModelTester tester(&clusters, Mode::Fatal);
        clusters.setFilter("region=jp");
        QCOMPARE(column(clusters, 0), QStringList({"tokyo", "osaka"}));
        clusters.setFilter("region=jp ready");
        QCOMPARE(column(clusters, 0), QStringList({"osaka"}));
        clusters.setFilter("no such thing");
        QCOMPARE(clusters.rowCount(), 0);
        QCOMPARE(clusters.total(), 14);
        clusters.setFilter("");
        QCOMPARE(column(clusters, 0).front(), QString("oregon"));
        QCOMPARE(clusters.rowCount(), 14);
    }

    void objectsAreFoundByCluster() {
        ObjectTableModel objects(*m_store);
        objects.setFilter("cluster=oregon");
        const int there = objects.rowCount();
        QVERIFY(there > 0 && there < objects.total());
        objects.setFilter("");
        objects.restrictTo(m_store->fleet().cluster("oregon")->number);
        QCOMPARE(objects.rowCount(), there);
        objects.restrictTo(0);
        QCOMPARE(objects.rowCount(), 60);
    }

    void matrixShowsSharesOfObjectsInClusters() {
        PlacementMatrixModel matrix(*m_store);
        QCOMPARE(matrix.columnCount(), 14);
        QCOMPARE(matrix.headerData(0, Qt::Horizontal, Qt::DisplayRole).toString(), QString("oregon"));
        int shares = 0;
        for (int row = 0; row < matrix.rowCount(); ++row)
            for (int at = 0; at < matrix.columnCount(); ++at)
                shares += matrix.index(row, at).data().isValid() ? 1 : 0;
        std::size_t expected = 0;
        for (const auto& [number, object] : m_store->fleet().objects())
            expected += object.shares.size();
        QCOMPARE(static_cast<std::size_t>(shares), expected);
        const client::Object* worst = m_store->fleet().object(matrix.objectAt(0));
        QVERIFY(worst->health == client::ObjectHealth::Failing);
    }

    void matrixColumnsFollowTheClusters() {
        PlacementMatrixModel matrix(*m_store);
        const QAbstractItemModelTester tester(&matrix, Mode::Fatal);
        const QPersistentModelIndex cell(matrix.index(0, 5));
        const client::ClusterNumber number = matrix.clusterAt(5);
        client::Cluster cluster = *m_store->fleet().cluster(number);
        cluster.phase = Phase::Unreachable;
        matrix.setColumnsHeld(true);
        m_source->sink()->changed({.clusters = {cluster}, .removedClusters = {matrix.clusterAt(13)}});
        settle();
        QCOMPARE(matrix.columnCount(), 13);
        QCOMPARE(matrix.clusterAt(5), number);
        matrix.setColumnsHeld(false);
        QVERIFY(matrix.clusterAt(0) == number || matrix.clusterAt(1) == number);
        QCOMPARE(matrix.clusterAt(cell.column()), number);
    }

    void eventsAreNewestFirst() {
        ActivityModel events(*m_store);
        QCOMPARE(events.rowCount(), 10);
        QCOMPARE(events.index(0, ActivityModel::Reason).data().toString(), QString("Joining"));
        events.restrictTo(m_store->fleet().cluster("oregon")->number);
        QCOMPARE(column(events, ActivityModel::Reason), QStringList({"Unreachable"}));
        events.restrictTo(0);
        events.setFilter("kind=error");
        QCOMPARE(events.rowCount(), 4);
        events.setFilter("unreachable");  // an event has no state: what happened is found
        QCOMPARE(column(events, ActivityModel::Reason), QStringList({"Unreachable"}));
    }

    void explanationNamesEveryClusterAndEveryWord() {
        const client::FleetChanges fleet = testing::storyFleet(m_source->now());
        ExplanationModel model;
        const QAbstractItemModelTester tester(&model, Mode::Fatal);
        model.show(testing::storyExplanation(fleet, fleet.objects[3].id, m_source->now()));
        QCOMPARE(model.rowCount(), 13);
        QStringList heads;
        for (int at = 0; at < model.columnCount(); ++at)
            heads += model.headerData(at, Qt::Horizontal, Qt::DisplayRole).toString();
        QCOMPARE(heads, QStringList({"Cluster", "Decision", "Replicas", "Score", "affinity", "taints",
                                     "nearest", "spread", "weighted", "Reason"}));
        QCOMPARE(model.index(0, ExplanationModel::Decision).data().toString(), QString("Chosen"));
        QCOMPARE(model.index(12, 4).data().toString(), QString("✕ out"));
        // The controller tells 0 for who gets none; nothing is there that could be ready.
        QCOMPARE(model.verdictAt(12)->replicas, std::optional<std::int64_t>(0));
        QCOMPARE(model.index(12, ExplanationModel::Replicas).data().toString(), QString("–"));
        model.show(testing::storyExplanation(fleet, fleet.objects[4].id, m_source->now()));
        QCOMPARE(model.rowCount(), 14);  // it follows others, wherever they are now
    }

    void anExplanationToldAgainChangesOnlyWhatDiffers() {
        const client::FleetChanges fleet = testing::storyFleet(m_source->now());
        client::Explanation told = testing::storyExplanation(fleet, fleet.objects[3].id, m_source->now());
        ExplanationModel model;
        const QAbstractItemModelTester tester(&model, Mode::Fatal);
        model.show(told);
        QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        model.show(told);
        QCOMPARE(changed.size(), 0);
        told.verdicts[5].text = "another reason";
        model.show(told);
        QCOMPARE(changed.size(), 1);
        // A cluster that left while the pointer is over the table: its row stays, but nothing is said of it.
        model.setHeld(true);
        const QString gone = model.index(12, 0).data().toString();
        told.verdicts.pop_back();
        model.show(told);
        QCOMPARE(model.index(12, 0).data().toString(), gone);
        QVERIFY(model.verdictAt(12) == nullptr);
        QVERIFY(model.verdictAt(11) != nullptr);
        model.setHeld(false);
        QCOMPARE(model.rowCount(), 12);
        QCOMPARE(reset.size(), 0);
        model.setTime(m_source->now(), true);
        QCOMPARE(model.index(0, 0).data(OldRole).toInt(), 2);
    }

    void policiesThatComplainComeFirst() {
        PolicyTableModel model;
        const QAbstractItemModelTester tester(&model, Mode::Fatal);
        model.show(testing::storyPolicies());
        QCOMPARE(model.index(0, 0).data().toString(), QString("nearest"));
        std::vector<client::PolicyPlugin> fewer = testing::storyPolicies();
        fewer.pop_back();
        model.show(std::move(fewer));
        QCOMPARE(model.rowCount(), 4);
        QCOMPARE(model.pluginAt(0)->name, std::string("affinity"));
    }

    // Every model stays a sound model whatever arrives, held or not, filtered or not.
    void survivesAnyStream_data() {
        QTest::addColumn<unsigned>("seed");
        for (const unsigned seed : {1U, 2U, 3U, 4U})
            QTest::addRow("seed %u", seed) << seed;
    }
    void survivesAnyStream() {
        QFETCH(const unsigned, seed);
        ClusterTableModel clusters(*m_store);
        ObjectTableModel objects(*m_store);
        PlacementMatrixModel matrix(*m_store);
        ActivityModel events(*m_store);
        ShareTableModel shares(*m_store);
        WordTableModel words;
        const std::vector<OrderedTable*> models{&clusters, &objects, &matrix, &events, &shares, &words};
        std::vector<std::unique_ptr<QAbstractItemModelTester>> testers;
        for (OrderedTable* model : models)
            testers.push_back(std::make_unique<QAbstractItemModelTester>(model, Mode::Fatal));
        std::mt19937 random(seed);
        const auto any = [&](std::size_t size) { return static_cast<std::size_t>(random() % size); };
        const client::FleetChanges pool =
            testing::syntheticFleet({.clusters = 12, .objects = 30, .now = m_source->now()});
        const client::FleetChanges story = testing::storyFleet(m_source->now());
        const std::vector<client::Verdict> verdicts =
            testing::storyExplanation(story, story.objects[3].id, m_source->now()).verdicts;
        std::uint64_t number = 100;
        for (int step = 0; step < 120; ++step) {
            client::FleetChanges changes;
            for (int i = 0; i < 3; ++i) {
                client::Cluster cluster = pool.clusters[any(12)];
                cluster.phase = static_cast<Phase>(any(7));
                (any(3) == 0 ? changes.removedClusters.push_back(cluster.number)
                             : changes.clusters.push_back(std::move(cluster)));
                client::Object object = pool.objects[any(30)];
                object.health = static_cast<client::ObjectHealth>(any(7));
                (any(3) == 0 ? changes.removedObjects.push_back(object.id)
                             : changes.objects.push_back(std::move(object)));
            }
            changes.activities.push_back({.number = ++number, .time = m_source->now(), .reason = "step"});
            if (any(15) == 0)
                m_source->tell(testing::syntheticInfo(), testing::storyFleet(m_source->now()));
            else
                m_source->sink()->changed(std::move(changes));
            if (any(4) == 0) {
                const bool isHeld = any(2) == 0;
                clusters.setHeld(isHeld);
                objects.setHeld(isHeld);
                shares.setHeld(isHeld);
                words.setHeld(isHeld);
                matrix.setColumnsHeld(isHeld);
            }
            if (any(5) == 0)
                shares.restrictTo(static_cast<ObjectNumber>(any(40)));
            if (any(5) == 0)
                words.show(verdicts[any(verdicts.size())].words);
            if (any(6) == 0)
                objects.setFilter(any(2) == 0 ? "" : "frontend");
            m_clock->advance(Duration{static_cast<int>(any(900))});
        }
        for (OrderedTable* model : models) {
            model->setHeld(false);
            model->setFilter("");
        }
        m_clock->advance(Duration{1'000});
        QCOMPARE(static_cast<std::size_t>(clusters.rowCount()), m_store->fleet().clusters().size());
        QCOMPARE(static_cast<std::size_t>(objects.rowCount()), m_store->fleet().objects().size());
        QCOMPARE(static_cast<std::size_t>(matrix.columnCount()), m_store->fleet().clusters().size());
        const auto levels = [](const OrderedTable& model) {
            std::vector<int> values;
            for (int row = 0; row < model.rowCount(); ++row)
                values.push_back(-model.index(row, 0).data(LevelRole).toInt());
            return values;
        };
        QVERIFY(std::ranges::is_sorted(levels(clusters)));
        QVERIFY(std::ranges::is_sorted(levels(objects)));
    }

private:
    void settle() { m_clock->advance(Duration{1'000}); }

    std::unique_ptr<FakeClock> m_clock;
    std::unique_ptr<FakeFleetSource> m_source;
    std::unique_ptr<FleetStore> m_store;
};

QTEST_GUILESS_MAIN(ModelsTest)
#include "models_test.moc"
