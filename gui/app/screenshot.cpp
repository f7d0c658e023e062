// SPDX-License-Identifier: Apache-2.0
#include "gui/app/screenshot.h"

#include <QtCore/QCoreApplication>
#include <QtGui/QPixmap>
#include <QtWidgets/QWidget>

namespace kubefed::gui {

namespace {

constexpr Duration kLatest{15'000};
constexpr Duration kSettled{500};  // answers to what the first picture asked for

}  // namespace

Screenshot::Screenshot(QWidget& window, const FleetStore& store, Clock& clock, QString file)
    : m_window(window), m_clock(clock), m_file(std::move(file)) {
    m_latest = m_clock.after(kLatest, [this] { take(1); });
    QObject::connect(&store, &FleetStore::published, &window, [this, &store] {
        if (store.hasSnapshot() && !m_soon.isActive())
            m_soon = m_clock.after(kSettled, [this] { take(0); });
    });
}

void Screenshot::take(int exitCode) {
    QCoreApplication::exit(m_window.grab().save(m_file) ? exitCode : 1);
}

}  // namespace kubefed::gui
