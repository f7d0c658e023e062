// SPDX-License-Identifier: Apache-2.0
//
// `kubefed policy run` and `kubefed policy test`: decisions of one plugin or one policy on written-down
// cases, without a federation. One object is one run; main thread; ends within start().
#pragma once

#include <string>
#include <vector>

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct PolicyOptions {
    CommonOptions common;
    std::string subject;                 // a library, the manifest of a policy, or a built-in's name
    std::vector<std::string> libraries;  // more plugins that the policy lists
    std::string input;                   // run: a file of cases; test: a file or a folder
    std::string output;                  // run: "", wide, json
};

class PolicyRun final : public Verb {
public:
    PolicyRun(Environment& environment, PolicyOptions options)
        : Verb(environment), m_options(std::move(options)) {}

protected:
    void run() override;

private:
    PolicyOptions m_options;
};

class PolicyTest final : public Verb {
public:
    PolicyTest(Environment& environment, PolicyOptions options)
        : Verb(environment), m_options(std::move(options)) {}

protected:
    void run() override;

private:
    PolicyOptions m_options;
};

}  // namespace kubefed::cli
