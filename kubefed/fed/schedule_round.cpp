// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/schedule_round.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "kubefed/fed/names.h"

namespace kubefed::fed {

namespace {

// splitmix64's finaliser: neighbouring inputs give unrelated outputs.
std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31U);
}

std::uint64_t hashOf(const Workload& workload) {
    std::uint64_t hash = stableHash(workload.gvk.kind);
    hash = stableHash(workload.key.ns, stableHash("/", hash));
    return stableHash(workload.key.name, stableHash("/", hash));
}

// Is every answer one that checkRow() would find nothing wrong with? Told without making a text for each row.
bool areFine(Stage stage, std::span<const RoundRow> told, std::span<const RoundRow> answers) {
    const auto all = [&](auto isFine) {
        bool result = true;
        for (std::size_t i = 0; i < told.size(); ++i)
            result = result && answers[i].cluster == told[i].cluster && answers[i].out <= 1 &&
                     isFine(told[i], answers[i]);
        return result;
    };
    switch (stage) {
        case Stage::Score:
            return all([](const RoundRow&, const RoundRow& answer) {
                return answer.out != 0 || (answer.points >= 0 && answer.points <= 1);
            });
        case Stage::Limit:
            return all([](const RoundRow&, const RoundRow& answer) {
                return answer.lower >= 0 && answer.lower <= answer.upper;
            });
        case Stage::Divide:
            return all([](const RoundRow& row, const RoundRow& answer) {
                return answer.replicas >= row.min && answer.replicas <= row.max;
            });
        default:
            return all([](const RoundRow&, const RoundRow&) { return true; });
    }
}

std::string inQuotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

}  // namespace

RoundRun::RoundRun(const ScheduleInput& input)
    : m_input(input),
      m_context{*input.fleet, input.workload, input.policy->rebalance, input.policy->strategy},
      m_plugins(input.round->plugins()),
      m_rejections(m_plugins.size() + 1) {
    if (!input.explain)
        return;
    m_explanation = std::make_shared<Explanation>();
    m_explanation->fleet = input.fleet;
    m_explanation->hasReplicas = input.workload.form == Form::Replicated;
    m_explanation->wanted = input.workload.wanted;
    for (const auto& plugin : m_plugins)
        m_explanation->plugins.push_back(plugin.name);
}

RoundRun::Outcome RoundRun::decide() {
    if (auto ok = checkStages(); !ok)
        return ok;
    prepareRows();
    if (auto ok = filter(); !ok)
        return ok;
    if (auto ok = score(); !ok)
        return ok;
    if (auto ok = select(); !ok)
        return ok;
    if (m_input.workload.form == Form::Replicated) {
        if (auto ok = limit(); !ok)
            return ok;
        if (m_context.strategy == ReplicaStrategy::Duplicate)
            duplicate();
        else if (auto ok = divide(); !ok)
            return ok;
    }
    noteChosen();
    return {};
}

RoundRun::Outcome RoundRun::checkStages() const {
    for (const Stage stage : {Stage::Select, Stage::Divide}) {
        const PolicyRound::Plugin* first = nullptr;
        for (const auto& plugin : m_plugins) {
            if (!plugin.has(stage))
                continue;
            if (first != nullptr)
                return std::unexpected(Failure{
                    kReasonPolicyError, "plugins " + inQuotes(first->name) + " and " + inQuotes(plugin.name) +
                                            " both " + std::string(toString(stage)) +
                                            ", only one may; leave one out of spec.plugins"});
            first = &plugin;
        }
    }
    return {};
}

void RoundRun::prepareRows() {
    const std::span<const std::uint64_t> hashes = m_input.fleet->hashes();
    const std::uint64_t objectHash = hashOf(m_input.workload);
    m_rows.resize(hashes.size());
    for (std::uint32_t i = 0; i < m_rows.size(); ++i) {
        m_rows[i].cluster = i;
        m_rows[i].tieBreak = mix(hashes[i] ^ objectHash);
    }
    for (const CurrentShare& share : m_input.workload.current) {
        const auto index = m_input.fleet->indexOf(share.cluster);
        if (!index) {
            m_lostCluster = true;
            continue;
        }
        RoundRow& row = m_rows[*index];
        // A total of 0 leaves a share of 0 everywhere. When there are replicas again, nothing stands there
        // that a cordon would have to respect; only where nobody can take the object away it stays.
        const bool isHeld = share.replicas > 0 || m_input.workload.form != Form::Replicated ||
                            m_input.workload.wanted == 0 || !facts(row).isWritable();
        row.chosen = isHeld ? 1 : 0;
        m_heldBefore += row.chosen;
        row.current = std::max<std::int64_t>(share.replicas, 0);
        row.ready = std::max<std::int64_t>(share.ready, 0);
    }
    if (m_explanation)
        m_explanation->outcomes.resize(hashes.size());
}

RoundRun::Outcome RoundRun::filter() {
    std::vector<std::uint8_t> out(m_rows.size());
    for (std::size_t p = 0; p < m_plugins.size(); ++p) {
        if (!m_plugins[p].has(Stage::Filter))
            continue;
        const Ran counts = run(p, Stage::Filter);
        if (!counts)
            return std::unexpected(counts.error());
        if (!*counts)
            continue;
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            if (m_answers[i].out == 0 || out[i] != 0)
                continue;
            out[i] = 1;
            ++m_rejections[p];
            note(m_rows[i], static_cast<std::uint32_t>(p), Stage::Filter, m_answers[i].reason);
        }
    }
    const std::vector<std::uint8_t> maySetServe = m_input.fleet->mayServe(m_input.workload.gvk);
    const std::span<const std::uint32_t> apiSets = m_input.fleet->apiSets();
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        if (out[i] == 0 && m_rows[i].chosen == 0 && maySetServe[apiSets[m_rows[i].cluster]] == 0) {
            out[i] = 1;
            ++m_rejections.back();
            const std::string type = m_input.workload.gvk.text();
            note(m_rows[i], Explanation::kHost, Stage::Filter,
                 hostReason("does not serve {}", {std::string_view(type)}));
        }
        m_rows[i].out = out[i];
    }
    dropOut();
    if (m_rows.empty())
        return std::unexpected(nothingFits("no cluster is left"));
    return {};
}

RoundRun::Outcome RoundRun::score() {
    // Every plugin sees all candidates, so that the order of plugins does not matter.
    std::vector<std::uint8_t> out(m_rows.size());
    bool isAnyOut = false;
    std::vector<double> sums(m_rows.size());
    for (std::size_t p = 0; p < m_plugins.size(); ++p) {
        if (!m_plugins[p].has(Stage::Score))
            continue;
        const Ran counts = run(p, Stage::Score);
        if (!counts)
            return std::unexpected(counts.error());
        if (!*counts)
            continue;
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            if (m_answers[i].out == 0) {
                sums[i] += m_answers[i].points * m_plugins[p].weight;
            } else if (out[i] == 0) {
                isAnyOut = true;
                out[i] = 1;
                ++m_rejections[p];
                note(m_rows[i], static_cast<std::uint32_t>(p), Stage::Score, m_answers[i].reason);
            }
        }
        if (m_explanation)
            for (const RoundRow& row : m_rows)
                m_explanation->outcomes[row.cluster].scored = true;
    }
    for (std::size_t i = 0; i < m_rows.size(); ++i) {
        m_rows[i].score = sums[i];
        m_rows[i].out = out[i];
        if (m_explanation)
            m_explanation->outcomes[m_rows[i].cluster].score = sums[i];
    }
    if (isAnyOut)
        dropOut();
    if (m_rows.empty())
        return std::unexpected(nothingFits("no cluster is left"));
    return {};
}

RoundRun::Outcome RoundRun::select() {
    for (std::size_t p = 0; p < m_plugins.size(); ++p) {
        if (!m_plugins[p].has(Stage::Select))
            continue;
        const Ran counts = run(p, Stage::Select);
        if (!counts)
            return std::unexpected(counts.error());
        if (!*counts)
            continue;
        std::string first;
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            m_rows[i].out = m_answers[i].out;
            if (m_rows[i].out == 0)
                continue;
            note(m_rows[i], static_cast<std::uint32_t>(p), Stage::Select, m_answers[i].reason);
            if (first.empty() && m_explanation)
                first = ": " + m_explanation->reasons.text(m_answers[i].reason);
        }
        dropOut();
        if (m_rows.empty())
            return std::unexpected(
                nothingFits("plugin " + inQuotes(m_plugins[p].name) + " selects none" + first));
    }
    if (m_input.workload.form == Form::Single)
        selectOne();
    return {};
}

void RoundRun::selectOne() {
    // Where the pod is already, it stays; else the best score.
    const auto best = std::ranges::min_element(m_rows, {}, [](const RoundRow& row) {
        return std::tuple(row.chosen == 0, -row.score, row.tieBreak);
    });
    const RoundRow winner = *best;
    for (const RoundRow& row : m_rows) {
        if (row.cluster == winner.cluster)
            continue;
        note(row, Explanation::kHost, Stage::Select,
             winner.chosen != 0 ? hostReason("the pod stays in {}", {std::string_view(name(winner))})
             : row.score < winner.score
                 ? hostReason("{} has the higher score, {}", {std::string_view(name(winner)), winner.score})
                 : hostReason("{} has the same score and comes first for this pod",
                              {std::string_view(name(winner))}));
    }
    m_rows.assign(1, winner);
}

RoundRun::Outcome RoundRun::limit() {
    for (std::size_t p = 0; p < m_plugins.size(); ++p) {
        if (!m_plugins[p].has(Stage::Limit))
            continue;
        const Ran counts = run(p, Stage::Limit);
        if (!counts)
            return std::unexpected(counts.error());
        if (!*counts)
            continue;
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            if (m_answers[i].upper < m_input.workload.wanted)
                m_limits.limit(m_rows[i].cluster, m_answers[i].upper, static_cast<std::uint32_t>(p),
                               m_answers[i].reason);
            m_rows[i].min = std::max(m_rows[i].min, m_answers[i].lower);
            m_rows[i].max = std::min(m_rows[i].max, m_answers[i].upper);
        }
    }
    intersectPolicyLimits();
    return {};
}

void RoundRun::intersectPolicyLimits() {
    for (const auto& [cluster, limits] : m_input.policy->perCluster) {
        const auto index = m_input.fleet->indexOf(cluster);
        const auto row = index ? std::ranges::find(m_rows, *index, &RoundRow::cluster) : m_rows.end();
        if (row == m_rows.end())
            continue;
        row->min = std::max(row->min, limits.min);
        row->max = std::min(row->max, limits.max.value_or(kNoLimit));
        if (limits.max && *limits.max < m_input.workload.wanted)
            m_limits.limit(row->cluster, *limits.max, Explanation::kHost,
                           hostReason("at most {} by perCluster", {*limits.max}));
    }
    for (RoundRow& row : m_rows) {
        if (row.min > 0 && facts(row).isWritable())
            m_limits.ask(row.cluster, row.min);
        row.max = std::min(row.max, m_input.workload.wanted);
        row.min = std::min(row.min, row.max);  // of limits that exclude each other the maximum holds
        if (!facts(row).isWritable()) {
            row.min = row.max = row.current;
            m_limits.limit(row.cluster, row.max, Explanation::kHost,
                           hostReason("cannot be written to, keeps its {}", {row.current}));
        }
    }
}

std::string RoundRun::limited() const {
    return m_limits.limited(*m_input.fleet, m_plugins, m_explanation ? &m_explanation->reasons : nullptr);
}

void RoundRun::fitMinimums() {
    std::int64_t sum = 0;
    bool isTooMuch = false;
    for (const RoundRow& row : m_rows)
        isTooMuch = __builtin_add_overflow(sum, row.min, &sum) || isTooMuch;
    if (!isTooMuch && sum <= m_input.workload.wanted)
        return;
    // Clusters that cannot be written keep theirs first: nobody could take it away now. Then by score.
    std::vector<RoundRow*> order;
    for (RoundRow& row : m_rows)
        order.push_back(&row);
    std::ranges::sort(order, {}, [&](const RoundRow* row) {
        return std::tuple(facts(*row).isWritable(), -row->score, row->tieBreak);
    });
    std::int64_t left = m_input.workload.wanted;
    for (RoundRow* row : order) {
        row->min = std::min(row->min, left);
        left -= row->min;
        if (!facts(*row).isWritable())
            row->max = row->min;
    }
}

void RoundRun::duplicate() {
    for (RoundRow& row : m_rows) {
        row.replicas = row.max;  // already at most what is wanted
        row.reason = hostReason(row.max < m_input.workload.wanted ? "{} of {}, its limit" : "all {}",
                                {row.max, m_input.workload.wanted});
    }
}

bool RoundRun::mustDivide() const {
    const PlacementSpec* last = m_input.last;
    const bool isDecided = last != nullptr && !last->policy.isEmpty();
    std::int64_t before = 0;
    for (const CurrentShare& share : m_input.workload.current)
        before += share.replicas;
    if (m_input.workload.current.empty() || m_context.rebalance == Rebalance::Always ||
        m_input.workload.wanted != (isDecided && last->replicas ? *last->replicas : before))
        return true;
    std::int64_t now = 0;
    std::size_t kept = 0;
    bool isOutside = false;
    for (const RoundRow& row : m_rows) {
        isOutside = isOutside || (row.chosen != 0 && (row.current < row.min || row.current > row.max));
        now += row.current;
        kept += row.chosen;
    }
    if (m_context.rebalance == Rebalance::Never)
        return m_input.workload.wanted == 0 && kept == 0;  // then no replica moves
    // What members were found to hold, without a Placement, names no policy: taken over as it is.
    const bool isEdited = isDecided && last->policy != m_input.policy->ref;
    return m_lostCluster || isOutside || now != m_input.workload.wanted || kept != m_heldBefore || isEdited;
}

RoundRun::Outcome RoundRun::divide() {
    fitMinimums();
    const std::int64_t wanted = m_input.workload.wanted;
    if (!mustDivide()) {
        std::erase_if(m_rows, [&](const RoundRow& row) {
            if (row.chosen == 0)
                note(row, Explanation::kHost, Stage::Divide, hostReason("nothing has to move"));
            return row.chosen == 0;
        });
        for (RoundRow& row : m_rows) {
            row.replicas = row.current;
            row.reason = hostReason("keeps its {}", {row.current});
        }
        m_limits.settle(m_rows, wanted);
    } else {
        const auto divider =
            std::ranges::find_if(m_plugins, [](const auto& p) { return p.has(Stage::Divide); });
        if (divider == m_plugins.end())
            return std::unexpected(
                Failure{kReasonPolicyError, "no plugin divides; list \"weighted\" in spec.plugins"});
        const auto index = static_cast<std::size_t>(divider - m_plugins.begin());
        const Ran counts = run(index, Stage::Divide);
        if (!counts)
            return std::unexpected(counts.error());
        if (!*counts)
            return std::unexpected(
                Failure{kReasonPolicyError,
                        "plugin " + inQuotes(divider->name) + " failed; what divides cannot be left out"});
        for (std::size_t i = 0; i < m_rows.size(); ++i) {
            m_rows[i].replicas = m_answers[i].replicas;
            m_rows[i].reason = m_answers[i].reason;
        }
        m_limits.settle(m_rows, wanted);
        // A share of nothing is no placement, unless nothing is wanted anywhere or nobody can take it away.
        std::erase_if(m_rows, [&](const RoundRow& row) {
            const bool isOut =
                row.replicas == 0 && wanted > 0 && (facts(row).isWritable() || row.chosen == 0);
            if (isOut)
                note(row, static_cast<std::uint32_t>(index), Stage::Divide, row.reason);
            return isOut;
        });
    }
    m_unplaced = wanted;
    for (const RoundRow& row : m_rows)
        m_unplaced -= row.replicas;
    m_unplaced = std::max<std::int64_t>(m_unplaced, 0);
    if (wanted > 0 && m_unplaced == wanted)
        return std::unexpected(nothingFits("the limits leave no room in the selected clusters"));
    return {};
}

RoundRun::Ran RoundRun::run(std::size_t plugin, Stage stage) {
    m_answers.assign(m_rows.begin(), m_rows.end());
    const Result<void> called = m_input.round->run(plugin, stage, m_context, m_answers,
                                                   m_explanation ? &m_explanation->reasons : nullptr);
    std::string failure = called ? std::string() : called.error().text();
    if (called)
        if (const Answer answer = check(stage); !answer) {
            failure = "invalid answer: " + answer.error();
            m_input.round->answeredWrongly(plugin, stage, failure);
        }
    trace(plugin, stage, failure);
    if (failure.empty())
        return true;
    if (m_plugins[plugin].optional)
        return false;
    return std::unexpected(Failure{kReasonPolicyError, "plugin " + inQuotes(m_plugins[plugin].name) +
                                                           " failed in " + std::string(toString(stage)) +
                                                           ": " + failure});
}

RoundRun::Answer RoundRun::check(Stage stage) const {
    if (!areFine(stage, m_rows, m_answers))
        for (std::size_t i = 0; i < m_rows.size(); ++i)
            if (auto ok = checkRow(stage, m_rows[i], m_answers[i]); !ok)
                return ok;
    if (stage != Stage::Divide)
        return {};
    std::int64_t left = m_input.workload.wanted;
    for (const RoundRow& row : m_answers)
        if (__builtin_sub_overflow(left, row.replicas, &left) || left < 0)
            return std::unexpected("more replicas than the " + std::to_string(m_input.workload.wanted) +
                                   " asked for");
    return {};
}

RoundRun::Answer RoundRun::checkRow(Stage stage, const RoundRow& told, const RoundRow& answer) const {
    const auto wrong = [&](std::string what) {
        return std::unexpected(inQuotes(name(told)) + ": " + std::move(what));
    };
    if (answer.cluster != told.cluster) {
        if (answer.cluster >= m_input.fleet->clusters().size())
            return wrong("answers for an unknown cluster, number " + std::to_string(answer.cluster) + " of " +
                         std::to_string(m_input.fleet->clusters().size()));
        return wrong("answers for " + inQuotes(m_input.fleet->clusters()[answer.cluster].name) +
                     " in its place");
    }
    if (answer.out > 1)
        return wrong("a verdict of " + std::to_string(answer.out) + ", neither 0 nor 1");
    if (stage == Stage::Score && answer.out == 0 && !(answer.points >= 0 && answer.points <= 1))
        return wrong("a score of " + formatReason("{}", std::array<ReasonValue, 1>{answer.points}) +
                     ", not within [0, 1]");
    if (stage == Stage::Limit && (answer.lower < 0 || answer.lower > answer.upper))
        return wrong("limits from " + std::to_string(answer.lower) + " to " + std::to_string(answer.upper));
    if (stage == Stage::Divide && (answer.replicas < told.min || answer.replicas > told.max))
        return wrong(std::to_string(answer.replicas) + " replicas, its limits are " +
                     std::to_string(told.min) + " to " + std::to_string(told.max));
    return {};
}

void RoundRun::trace(std::size_t plugin, Stage stage, std::string failure) {
    if (!m_explanation)
        return;
    auto& traces = m_explanation->traces;
    traces.push_back({static_cast<std::uint32_t>(plugin), stage, std::move(failure), {}});
    if (!traces.back().failure.empty())
        return;
    auto& verdicts = traces.back().verdicts;
    verdicts.reserve(m_answers.size());
    for (const RoundRow& row : m_answers) {
        Explanation::Verdict verdict{.cluster = row.cluster, .out = row.out != 0, .reason = row.reason};
        if (stage == Stage::Score)
            verdict.score = row.points;
        else if (stage == Stage::Limit)
            verdict.first = row.lower;
        else if (stage == Stage::Divide)
            verdict.first = row.replicas;
        if (stage == Stage::Limit && row.upper != kNoLimit)
            verdict.max = row.upper;
        verdicts.push_back(verdict);
    }
}

void RoundRun::note(const RoundRow& row, std::uint32_t plugin, Stage stage, ReasonId reason) {
    if (!m_explanation)
        return;
    Explanation::Outcome& outcome = m_explanation->outcomes[row.cluster];
    outcome.plugin = plugin;
    outcome.isDecided = true;
    outcome.stage = stage;
    outcome.reason = reason;
}

void RoundRun::noteChosen() {
    if (!m_explanation)
        return;
    for (const RoundRow& row : m_rows) {
        Explanation::Outcome& outcome = m_explanation->outcomes[row.cluster];
        outcome.chosen = true;
        outcome.replicas = row.replicas;
        note(row, Explanation::kHost, Stage::Divide, row.reason);
    }
}

ReasonId RoundRun::hostReason(std::string_view format, std::initializer_list<ReasonValue> values) {
    return m_explanation ? m_explanation->reasons.add(format, std::span(values.begin(), values.size())) : 0;
}

void RoundRun::dropOut() {
    std::erase_if(m_rows, [](const RoundRow& row) { return row.out != 0; });
}

const ClusterInfo& RoundRun::info(const RoundRow& row) const {
    return m_input.fleet->clusters()[row.cluster];
}
const Fleet::Facts& RoundRun::facts(const RoundRow& row) const {
    return m_input.fleet->facts()[row.cluster];
}
const std::string& RoundRun::name(const RoundRow& row) const {
    return info(row).name;
}

RoundRun::Failure RoundRun::nothingFits(std::string_view what) const {
    std::string message(what);
    if (m_input.fleet->clusters().empty())
        message = "no cluster has joined";
    std::string_view separator = ": ";
    const auto add = [&](std::string_view who, std::uint32_t count) {
        if (count == 0)
            return;
        message.append(separator).append(std::to_string(count)).append(" rejected by ").append(who);
        separator = ", ";
    };
    for (std::size_t p = 0; p < m_plugins.size(); ++p)
        add(m_plugins[p].name, m_rejections[p]);
    add("what they serve", m_rejections.back());
    return {kReasonNoClusterFits, std::move(message)};
}

}  // namespace kubefed::fed
