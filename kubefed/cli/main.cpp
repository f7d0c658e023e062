// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include <QCoreApplication>

#include "kubefed/cli/commands.h"
#include "kubefed/cli/system.h"
#include "kubefed/util/qt_clock.h"

#include <unistd.h>

namespace {

int run(int argc, char** argv) {
    using namespace kubefed;
    QCoreApplication application(argc, argv);
    QtClock clock;
    cli::TlsConnector connector(clock);
    cli::SystemProcesses processes;
    cli::Report report(std::cerr, ::isatty(STDERR_FILENO) == 1, clock);
    cli::Environment environment{.clock = clock,
                                 .connector = connector,
                                 .processes = processes,
                                 .report = report,
                                 .out = std::cout,
                                 .in = std::cin,
                                 .interactive = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1,
                                 .dataHome = cli::dataHome(),
                                 .programs = QCoreApplication::applicationDirPath().toStdString(),
                                 .contextVariable = cli::variable("KUBEFED_CONTEXT")};
    auto parsed = cli::parseCommandLine({argv + 1, argv + argc}, environment);
    if (const int* exitCode = std::get_if<int>(&parsed))
        return *exitCode;
    const auto verb = std::move(std::get<std::unique_ptr<cli::Verb>>(parsed));
    const cli::Interrupts interrupts([&verb] { verb->interrupt(); });
    const Request begin = clock.after(Duration(0), [&verb] { verb->start(QCoreApplication::exit); });
    return QCoreApplication::exec();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& failure) {
        std::cerr << kubefed::cli::errorText(
            {.id = "KF1009",
             .message = "kubefed has failed where it should not",
             .evidence = std::string(failure.what()),
             .remedy = "try it again with -v; if it fails there too, report the evidence and what -v shows",
             .changed = "what was changed until then is not known"},
            false);
        return kubefed::cli::kFailed;
    }
}
