// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>
#include <optional>

#include <QtCore/QSettings>
#include <QtWidgets/QApplication>

#include "kubefed/util/qt_clock.h"

#include "gui/app/app_session.h"
#include "gui/app/screenshot.h"
#include "gui/view/main_window.h"

namespace {

int run(int argc, char** argv) {
    using namespace kubefed;
    const auto parsed = gui::parseOptions(argc, argv);
    if (const int* exitCode = std::get_if<int>(&parsed))
        return *exitCode;
    const auto& options = std::get<gui::Options>(parsed);
    QApplication application(argc, argv);
    QApplication::setApplicationName("kubefed-gui");
    QApplication::setDesktopFileName("kubefed-gui");
    QApplication::setStyle("Fusion");
    QSettings settings("kubefed", "gui");
    QtClock clock;
    gui::AppSession session(options, settings, clock);
    if (const auto opened = session.open(); !opened) {
        std::cerr << "kubefed-gui: " << opened.error().text() << '\n';
        return 1;
    }
    gui::MainWindow window(session, settings);
    window.apply(options.page, options.colours);
    window.show();
    std::optional<gui::Screenshot> screenshot;
    if (!options.screenshot.empty())
        screenshot.emplace(window, session.store(), clock, QString::fromStdString(options.screenshot));
    return QApplication::exec();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& failure) {
        std::cerr << "kubefed-gui: " << failure.what() << '\n';
        return 1;
    }
}
