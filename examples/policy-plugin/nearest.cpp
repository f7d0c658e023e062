// SPDX-License-Identifier: Apache-2.0
//
// Prefers clusters that answer quickly, and takes none that is too far away.
#include <algorithm>

#include <kubefed/policy.hpp>

struct Nearest : kubefed::policy::Policy {
    static constexpr std::string_view kConfigSchema = R"json({
      "type": "object", "additionalProperties": false,
      "properties": {"maxMillis": {"type": "number", "minimum": 1,
                                   "description": "Clusters further away than this are rejected"}}})json";

    double maxMillis;
    explicit Nearest(const Config& c) : maxMillis(c.number("maxMillis", 200, {.min = 1})) {}

    void score(const Round&, std::span<Candidate> candidates) override {
        for (Candidate& c : candidates) {
            const auto ms = c.cluster().number("latencyMillis");
            if (!ms)
                c.score(0, "its distance is not known");
            else if (*ms > maxMillis)
                c.reject("{} ms away, limit {} ms", *ms, maxMillis);
            else
                c.score(std::clamp(1 - *ms / maxMillis, 0.0, 1.0), "{} ms away", *ms);
        }
    }
};

KUBEFED_POLICY(Nearest, "nearest", "1.0.0", "Prefers clusters by network distance")
