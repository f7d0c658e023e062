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

// "12µs", "1.4ms", "250ms", "3s"
std::string took(std::int64_t micros) {
    if (micros == 0)
        return "-";
    if (micros < 1000)
        return std::to_string(micros) + "µs";
    if (micros < 10'000)
        return std::to_string(micros / 1000) + "." + std::to_string(micros / 100 % 10) + "ms";
    return micros < 1'000'000 ? std::to_string(micros / 1000) + "ms"
                              : std::to_string(micros / 1'000'000) + "s";
}

}  // namespace

Table pluginTable(std::vector<fed::PolicyPlugin> plugins, bool wide) {
    std::ranges::sort(plugins, {}, &fed::PolicyPlugin::name);
    Table table;
    table.headers = {"NAME", "VERSION", "STATE", "SOURCE", "STAGES", "CALLS", "FAILURES", "REASON"};
    if (wide)
        table.headers.insert(table.headers.end() - 1,
                             {"P50", "P99", "ABI", "GENERATION", "SHA256", "LAST ERROR"});
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
            row.insert(
                row.end() - 1,
                {took(status.p50Micros), took(status.p99Micros), orQuestion(status.abi),
                 status.libraryGeneration == 0 ? "?" : std::to_string(status.libraryGeneration),
                 orQuestion(status.sha256.substr(0, 12)), status.lastError.empty() ? "-" : status.lastError});
        table.rows.push_back(std::move(row));
    }
    return table;
}

}  // namespace kubefed::cli
