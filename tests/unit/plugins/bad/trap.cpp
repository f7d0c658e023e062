// SPDX-License-Identifier: Apache-2.0
//
// Passes every probe and fails only in a running federation: crashes, or never comes back, for a workload of
// that name.
#include <cstdlib>
#include <string_view>

#include <kubefed/policy.hpp>

struct Trap : kubefed::policy::Policy {
    void filter(const Round& round, std::span<Candidate>) override {
        if (round.name() == "crash")
            std::abort();
        static const volatile bool kIsEnough = false;
        while (round.name() == "hang" && !kIsEnough) {
        }
    }
};

KUBEFED_POLICY(Trap, KUBEFED_TRAP_NAME, "1.0.0", "Springs when a workload is named so")
