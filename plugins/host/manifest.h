// SPDX-License-Identifier: Apache-2.0
//
// What a policy library says of itself, checked. Errors say both versions where versions matter, and the
// remedy. Values and functions; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "kubefed/kube/json.h"
#include "kubefed/util/error.h"
#include "plugins/sdk/include/kubefed/policy_abi.h"

namespace kubefed::plugins {

struct Manifest {
    std::string name;
    std::string version;
    std::string description;
    std::string author;
    std::string licence;
    kube::Json configSchema;  // null: none
    std::uint32_t abiMajor = 0;
    std::uint32_t abiMinor = 0;
    std::uint32_t stages = 0;  // bit 1 << fed::Stage
};

// The name alone, whatever else is wrong with it; empty where it cannot be believed.
[[nodiscard]] std::string nameIn(const kubefed_policy_manifest& manifest);

// What a library exports, as far as both sides know it: the rest is 0. Refused by its version and size.
[[nodiscard]] Result<kubefed_policy_manifest> readManifest(const kubefed_policy_manifest& exported);
// `manifest`: as readManifest() gave it.
[[nodiscard]] Result<Manifest> checkManifest(const kubefed_policy_manifest& manifest);

// What is wrong with `config` by a policy's schema (type, properties, required, additionalProperties, items,
// enum, minimum, maximum, minLength, minItems, maxItems), naming the field; ok for a null schema.
[[nodiscard]] Result<void> checkConfig(const kube::Json& config, const kube::Json& schema,
                                       const std::string& path);

}  // namespace kubefed::plugins
