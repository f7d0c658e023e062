// SPDX-License-Identifier: Apache-2.0
//
// One round of schedule(): the stages in their order, every answer checked before it counts. Internal to fed;
// lives for one call.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/fed/round_limits.h"
#include "kubefed/fed/schedule.h"

namespace kubefed::fed {

class RoundRun {
public:
    // Why the round gives no decision.
    struct Failure {
        std::string_view reason;
        std::string message;
    };
    using Outcome = std::expected<void, Failure>;

    explicit RoundRun(const ScheduleInput& input);

    // Afterwards selected() holds the decision; in any case explanation() what was said.
    [[nodiscard]] Outcome decide();

    [[nodiscard]] const std::vector<RoundRow>& selected() const { return m_rows; }
    [[nodiscard]] std::int64_t unplaced() const { return m_unplaced; }
    // As RoundLimits says, while the explanation is still here.
    [[nodiscard]] std::string limited() const;
    [[nodiscard]] std::string belowMinimum() const { return m_limits.belowMinimum(*m_input.fleet); }
    [[nodiscard]] std::shared_ptr<const Explanation> explanation() { return std::move(m_explanation); }

private:
    using Answer = std::expected<void, std::string>;
    using Ran = std::expected<bool, Failure>;

    void prepareRows();
    [[nodiscard]] Outcome checkStages() const;
    [[nodiscard]] Outcome filter();
    [[nodiscard]] Outcome score();
    [[nodiscard]] Outcome select();
    void selectOne();
    [[nodiscard]] Outcome limit();
    void intersectPolicyLimits();
    void fitMinimums();
    void duplicate();
    [[nodiscard]] bool mustDivide() const;
    [[nodiscard]] Outcome divide();

    // Runs one plugin's stage; its answers then stand in m_answers, checked. False: it is optional and
    // failed.
    [[nodiscard]] Ran run(std::size_t plugin, Stage stage);
    [[nodiscard]] Answer check(Stage stage) const;
    [[nodiscard]] Answer checkRow(Stage stage, const RoundRow& told, const RoundRow& answer) const;
    void trace(std::size_t plugin, Stage stage, std::string failure);
    // Notes for the explanation who decided about a row's cluster.
    void note(const RoundRow& row, std::uint32_t plugin, Stage stage, ReasonId reason);
    void noteChosen();
    [[nodiscard]] ReasonId hostReason(std::string_view format,
                                      std::initializer_list<ReasonValue> values = {});
    void dropOut();
    [[nodiscard]] const std::string& name(const RoundRow& row) const;
    [[nodiscard]] const ClusterInfo& info(const RoundRow& row) const;
    [[nodiscard]] const Fleet::Facts& facts(const RoundRow& row) const;
    [[nodiscard]] Failure nothingFits(std::string_view what) const;

    const ScheduleInput& m_input;
    RoundContext m_context;
    std::span<const PolicyRound::Plugin> m_plugins;
    std::vector<RoundRow> m_rows;     // those still in question, in cluster order; no plugin can write here
    std::vector<RoundRow> m_answers;  // the copy of m_rows that a plugin was given
    std::vector<std::uint32_t> m_rejections;  // by plugin, then the host: how many it was first to reject
    RoundLimits m_limits;
    std::shared_ptr<Explanation> m_explanation;
    std::size_t m_heldBefore = 0;  // known clusters that have replicas by the last decision
    bool m_lostCluster = false;    // a cluster of the last decision is no longer known
    std::int64_t m_unplaced = 0;
};

}  // namespace kubefed::fed
