// SPDX-License-Identifier: Apache-2.0
//
// Many simulated members in one process, on a few threads: starts them, writes their kubeconfig, reports
// them ready line by line (JSON), and obeys its control socket. Main thread; ends in order with run().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/sandbox/worker.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::sandbox {

struct SandboxOptions {
    std::filesystem::path data;
    std::vector<MemberSpec> members;
    bool replace = false;  // end another sandbox that runs on the same folder
};

// "tokyo:jp,osaka:jp,oregon": name and, after a colon, the region.
[[nodiscard]] Result<std::vector<MemberSpec>> parseMembers(std::string_view text, int nodes,
                                                           Duration podDelay);

class Sandbox {
public:
    explicit Sandbox(SandboxOptions options);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    // Starts all members; `started` hears when they answer and the kubeconfig is written, or why not.
    void start(Callback<void> started);
    // One line of the control socket; `answer` gets one line of JSON.
    void command(const std::string& line, std::function<void(std::string)> answer);
    // What the command "stop" calls.
    void setStop(std::function<void()> stop) { m_stop = std::move(stop); }
    [[nodiscard]] const std::vector<MemberAccess>& members() const { return m_accesses; }

private:
    void onMember(std::size_t index, Result<MemberAccess> access);
    [[nodiscard]] Result<void> writeKubeconfig() const;
    void status(std::function<void(std::string)> answer);
    void fault(const std::string& verb, const std::string& name, std::function<void(std::string)> answer);
    void toMain(std::function<void()> task) { (void)m_mailbox.push(std::move(task)); }  // from workers
    [[nodiscard]] Worker& workerOf(std::size_t index) { return *m_workers[index % m_workers.size()]; }

    SandboxOptions m_options;
    std::vector<MemberAccess> m_accesses;
    std::size_t m_answered = 0;
    std::string m_problem;
    std::function<void()> m_stop;
    Callback<void> m_started;
    Mailbox<std::function<void()>> m_mailbox;
    std::vector<std::unique_ptr<Worker>> m_workers;  // last: joined before the mailbox goes
};

}  // namespace kubefed::sandbox
