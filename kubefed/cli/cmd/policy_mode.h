// SPDX-License-Identifier: Apache-2.0
//
// `kubefed policy enable|disable NAME`: takes a plugin back into use, or out of it, by spec.mode of its
// PolicyPlugin. One object is one run; main thread.
#pragma once

#include <string>

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

struct PolicyModeOptions {
    CommonOptions common;
    std::string name;
};

class PolicyMode : public FederationVerb {
protected:
    enum class Mode { Active, Disabled };
    PolicyMode(Environment& environment, PolicyModeOptions options, Mode mode)
        : FederationVerb(environment, options.common), m_options(std::move(options)), m_mode(mode) {}
    void run() override;

private:
    void onObject(const Result<kube::Object>& answer);
    void tell(bool isNew);

    const PolicyModeOptions m_options;
    const Mode m_mode;
    bool m_isHanging = false;
    Request m_request;
};

class PolicyEnable final : public PolicyMode {
public:
    PolicyEnable(Environment& environment, PolicyModeOptions options)
        : PolicyMode(environment, std::move(options), Mode::Active) {}
};

class PolicyDisable final : public PolicyMode {
public:
    PolicyDisable(Environment& environment, PolicyModeOptions options)
        : PolicyMode(environment, std::move(options), Mode::Disabled) {}
};

}  // namespace kubefed::cli
