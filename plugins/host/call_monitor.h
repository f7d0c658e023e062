// SPDX-License-Identifier: Apache-2.0
//
// Who is running now, kept where a crash does not reach it: a few words of a mapped file, written around each
// call into a plugin (no lock, and no system call but on a thread's first). The next process finds there in
// which plugin the one before was when a signal ended it or when it stood still. A watch over those words
// tells of calls that do not come back. Made and destroyed by the composition root, which it outlives no
// plugin's registry of; Calls are made on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/util/error.h"

namespace kubefed::plugins {

// What a plugin was doing.
enum class Doing : std::uint32_t { Load = 1, Create, Destroy, Filter, Score, Select, Limit, Divide };
[[nodiscard]] std::string_view toString(Doing doing);

class CallMonitor {
public:
    struct Suspect {
        std::string plugin;
        std::string sha256;
        Doing doing = Doing::Load;
        int signal = 0;                          // 0: it stood still
        [[nodiscard]] std::string text() const;  // "crashed in score (Segmentation fault)"
    };
    struct Config {
        std::filesystem::path file;  // made with mode 0600
        std::chrono::milliseconds limit{10'000};
        // Takes SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT to note them, then lets them end the process. For
        // programs; one monitor per process may.
        bool notesSignals = false;
        // Called on the monitor's own thread: a call has lasted longer than the limit; null: it came back.
        std::function<void(const Suspect*)> hung;
    };

    [[nodiscard]] static Result<std::unique_ptr<CallMonitor>> open(Config config);
    ~CallMonitor();
    CallMonitor(const CallMonitor&) = delete;
    CallMonitor& operator=(const CallMonitor&) = delete;

    // Whom the process before (or one before it) left behind, until it is forgotten.
    [[nodiscard]] std::optional<Suspect> suspect() const;
    void forgetSuspect();

    // A number for Calls; 0 (which is not watched by name) when there are too many.
    [[nodiscard]] std::uint32_t nameOf(std::string_view plugin, std::string_view sha256);

    // From its construction to its destruction the plugin is running. A null monitor watches nothing.
    class Call {
    public:
        Call(CallMonitor* monitor, std::uint32_t name, Doing doing);
        ~Call();
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

    private:
        void* m_slot = nullptr;
    };

private:
    class Impl;
    explicit CallMonitor(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::plugins
