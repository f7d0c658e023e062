// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/explainer.h"

namespace kubefed::controller {

class Explainer::Call final : public Request::State {
public:
    Call(Explainer& owner, TemplateId id, Callback<Explained> done)
        : m_owner(owner), m_id(std::move(id)), m_done(std::move(done)) {
        ++m_owner.m_calls;
    }
    ~Call() override { --m_owner.m_calls; }

    void begin() {
        if (m_owner.m_calls > kMost)
            return answerLater(
                fail(Code::ResourceExhausted, "too many explanations are being made; ask again"));
        m_deadline = m_owner.m_clock.after(kPatience, [this] { answer(fail(late())); });
        look();
    }

private:
    void look() {
        const TemplateRecord* record = m_owner.m_mirror.findTemplate(m_id);
        if (record == nullptr || !record->isTemplate)
            return answerLater(
                fail(Code::NotFound, m_id.text() + " is not in this federation, or is not for its members"));
        const PlacementRecord* placement = m_owner.m_mirror.inForce(m_id);
        if (placement == nullptr) {
            const std::string why = m_owner.m_undecided(m_id);
            return answerLater(fail(Code::NotFound, "nothing was decided for " + m_id.text() + " yet" +
                                                        (why.empty() ? "" : ": " + why)));
        }
        m_explained = {};
        m_inForce = placement->placement.spec;
        const fed::Governance governed = m_owner.m_view.governance(m_id, *record, &m_inForce);
        m_explained.follows = governed.follows;
        if (governed.follows)
            return decideLater(m_owner.m_view.followed(m_id, &m_inForce));
        if (const auto known = m_owner.m_log.find(m_id, m_inForce))
            return plan(known->inputs, [this, plugins = known->plugins](PlanAnswer answer) {
                // Else what decides now is not what decided it, whatever it says of itself.
                const fed::PlacementSpec& said = answer.decision.spec;
                if (answer.plugins == plugins && !answer.decision.keepsLast &&
                    said.clusters == m_inForce.clusters && said.unplaced == m_inForce.unplaced)
                    decided(std::move(answer.decision));
                else
                    lookAtPresent();
            });
        lookAtPresent();
    }

    void lookAtPresent() {
        const TemplateRecord* record = m_owner.m_mirror.findTemplate(m_id);
        const PlacementRecord* placement = m_owner.m_mirror.inForce(m_id);
        if (record == nullptr || placement == nullptr || !(placement->placement.spec == m_inForce))
            return look();
        const fed::Governance governed = m_owner.m_view.governance(m_id, *record, &m_inForce);
        m_explained.follows = governed.follows;
        if (governed.follows)
            return decideLater(m_owner.m_view.followed(m_id, &m_inForce));
        if (governed.policy == nullptr)
            return decideLater(fed::withoutPolicy(&m_inForce, governed));
        m_explained.fromPresentInputs = true;
        plan(std::make_shared<const PlanInputs>(PlanInputs{.fleet = m_owner.m_membership.fleet(),
                                                           .object = record->object,
                                                           .policy = m_owner.m_log.share(*governed.policy),
                                                           .last = m_inForce,
                                                           .status = placement->placement.status.clusters}),
             [this](PlanAnswer answer) { decided(std::move(answer.decision)); });
    }

    void plan(PlanInputsPtr inputs, Planner::Done done) {
        if (!m_owner.m_planner.trouble().empty())
            return answerLater(fail(late()));
        m_step = m_owner.m_planner.plan(
            {.id = m_id, .inputs = std::move(inputs), .reasons = PlanReasons::Always}, std::move(done));
    }

    void decided(fed::Decision decision) {
        const PlacementRecord* placement = m_owner.m_mirror.inForce(m_id);
        if (placement == nullptr || !(placement->placement.spec == m_inForce))
            return look();  // something else is in force by now
        m_explained.decision = std::move(decision);
        m_explained.explanation = m_explained.decision.explanation;
        m_explained.placement = placement;
        answer(std::move(m_explained));
    }

    void decideLater(fed::Decision decision) {
        m_step = m_owner.m_clock.after(
            Duration::zero(), [this, made = std::move(decision)]() mutable { decided(std::move(made)); });
    }
    void answerLater(Result<Explained> result) {
        m_step = m_owner.m_clock.after(
            Duration::zero(), [this, made = std::move(result)]() mutable { answer(std::move(made)); });
    }
    void answer(Result<Explained> result) {
        m_step.cancel();
        m_deadline.cancel();
        auto done = std::move(m_done);
        done(std::move(result));  // may end this
    }

    [[nodiscard]] Error late() const {
        const std::string trouble = m_owner.m_planner.trouble();
        return {.code = Code::Aborted,
                .message = (trouble.empty() ? "the policies gave no answer in time" : trouble) +
                           "; decisions wait for it, what is placed stays"};
    }

    Explainer& m_owner;
    const TemplateId m_id;
    Callback<Explained> m_done;
    Explained m_explained;
    fed::PlacementSpec m_inForce;
    Request m_deadline;
    Request m_step;
};

Explainer::Explainer(const HostMirror& mirror, const Membership& membership, const SchedulingView& view,
                     DecisionLog& log, Planner& planner, Clock& clock,
                     std::function<std::string(const TemplateId&)> undecided)
    : m_mirror(mirror),
      m_membership(membership),
      m_view(view),
      m_log(log),
      m_planner(planner),
      m_clock(clock),
      m_undecided(std::move(undecided)) {}

Request Explainer::explain(const TemplateId& id, Callback<Explained> done) {
    auto call = std::make_unique<Call>(*this, id, std::move(done));
    call->begin();
    return Request(std::move(call));
}

}  // namespace kubefed::controller
