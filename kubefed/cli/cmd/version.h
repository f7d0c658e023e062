// SPDX-License-Identifier: Apache-2.0
//
// `kubefed version`: of this program and, where one is known, of the federation. One run; main thread.
#pragma once

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct VersionOptions {
    CommonOptions common;
    bool clientOnly = false;
};

class Version final : public FederationVerb {
public:
    Version(Environment& environment, VersionOptions options);

protected:
    void run() override;

private:
    VersionOptions m_options;
    Request m_request;
};

}  // namespace kubefed::cli
