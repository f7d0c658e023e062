// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/outcomes.h"

namespace kubefed::controller {

void Outcomes::note(const TemplateId& id, Outcome outcome) {
    Outcome& known = m_outcomes[id];
    if (!outcome.explanation) {
        outcome.explanation = std::move(known.explanation);
        outcome.explained = std::move(known.explained);
    }
    const bool same = known.scheduled == outcome.scheduled && known.reason == outcome.reason &&
                      known.message == outcome.message && known.waitsFor == outcome.waitsFor &&
                      known.deleting == outcome.deleting && known.explanation == outcome.explanation;
    known = std::move(outcome);
    if (!same)
        m_changed(id);
}

const Outcome* Outcomes::find(const TemplateId& id) const {
    const auto it = m_outcomes.find(id);
    return it == m_outcomes.end() ? nullptr : &it->second;
}

std::optional<fed::CompactExplanation> Outcomes::explain(const TemplateId& id, const fed::Decision& decided,
                                                         const PlacementRecord* placement,
                                                         const fed::PlacementSpec* last) const {
    const bool nothingStands = decided.spec.clusters.empty() && decided.reason == fed::kReasonNoClusterFits;
    if (!decided.explanation || (decided.keepsLast && !nothingStands))
        return std::nullopt;
    const fed::CompactExplanation* known = placement == nullptr ? nullptr : this->known(id, *placement);
    const bool isNew = placement == nullptr || !(decided.spec == placement->placement.spec);
    if (!isNew && known != nullptr && !nothingStands)
        return std::nullopt;
    const std::string because = nothingStands ? ""
                                : isNew       ? fed::becauseOf(last, decided.spec)
                                              : "explained later, from the inputs of then: the controller "
                                                "ended before it had told why";
    fed::CompactExplanation made = fed::compact(*decided.explanation, toRfc3339(m_clock.wallNow()), because);
    if (!isNew && known != nullptr) {
        made.decidedAt = known->decidedAt;
        made.because = known->because;
        if (made == *known)
            return std::nullopt;
        made.decidedAt = toRfc3339(m_clock.wallNow());
    }
    return made;
}

const fed::CompactExplanation* Outcomes::known(const TemplateId& id, const PlacementRecord& placement) const {
    // The answer to our own write brings the template back before its status is written.
    const Outcome* noted = find(id);
    if (noted != nullptr && noted->explanation && noted->explained == placement.placement.spec)
        return &*noted->explanation;
    const auto& stored = placement.placement.status.explanation;
    // A controller that ended right after a decision has left what it had told of the one before.
    return stored && fed::isOf(*stored, placement.placement.spec) ? &*stored : nullptr;
}

}  // namespace kubefed::controller
