// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <exception>

#include <CLI/CLI.hpp>
#include <QCoreApplication>

#include "controller/app/daemon.h"
#include "controller/app/signals.h"
#include "kubefed/util/log.h"

using namespace kubefed;

int main(int argc, char** argv) {
    try {
        CLI::App options("The controller of a kubefed federation, with its embedded API server");
        std::string data;
        std::vector<std::string> pluginDirs;
        bool withoutPolicies = false;
        options.add_option("--data", data, "Folder that kubefed init made")
            ->required()
            ->check(CLI::ExistingDirectory);
        options.add_option("--plugin-dir", pluginDirs,
                           "Folder with policy libraries; may be given several times");
        options.add_flag("--without-policies", withoutPolicies,
                         "Load no policies but those built in, whatever is installed");
        options.set_version_flag("--version", KUBEFED_VERSION);
        CLI11_PARSE(options, argc, argv);

        QCoreApplication app(argc, argv);
        const controller::Signals signals([](int) { QCoreApplication::quit(); });
        Result<controller::DaemonConfig> config = controller::readConfig(data);
        if (!config) {
            log::error("the controller cannot start", {{"why", config.error().text()}});
            return 1;
        }
        config->pluginDirs.insert(config->pluginDirs.end(), pluginDirs.begin(), pluginDirs.end());
        config->withoutPolicies = withoutPolicies;
        controller::Daemon daemon(std::move(*config), [](int code) { QCoreApplication::exit(code); });
        daemon.start();
        const int code = QCoreApplication::exec();
        if (!daemon.shutDown())
            std::_Exit(code);  // a plugin still runs: nothing may be taken from under it
        return code;
    } catch (const std::exception& error) {
        log::error("the controller ends on an exception", {{"why", error.what()}});
        return 1;
    }
}
