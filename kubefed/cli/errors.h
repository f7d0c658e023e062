// SPDX-License-Identifier: Apache-2.0
//
// Every failure that a person can meet on the command line: its stable id and its exit code. This table is
// the one source; docs/reference/errors.md explains the same ids (a test compares them). Values; any thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace kubefed::cli {

// Exit codes, as scripts see them.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // on our side or the federation's
inline constexpr int kUsage = 2;
inline constexpr int kUnchanged = 3;
inline constexpr int kMemberRefused = 4;  // or cannot be reached
inline constexpr int kPartial = 5;
inline constexpr int kTimedOut = 6;
inline constexpr int kInterrupted = 130;

struct ErrorKind {
    std::string_view id;
    int exitCode;
    std::string_view title;
};
[[nodiscard]] std::span<const ErrorKind> errorKinds();
// The table's entry; an id that is not in it ends the program (a mistake of ours).
[[nodiscard]] const ErrorKind& errorKind(std::string_view id);

// One failure, with all that a person needs to go on.
struct CliError {
    std::string_view id;
    std::string message;        // what failed, on what, why
    std::string evidence = {};  // what was seen; may be empty
    std::string remedy = {};    // what to do, a command where there is one
    std::string changed = {};   // "nothing was changed in ...", or what was
};

// KF1203: a program that ours starts does not stand beside it.
[[nodiscard]] CliError missingProgram(const std::filesystem::path& program);

}  // namespace kubefed::cli
