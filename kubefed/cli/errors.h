// SPDX-License-Identifier: Apache-2.0
//
// Every failure that a person can meet on the command line: its stable id and its exit code. This table is
// the one source; docs/reference/errors.md explains the same ids (a test compares them). Values; any thread.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

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

// One part of an error, and never an empty one: what leaves a part out does not compile. Where it is others'
// words (a server may answer with none) and they are none, it says so.
class ErrorText {
public:
    ErrorText(std::string text) : m_text(text.empty() ? std::string("not known") : std::move(text)) {}
    ErrorText(const char* text) : ErrorText(std::string(text)) {}
    [[nodiscard]] const std::string& text() const { return m_text; }

private:
    std::string m_text;
};

inline constexpr const char* kNothingChanged = "nothing was changed";

// One failure, with all that a person needs to go on.
struct CliError {
    std::string_view id;
    ErrorText message;   // what failed, on what, why
    ErrorText evidence;  // what was seen
    ErrorText remedy;    // what to do, a command where there is one
    ErrorText changed;   // "nothing was changed in ...", or what was
};

// KF1203: a program that ours starts does not stand beside it.
[[nodiscard]] CliError missingProgram(const std::filesystem::path& program);

}  // namespace kubefed::cli
