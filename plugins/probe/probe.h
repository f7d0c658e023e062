// SPDX-License-Identifier: Apache-2.0
//
// One policy library put through its golden rounds in this process, under limits of memory and CPU time that
// stay in force afterwards. Main thread, once per process.
#pragma once

#include <filesystem>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/util/error.h"
#include "plugins/probe/probe_answers.h"

namespace kubefed {

struct ProbeTask {
    std::filesystem::path library;
    std::filesystem::path builtins;         // folder of the built-in policies
    std::filesystem::path scratch;          // folder for copies of what is loaded
    std::vector<kube::JsonObject> configs;  // that the library must bear, beside its own
};

// Name, version and sha256 of the library, or why it is refused. Says each step, and the library's name as
// soon as that is known, before it may end this process.
Result<kube::JsonObject> probe(const ProbeTask& task, const ProbeAnswers& answers);

}  // namespace kubefed
