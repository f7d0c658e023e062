// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/plugins.h"

#include <algorithm>

namespace kubefed::cli {
namespace {

// Why it is not in use, else what was wrong with the last library that was given for it.
std::string reasonText(const fed::PolicyPluginStatus& status) {
    for (const std::string_view type : {fed::kPluginReady, fed::kPluginInstalled})
        if (const fed::Condition* found = fed::findCondition(status.conditions, type);
            found != nullptr && !found->isTrue())
            return found->reason + (found->message.empty() ? "" : ": " + found->message);
    return {};
}

std::string orQuestion(const std::string& text) {
    return text.empty() ? "?" : text;
}

}  // namespace

Table pluginTable(std::vector<fed::PolicyPlugin> plugins, bool wide) {
    std::ranges::sort(plugins, {}, &fed::PolicyPlugin::name);
    Table table;
    table.headers = {"NAME", "VERSION", "STATE", "SOURCE", "STAGES", "CALLS", "FAILURES", "REASON"};
    if (wide)
        table.headers.insert(table.headers.end() - 1, {"ABI", "SHA256", "LAST ERROR"});
    for (const fed::PolicyPlugin& plugin : plugins) {
        const fed::PolicyPluginStatus& status = plugin.status;
        std::string stages;
        for (const std::string& stage : status.stages)
            stages += (stages.empty() ? "" : ",") + stage;
        std::vector<std::string> row{plugin.name,
                                     orQuestion(status.version),
                                     orQuestion(status.state),
                                     std::string(toString(plugin.spec.source)),
                                     orQuestion(stages),
                                     std::to_string(status.calls),
                                     std::to_string(status.failures),
                                     reasonText(status)};
        if (wide)
            row.insert(row.end() - 1, {orQuestion(status.abi), orQuestion(status.sha256.substr(0, 12)),
                                       status.lastError.empty() ? "-" : status.lastError});
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace kubefed::cli
