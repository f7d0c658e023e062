// SPDX-License-Identifier: Apache-2.0
//
// The one place on the GUI thread that knows the fleet. It takes what a FleetSource tells, keeps it until it
// is due, and publishes at most ten times a second, ages included, so that no stream can make the window
// paint more often. Keeps what it has when the connection is lost: `isStale` says that it is old. Made and
// destroyed on the GUI thread; outlives the source that it is attached to.
#pragma once

#include <vector>

#include <QtCore/QObject>

#include "kubefed/client/fleet_source.h"
#include "kubefed/util/clock.h"

#include "gui/model/fleet.h"

namespace kubefed::gui {

class FleetStore final : public QObject, public client::FleetSink {
    Q_OBJECT

public:
    static constexpr Duration kShortest{100};  // between two publications
    static constexpr Duration kTick{1000};     // ages go on

    explicit FleetStore(Clock& clock);

    // Starts the source. Once for each source; detach() before the next one.
    void attach(client::FleetSource& source);
    // Forgets everything.
    void detach();

    [[nodiscard]] const Fleet& fleet() const { return m_fleet; }
    [[nodiscard]] client::FleetSource* source() const { return m_source; }
    [[nodiscard]] client::ConnectionState state() const { return m_state; }
    [[nodiscard]] const Error& error() const { return m_error; }
    [[nodiscard]] bool hasSnapshot() const { return m_hasSnapshot; }
    [[nodiscard]] bool isStale() const { return m_state != client::ConnectionState::Live; }
    // The controller's time as of the last publication, so that all of a picture has one age.
    [[nodiscard]] client::TimeMs now() const { return m_now; }
    // What is judged by its age is judged at this time: a lost controller makes no cluster look silent.
    [[nodiscard]] client::TimeMs asOf() const { return isStale() && m_lastData != 0 ? m_lastData : m_now; }
    // As of when what is shown is known, by the controller's clock: signs of life count; 0: never.
    [[nodiscard]] client::TimeMs lastData() const { return m_lastData; }

    void stateChanged(client::ConnectionState state, const Error& error) override;
    void reset(const client::FleetInfo& info, client::FleetChanges all) override;
    void changed(client::FleetChanges changes) override;
    void heard(client::TimeMs time) override;

Q_SIGNALS:
    // Also without any change, once a second: ages have gone on.
    void published(const kubefed::gui::FleetDelta& delta);
    // Before the `published` of the same moment.
    void connectionChanged();

private:
    void schedule();
    void publish();
    void tick();

    Clock& m_clock;
    client::FleetSource* m_source = nullptr;
    client::ConnectionState m_state = client::ConnectionState::Connecting;
    Error m_error{.code = Code::Ok};
    Fleet m_fleet;
    client::TimeMs m_now = 0;
    client::TimeMs m_lastData = 0;
    bool m_hasSnapshot = false;

    struct Snapshot {
        client::FleetInfo info;
        client::FleetChanges all;
    };
    std::optional<Snapshot> m_snapshot;           // waits to be published
    std::vector<client::FleetChanges> m_changes;  // after it
    bool m_connectionChanged = false;
    SteadyTime m_lastPublished{};
    Request m_publish;
    Request m_tick;
};

}  // namespace kubefed::gui
