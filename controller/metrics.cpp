// SPDX-License-Identifier: Apache-2.0
#include "controller/metrics.h"

#include <charconv>

namespace kubefed::controller {
namespace {

std::string number(double value) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? std::string(text.data(), end) : std::string("NaN");
}

}  // namespace

void Histogram::observe(double seconds) {
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && seconds > kBounds[bucket])
        ++bucket;
    ++m_buckets[bucket];
    ++m_count;
    m_sum += seconds;
}

void Histogram::print(std::string& out, std::string_view name) const {
    const std::string buckets = std::string(name) + "_bucket";
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
        sum += m_buckets[i];
        printSample(out, buckets, {{"le", number(kBounds[i])}}, static_cast<double>(sum));
    }
    printSample(out, buckets, {{"le", "+Inf"}}, static_cast<double>(m_count));
    printSample(out, std::string(name) + "_sum", {}, m_sum);
    printSample(out, std::string(name) + "_count", {}, static_cast<double>(m_count));
}

void printHeader(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
    out.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void printSample(std::string& out, std::string_view name,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> labels, double value) {
    out += name;
    char separator = '{';
    for (const auto& [key, text] : labels) {
        out += separator;
        separator = ',';
        out.append(key).append("=\"");
        for (const char c : text) {
            if (c == '\\' || c == '"')
                out += '\\';
            if (c == '\n')
                out += "\\n";
            else
                out += c;
        }
        out += '"';
    }
    if (separator == ',')
        out += '}';
    out.append(" ").append(number(value)).append("\n");
}

std::string print(const Metrics& metrics) {
    std::string out;
    printHeader(out, "kubefed_propagation_seconds", "histogram",
                "From a change that a member must get to the member's agreeing state.");
    metrics.propagationSeconds.print(out, "kubefed_propagation_seconds");
    printHeader(out, "kubefed_decisions_total", "counter", "Looks at a template, by what came of them.");
    for (const auto& [outcome, count] : metrics.decisions)
        printSample(out, "kubefed_decisions_total", {{"outcome", outcome}}, static_cast<double>(count));
    printHeader(out, "kubefed_member_requests_total", "counter",
                "Writes sent to a member, by HTTP status (0: no answer).");
    for (const auto& [key, count] : metrics.memberRequests)
        printSample(out, "kubefed_member_requests_total", {{"cluster", key.first}, {"code", key.second}},
                    static_cast<double>(count));
    printHeader(out, "kubefed_host_writes_total", "counter",
                "Writes to the federation API, by what is written.");
    for (const auto& [what, count] : metrics.hostWrites)
        printSample(out, "kubefed_host_writes_total", {{"what", what}}, static_cast<double>(count));
    return out;
}

}  // namespace kubefed::controller
