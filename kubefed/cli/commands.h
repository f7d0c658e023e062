// SPDX-License-Identifier: Apache-2.0
//
// The command line's grammar: reads the arguments and makes the Verb that they ask for. Main thread.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kubefed/cli/verb.h"

namespace kubefed::cli {

// Either what to run, or the exit code after help or a usage error was printed.
using Parsed = std::variant<std::unique_ptr<Verb>, int>;
[[nodiscard]] Parsed parseCommandLine(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace kubefed::cli
