// SPDX-License-Identifier: Apache-2.0
//
// A policy library as a file: is it a whole ELF library of this machine with a manifest (asked before
// anything of it runs), and its private copy under its sha256 that is loaded in its place, so that replacing
// or deleting the original changes nothing that runs. Values and functions; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::plugins {

struct LibraryFile {
    std::filesystem::path copy;  // in the cache folder, mode 0500
    std::string sha256;          // lower-case hex
};

// Reads `file` once, checks what it read and writes that into `cacheFolder` (made with mode 0700; one that
// others may write to is refused). Errors name the file and the remedy.
[[nodiscard]] Result<LibraryFile> importLibrary(const std::filesystem::path& file,
                                                const std::filesystem::path& cacheFolder);

// Every *.so of a folder, in the order of their names; NotFound.
[[nodiscard]] Result<std::vector<std::filesystem::path>> librariesOf(const std::filesystem::path& folder);

// InvalidArgument with the reason unless `bytes` are a whole ELF shared library of this machine.
[[nodiscard]] Result<void> checkElf(std::string_view bytes);

}  // namespace kubefed::plugins
