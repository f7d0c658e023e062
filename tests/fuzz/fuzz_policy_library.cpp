// SPDX-License-Identifier: Apache-2.0
//
// A file that somebody uploads as a policy, up to where it would be mapped: whether it is a whole library,
// and what it calls itself. A name that is believed must be one.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plugins/host/library_file.h"
#include "plugins/host/manifest_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)kubefed::plugins::checkElf(bytes);
    const std::string name = kubefed::plugins::nameInFile(bytes);  // also of what is no whole library
    const bool isName = std::ranges::all_of(
        name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
    if (name.size() > 63 || !isName)
        std::abort();
    return 0;
}
