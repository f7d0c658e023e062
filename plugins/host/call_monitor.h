// SPDX-License-Identifier: Apache-2.0
//
// Who is running now, kept where a crash does not reach it: a few words of a mapped file, written around each
// call into a plugin (no lock, and no system call but on a thread's first). The next process finds there in
// which plugin the one before was when a signal or exit() ended it there, or when it stood still. An end that
// says nothing of itself (_exit(), a crash of another thread, a kill) during a call is a doubt, and the
// second one in the same library a suspicion. A watch over those words tells of calls that do not come back.
// Made and destroyed by the composition root, which it outlives no plugin's registry of; Calls are made on
// any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::plugins {

// What a plugin was doing.
enum class Doing : std::uint32_t { Load = 1, Create, Destroy, Filter, Score, Select, Limit, Divide };
[[nodiscard]] std::string_view toString(Doing doing);

// How the process ended in it.
enum class Ending : std::uint32_t {
    Signal,      // on the call's own thread
    StoodStill,  // and was ended in it
    Exit,        // called by the plugin
    Untold,      // twice
};

class CallMonitor {
public:
    struct Suspect {
        std::string plugin;
        std::string sha256;
        Doing doing = Doing::Load;
        Ending ending = Ending::StoodStill;
        int signal = 0;                          // of Ending::Signal
        [[nodiscard]] std::string text() const;  // "crashed in score (Segmentation fault)"
    };
    struct Config {
        std::filesystem::path file;  // made with mode 0600
        std::chrono::milliseconds limit{10'000};
        std::chrono::milliseconds trust{600'000};  // see doubts(); looked at where `hung` is given
        // Takes SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT to note them, then lets them end the process, and
        // ends it at once, with status 1, at an exit() during a call. For programs; one monitor per process
        // may.
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
    // Who was running when the process before ended without a word; Untold of all. Doubts of a library go
    // when a process that has named it ends in order, or still runs Config::trust after it first called it.
    [[nodiscard]] std::vector<Suspect> doubts() const;
    // The process is about to end as it was asked to, if need be in the middle of a call: that is no doubt.
    // One that stands still remains a suspect.
    void endsInOrder();

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
