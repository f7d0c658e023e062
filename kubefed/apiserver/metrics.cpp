// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/metrics.h"

#include <charconv>

namespace kubefed::apiserver {
namespace {

std::string number(double value) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return {buffer.data(), result.ptr};
}

std::string labels(std::string_view verb, std::string_view resource) {
    return "verb=\"" + std::string(verb) + "\",resource=\"" + std::string(resource) + "\"";
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    m_text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    m_text.append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(std::string_view name, std::string_view labelText, double value) {
    m_text.append(name);
    if (!labelText.empty())
        m_text.append("{").append(labelText).append("}");
    m_text.append(" ").append(number(value)).append("\n");
}

void Metrics::countRequest(std::string_view verb, std::string_view resource, int code, double seconds) {
    // Paths and methods come from anyone: only known shapes become labels, or the maps would grow without
    // end.
    const std::string name(resource.size() > 63 || code == 404 || code == 401 ? std::string_view()
                                                                              : resource);
    ++m_requests[{std::string(verb.substr(0, 16)), name, code}];
    Latency& latency = m_latency[{std::string(verb.substr(0, 16)), name}];
    ++latency.count;
    latency.sum += seconds;
    for (std::size_t i = 0; i < kBounds.size(); ++i)
        if (seconds <= kBounds[i])
            ++latency.buckets[i];
}

void Metrics::print(MetricsText& out) const {
    out.family("apiserver_request_total", "counter", "Answered requests by verb, resource and HTTP code.");
    for (const auto& [key, count] : m_requests)
        out.sample(
            "apiserver_request_total",
            labels(std::get<0>(key), std::get<1>(key)) + ",code=\"" + std::to_string(std::get<2>(key)) + "\"",
            static_cast<double>(count));
    const std::string_view name = "apiserver_request_duration_seconds";
    out.family(name, "histogram", "Time until the answer began.");
    for (const auto& [key, latency] : m_latency) {
        const std::string base = labels(key.first, key.second);
        for (std::size_t i = 0; i < kBounds.size(); ++i)
            out.sample(std::string(name) + "_bucket", base + ",le=\"" + number(kBounds[i]) + "\"",
                       static_cast<double>(latency.buckets[i]));
        out.sample(std::string(name) + "_bucket", base + ",le=\"+Inf\"", static_cast<double>(latency.count));
        out.sample(std::string(name) + "_sum", base, latency.sum);
        out.sample(std::string(name) + "_count", base, static_cast<double>(latency.count));
    }
}

}  // namespace kubefed::apiserver
