// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/policy_install.h"

#include <ostream>

#include "kubefed/cli/format/plugins.h"
#include "kubefed/client/locate.h"
#include "kubefed/fed/names.h"

namespace kubefed::cli {

void PolicyInstall::run() {
    m_started = env().clock.now();
    std::error_code error;
    if (!std::filesystem::is_regular_file(m_options.library, error))
        return fail({.id = "KF1601",
                     .message = "there is no library \"" + m_options.library + "\"",
                     .evidence = error ? error.message() : std::string("that is not a file"),
                     .remedy = "build it first; docs/policy-sdk.md shows how",
                     .changed = "nothing was changed"});
    if (!m_options.trust)
        return fail({.id = "KF1606",
                     .message = "\"" + m_options.library + "\" is not installed without --trust",
                     .evidence =
                         "it would run within the controller, with all its rights; plugins in a process of "
                         "their own are not there yet",
                     .remedy = "read it, then kubefed policy install --trust " + m_options.library,
                     .changed = "nothing was changed"});
    if (!connect())
        return;
    env().report.doing("looking for the controller");
    m_request =
        client::locate(client(), federation().identity, [this](Result<client::FederationEndpoint> found) {
            if (found)
                return upload(*std::move(found));
            if (found.error().code == Code::FailedPrecondition)
                return fail({.id = "KF1608",
                             .message = "federation \"" + federationName() + "\" takes no policies",
                             .evidence = found.error().text(),
                             .remedy = "update its controller, or wait until it has started",
                             .changed = "nothing was changed"});
            failWith(found.error(), "looking for the controller");
        });
}

void PolicyInstall::upload(client::FederationEndpoint endpoint) {
    env().report.doing("uploading and probing");
    m_controller = std::make_unique<client::FederationClient>(std::move(endpoint), env().clock);
    m_request = m_controller->installPolicy(
        m_options.library, m_options.trust,
        [this](Result<client::PolicyInstalled> answer) { onInstalled(std::move(answer)); });
}

void PolicyInstall::onInstalled(Result<client::PolicyInstalled> answer) {
    if (!answer) {
        const Error& error = answer.error();
        if (error.code == Code::Unavailable || error.code == Code::DeadlineExceeded)
            return fail({.id = "KF1004",
                         .message = "installing: the controller of federation \"" + federationName() +
                                    "\" cannot be reached",
                         .evidence = error.text(),
                         .remedy = "kubefed up " + federationName() + ", if it runs on this machine",
                         .changed = "whether it was installed is not known: kubefed policy list shows it"});
        if (error.code == Code::PermissionDenied || error.code == Code::Unauthenticated)
            return fail({.id = "KF1005",
                         .message = "installing: federation \"" + federationName() + "\" refused",
                         .evidence = error.text(),
                         .remedy = "use a context whose user may create policyplugins.kubefed.io, and "
                                   "update them to replace one",
                         .changed = "nothing was changed"});
        return fail({.id = "KF1607",
                     .message = "\"" + m_options.library + "\" was not installed",
                     .evidence = error.text(),
                     .remedy = "correct it; kubefed policy test tries it here",
                     .changed = "what was active before is still active"});
    }
    const client::PolicyPlugin& plugin = answer->plugin;
    const std::string took =
        shortDuration(std::chrono::duration_cast<Duration>(env().clock.now() - m_started));
    env().report.endDoing();
    env().report.line(plugin.name + " " + plugin.version +
                      (answer->isUnchanged              ? " is installed already"
                       : answer->replacedSha256.empty() ? " installed in " + took
                                                        : " installed in " + took + ", in place of " +
                                                              answer->replacedSha256.substr(0, 12)) +
                      (plugin.state == "Disabled"
                           ? "; it stays disabled, to undo that: kubefed policy enable " + plugin.name
                           : std::string()));
    env().out << plugin.sha256 << "  " << plugin.name << "\n" << std::flush;
    finish(answer->isUnchanged ? unchangedCode(common()) : kDone);
}

void PolicyList::run() {
    if (!connect())
        return;
    m_request = client().list(fed::policyPlugins(), {}, [this](Result<kube::ObjectList> listed) {
        if (!listed)
            return failWith(listed.error(), "listing policies");
        std::vector<fed::PolicyPlugin> plugins;
        for (const kube::Object& object : listed->items)
            if (auto plugin = fed::PolicyPlugin::decode(object))
                plugins.push_back(*std::move(plugin));
        env().out << pluginTable(plugins, m_options.wide).text() << std::flush;
        finish(kDone);
    });
}

void PolicyRemove::run() {
    if (connect())
        m_request = client().get(fed::policyPlugins(), {{}, m_options.name},
                                 [this](Result<kube::Object> answer) { onObject(std::move(answer)); });
}

void PolicyRemove::onObject(Result<kube::Object> answer) {
    if (!answer)
        return failWith(answer.error(), "policy \"" + m_options.name + "\"");
    const auto plugin = fed::PolicyPlugin::decode(*answer);
    if (!plugin || plugin->spec.source != fed::PolicyPluginSpec::Source::Library)
        return fail(
            {.id = "KF1609",
             .message = "policy \"" + m_options.name + "\" was not installed, so it cannot be removed",
             .evidence = "it is built in, or lies in a folder given by --plugin-dir",
             .remedy = "kubefed policy disable " + m_options.name + " takes it out of use",
             .changed = "nothing was changed"});
    kube::DeleteOptions options;
    options.uid = plugin->uid;
    m_request = client().remove(
        fed::policyPlugins(), {{}, m_options.name}, std::move(options), [this](Result<kube::Object> removed) {
            if (!removed)
                return failWrite(removed.error(), "removing policy \"" + m_options.name + "\"");
            env().report.line(m_options.name +
                              " removed; what policies that list it placed stays where it is");
            finish(kDone);
        });
}

}  // namespace kubefed::cli
