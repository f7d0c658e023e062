// SPDX-License-Identifier: Apache-2.0
//
// The window's session on a FakeFleetSource, with a store that a FakeClock drives, and a recording whose
// place a test sets. GUI thread.
#pragma once

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_fleet_source.h"

#include "gui/view/session.h"

namespace kubefed {

class FakeReplay final : public gui::ReplayControl {
public:
    [[nodiscard]] client::TimeMs begin() const override { return 1'000'000; }
    [[nodiscard]] client::TimeMs end() const override { return 1'184'000; }
    [[nodiscard]] bool isCutOff() const override { return isCut; }
    [[nodiscard]] client::TimeMs now() const override { return place; }
    void seek(client::TimeMs time) override { place = time; }
    [[nodiscard]] double speed() const override { return factor; }
    void setSpeed(double speed) override { factor = speed; }

    client::TimeMs place = 1'062'000;
    double factor = 1;
    bool isCut = false;
};

class FakeSession final : public gui::Session {
public:
    FakeSession() : source(clock), fleet(clock) {
        clock.advance(Duration{1'000});
        fleet.attach(source);
    }

    [[nodiscard]] gui::FleetStore& store() override { return fleet; }
    [[nodiscard]] QString context() const override {
        return recording != nullptr ? QString() : QString("prod");
    }
    [[nodiscard]] QString title() const override { return recording != nullptr ? "freeze-and-heal" : "prod"; }
    [[nodiscard]] QString federation() const override { return context(); }
    [[nodiscard]] QString caller() const override { return who; }
    [[nodiscard]] QStringList contexts() const override { return {"prod", "staging"}; }
    void choose(const QString& context) override { chosen = context; }
    void reconnect() override { ++reconnections; }
    [[nodiscard]] gui::ReplayControl* replay() override { return recording; }
    [[nodiscard]] Problem problem() const override { return trouble; }

    void tell(client::FleetChanges all) {
        source.tell(info, std::move(all));
        clock.advance(Duration{100});
    }
    void lose(client::ConnectionState state, Error error) {
        source.lose(state, std::move(error));
        clock.advance(Duration{100});
    }

    FakeClock clock;
    FakeFleetSource source;
    gui::FleetStore fleet;
    client::FleetInfo info{.federation = "prod"};
    gui::ReplayControl* recording = nullptr;
    Problem trouble = Problem::None;
    QString chosen, who;
    int reconnections = 0;
};

}  // namespace kubefed
