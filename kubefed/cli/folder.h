// SPDX-License-Identifier: Apache-2.0
//
// Data folders of programs that this computer runs. Any thread.
#pragma once

#include <filesystem>

#include "kubefed/util/error.h"

namespace kubefed::cli {

// What a folder is called while it is removed.
[[nodiscard]] std::filesystem::path goneFolder(const std::filesystem::path& folder);
// Removes a folder with all in it. It leaves its name first, in one step: whoever is interrupted leaves no
// half of it, and a program that still ends there finds nowhere to write. What an earlier interruption left
// goes along. A folder that is not there is no error.
[[nodiscard]] Result<void> removeFolder(const std::filesystem::path& folder);

}  // namespace kubefed::cli
