// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/round_limits.h"

#include <algorithm>

namespace kubefed::fed {

void RoundLimits::settle(std::span<const RoundRow> rows, std::int64_t wanted) {
    m_reached.clear();
    m_missed.clear();
    for (const RoundRow& row : rows) {
        if (row.replicas < wanted && row.replicas == row.max) {
            const auto by = std::ranges::find_if(m_upper, [&](const Upper& upper) {
                return upper.cluster == row.cluster && upper.upper == row.max;
            });
            if (by != m_upper.end())
                m_reached.push_back(*by);
        }
        const auto asked = std::ranges::find(m_minimums, row.cluster, &Minimum::cluster);
        if (asked != m_minimums.end() && row.replicas < asked->minimum && wanted > 0)
            m_missed.push_back({row.cluster, asked->minimum, row.replicas});
    }
}

std::string RoundLimits::limited(const Fleet& fleet, std::span<const PolicyRound::Plugin> plugins,
                                 const ReasonLog* log) const {
    if (m_reached.empty())
        return {};
    const auto byPlugin =
        std::ranges::find_if(m_reached, [](const Upper& upper) { return upper.by != Explanation::kHost; });
    const Upper& first = byPlugin != m_reached.end() ? *byPlugin : m_reached.front();
    std::string text = "limited in ";
    if (m_reached.size() > 1)
        text += std::to_string(m_reached.size()) + " clusters, first ";
    text += fleet.clusters()[first.cluster].name;
    if (log != nullptr)
        if (const std::string reason = log->text(first.reason); !reason.empty())
            text += ": " + reason;
    if (first.by < plugins.size())
        text += " (" + plugins[first.by].name + ")";
    return text;
}

std::string RoundLimits::belowMinimum(const Fleet& fleet) const {
    constexpr std::size_t kNamed = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(m_missed.size(), kNamed); ++i)
        text += (i == 0 ? "below the minimum: " : ", ") + fleet.clusters()[m_missed[i].cluster].name + " " +
                std::to_string(m_missed[i].given) + " of " + std::to_string(m_missed[i].minimum);
    if (m_missed.size() > kNamed)
        text += " and " + std::to_string(m_missed.size() - kNamed) + " more";
    return text;
}

}  // namespace kubefed::fed
