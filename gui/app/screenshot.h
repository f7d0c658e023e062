// SPDX-License-Identifier: Apache-2.0
//
// Writes one picture of a window as soon as the fleet is there and painted, or after 15 s as it then is, and
// ends the program: 0 with a fleet, 1 without. GUI thread.
#pragma once

#include <QtCore/QString>

#include "gui/model/fleet_store.h"

class QWidget;

namespace kubefed::gui {

class Screenshot {
public:
    Screenshot(QWidget& window, const FleetStore& store, Clock& clock, QString file);

private:
    void take(int exitCode);

    QWidget& m_window;
    Clock& m_clock;
    QString m_file;
    Request m_latest;
    Request m_soon;
};

}  // namespace kubefed::gui
