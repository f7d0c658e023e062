// SPDX-License-Identifier: Apache-2.0
//
// What a library calls itself, read off the file: mapping it would run its code, which may be the end of
// whoever asks. Reads what anybody may have written. Functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kubefed::plugins {

// The name in the manifest of an ELF library that passed checkElf(); empty where none can be read, or none
// that may be believed (see nameIn()).
[[nodiscard]] std::string nameInFile(std::string_view bytes);

}  // namespace kubefed::plugins
