// SPDX-License-Identifier: Apache-2.0
//
// Maps a policy library into this process: the only place with Boost.DLL. Never unloaded, since code that
// once ran may still be referred to. Any thread.
#pragma once

#include <filesystem>

#include "kubefed/util/error.h"
#include "plugins/sdk/include/kubefed/policy_abi.h"

namespace kubefed::plugins {

// InvalidArgument: it exports no manifest (asked before any of its code runs), or it cannot be mapped.
[[nodiscard]] Result<const kubefed_policy_manifest*> loadManifest(const std::filesystem::path& library);

}  // namespace kubefed::plugins
