// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/policy.h"
#include "kubefed/cli/cmd/policy_install.h"
#include "kubefed/cli/cmd/policy_mode.h"
#include "kubefed/cli/commands_detail.h"

namespace kubefed::cli {

void addPolicy(CLI::App& app, Choice& choice) {
    CLI::App* policy = app.add_subcommand("policy", "Placement policies: try, test, install them");
    policy->require_subcommand(1);
    const auto sub = [&](const char* name, const char* help) {
        CLI::App* command = policy->add_subcommand(name, help);
        auto options = withCommon<PolicyOptions>(*command, false);
        command
            ->add_option("policy", options->subject,
                         "A library (nearest.so), a PlacementPolicy (web.yaml), or a built-in's name")
            ->required();
        command->add_option("--plugin", options->libraries, "Another library that the policy lists")
            ->type_name("FILE");
        return std::pair(command, options);
    };
    const auto [run, running] = sub("run", "Decide a written-down case, without a federation");
    run->add_option("--input,--case", running->input, "The case; docs/policy-cases.md describes it")
        ->required()
        ->type_name("FILE");
    run->add_option("-o,--output", running->output, "wide or json")->check(CLI::IsMember({"wide", "json"}));
    choose<PolicyRun>(*run, choice, running);

    const auto [test, testing] = sub("test", "Compare decisions with what cases expect");
    test->add_option("--cases", testing->input, "A folder of cases, or one file")
        ->required()
        ->type_name("DIR");
    choose<PolicyTest>(*test, choice, testing);

    CLI::App* install =
        policy->add_subcommand("install", "Load a library into a running federation, without a restart");
    auto installing = withCommon<PluginOptions>(*install);
    install->add_option("library", installing->library, "The library (nearest.so)")->required();
    install->add_flag("--trust", installing->trust, "It may run within the controller, with all its rights");
    addErrorUnchanged(*install, installing->common);
    choose<PolicyInstall>(*install, choice, installing);

    CLI::App* list = policy->add_subcommand("list", "The policies that a federation has");
    auto listing = withCommon<PluginOptions>(*list);
    list->add_option_function<std::string>(
            "-o,--output", [listing](const std::string& format) { listing->wide = format == "wide"; },
            "wide: with latencies, ABI, generation, sha256 and last error")
        ->check(CLI::IsMember({"wide"}));
    choose<PolicyList>(*list, choice, listing);

    CLI::App* remove = policy->add_subcommand("remove", "Remove an installed policy; what is placed stays");
    auto removing = withCommon<PluginOptions>(*remove);
    remove->add_option("name", removing->name, "Which")->required();
    choose<PolicyRemove>(*remove, choice, removing);

    const auto mode = [&](const char* name, const char* help) {
        CLI::App* command = policy->add_subcommand(name, help);
        auto options = withCommon<PolicyModeOptions>(*command);
        command->add_option("name", options->name, "Which")->required();
        addErrorUnchanged(*command, options->common);
        return std::pair(command, options);
    };
    const auto [enable, enabling] =
        mode("enable", "Take a policy back into use, also one that was disabled because it crashed or hung");
    choose<PolicyEnable>(*enable, choice, enabling);
    const auto [disable, disabling] =
        mode("disable", "Take a policy out of use without removing it; what is placed stays");
    choose<PolicyDisable>(*disable, choice, disabling);
}

}  // namespace kubefed::cli
