// SPDX-License-Identifier: Apache-2.0
//
// Divides replicas by weight: each cluster first gets its minimum; what is left goes by descending weight,
// then tie-break, ceil(left * weight / sum of the weights not yet served) at a time, within the limits, round
// after round until nothing moves. A scale-down follows the weights as a scale-up does.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <kubefed/policy.hpp>

namespace {

struct Weighted : kubefed::policy::Policy {
    static constexpr std::string_view kLicence = "Apache-2.0";
    static constexpr std::string_view kConfigSchema = R"json({
  "type": "object", "additionalProperties": false,
  "properties": {"weights": {"type": "object",
    "description": "Weight by cluster; \"*\" for all others. Without weights all are equal; without \"*\" the others get their minimum",
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1000000}}}})json";

    struct Share {
        Candidate* cluster = nullptr;
        double weight = 0;
        std::uint64_t tieBreak = 0;
        std::int64_t room = 0;      // up to its limit
        std::int64_t extra = 0;     // beyond the minimum
        std::int64_t leftThen = 0;  // when it was first served, for the reason
        double weightsThen = 0;
    };

    explicit Weighted(const Config& c) {
        const Config config = c.object("weights");
        for (const std::string& name : config.keys()) {
            const double weight = config.number(name, 0, {.min = 0, .max = 1e6});
            if (name == "*")
                others = weight;
            else
                weights.emplace(name, weight);
        }
        if (!weights.empty() && !config.has("*"))
            others = 0;
    }

    void divide(const Round& round, std::span<Candidate> selected) override {
        std::int64_t left = round.wanted();
        shares.clear();
        for (Candidate& c : selected) {
            left -= c.min();
            const double weight = weightOf(c);
            if (weight > 0 && c.max() > c.min()) {
                shares.push_back(
                    {.cluster = &c, .weight = weight, .tieBreak = c.tieBreak(), .room = c.max() - c.min()});
                continue;
            }
            c.place(c.min());
            if (round.wantsReasons())
                explainFixed(c, weight);
        }
        order(left);
        while (left > 0 && serve(left)) {
        }
        for (const Share& share : shares)
            explain(share, round.wanted());
    }

    // Whoever is served gets at least one, so no more than `left` of them need their place in the order.
    void order(std::int64_t left) {
        const auto before = [](const Share& a, const Share& b) {
            return a.weight != b.weight ? a.weight > b.weight : a.tieBreak < b.tieBreak;
        };
        const auto size = static_cast<std::int64_t>(shares.size());
        std::partial_sort(shares.begin(), shares.begin() + std::clamp<std::int64_t>(left, 0, size),
                          shares.end(), before);
    }

    // One round over those that have room. False if nothing moved.
    bool serve(std::int64_t& left) {
        double weightsLeft = 0;
        for (const Share& share : shares)
            weightsLeft += share.room > 0 ? share.weight : 0;
        const std::int64_t before = left;
        for (Share& share : shares) {
            if (left == 0)
                break;
            if (share.room <= 0)
                continue;
            const double exact = static_cast<double>(left) * share.weight / weightsLeft;
            // Less a little: 3 * 0.1 / 0.3 is 1, although doubles say a bit more.
            const auto rounded = static_cast<std::int64_t>(std::ceil(exact - 1e-9 * std::max(exact, 1.0)));
            const std::int64_t give = std::min({std::max<std::int64_t>(rounded, 1), share.room, left});
            if (share.extra == 0) {
                share.leftThen = left;
                share.weightsThen = weightsLeft;
            }
            share.extra += give;
            share.room -= give;
            left -= give;
            weightsLeft -= share.weight;
        }
        return left != before;
    }

    [[nodiscard]] double weightOf(const Candidate& c) const {
        if (weights.empty())
            return others;
        const auto found = weights.find(c.cluster().name());
        return found == weights.end() ? others : found->second;
    }

    static void explainFixed(Candidate& c, double weight) {
        const std::uint32_t state = c.cluster().state();
        if (c.isChosen() && state != KUBEFED_STATE_READY && state != KUBEFED_STATE_DEGRADED)
            c.say("keeps its {} while it cannot be written to", c.min());
        else if (weight <= 0)
            c.say("weight 0, minimum {}", c.min());
        else
            c.say("limits fix it at {}", c.min());
    }

    static void explain(const Share& share, std::int64_t wanted) {
        Candidate& c = *share.cluster;
        const std::int64_t placed = c.min() + share.extra;
        const bool isLast = share.extra == share.leftThen;
        if (share.extra == 0 && c.min() == 0)
            c.place(0, "none was left for its weight {}", share.weight);
        else if (share.extra == 0)
            c.place(placed, "minimum {}, none was left for its weight {}", c.min(), share.weight);
        else if (c.min() > 0 && isLast)
            c.place(placed, "minimum {}, plus the last {}", c.min(), share.extra);
        else if (c.min() > 0)
            c.place(placed, "minimum {}, plus {} of the {} left (weight {})", c.min(), share.extra,
                    share.leftThen, share.weight);
        else if (isLast)
            c.place(placed, placed == wanted ? "all {}" : "the last {}", share.extra);
        else
            c.place(placed, "{} of the {} left after minimums (weight {} of {}, rounded up)", share.extra,
                    share.leftThen, share.weight, share.weightsThen);
    }

    std::map<std::string, double, std::less<>> weights;
    double others = 1;
    std::vector<Share> shares;  // kept for its memory
};

}  // namespace

KUBEFED_POLICY(Weighted, "weighted", "1.0.0", "Divides replicas by weight")
