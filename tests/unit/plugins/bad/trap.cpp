// SPDX-License-Identifier: Apache-2.0
//
// Passes every probe and fails only in a running federation: crashes (itself, or a thread of its own), leaves
// or never comes back, for a workload of that name.
#include <cstdlib>
#include <string_view>
#include <thread>

#include <kubefed/policy.hpp>

struct Trap : kubefed::policy::Policy {
    void filter(const Round& round, std::span<Candidate>) override {
        if (round.name() == "crash")
            std::abort();
        if (round.name() == "leave")
            std::_Exit(0);
        if (round.name() == "thread")
            std::thread([] { std::abort(); }).join();
        static const volatile bool kIsEnough = false;
        while (round.name() == "hang" && !kIsEnough) {
        }
    }
};

KUBEFED_POLICY(Trap, KUBEFED_TRAP_NAME, "1.0.0", "Springs when a workload is named so")
