// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/cluster_summary.h"

#include <array>
#include <cstdio>

#include "kubefed/kube/quantity.h"

namespace kubefed::cli {
namespace {

std::string bytes(double value) {
    static constexpr std::array kUnits{"", "Ki", "Mi", "Gi", "Ti", "Pi"};
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, value < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", value, kUnits[unit]);
    return text;
}

std::optional<double> quantity(const std::map<std::string, std::string, std::less<>>& resources,
                               std::string_view name) {
    const auto it = resources.find(name);
    if (it == resources.end())
        return std::nullopt;
    const auto parsed = kube::Quantity::parse(it->second);
    return parsed ? std::optional(parsed->toDouble()) : std::nullopt;
}

}  // namespace

std::string clusterSummary(const fed::MemberClusterStatus& status) {
    std::string text;
    if (status.nodes)
        text += std::to_string(status.nodes->total) + (status.nodes->total == 1 ? " node" : " nodes");
    if (const auto cpu = quantity(status.allocatable, "cpu")) {
        char number[32];
        std::snprintf(number, sizeof number, "%.0f CPU", *cpu);
        text += (text.empty() ? "" : ", ") + std::string(number);
    }
    if (const auto memory = quantity(status.allocatable, "memory"))
        text += (text.empty() ? "" : ", ") + bytes(*memory) + " memory";
    return text.empty() ? text : ": " + text;
}

}  // namespace kubefed::cli
