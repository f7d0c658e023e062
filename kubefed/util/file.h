// SPDX-License-Identifier: Apache-2.0
//
// Whole small files, read and replaced: a reader sees the old or the new content, never a part, and the new
// one is on disk when writeFile() returns. Blocking; for configuration, keys and kubeconfig, not for data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "kubefed/util/error.h"

namespace kubefed {

// NotFound where there is none; PermissionDenied, Unavailable otherwise.
[[nodiscard]] Result<std::string> readFile(const std::filesystem::path& path);
// Through a temporary file beside it, fsync and rename; a symbolic link stays one. The folder must exist.
[[nodiscard]] Result<void> writeFile(const std::filesystem::path& path, std::string_view content,
                                     int mode = 0600);

}  // namespace kubefed
