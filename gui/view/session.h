// SPDX-License-Identifier: Apache-2.0
//
// What the window needs of whoever made it: the fleet, which federation it is, and what can be done about the
// connection. Owned by the composition root; outlives the window. GUI thread.
#pragma once

#include <QtCore/QString>
#include <QtCore/QStringList>

#include "gui/model/commands.h"
#include "gui/model/fleet_store.h"

namespace kubefed::gui {

// A recording that is being played.
class ReplayControl {
public:
    ReplayControl() = default;
    ReplayControl(const ReplayControl&) = delete;
    ReplayControl& operator=(const ReplayControl&) = delete;
    virtual ~ReplayControl() = default;

    [[nodiscard]] virtual client::TimeMs begin() const = 0;
    [[nodiscard]] virtual client::TimeMs end() const = 0;
    [[nodiscard]] virtual bool isCutOff() const = 0;  // what came after end() is missing
    [[nodiscard]] virtual client::TimeMs now() const = 0;
    virtual void seek(client::TimeMs time) = 0;
    [[nodiscard]] virtual double speed() const = 0;
    virtual void setSpeed(double factor) = 0;
};

class Session {
public:
    // Why there is nothing to connect to.
    enum class Problem { None, NoFederation, BadConfiguration, BadRecording };

    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    [[nodiscard]] virtual FleetStore& store() = 0;
    [[nodiscard]] virtual QString context() const = 0;               // a recording's: empty
    [[nodiscard]] virtual QString title() const = 0;                 // the context, or the recording's file
    [[nodiscard]] virtual QString federation() const { return {}; }  // its own name; empty: not known
    // As the federation calls whoever asks, by the credentials or by what the controller said; empty: not
    // known.
    [[nodiscard]] virtual QString caller() const { return {}; }
    [[nodiscard]] Commands commands() const { return Commands(context(), federation(), caller()); }
    [[nodiscard]] virtual QStringList contexts() const = 0;
    virtual void choose(const QString& context) = 0;
    virtual void reconnect() = 0;
    [[nodiscard]] virtual ReplayControl* replay() = 0;  // nullptr: live
    [[nodiscard]] virtual Problem problem() const { return Problem::None; }
    [[nodiscard]] virtual QString problemText() const { return {}; }
};

}  // namespace kubefed::gui
