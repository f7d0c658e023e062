// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "kubefed/client/recording.h"
#include "tests/fakes/fake_clock.h"

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
