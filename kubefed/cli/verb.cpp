// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/verb.h"

#include <algorithm>

#include "kubefed/cli/patient_transport.h"
#include "kubefed/cli/tracing_transport.h"

namespace kubefed::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

// Against an answer that has no id of its own.
std::string remedyOf(const Error& error, const kube::ContextConfig& federation) {
    if (!error.status)
        return "check that the server of context \"" + federation.context + "\" is a federation's API server";
    switch (error.status->httpCode) {
        case 409:
            return "somebody else changed it at the same time: try again";
        case 429:
            return "the federation's API server is busy: try again in a while";
        default:
            return error.status->httpCode < 500 ? "correct what the evidence names, then try again"
                                                : "see what the controller's log says, then try again";
    }
}

}  // namespace

std::expected<kube::Kubeconfig, CliError> loadKubeconfig(const std::string& explicitPath) {
    auto loaded = kube::Kubeconfig::load(
        explicitPath.empty() ? std::nullopt : std::optional<std::filesystem::path>(explicitPath));
    if (!loaded)
        return std::unexpected(CliError{.id = "KF1006",
                                        .message = "the kubeconfig cannot be read",
                                        .evidence = loaded.error().text(),
                                        .remedy = "name another file with --kubeconfig or $KUBECONFIG",
                                        .changed = "nothing was changed"});
    return std::move(*loaded);
}

std::expected<kube::ContextConfig, CliError> resolveContext(const kube::Kubeconfig& kubeconfig,
                                                            std::string_view name) {
    auto resolved = kubeconfig.resolve(name);
    if (resolved)
        return std::move(*resolved);
    const auto names = kubeconfig.contexts();
    const bool missing = std::ranges::find(names, name) == names.end();
    const Error& error = resolved.error();
    if (missing)
        return std::unexpected(
            CliError{.id = "KF1001",
                     .message = "there is no context \"" + std::string(name) + "\" in the kubeconfig",
                     .evidence = names.empty() ? "the kubeconfig has no contexts"
                                               : "the contexts are " + joined(names),
                     .remedy = "choose one of them, or another file with --kubeconfig",
                     .changed = "nothing was changed"});
    return std::unexpected(CliError{
        .id = error.code == Code::Unimplemented ? std::string_view("KF1007") : std::string_view("KF1006"),
        .message = "context \"" + std::string(name) + "\" cannot be used",
        .evidence = error.text(),
        .remedy = error.code == Code::Unimplemented
                      ? "use a context with a client certificate or a bearer token"
                      : "correct the kubeconfig",
        .changed = "nothing was changed"});
}

std::expected<kube::ContextConfig, CliError> chooseFederation(const kube::Kubeconfig& kubeconfig,
                                                              const std::string& flag,
                                                              const std::string& variable) {
    const std::string& wanted = flag.empty() ? variable : flag;
    if (!wanted.empty())
        return resolveContext(kubeconfig, wanted);
    const auto known = kubeconfig.federationContexts();
    if (known.size() == 1)
        return resolveContext(kubeconfig, known.front());
    return std::unexpected(CliError{
        .id = "KF1002",
        .message = known.empty() ? "no federation is known here" : "more than one federation is known here",
        .evidence = known.empty() ? "no context of the kubeconfig is marked as a federation's"
                                  : "the federations' contexts are " + joined(known),
        .remedy = known.empty() ? "kubefed init NAME, or name a context with --context"
                                : "choose one with --context or $KUBEFED_CONTEXT",
        .changed = "nothing was changed"});
}

std::unique_ptr<kube::Client> makeClient(Environment& environment, const kube::ContextConfig& context) {
    auto transport = environment.connector.connect(context.endpoint, context.identity);
    if (environment.report.isVerbose())
        transport = std::make_shared<TracingTransport>(std::move(transport), environment.report,
                                                       environment.clock, context.context);
    transport = std::make_shared<PatientTransport>(std::move(transport), environment.clock);
    return std::make_unique<kube::Client>(std::move(transport), "kubefed-cli");
}

CliError federationError(const Error& error, const kube::ContextConfig& federation, std::string what) {
    const std::string& name = federation.federation.empty() ? federation.context : federation.federation;
    if (!error.status && error.code != Code::DataLoss)
        return {.id = "KF1004",
                .message =
                    what + ": federation \"" + name + "\" cannot be reached at " + federation.endpoint.url(),
                .evidence = error.text(),
                .remedy = federation.isFederation ? "kubefed up " + name + ", if it runs on this machine"
                                                  : "check the context's server and the network",
                .changed = kNothingChanged};
    if (error.status && (error.status->httpCode == 401 || error.status->httpCode == 403))
        return {.id = "KF1005",
                .message = what + ": federation \"" + name + "\" refused",
                .evidence = error.text(),
                .remedy = "use a context whose user may do this",
                .changed = kNothingChanged};
    if (error.status && error.status->httpCode == 404)
        return {.id = "KF1011",
                .message = what + ": not found",
                .evidence = error.text(),
                .remedy = "check the name and the namespace (-n), and that context \"" + federation.context +
                          "\" is of the federation that is meant",
                .changed = kNothingChanged};
    return {.id = "KF1009",
            .message = what + " failed",
            .evidence = error.text(),
            .remedy = remedyOf(error, federation),
            .changed = kNothingChanged};
}

CliError controllerError(const Error& error, const kube::ContextConfig& federation, std::string what) {
    if (error.status)
        return federationError(error, federation, std::move(what));
    const std::string& name = federation.federation.empty() ? federation.context : federation.federation;
    switch (error.code) {
        case Code::FailedPrecondition:
            return {
                .id = "KF1012",
                .message = what + ": federation \"" + name + "\" tells no gRPC endpoint",
                .evidence = error.text(),
                .remedy = "start a controller of this version: kubefed down " + name + "; kubefed up " + name,
                .changed = kNothingChanged};
        case Code::PermissionDenied:
        case Code::Unauthenticated:
            return {.id = "KF1005",
                    .message = what + ": federation \"" + name + "\" refused",
                    .evidence = error.text(),
                    .remedy = "use a context whose user may do this",
                    .changed = kNothingChanged};
        case Code::NotFound:
            return {.id = "KF1401",
                    .message = what + ": the controller has decided nothing about it",
                    .evidence = error.text(),
                    .remedy = "kubefed why without -o wide says what is written of it; ask again in a moment",
                    .changed = kNothingChanged};
        case Code::Aborted:
        case Code::ResourceExhausted:
            return {.id = "KF1014",
                    .message = what + ": the controller of federation \"" + name + "\" gave no answer",
                    .evidence = error.text(),
                    .remedy =
                        "if a policy plugin does not come back, restart the controller, which then "
                        "disables it (kubefed down " +
                        name + " && kubefed up " + name + "); else ask again",
                    .changed = kNothingChanged};
        default:
            return {.id = "KF1013",
                    .message = what + ": the controller of federation \"" + name + "\" cannot be reached",
                    .evidence = error.text(),
                    .remedy = "kubefed up " + name + ", if it runs on this machine",
                    .changed = kNothingChanged};
    }
}

bool isSameContent(const kube::Object& before, const kube::Object& after) {
    const auto contentOf = [](const kube::Object& object) {
        kube::JsonObject content = object.document();
        content.erase("status");
        // Where the status is the user's to write, the generation tells that it has changed.
        for (const char* field : {"managedFields", "resourceVersion"})
            kube::erase(content, {"metadata", field});
        return content;
    };
    return contentOf(before) == contentOf(after);
}

std::string typesRemedy(const kube::ContextConfig& federation) {
    return "check its spelling; kubectl --context " + federation.context + " api-resources lists all";
}

std::string spaced(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text.empty() ? "nothing" : text;
}

std::string counted(std::int64_t number, std::string_view noun) {
    return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

bool isDnsLabel(std::string_view name) {
    const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= 63 && std::ranges::all_of(name, inner) && name.front() != '-' &&
           name.back() != '-';
}

void FederationVerb::failWrite(const Error& error, std::string what) {
    CliError failed = federationError(error, m_federation, std::move(what));
    if (!error.status || error.status->httpCode >= 500)
        failed.changed = "whether it was done is not known";
    fail(failed);
}

bool FederationVerb::connect() {
    auto kubeconfig = loadKubeconfig(m_common.kubeconfig);
    if (!kubeconfig) {
        fail(kubeconfig.error());
        return false;
    }
    m_kubeconfig = std::move(*kubeconfig);
    auto chosen = chooseFederation(*m_kubeconfig, m_common.context, env().contextVariable);
    if (!chosen) {
        fail(chosen.error());
        return false;
    }
    m_federation = std::move(*chosen);
    m_client = makeClient(env(), m_federation);
    return true;
}

}  // namespace kubefed::cli
