// SPDX-License-Identifier: Apache-2.0
//
// The controller's figures and their Prometheus text (docs/metrics.md). Core thread; whoever serves them on
// another thread gets copies of the text. Gauges that are read from live state are added by Controller.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace kubefed::controller {

class Histogram {
public:
    static constexpr std::array<double, 14> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     2.5,  5,     10,   60};
    using Buckets = std::array<std::uint64_t, kBounds.size() + 1>;

    void observe(double seconds);
    void print(std::string& out, std::string_view name) const;
    [[nodiscard]] std::uint64_t count() const { return m_count; }

    [[nodiscard]] const Buckets& buckets() const { return m_buckets; }

private:
    Buckets m_buckets{};
    std::uint64_t m_count = 0;
    double m_sum = 0;
};

struct Metrics {
    Histogram propagationSeconds;  // from a change that must be written to the member's agreeing state
    std::map<std::string, std::uint64_t, std::less<>> decisions;                  // by outcome
    std::map<std::pair<std::string, std::string>, std::uint64_t> memberRequests;  // by cluster and code
    std::map<std::string, std::uint64_t, std::less<>> hostWrites;                 // by what is written
};

// HELP and TYPE lines.
void printHeader(std::string& out, std::string_view name, std::string_view type, std::string_view help);
// name{a="b"} value; label values are escaped.
void printSample(std::string& out, std::string_view name,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> labels, double value);
[[nodiscard]] std::string print(const Metrics& metrics);

}  // namespace kubefed::controller
