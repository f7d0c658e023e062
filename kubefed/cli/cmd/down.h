// SPDX-License-Identifier: Apache-2.0
//
// `kubefed down` and `kubefed deinit`: end the federation's controller on this machine, and for `deinit`
// remove its data and its kubeconfig context as well. Members are never touched: what was propagated goes on
// running there. One object is one run; main thread.
#pragma once

#include "kubefed/cli/local_federation.h"
#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct DownOptions {
    CommonOptions common;
    std::string name;
    bool removeAll = false;  // deinit
    bool assumeYes = false;
    Duration timeout{30'000};
};

class Down final : public Verb {
public:
    Down(Environment& environment, DownOptions options);

protected:
    void run() override;

private:
    [[nodiscard]] bool confirmed();
    void waitUntilEnded();
    void ended();
    void removeContexts();

    DownOptions m_options;
    LocalFederation m_local;
    pid_t m_pid = 0;
    SteadyTime m_started{};
    Request m_timer;
};

}  // namespace kubefed::cli
