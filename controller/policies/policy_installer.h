// SPDX-License-Identifier: Apache-2.0
//
// Policy plugins as a running federation has them: what is installed, and how a library gets in, is replaced
// and goes. Core thread; owned by the composition root, which outlives every caller. Authorisation is the
// caller's: who may `create` policyplugins.kubefed.io may install what is new, who may `update` them too may
// replace what is there, who may `delete` them may remove. Whatever fails, the version that was active stays
// active.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/util/error.h"
#include "kubefed/util/request.h"

namespace kubefed::controller {

struct PolicyUpload {
    // The whole library, in uploadFolder(). Read during the call only; the caller removes it.
    std::filesystem::path file;
    std::string sha256;  // lower-case hex, as the sender computed it
    std::string name;    // empty: by the library's manifest; else that must say the same
    bool trusted = false;
    // Why whoever sent it may not replace what is there. Which name it has is known only after the upload.
    std::optional<Error> mayNotReplace;
};

struct InstalledPolicy {
    enum class State { Active, Disabled, Failed };
    std::string name;
    std::string version;
    std::string description;
    std::string author;
    std::string licence;
    std::string configSchema;  // JSON text, empty: none
    std::string abi;           // "1.0"
    std::string source;        // "builtin", "folder" (given by --plugin-dir) or "library" (installed)
    std::string sha256;
    State state = State::Active;
    std::string message;              // why it is not Active, or why a newer version was refused
    std::vector<std::string> stages;  // "filter", "score", ...
    std::uint64_t calls = 0;          // of stages, since the controller started
    std::uint64_t failures = 0;
    std::string lastError;
    std::chrono::nanoseconds p50{0}, p99{0};  // what calls took; 0: there were none
    std::uint32_t libraryGeneration = 0;      // which library of its name runs, from 1 on
};

[[nodiscard]] constexpr std::string_view toString(InstalledPolicy::State state) {
    return state == InstalledPolicy::State::Active     ? "Active"
           : state == InstalledPolicy::State::Disabled ? "Disabled"
                                                       : "Failed";
}

class PolicyInstaller {
public:
    PolicyInstaller() = default;
    PolicyInstaller(const PolicyInstaller&) = delete;
    PolicyInstaller& operator=(const PolicyInstaller&) = delete;
    virtual ~PolicyInstaller() = default;

    // A folder of mode 0700 on the file system of the plugins, for uploads under way. Leftovers are removed
    // when the controller starts.
    [[nodiscard]] virtual std::filesystem::path uploadFolder() const = 0;

    // Verifies, probes in a process of its own, loads, swaps between two rounds, and records it in the
    // PolicyPlugin of its name. `done` comes later, on this thread, when it is in force. Destroying the
    // handle before that gives it up while it is being probed; what has begun to swap goes on.
    // InvalidArgument: not a usable library, or not the announced one. FailedPrecondition: not trusted, or it
    // failed its probe. PermissionDenied: upload.mayNotReplace. AlreadyExists: the name of a built-in policy.
    // ResourceExhausted: restart the controller first. Aborted: another installation of that name is under
    // way.
    [[nodiscard]] virtual Request install(PolicyUpload upload, Callback<InstalledPolicy> done) = 0;

    // NotFound; FailedPrecondition for what was not installed this way. Policies that list it get
    // PolicyError, and what is placed stays.
    [[nodiscard]] virtual Request remove(std::string name, Callback<void> done) = 0;

    [[nodiscard]] virtual std::vector<InstalledPolicy> list() const = 0;  // by name
};

}  // namespace kubefed::controller
