// SPDX-License-Identifier: Apache-2.0
//
// Tries a policy library where it can do no harm. Core thread; callbacks there, never from inside the call;
// destroying the handle ends the probe. Implementations: ProcessProber, fakes in tests.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/util/error.h"
#include "kubefed/util/request.h"

namespace kubefed::controller {

struct ProbedPolicy {
    std::string name;
    std::string version;
    std::string sha256;
};

struct ProbeAnswer {
    std::string name;  // by its manifest, also of one that failed; empty: it told none
    Result<ProbedPolicy> policy;
};

class PolicyProber {
public:
    PolicyProber() = default;
    PolicyProber(const PolicyProber&) = delete;
    PolicyProber& operator=(const PolicyProber&) = delete;
    virtual ~PolicyProber() = default;

    // `configs`: those with which it is used, each of which it must accept. FailedPrecondition says in what
    // it crashed, hung or failed.
    [[nodiscard]] virtual Request probe(const std::filesystem::path& library,
                                        std::vector<kube::JsonObject> configs,
                                        std::function<void(ProbeAnswer)> done) = 0;
};

}  // namespace kubefed::controller
