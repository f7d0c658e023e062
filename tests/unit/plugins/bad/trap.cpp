// SPDX-License-Identifier: Apache-2.0
//
// Passes every probe and fails only in a running federation: throws, answers nonsense, crashes (itself, or a
// thread of its own), leaves or never comes back, for a workload of that name.
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <kubefed/policy.hpp>

struct Trap : kubefed::policy::Policy {
    void filter(const Round& round, std::span<Candidate>) override {
        if (round.name() == "throw")
            throw std::runtime_error("no luck today");
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
    void score(const Round& round, std::span<Candidate> clusters) override {
        if (round.name() == "nonsense")
            for (Candidate& one : clusters)
                one.score(std::numeric_limits<double>::quiet_NaN());
    }
};

KUBEFED_POLICY(Trap, KUBEFED_TRAP_NAME, "1.0.0", "Springs when a workload is named so")
