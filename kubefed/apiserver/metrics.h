// SPDX-License-Identifier: Apache-2.0
//
// Counters and histograms of one server, printed in Prometheus' text format. Server thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace kubefed::apiserver {

// Appends one family's HELP and TYPE lines and its samples.
class MetricsText {
public:
    void family(std::string_view name, std::string_view type, std::string_view help);
    // `labels`: {verb="get",code="200"} or empty.
    void sample(std::string_view name, std::string_view labels, double value);
    [[nodiscard]] std::string take() && { return std::move(m_text); }

private:
    std::string m_text;
};

class Metrics {
public:
    // `verb` as RBAC has it ("create"), told as kube-apiserver does ("POST"). The caller names only resources
    // and subresources that are served: whatever a path says would become a label for ever.
    void countRequest(std::string_view verb, std::string_view resource, std::string_view subresource,
                      int code, double seconds);
    void print(MetricsText& out) const;

private:
    static constexpr std::array<double, 9> kBounds{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5};
    struct Latency {
        std::array<std::uint64_t, kBounds.size()> buckets{};
        std::uint64_t count = 0;
        double sum = 0;
    };
    struct Kind {
        std::string verb, resource, subresource;
        auto operator<=>(const Kind&) const = default;
    };
    static std::string labels(const Kind& kind);
    std::map<std::pair<Kind, int>, std::uint64_t> m_requests;
    std::map<Kind, Latency> m_latency;
};

}  // namespace kubefed::apiserver
