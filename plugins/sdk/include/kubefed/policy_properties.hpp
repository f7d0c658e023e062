// SPDX-License-Identifier: Apache-2.0
//
// The properties that every placement policy must have, checked over generated rounds: valid answers, never
// more replicas than wanted, a function of the round alone (equal rounds, other orders of the clusters, with
// and without reasons, another object of the policy: the same answers), at rest when nothing changed, hostile
// texts and numbers survived; and, where the author declares it, monotone in a figure of the clusters.
#pragma once

#include <kubefed/policy_testing.hpp>

namespace kubefed::policy::testing {

struct PropertyOptions {
    Value config = Value::object();
    std::vector<std::string> rising;   // figures: more of it never lowers the points of a cluster
    std::vector<std::string> falling;  // figures: more of it never raises them
    int rounds = 200;
    std::uint64_t seed = 1;
};

namespace detail {

// The same sequence everywhere, unlike std's distributions.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : m_state(seed * 0x9e3779b97f4a7c15ULL + 1) {}
    std::uint64_t roll() {
        m_state ^= m_state << 13U;
        m_state ^= m_state >> 7U;
        return m_state ^= m_state << 17U;
    }
    std::int64_t upTo(std::int64_t most) {
        return static_cast<std::int64_t>(roll() % (static_cast<std::uint64_t>(most) + 1));
    }
    bool oneIn(std::int64_t n) { return upTo(n - 1) == 0; }

private:
    std::uint64_t m_state;
};

inline const char* stageName(std::uint32_t stage) {
    static constexpr const char* kNames[] = {"filter", "score", "select", "limit", "divide"};
    return kNames[stage];
}

inline std::string hostileText(Dice& dice) {
    static const std::string kTexts[] = {"",
                                         "{}{}{}{}{}",
                                         "%n%s%s",
                                         std::string("\0nul", 4),
                                         "\xff\xfe\x80",
                                         "\xe2\x80\xae right to left",
                                         "../../etc/passwd",
                                         std::string(5000, 'x')};
    return kTexts[static_cast<std::size_t>(dice.upTo(7))];
}

inline double hostileNumber(Dice& dice) {
    static constexpr double kNumbers[] = {0, -1, 1e308, -1e308, 5e-324, 9.2233720368547758e18, 0.1, 1e-9};
    return kNumbers[dice.upTo(7)];
}

inline std::vector<ClusterSpec> makeClusters(Dice& dice, bool isHostile, const PropertyOptions& options) {
    static constexpr std::int64_t kSizes[] = {1, 2, 3, 5, 12, 60};
    std::vector<ClusterSpec> clusters;
    for (std::int64_t i = kSizes[dice.upTo(5)]; i > 0; --i) {
        ClusterSpec& made = clusters.emplace_back(cluster("cluster-" + std::to_string(i)));
        made.label("topology.kubernetes.io/region", "region-" + std::to_string(dice.upTo(3)));
        made.state = dice.oneIn(8) ? KUBEFED_STATE_UNREACHABLE : KUBEFED_STATE_READY;
        made.isCordoned = dice.oneIn(10);
        std::vector<std::string> figures{"latencyMillis", "nodes.ready",        "allocatable.cpu",
                                         "requested.cpu", "allocatable.memory", "requested.memory"};
        figures.insert(figures.end(), options.rising.begin(), options.rising.end());
        figures.insert(figures.end(), options.falling.begin(), options.falling.end());
        for (const std::string& figure : figures)
            if (!dice.oneIn(6))  // absent now and then
                made.number(figure, isHostile ? hostileNumber(dice) : static_cast<double>(dice.upTo(400)));
        if (dice.oneIn(6))
            made.taint("gpu", "yes");
        if (isHostile) {
            made.name += hostileText(dice);
            made.label(hostileText(dice), hostileText(dice));
            made.taint(hostileText(dice), hostileText(dice), static_cast<std::uint32_t>(dice.upTo(1)));
        }
        if (dice.oneIn(3))
            made.holds(dice.upTo(5));
    }
    return clusters;
}

inline WorkloadSpec makeWorkload(Dice& dice, bool isHostile) {
    WorkloadSpec workload;
    workload.form = static_cast<std::uint32_t>(dice.upTo(2));
    workload.wanted = workload.form == KUBEFED_FORM_REPLICATED ? dice.upTo(40) : 1;
    workload.requests = {{"cpu", 0.5}, {"memory", 1e8}};
    if (isHostile) {
        workload.name += hostileText(dice);
        workload.labels[hostileText(dice)] = hostileText(dice);
        if (workload.form == KUBEFED_FORM_REPLICATED && dice.oneIn(4))
            workload.wanted = INT64_MAX / 2;
    }
    return workload;
}

// The rows of a stage, with limits that fit for the divider.
inline std::vector<Row> makeRows(const std::vector<ClusterSpec>& clusters, const WorkloadSpec& workload,
                                 std::uint32_t stage, Dice dice) {
    std::vector<Row> rows(clusters.size());
    std::int64_t left = workload.wanted;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        kubefed_row& raw = rows[i].raw;
        raw.cluster = static_cast<std::uint32_t>(i);
        raw.chosen = clusters[i].isChosen ? 1 : 0;
        raw.current = clusters[i].current;
        raw.ready = clusters[i].ready;
        raw.tie_break = std::hash<std::string>{}(clusters[i].name) | 1U;
        raw.score = stage >= KUBEFED_STAGE_SELECT ? static_cast<double>(dice.upTo(10)) / 10 : 0;
        raw.max = raw.upper = KUBEFED_NO_LIMIT;
        if (stage != KUBEFED_STAGE_DIVIDE)
            continue;
        raw.min = std::min(dice.oneIn(3) ? dice.upTo(2) : 0, left);
        left -= raw.min;
        raw.max = dice.oneIn(3) ? raw.min + dice.upTo(4) : workload.wanted;
        raw.max = std::max(raw.max, raw.min);
    }
    return rows;
}

inline std::optional<std::string> invalid(std::uint32_t stage, const Row& told, const Row& row,
                                          std::string_view name) {
    const auto wrong = [&](const std::string& what) {
        return std::optional("cluster \"" + std::string(name.substr(0, 40)) + "\": " + what);
    };
    const kubefed_row& raw = row.raw;
    if (raw.cluster != told.raw.cluster)
        return wrong("its row answers for another cluster");
    if (raw.out > 1)
        return wrong(format("a verdict of {}, neither 0 nor 1", static_cast<int>(raw.out)));
    if (stage == KUBEFED_STAGE_SCORE && raw.out == 0 && !(raw.points >= 0 && raw.points <= 1))
        return wrong(format("{} points, not within [0, 1]", raw.points));
    if (stage == KUBEFED_STAGE_LIMIT && (raw.lower < 0 || raw.lower > raw.upper))
        return wrong(format("limits from {} to {}", raw.lower, raw.upper));
    if (stage == KUBEFED_STAGE_DIVIDE && (raw.replicas < told.raw.min || raw.replicas > told.raw.max))
        return wrong(
            format("{} replicas, its limits are {} to {}", raw.replicas, told.raw.min, told.raw.max));
    return std::nullopt;
}

inline bool sameAnswer(std::uint32_t stage, const kubefed_row& a, const kubefed_row& b) {
    switch (stage) {
        case KUBEFED_STAGE_SCORE:
            return a.out == b.out && (a.out != 0 || a.points == b.points);
        case KUBEFED_STAGE_LIMIT:
            return a.lower == b.lower && a.upper == b.upper;
        case KUBEFED_STAGE_DIVIDE:
            return a.replicas == b.replicas;
        default:
            return a.out == b.out;
    }
}

// Everything that is checked of one stage in one round. The first problem, or nothing.
class StageCheck {
public:
    StageCheck(const kubefed_policy_manifest& manifest, const PropertyOptions& options, Subject& subject,
               std::uint32_t stage, std::vector<ClusterSpec> clusters, WorkloadSpec workload, Dice dice)
        : m_manifest(manifest),
          m_options(options),
          m_subject(subject),
          m_stage(stage),
          m_clusters(std::move(clusters)),
          m_workload(std::move(workload)),
          m_told(makeRows(m_clusters, m_workload, stage, dice)),
          m_dice(dice) {}

    std::optional<std::string> problem() {
        m_answer = m_told;
        if (!m_subject.run(m_stage, m_clusters, m_workload, m_answer))
            return m_subject.error();
        if (auto found = bounds())
            return found;
        if (auto found = again())
            return found;
        if (auto found = otherOrder())
            return found;
        if (auto found = atRest())
            return found;
        for (const std::string& figure : m_options.rising)
            if (auto found = monotone(figure, true))
                return found;
        for (const std::string& figure : m_options.falling)
            if (auto found = monotone(figure, false))
                return found;
        return std::nullopt;
    }

private:
    std::optional<std::string> bounds() const {
        std::int64_t left = m_workload.wanted;
        for (std::size_t i = 0; i < m_told.size(); ++i) {
            if (auto wrong = invalid(m_stage, m_told[i], m_answer[i], m_clusters[i].name))
                return wrong;
            if (m_stage == KUBEFED_STAGE_DIVIDE && (left -= m_answer[i].raw.replicas) < 0)
                return format("more replicas than the {} asked for", m_workload.wanted);
        }
        return std::nullopt;
    }
    std::optional<std::string> again() {
        std::vector<Row> silent = m_told;
        if (!m_subject.run(m_stage, m_clusters, m_workload, silent, false) || differs(silent))
            return "another answer when nobody wants reasons";
        std::vector<Row> repeated = m_told;
        if (!m_subject.run(m_stage, m_clusters, m_workload, repeated) || differs(repeated))
            return "another answer to an equal round";
        Subject fresh(m_manifest, m_options.config);
        std::vector<Row> byAnother = m_told;
        if (!fresh.isMade() || !fresh.run(m_stage, m_clusters, m_workload, byAnother) || differs(byAnother))
            return "another answer by a new object: it depends on earlier rounds";
        return std::nullopt;
    }
    std::optional<std::string> otherOrder() {
        std::vector<ClusterSpec> clusters(m_clusters.rbegin(), m_clusters.rend());
        std::vector<Row> rows(m_told.rbegin(), m_told.rend());
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i].raw.cluster = static_cast<std::uint32_t>(i);
        if (!m_subject.run(m_stage, clusters, m_workload, rows))
            return m_subject.error();
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (!sameAnswer(m_stage, rows[i].raw, m_answer[rows.size() - 1 - i].raw))
                return "another answer when the clusters come in another order; break ties by tieBreak()";
        return std::nullopt;
    }
    // What it decided is in force: it must not move.
    std::optional<std::string> atRest() {
        if (m_stage != KUBEFED_STAGE_SELECT && m_stage != KUBEFED_STAGE_DIVIDE)
            return std::nullopt;
        std::vector<ClusterSpec> clusters = m_clusters;
        std::vector<Row> rows = m_told;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const bool isChosen = m_answer[i].raw.out == 0;
            const std::int64_t replicas = m_answer[i].raw.replicas;
            clusters[i].isChosen = isChosen;
            clusters[i].current = clusters[i].ready = rows[i].raw.current = rows[i].raw.ready = replicas;
            rows[i].raw.chosen = isChosen ? 1 : 0;
        }
        if (!m_subject.run(m_stage, clusters, m_workload, rows) || differs(rows))
            return "another answer once its own is in force: it would never come to rest";
        return std::nullopt;
    }
    std::optional<std::string> monotone(const std::string& figure, bool isRising) {
        if (m_stage != KUBEFED_STAGE_SCORE && m_stage != KUBEFED_STAGE_FILTER)
            return std::nullopt;
        const auto which =
            static_cast<std::size_t>(m_dice.upTo(static_cast<std::int64_t>(m_told.size()) - 1));
        std::vector<ClusterSpec> clusters = m_clusters;
        const auto held = clusters[which].numbers.find(figure);
        if (held == clusters[which].numbers.end())
            return std::nullopt;
        held->second += 1 + std::fabs(held->second) / 3;
        std::vector<Row> rows = m_told;
        if (!m_subject.run(m_stage, clusters, m_workload, rows))
            return m_subject.error();
        const auto worth = [](const Row& row) { return row.raw.out != 0 ? -1.0 : row.raw.points; };
        const double before = worth(m_answer[which]);
        const double after = worth(rows[which]);
        if (isRising ? after < before : after > before)
            return "not " + std::string(isRising ? "rising" : "falling") + " in \"" + figure +
                   "\": " + format("{} before, {} with more of it", before, after);
        return std::nullopt;
    }
    [[nodiscard]] bool differs(const std::vector<Row>& rows) const {
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (!sameAnswer(m_stage, rows[i].raw, m_answer[i].raw))
                return true;
        return false;
    }

    const kubefed_policy_manifest& m_manifest;
    const PropertyOptions& m_options;
    Subject& m_subject;
    const std::uint32_t m_stage;
    const std::vector<ClusterSpec> m_clusters;
    const WorkloadSpec m_workload;
    const std::vector<Row> m_told;
    std::vector<Row> m_answer;
    Dice m_dice;
};

}  // namespace detail

// What is wrong with a policy, one sentence each, at most one for each stage; empty if nothing was found.
[[nodiscard]] inline std::vector<std::string> checkProperties(const kubefed_policy_manifest& manifest,
                                                              const PropertyOptions& options = {}) {
    Subject subject(manifest, options.config);
    if (!subject.isMade())
        return {"the policy cannot be made: " + subject.error()};
    std::vector<std::string> problems;
    for (std::uint32_t stage = KUBEFED_STAGE_FILTER; stage <= KUBEFED_STAGE_DIVIDE; ++stage) {
        if (!subject.has(stage))
            continue;
        for (int i = 0; i < options.rounds; ++i) {
            detail::Dice dice(options.seed + static_cast<std::uint64_t>(i));
            const bool isHostile = i % 2 == 1;
            auto clusters = detail::makeClusters(dice, isHostile, options);
            auto workload = detail::makeWorkload(dice, isHostile);
            if (stage >= KUBEFED_STAGE_LIMIT)
                workload.form = KUBEFED_FORM_REPLICATED;
            detail::StageCheck check(manifest, options, subject, stage, std::move(clusters),
                                     std::move(workload), dice);
            if (auto problem = check.problem()) {
                problems.push_back(std::string(detail::stageName(stage)) + ", round " + std::to_string(i) +
                                   (isHostile ? " (hostile texts and numbers): " : ": ") + *problem);
                break;
            }
        }
    }
    return problems;
}

}  // namespace kubefed::policy::testing
