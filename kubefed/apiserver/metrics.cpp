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

constexpr std::pair<std::string_view, std::string_view> kVerbs[] = {
    {"get", "GET"},    {"list", "LIST"},   {"watch", "WATCH"},   {"create", "POST"},
    {"update", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}, {"deletecollection", "DELETECOLLECTION"},
    {"post", "POST"},  {"put", "PUT"}};

// Methods come from anyone: only known ones become labels, or the maps would grow without end.
std::string_view told(std::string_view verb) {
    for (const auto& [ours, theirs] : kVerbs)
        if (verb == ours)
            return theirs;
    return "OTHER";
}

// As Prometheus' text format wants label values.
std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value)
        switch (c) {
            case '\\':
                out += "\\\\";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\n':
                out += "\\n";
                break;
            default:
                out += c;
        }
    return out;
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

std::string Metrics::labels(const Kind& kind) {
    return "verb=\"" + kind.verb + "\",resource=\"" + escaped(kind.resource) + "\",subresource=\"" +
           escaped(kind.subresource) + "\"";
}

void Metrics::countRequest(std::string_view verb, std::string_view resource, std::string_view subresource,
                           int code, double seconds) {
    const Kind kind{.verb = std::string(told(verb)),
                    .resource = std::string(resource),
                    .subresource = std::string(subresource)};
    ++m_requests[{kind, code}];
    Latency& latency = m_latency[kind];
    ++latency.count;
    latency.sum += seconds;
    for (std::size_t i = 0; i < kBounds.size(); ++i)
        if (seconds <= kBounds[i])
            ++latency.buckets[i];
}

void Metrics::print(MetricsText& out) const {
    out.family("apiserver_request_total", "counter", "Answered requests by verb, resource and HTTP code.");
    for (const auto& [key, count] : m_requests)
        out.sample("apiserver_request_total",
                   labels(key.first) + ",code=\"" + std::to_string(key.second) + "\"",
                   static_cast<double>(count));
    const std::string_view name = "apiserver_request_duration_seconds";
    out.family(name, "histogram", "Time until the answer began.");
    for (const auto& [key, latency] : m_latency) {
        const std::string base = labels(key);
        for (std::size_t i = 0; i < kBounds.size(); ++i)
            out.sample(std::string(name) + "_bucket", base + ",le=\"" + number(kBounds[i]) + "\"",
                       static_cast<double>(latency.buckets[i]));
        out.sample(std::string(name) + "_bucket", base + ",le=\"+Inf\"", static_cast<double>(latency.count));
        out.sample(std::string(name) + "_sum", base, latency.sum);
        out.sample(std::string(name) + "_count", base, static_cast<double>(latency.count));
    }
}

}  // namespace kubefed::apiserver
