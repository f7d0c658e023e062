// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/policy_mode.h"

#include "kubefed/cli/member_objects.h"
#include "kubefed/fed/names.h"
#include "kubefed/fed/policy_plugin.h"

namespace kubefed::cli {

void PolicyMode::run() {
    if (connect())
        m_request = client().get(fed::policyPlugins(), {{}, m_options.name},
                                 [this](const Result<kube::Object>& answer) { onObject(answer); });
}

void PolicyMode::onObject(const Result<kube::Object>& answer) {
    if (!answer)
        return failWith(answer.error(), "policy \"" + m_options.name + "\"");
    const bool isDisabled = m_mode == Mode::Disabled;
    const auto plugin = fed::PolicyPlugin::decode(*answer);
    m_isHanging = plugin && fed::isHanging(plugin->status);
    if (plugin && plugin->spec.isDisabled == isDisabled)
        return tell(false);
    const kube::JsonObject patch{{"spec", kube::JsonObject{{"mode", isDisabled ? "Disabled" : "Active"}}}};
    m_request = client().patch(fed::policyPlugins(), {{}, m_options.name}, kube::PatchType::Merge,
                               kube::printJson(patch), {.fieldManager = std::string(kCliManager)},
                               [this](const Result<kube::Object>& written) {
                                   if (!written)
                                       return failWrite(written.error(), "policy \"" + m_options.name + "\"");
                                   tell(true);
                               });
}

void PolicyMode::tell(bool isNew) {
    const std::string is = m_options.name + (isNew ? " is " : " was already ");
    env().report.line(m_mode == Mode::Disabled
                          ? is +
                                "disabled; policies that use it keep what they placed, until: kubefed "
                                "policy enable " +
                                m_options.name
                          : is + "enabled; policies that use it decide with it");
    if (m_isHanging)
        env().report.warn(m_options.name +
                          " does not come back from a call, so nothing is decided until the controller is "
                          "restarted: kubefed down " +
                          federationName() + " && kubefed up " + federationName());
    finish(isNew ? kDone : unchangedCode(common()));
}

}  // namespace kubefed::cli
