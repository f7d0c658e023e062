// SPDX-License-Identifier: Apache-2.0
//
// `kubefed sandbox up|status|down|fault`: simulated member clusters in one background process
// (kubefed-sandbox), reached through a socket in its data folder. Their contexts are put into the kubeconfig,
// marked as the sandbox's, and taken out again. One object is one run; main thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct SandboxOptions {
    enum class Action { Up, Status, Down, Fault };
    CommonOptions common;
    Action action = Action::Status;
    std::string clusters = "3";  // a number, or names with regions: tokyo:jp,osaka:jp
    int nodes = 2;
    int podDelayMillis = 200;
    std::string cluster;  // fault
    std::string fault;    // freeze, kill, heal
    Duration timeout{20'000};
};

class Sandbox final : public Verb {
public:
    Sandbox(Environment& environment, SandboxOptions options);
    ~Sandbox() override;
    void interrupt() override;

protected:
    void run() override;

private:
    class Control;
    void up();
    void waitForClusters();
    void addContexts();
    void down();
    void waitUntilEnded();
    void removeData();
    void finishDown(const std::string& words, int exitCode);
    bool removeContexts();  // were there any?
    void command(const std::string& line);
    void onAnswer(Result<std::string> answer);
    void giveUp(CliError error);
    [[nodiscard]] bool isUp();
    [[nodiscard]] std::vector<std::string> wantedClusters() const;
    [[nodiscard]] std::string logTail() const;
    // What the process said about its ready clusters so far.
    [[nodiscard]] std::vector<std::string> readyClusters() const;

    SandboxOptions m_options;
    std::filesystem::path m_folder;
    std::filesystem::path m_kubeconfigPath;
    pid_t m_pid = 0;
    bool m_startedHere = false;
    SteadyTime m_started{};
    std::unique_ptr<Control> m_control;
    Request m_timer;
};

}  // namespace kubefed::cli
