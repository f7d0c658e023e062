// SPDX-License-Identifier: Apache-2.0
#include "gui/app/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace kubefed::gui {

std::variant<int, Options> parseOptions(int argc, char** argv) {
    Options options;
    CLI::App app("Watch a federation: what is wrong, where, and why", "kubefed-gui");
    app.set_version_flag("--version", KUBEFED_VERSION);
    app.add_option("--kubeconfig", options.kubeconfig, "Use this kubeconfig alone");
    app.add_option("--context", options.context,
                   "Context of the federation (default: that of last time, or the first)")
        ->envname("KUBEFED_CONTEXT");
    auto* record =
        app.add_option("--record", options.record, "Write all that comes into FILE")->type_name("FILE");
    app.add_option("--replay", options.replay, "Play FILE instead of connecting")
        ->type_name("FILE")
        ->check(CLI::ExistingFile)
        ->excludes(record);
    app.add_option("--screenshot", options.screenshot,
                   "Write a picture (PNG) once the fleet is there, then end")
        ->type_name("FILE");
    app.add_option("--page", options.page, "Open on this page")
        ->check(CLI::IsMember({"fleet", "workloads", "matrix", "policies", "events"}));
    app.add_option("--colours", options.colours, "Colours")
        ->check(CLI::IsMember({"system", "light", "dark"}));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    return options;
}

}  // namespace kubefed::gui
