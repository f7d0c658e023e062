// SPDX-License-Identifier: Apache-2.0
//
// Remembers through one round what kept clusters from getting more replicas, or as many as their minimum, for
// the message of its decision. Internal to fed; lives as long as its RoundRun.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kubefed/fed/explanation.h"
#include "kubefed/fed/policy_round.h"

namespace kubefed::fed {

class RoundLimits {
public:
    // `by`: index of the plugin, or Explanation::kHost.
    void limit(std::uint32_t cluster, std::int64_t upper, std::uint32_t by, ReasonId reason) {
        m_upper.push_back({cluster, upper, by, reason});
    }
    void ask(std::uint32_t cluster, std::int64_t minimum) { m_minimums.push_back({cluster, minimum}); }
    // The shares as they are divided, while every row is still there.
    void settle(std::span<const RoundRow> rows, std::int64_t wanted);

    // "limited in 2 clusters, first tokyo: cordoned, keeps at most its 3 (taints)"; empty where no share is
    // at a limit. The first that a plugin limits, else the first. Without a log (null) the reason is left
    // out.
    [[nodiscard]] std::string limited(const Fleet& fleet, std::span<const PolicyRound::Plugin> plugins,
                                      const ReasonLog* log) const;
    // "below the minimum: tokyo 2 of 5, osaka 1 of 4"; empty where none is.
    [[nodiscard]] std::string belowMinimum(const Fleet& fleet) const;

private:
    struct Upper {
        std::uint32_t cluster = 0;
        std::int64_t upper = 0;
        std::uint32_t by = Explanation::kHost;
        ReasonId reason = 0;
    };
    struct Minimum {
        std::uint32_t cluster = 0;
        std::int64_t minimum = 0;
        std::int64_t given = 0;
    };
    std::vector<Upper> m_upper;
    std::vector<Minimum> m_minimums;
    std::vector<Upper> m_reached;  // one for each cluster whose share is at its limit
    std::vector<Minimum> m_missed;
};

}  // namespace kubefed::fed
