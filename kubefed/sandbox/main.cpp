// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include <QtCore/QCoreApplication>

#include "kubefed/sandbox/program.h"
#include "kubefed/util/qt_clock.h"

int main(int argc, char** argv) {
    try {
        QCoreApplication application(argc, argv);
        kubefed::QtClock clock;
        kubefed::sandbox::Program program(clock);
        program.takeSignals();
        return program.run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "kubefed-sandbox: " << error.what() << '\n';
        return 1;
    }
}
