// SPDX-License-Identifier: Apache-2.0
//
// The functions that kubefed offers to policies across the C boundary, and what they work on during a call.
// Internal to plugins/host.
#pragma once

#include <string_view>

#include "kubefed/fed/policy_round.h"
#include "plugins/sdk/include/kubefed/policy_abi.h"

namespace kubefed::plugins {

// kubefed_round::context points to this during a stage.
struct CallContext {
    const fed::RoundContext& round;
    fed::ReasonLog* reasons;
    mutable const fed::Fleet::LabelColumn* column = nullptr;  // the label that was asked for last
};

[[nodiscard]] const kubefed_host& hostFunctions();
[[nodiscard]] inline kubefed_string toAbi(std::string_view text) {
    return {text.data(), text.size()};
}
[[nodiscard]] inline std::string_view fromAbi(kubefed_string text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
// A node of a configuration is the kube::Json itself.
[[nodiscard]] inline const kubefed_value* toAbi(const kube::Json& value) {
    return reinterpret_cast<const kubefed_value*>(&value);
}

}  // namespace kubefed::plugins
