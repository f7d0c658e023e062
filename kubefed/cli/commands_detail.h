// SPDX-License-Identifier: Apache-2.0
//
// What the files that define the command line share. Internal to commands*.cpp; lives while it is parsed.
#pragma once

#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

// What the chosen subcommand's callback leaves behind.
struct Choice {
    std::function<std::unique_ptr<Verb>(Environment&)> make;
    bool verbose = false;
};

// Options live as long as the parser that writes into them.
template <class Options>
std::shared_ptr<Options> withCommon(CLI::App& app, bool federation = true) {
    auto options = std::make_shared<Options>();
    app.add_option("--kubeconfig", options->common.kubeconfig, "The kubeconfig file instead of $KUBECONFIG")
        ->type_name("FILE");
    if (federation)
        app.add_option("--context,--host-cluster-context", options->common.context,
                       "The federation's context; else $KUBEFED_CONTEXT, else the only one known")
            ->type_name("CONTEXT");
    app.add_flag("-v,--verbose", options->common.verbose, "Show each request");
    return options;
}

template <class V, class Options>
void choose(CLI::App& app, Choice& choice, std::shared_ptr<Options> options) {
    app.callback([&choice, options] {
        choice.verbose = options->common.verbose;
        choice.make = [options](Environment& environment) {
            return std::make_unique<V>(environment, *options);
        };
    });
}

// Of those that may find nothing to do.
inline CLI::Option* addErrorUnchanged(CLI::App& app, CommonOptions& common) {
    return app.add_flag("--error-unchanged", common.errorUnchanged,
                        "Exit code 3 where there was nothing to change");
}

// kubefed policy ...
void addPolicy(CLI::App& app, Choice& choice);

}  // namespace kubefed::cli
