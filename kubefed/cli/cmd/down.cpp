// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/down.h"

#include <istream>

#include "kubefed/cli/folder.h"

namespace kubefed::cli {
namespace {

constexpr Duration kPollEvery{50};

}  // namespace

Down::Down(Environment& environment, DownOptions options)
    : Verb(environment), m_options(std::move(options)), m_local(environment.dataHome, m_options.name) {}

void Down::run() {
    m_started = env().clock.now();
    if (!isDnsLabel(m_options.name) || !m_local.exists())
        return fail({.id = "KF1205",
                     .message = "there is no federation \"" + m_options.name + "\" on this machine",
                     .evidence = "there is no " + (m_local.folder() / "config.yaml").string(),
                     .remedy = "check the name: ls " + m_local.folder().parent_path().string() +
                               " shows those of this machine; $XDG_DATA_HOME names another place",
                     .changed = "nothing was changed"});
    if (m_options.removeAll && !m_options.assumeYes && !env().interactive)
        return fail({.id = "KF1008",
                     .message = "removing federation \"" + m_options.name + "\" is not confirmed",
                     .evidence = "there is no terminal to ask on",
                     .remedy = "kubefed deinit " + m_options.name + " --yes",
                     .changed = "nothing was changed"});
    if (m_options.removeAll && !confirmed()) {
        env().report.line("nothing was changed");
        return finish(kFailed);
    }
    const auto pid = m_local.readPid();
    if (!pid || !env().processes.isRunning(*pid, m_local.folder())) {
        if (m_options.removeAll)
            return ended();
        env().report.line("federation \"" + m_options.name + "\" was not up");
        return finish(unchangedCode(m_options.common));
    }
    m_pid = *pid;
    env().processes.terminate(m_pid);
    env().report.doing("ending federation \"" + m_options.name + "\"");
    waitUntilEnded();
}

bool Down::confirmed() {
    if (m_options.assumeYes)
        return true;
    env().report.line("This removes federation \"" + m_options.name + "\" with all its objects and keys in " +
                      m_local.folder().string() +
                      ".\nMembers keep what was propagated to them. Continue? [y/N]");
    std::string answer;
    std::getline(env().in, answer);
    return answer == "y" || answer == "yes";
}

void Down::waitUntilEnded() {
    if (!env().processes.isRunning(m_pid, m_local.folder())) {
        env().report.done("federation \"" + m_options.name + "\" is down");
        return ended();
    }
    if (env().clock.now() - m_started >= m_options.timeout)
        return fail({.id = "KF1208",
                     .message = "the controller (process " + std::to_string(m_pid) + ") did not end within " +
                                shortDuration(m_options.timeout),
                     .evidence = m_local.logTail(3),
                     .remedy = "try again with a longer --timeout",
                     .changed = "it was asked to end; its data is as it was"});
    m_timer = env().clock.after(kPollEvery, [this] { waitUntilEnded(); });
}

void Down::ended() {
    if (!m_options.removeAll)
        return finish(kDone);
    removeContexts();
    if (auto removed = m_local.remove(); !removed)
        return fail({.id = "KF1206",
                     .message = "the data of federation \"" + m_options.name + "\" cannot be removed",
                     .evidence = removed.error().text(),
                     .remedy = "see to it that you may write there, then remove by hand what is left: " +
                               m_local.folder().string() + " and " + goneFolder(m_local.folder()).string(),
                     .changed = "the federation is down and its context is removed"});
    env().report.line("federation \"" + m_options.name +
                      "\" is removed; members keep what was propagated to them");
    finish(kDone);
}

// Contexts that carry our mark with this federation's name, whatever they are called.
void Down::removeContexts() {
    auto kubeconfig = loadKubeconfig(m_options.common.kubeconfig);
    if (!kubeconfig)
        return;
    for (const std::string& name : kubeconfig->federationContexts()) {
        const auto context = kubeconfig->resolve(name);
        if (!context || context->federation != m_options.name)
            continue;
        if (auto removed = kube::removeContext(kubeconfig->writePath(), name); removed)
            env().report.done("kubeconfig context \"" + name + "\" removed");
        else
            env().report.warn("kubeconfig context \"" + name + "\" stays: " + removed.error().text());
    }
}

}  // namespace kubefed::cli
