// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <map>

#include <QtCore/QDir>
#include <QtTest/QTest>

#include "kubefed/client/recording.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_fleet_source.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/cluster_table_model.h"

using namespace kubefed;
using namespace kubefed::gui;
using client::Phase;

// The recording that is shipped, as the window plays it: tokyo freezes eight seconds in and heals at
// sixty-three.
class ReplayTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        const auto file =
            qEnvironmentVariable("KUBEFED_SOURCE_DIR") + "/examples/recordings/freeze-and-heal.kfr";
        auto source = client::ReplaySource::make(file.toStdString(), m_clock);
        QVERIFY2(source.has_value(), source ? "" : source.error().text().c_str());
        m_store = std::make_unique<FleetStore>(m_clock);
        m_source = std::move(*source);
        m_store->attach(*m_source);
        m_clock.advance(Duration{1'000});
    }

    void cleanup() {
        m_store->detach();
        m_source.reset();
        m_store.reset();
    }

    void showsTheFaultWhenItsTimeCame() {
        const ClusterTableModel clusters(*m_store);
        QCOMPARE(clusters.rowCount(), 3);
        QCOMPARE(m_store->fleet().objects().size(), std::size_t{8});
        QVERIFY(tokyo().phase == Phase::Ready);
        m_clock.advance(Duration{49'000});
        QVERIFY(tokyo().phase == Phase::Unreachable);
        QCOMPARE(clusters.index(0, ClusterTableModel::Name).data().toString(), QString("tokyo"));
        m_clock.advance(Duration{36'000});
        QVERIFY(tokyo().phase == Phase::Ready);
    }

    void goesBackAndForth() {
        const ClusterTableModel clusters(*m_store);
        for (int i = 0; i < 3; ++i) {
            m_source->seek(m_source->begin() + 50'000);
            m_clock.advance(Duration{200});
            QVERIFY(tokyo().phase == Phase::Unreachable);
            QVERIFY(clusters.index(0, 0).data(OldRole).toBool());
            m_source->seek(m_source->begin() + 2'000);
            m_clock.advance(Duration{200});
            QVERIFY(tokyo().phase == Phase::Ready);
            QVERIFY(!clusters.index(clusters.rowOf("tokyo"), 0).data(OldRole).toBool());
        }
    }

    void answersWhyAndWithWhat() {
        m_clock.advance(Duration{60'000});
        std::map<client::ObjectId, client::Explanation> told;
        std::vector<Request> requests;
        for (const auto& [number, object] : m_store->fleet().objects())
            requests.push_back(m_source->explain(object.id, [&told](Result<client::Explanation> answer) {
                if (answer)
                    told.emplace(answer->object, std::move(*answer));
            }));
        std::vector<client::PolicyPlugin> plugins;
        requests.push_back(m_source->listPolicies([&plugins](auto answer) {
            if (answer)
                plugins = std::move(*answer);
        }));
        m_clock.advance(Duration{1});
        QCOMPARE(told.size(), std::size_t{8});
        for (const auto& [id, explanation] : told)
            QCOMPARE(explanation.verdicts.size(), std::size_t{3});
        QVERIFY(plugins.size() >= 4);
    }

    // The recorder asks by itself, gently, and writes an answer only once.
    void recordsWhyWithoutBeingAsked() {
        const std::filesystem::path file = (QDir::currentPath() + "/asked.kfr").toStdString();
        FakeClock clock;
        auto made = std::make_unique<FakeFleetSource>(clock);
        FakeFleetSource& source = *made;
        source.policies = testing::storyPolicies();
        client::FleetChanges all = testing::storyFleet(source.now());
        for (const client::Object& object : all.objects)
            source.explanations.emplace(object.id, testing::storyExplanation(all, object.id, source.now()));
        const client::Object first = all.objects[0];
        auto recording = client::RecordingSource::make(std::move(made), file, clock);
        QVERIFY(recording.has_value());
        FleetStore store(clock);
        store.attach(**recording);
        source.tell(testing::syntheticInfo(), std::move(all));
        clock.advance(Duration{2'000});
        QVERIFY(source.asked <= 11);
        clock.advance(Duration{28'000});
        QCOMPARE(source.asked, 61);  // 60 objects and the policies
        const auto size = std::filesystem::file_size(file);
        source.sink()->changed({.objects = {first}});
        clock.advance(Duration{1'500});
        QCOMPARE(source.asked, 63);  // this one again, and the policies
        QVERIFY(std::filesystem::file_size(file) < size + 1'000);
        const std::string before = source.explanations.at(first.id).because;
        source.explanations.at(first.id).because = "it is new";
        source.policies.pop_back();
        source.sink()->changed({.objects = {first}});
        source.lose(client::ConnectionState::Disconnected, {.code = Code::Unavailable, .message = "so"});
        clock.advance(Duration{60'000});
        QCOMPARE(source.asked, 63);
        source.lose(client::ConnectionState::Live, {.code = Code::Ok});
        clock.advance(Duration{1'000});
        QCOMPARE(source.asked, 65);
        const client::TimeMs begin = source.now() - 92'500;
        store.detach();
        recording->reset();

        auto replay = client::ReplaySource::make(file, clock);
        QVERIFY(replay.has_value());
        const auto because = [&](client::TimeMs when) {
            (*replay)->seek(when);
            std::string told;
            const Request request =
                (*replay)->explain(first.id, [&told](const auto& answer) { told = answer->because; });
            clock.advance(Duration{0});
            return told;
        };
        const auto plugins = [&](client::TimeMs when) {
            (*replay)->seek(when);
            std::size_t told = 0;
            const Request request =
                (*replay)->listPolicies([&told](const auto& answer) { told = answer->size(); });
            clock.advance(Duration{0});
            return told;
        };
        QVERIFY(before.starts_with("spec.replicas changed from "));
        QCOMPARE(because(begin + 20'000), before);
        QCOMPARE(because((*replay)->end()), std::string("it is new"));
        QCOMPARE(plugins(begin + 20'000), std::size_t{5});
        QCOMPARE(plugins((*replay)->end()), std::size_t{4});
    }

    // However one comes to a moment after the controller was lost, all is as of when it last spoke.
    void isAsOldAfterASeekAsAfterPlaying() {
        const std::filesystem::path file = (QDir::currentPath() + "/lost.kfr").toStdString();
        FakeClock clock;
        auto made = std::make_unique<FakeFleetSource>(clock);
        FakeFleetSource& source = *made;
        auto recording = client::RecordingSource::make(std::move(made), file, clock);
        QVERIFY(recording.has_value());
        FleetStore live(clock);
        live.attach(**recording);
        source.tell(testing::syntheticInfo(), testing::storyFleet(source.now()));
        clock.advance(Duration{5'000});
        source.sink()->changed({.contacts = {{1, source.now(), 9, true}}});
        const client::TimeMs last = source.now();
        clock.advance(Duration{3'000});
        source.lose(client::ConnectionState::Disconnected, {.code = Code::Unavailable, .message = "so"});
        clock.advance(Duration{60'000});
        source.lose(client::ConnectionState::Connecting, {.code = Code::Ok});
        live.detach();
        recording->reset();

        const auto cells = [](const FleetStore& store) {
            const ClusterTableModel clusters(store);
            QStringList all;
            for (int row = 0; row < clusters.rowCount(); ++row)
                for (int at = 0; at < clusters.columnCount(); ++at)
                    all += clusters.index(row, at).data().toString();
            return all;
        };
        QStringList told;
        for (const bool isSought : {false, true}) {
            auto replay = client::ReplaySource::make(file, clock);
            QVERIFY(replay.has_value());
            FleetStore store(clock);
            store.attach(**replay);
            if (isSought)
                (*replay)->seek((*replay)->begin() + 50'000);
            else
                clock.advance(Duration{50'000});
            (*replay)->setSpeed(0);
            clock.advance(Duration{1'000});
            QVERIFY(store.isStale());
            QCOMPARE(store.lastData(), last);
            QCOMPARE(store.asOf(), last);
            if (isSought)
                QCOMPARE(cells(store), told);
            told = cells(store);
            store.detach();
        }
    }

    void standsStillWhenPaused() {
        m_source->setSpeed(0);
        m_clock.advance(Duration{1'000});
        const client::TimeMs place = m_source->now();
        m_clock.advance(Duration{60'000});
        QCOMPARE(m_source->now(), place);
        QVERIFY(tokyo().phase == Phase::Ready);
    }

private:
    const client::Cluster& tokyo() { return *m_store->fleet().cluster("tokyo"); }

    FakeClock m_clock;
    std::unique_ptr<FleetStore> m_store;
    std::unique_ptr<client::ReplaySource> m_source;
};

QTEST_GUILESS_MAIN(ReplayTest)
#include "replay_test.moc"
