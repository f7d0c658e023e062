// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/table.h"

#include <algorithm>

namespace kubefed::apiserver {

namespace {

// "3m20s": the smaller unit is left out where it is zero.
std::string twoUnits(std::int64_t large, std::string_view largeUnit, std::int64_t small,
                     std::string_view smallUnit) {
    std::string text = std::to_string(large).append(largeUnit);
    if (small != 0)
        text.append(std::to_string(small)).append(smallUnit);
    return text;
}

}  // namespace

std::string humanDuration(std::chrono::seconds elapsed) {
    const std::int64_t seconds = elapsed.count();
    const std::int64_t minutes = seconds / 60;
    const std::int64_t hours = seconds / 3600;
    const std::int64_t days = hours / 24;
    if (seconds < -1)
        return "<invalid>";
    if (seconds < 120)
        return std::to_string(std::max<std::int64_t>(seconds, 0)) + "s";
    if (minutes < 10)
        return twoUnits(minutes, "m", seconds % 60, "s");
    if (minutes < 180)
        return std::to_string(minutes) + "m";
    if (hours < 8)
        return twoUnits(hours, "h", minutes % 60, "m");
    if (hours < 48)
        return std::to_string(hours) + "h";
    if (hours < 24 * 8)
        return twoUnits(days, "d", hours % 24, "h");
    if (days < 365 * 2)
        return std::to_string(days) + "d";
    if (days < 365 * 8)
        return twoUnits(days / 365, "y", days % 365, "d");
    return std::to_string(days / 365) + "y";
}

std::string ageOf(std::string_view rfc3339, WallTime now) {
    WallTime then;
    if (!parseRfc3339(rfc3339, then))
        return "<unknown>";
    return humanDuration(std::chrono::duration_cast<std::chrono::seconds>(now - then));
}

std::string ageOf(const kube::JsonObject& object, WallTime now) {
    return ageOf(kube::stringAt(object, {"metadata", "creationTimestamp"}), now);
}

std::string labelsCell(const kube::JsonObject* labels) {
    std::vector<std::string> pairs;
    if (labels != nullptr)
        for (const auto& [key, value] : *labels)
            pairs.push_back(std::string(key) + "=" +
                            (value.is_string() ? std::string(value.get_string()) : ""));
    std::ranges::sort(pairs);
    return pairs.empty() ? "<none>" : joined(pairs, ",");
}

std::string_view nameOf(const kube::JsonObject& object) {
    return kube::stringAt(object, {"metadata", "name"});
}

TableColumn nameColumn() {
    return {.name = "Name", .type = "string", .format = "name"};
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i)
        text.append(i == 0 ? std::string_view() : separator).append(parts[i]);
    return text;
}

// What a type without columns of its own shows: ClusterRole, Role, CustomResourceDefinition.
std::vector<TableColumn> KindStrategy::columns() const {
    return {nameColumn(), {.name = "Created At", .type = "date"}};
}

void KindStrategy::cells(const kube::JsonObject& object, WallTime, kube::JsonArray& out) const {
    out.emplace_back(nameOf(object));
    out.emplace_back(kube::stringAt(object, {"metadata", "creationTimestamp"}));
}

}  // namespace kubefed::apiserver
