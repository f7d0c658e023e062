// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/explanation.h"

namespace kubefed::fed {

std::string_view toString(Stage stage) {
    switch (stage) {
        case Stage::Filter:
            return "filter";
        case Stage::Score:
            return "score";
        case Stage::Select:
            return "select";
        case Stage::Limit:
            return "limit";
        case Stage::Divide:
            return "divide";
    }
    return {};
}

std::string_view Explanation::pluginName(std::uint32_t plugin) const {
    return plugin < plugins.size() ? std::string_view(plugins[plugin]) : std::string_view();
}

std::string Explanation::verdict(std::uint32_t cluster, std::uint32_t hidden) const {
    if (cluster >= outcomes.size())
        return {};
    const Outcome& outcome = outcomes[cluster];
    const std::string reason = reasons.text(outcome.reason, hidden);
    std::string text;
    if (outcome.chosen)
        text = "chosen";
    else if (!outcome.isDecided)
        text = "not chosen";
    else if (outcome.stage == Stage::Divide)
        text = "gets no replicas";
    else
        text = outcome.stage == Stage::Select ? "not selected" : "rejected";
    if (const std::string_view by = pluginName(outcome.plugin); !outcome.chosen && !by.empty())
        text.append(" by ").append(by);
    if (!reason.empty())
        text.append(": ").append(reason);
    return text;
}

}  // namespace kubefed::fed
