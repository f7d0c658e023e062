// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/commands.h"

#include <ostream>

#include "kubefed/cli/cmd/apply.h"
#include "kubefed/cli/cmd/down.h"
#include "kubefed/cli/cmd/get.h"
#include "kubefed/cli/cmd/init.h"
#include "kubefed/cli/cmd/join.h"
#include "kubefed/cli/cmd/sandbox.h"
#include "kubefed/cli/cmd/unjoin.h"
#include "kubefed/cli/cmd/version.h"
#include "kubefed/cli/cmd/watch_clusters.h"
#include "kubefed/cli/cmd/why.h"
#include "kubefed/cli/commands_detail.h"
#include "kubefed/kube/selector.h"

namespace kubefed::cli {
namespace {

void addTimeout(CLI::App& app, Duration& target, std::string_view help) {
    app.add_option_function<std::string>(
           "--timeout",
           [&target](const std::string& text) {
               double number = 0;
               std::size_t used = 0;
               try {
                   number = std::stod(text, &used);
               } catch (const std::exception&) {
                   throw CLI::ValidationError("--timeout",
                                              "\"" + text + "\" is not a time such as 30s or 2m");
               }
               const std::string unit = text.substr(used);
               const double millis = unit == "ms"                  ? 1
                                     : unit.empty() || unit == "s" ? 1000
                                     : unit == "m"                 ? 60'000
                                                                   : -1;
               if (millis < 0 || !(number > 0) || number > 1e6)
                   throw CLI::ValidationError("--timeout",
                                              "\"" + text + "\" is not a time such as 30s or 2m");
               target = Duration(static_cast<Duration::rep>(number * millis));
           },
           std::string(help))
        ->type_name("TIME");
}

void addInit(CLI::App& app, Choice& choice) {
    CLI::App* init = app.add_subcommand("init", "Make a federation on this machine and start it");
    auto options = withCommon<InitOptions>(*init, false);
    init->add_option("name", options->name, "The federation's name")->required();
    init->add_option("--context-name", options->contextName, "The kubeconfig context, if not the name");
    init->add_option("--federation-id", options->federationId,
                     "The id of a lost federation, to take its members over");
    init->add_option("--address", options->address, "The IPv4 address to listen on")->capture_default_str();
    init->add_option("--default-placement", options->defaultPlacement,
                     "divide, or none for no default policy")
        ->check(CLI::IsMember({"divide", "none"}))
        ->capture_default_str();
    init->add_option("--plugin-dir", options->pluginDir,
                     "A folder with more policy plugins, remembered for kubefed up")
        ->type_name("DIR");
    init->add_flag("--no-start", options->noStart, "Make it, print a systemd unit, do not start it");
    addTimeout(*init, options->timeout, "How long to wait until it answers (30s)");
    choose<Init>(*init, choice, options);

    CLI::App* up = app.add_subcommand("up", "Start a federation that is there");
    auto upOptions = withCommon<InitOptions>(*up, false);
    upOptions->onlyStart = true;
    up->add_option("name", upOptions->name, "The federation's name")->required();
    up->add_option("--context-name", upOptions->contextName, "The kubeconfig context, if not the name");
    up->add_option("--plugin-dir", upOptions->pluginDir,
                   "One more folder with policy plugins, this time only")
        ->type_name("DIR");
    up->add_flag("--without-policies", upOptions->withoutPolicies,
                 "Only with the policies built in, this time: for when an installed one ends the controller");
    addTimeout(*up, upOptions->timeout, "How long to wait until it answers (30s)");
    addErrorUnchanged(*up, upOptions->common);
    choose<Init>(*up, choice, upOptions);
}

void addDown(CLI::App& app, Choice& choice) {
    CLI::App* down = app.add_subcommand("down", "End a federation's controller; everything stays as it is");
    auto options = withCommon<DownOptions>(*down, false);
    down->add_option("name", options->name, "The federation's name")->required();
    addTimeout(*down, options->timeout, "How long to wait until it has ended (30s)");
    addErrorUnchanged(*down, options->common);
    choose<Down>(*down, choice, options);

    CLI::App* deinit =
        app.add_subcommand("deinit", "Remove a federation from this machine; members keep their objects");
    auto removing = withCommon<DownOptions>(*deinit, false);
    removing->removeAll = true;
    deinit->add_option("name", removing->name, "The federation's name")->required();
    deinit->add_flag("-y,--yes", removing->assumeYes, "Do not ask");
    addTimeout(*deinit, removing->timeout, "How long to wait until it has ended (30s)");
    choose<Down>(*deinit, choice, removing);
}

void readLabels(const std::vector<std::string>& texts, JoinOptions& options) {
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        const bool removes = equals == std::string::npos && text.ends_with('-');
        if (!removes && (equals == std::string::npos || equals == 0))
            throw CLI::ValidationError("--labels", "\"" + text + "\" is neither KEY=VALUE nor KEY-");
        const std::string key = text.substr(0, removes ? text.size() - 1 : equals);
        const std::string value = removes ? "" : text.substr(equals + 1);
        if (const auto valid = kube::checkLabel(key, value); !valid)
            throw CLI::ValidationError("--labels", valid.error().text());
        options.labels.erase(key);
        options.removedLabels.erase(key);
        if (removes)
            options.removedLabels.insert(key);
        else
            options.labels[key] = value;
    }
}

void addJoin(CLI::App& app, Choice& choice) {
    CLI::App* join = app.add_subcommand("join", "Make a cluster a member of the federation");
    auto options = withCommon<JoinOptions>(*join);
    join->add_option("name", options->name, "The member's name")->required();
    join->add_option("--cluster-context", options->clusterContext, "The member's context, if not the name")
        ->type_name("CONTEXT");
    join->add_option("--secret-name", options->secretName,
                     "The Secret for its token, if not NAME-credentials or the one that it has");
    join->add_option_function<std::vector<std::string>>(
            "--labels", [options](const std::vector<std::string>& texts) { readLabels(texts, *options); },
            "Labels of the member, such as topology.kubernetes.io/region=jp; it keeps those that it has, and "
            "KEY- removes one")
        ->delimiter(',')
        ->type_name("KEY=VALUE,...");
    join->add_option_function<std::string>(
            "--tls-server-name", [options](const std::string& name) { options->tlsServerName = name; },
            "The name in the server's certificate; a member keeps the one that it has")
        ->type_name("NAME");
    join->add_flag("--replace", options->replace,
                   "The name's cluster was set up anew, or another one takes its place: confirm it");
    CLI::Option* dryRun =
        join->add_flag("--dry-run", options->dryRun, "Read both sides, show what would be done");
    addErrorUnchanged(*join, options->common)->excludes(dryRun);
    addTimeout(*join, options->timeout, "How long to wait until it is Ready (60s)");
    choose<Join>(*join, choice, options);

    CLI::App* unjoin = app.add_subcommand("unjoin", "Let a member leave the federation");
    auto leaving = withCommon<UnjoinOptions>(*unjoin);
    unjoin->add_option("name", leaving->name, "The member's name")->required();
    unjoin->add_option("--cluster-context", leaving->clusterContext, "The member's context, if not the name")
        ->type_name("CONTEXT");
    unjoin
        ->add_option_function<std::string>(
            "--objects", [leaving](const std::string& what) { leaving->deleteObjects = what == "delete"; },
            "What becomes of what was propagated there: keep (default) or delete")
        ->check(CLI::IsMember({"keep", "delete"}));
    unjoin->add_flag("--force", leaving->force, "Let it go although it cannot be reached");
    addTimeout(*unjoin, leaving->timeout, "How long to wait until it has left (2m)");
    choose<Unjoin>(*unjoin, choice, leaving);
}

void addObjects(CLI::App& app, Choice& choice) {
    CLI::App* apply = app.add_subcommand("apply", "Apply manifests to the federation (server-side)");
    auto applying = withCommon<ApplyOptions>(*apply);
    apply->add_option("-f,--filename", applying->files, "Files, folders, or - for standard input")
        ->required()
        ->type_name("FILE");
    apply->add_option("-n,--namespace", applying->ns, "The namespace of objects that name none");
    apply->add_flag("--dry-run", applying->dryRun, "The federation checks, and changes nothing");
    addErrorUnchanged(*apply, applying->common);
    choose<Apply>(*apply, choice, applying);

    CLI::App* get =
        app.add_subcommand("get", "Show objects of the federation; get clusters shows its members");
    auto getting = withCommon<GetOptions>(*get);
    get->add_option("what", getting->arguments, "TYPE[,TYPE...], TYPE NAME..., or TYPE/NAME...")->required();
    get->add_option("-o,--output", getting->output, "wide, yaml, json or name")
        ->check(CLI::IsMember({"wide", "yaml", "json", "name"}));
    get->add_option("-n,--namespace", getting->ns, "The namespace");
    get->add_flag("-A,--all-namespaces", getting->allNamespaces, "All namespaces");
    get->add_option("-l,--selector", getting->labelSelector, "Only objects with these labels");
    get->add_flag("-w,--watch", getting->watch, "get clusters: go on with each row that changes");
    get->callback([&choice, getting] {
        choice.verbose = getting->common.verbose;
        choice.make = [getting](Environment& environment) -> std::unique_ptr<Verb> {
            if (getting->watch)
                return std::make_unique<WatchClusters>(environment, *getting);
            return std::make_unique<Get>(environment, *getting);
        };
    });

    for (const bool describe : {false, true}) {
        CLI::App* why =
            app.add_subcommand(describe ? "describe" : "why",
                               describe ? "All that is known of one object, its placement included"
                                        : "Where an object is placed, and why");
        auto asking = withCommon<WhyOptions>(*why);
        asking->describe = describe;
        why->add_option("what", asking->arguments, "TYPE/NAME or TYPE NAME")->required();
        why->add_option("-n,--namespace", asking->ns, "The namespace");
        if (!describe)
            why->add_option_function<std::string>(
                   "-o,--output", [asking](const std::string& format) { asking->wide = format == "wide"; },
                   "wide: every cluster, every plugin")
                ->check(CLI::IsMember({"wide"}));
        choose<Why>(*why, choice, asking);
    }
}

void addSandbox(CLI::App& app, Choice& choice) {
    using Action = SandboxOptions::Action;
    CLI::App* sandbox = app.add_subcommand("sandbox", "Simulated member clusters on this machine");
    sandbox->require_subcommand(1);
    const auto sub = [&](const char* name, const char* help, Action action) {
        CLI::App* command = sandbox->add_subcommand(name, help);
        auto options = withCommon<SandboxOptions>(*command, false);
        options->action = action;
        choose<Sandbox>(*command, choice, options);
        return std::pair(command, options);
    };
    const auto [up, starting] =
        sub("up", "Start them and put their contexts into the kubeconfig", Action::Up);
    up->add_option("--clusters", starting->clusters, "How many, or NAME[:REGION],...")->capture_default_str();
    up->add_option("--nodes", starting->nodes, "Nodes of each")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    up->add_option("--pod-delay", starting->podDelayMillis, "Milliseconds until a pod is Ready")
        ->check(CLI::Range(0, 600'000))
        ->capture_default_str();
    addTimeout(*up, starting->timeout, "How long to wait until they answer (20s)");
    sub("status", "Show them", Action::Status);
    const auto [down, ending] =
        sub("down", "End them and take their contexts out of the kubeconfig", Action::Down);
    addErrorUnchanged(*down, ending->common);
    const auto [fault, failing] = sub("fault", "Let one fail, or heal it", Action::Fault);
    fault->add_option("cluster", failing->cluster, "Which")->required();
    fault->add_option("what", failing->fault, "freeze, kill or heal")
        ->required()
        ->check(CLI::IsMember({"freeze", "kill", "heal"}));
}

}  // namespace

Parsed parseCommandLine(const std::vector<std::string>& arguments, Environment& environment) {
    CLI::App app("kubefed: many Kubernetes clusters as one", "kubefed");
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string(), "Show the version of this program, and leave");
    Choice choice;
    addInit(app, choice);
    addDown(app, choice);
    addJoin(app, choice);
    addObjects(app, choice);
    addSandbox(app, choice);
    addPolicy(app, choice);
    CLI::App* version =
        app.add_subcommand("version", "Show the versions of this program and of the federation");
    auto options = withCommon<VersionOptions>(*version);
    version->add_flag("--client", options->clientOnly, "Only of this program");
    choose<Version>(*version, choice, options);
    try {
        // CLI11 takes them from the back.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::CallForHelp&) {
        environment.out << app.help() << std::flush;  // of the verb that was named
        return kDone;
    } catch (const CLI::CallForVersion&) {
        return parseCommandLine({"version", "--client"}, environment);
    } catch (const CLI::ParseError& error) {
        std::string verb = app.get_name();
        for (const CLI::App* shown = &app; !shown->get_subcommands().empty();) {
            shown = shown->get_subcommands().front();
            verb += ' ' + shown->get_name();
        }
        const bool isEarly = !arguments.empty() && arguments.front().starts_with('-');
        return environment.report.error(
            {.id = "KF1008",
             .message = isEarly ? "options stand after the verb, \"" + arguments.front() + "\" stands before"
                                : error.what(),
             .evidence = "given: kubefed" + (arguments.empty() ? "" : " " + spaced(arguments)),
             .remedy = verb + " --help",
             .changed = "nothing was changed"});
    }
    environment.report.setVerbose(choice.verbose);
    return choice.make(environment);
}

}  // namespace kubefed::cli
