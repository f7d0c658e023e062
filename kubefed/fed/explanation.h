// SPDX-License-Identifier: Apache-2.0
//
// Why a decision is as it is: every plugin's word on every cluster. Reasons are recorded as an interned text
// with `{}` and up to four arguments, and formatted only when shown (text costs far more than deciding). One
// round writes it on one thread; afterwards it is immutable and shared as std::shared_ptr<const Explanation>.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kubefed/fed/fleet.h"

namespace kubefed::fed {

using ReasonId = std::uint32_t;  // 0: none was given
using ReasonValue = std::variant<double, std::int64_t, std::string_view>;
inline constexpr std::size_t kMaxReasonValues = 4;

// Fills each `{}` of `format` with the next value ("{{" and "}}" are braces; `{}` without a value is "?").
[[nodiscard]] std::string formatReason(std::string_view format, std::span<const ReasonValue> values);

class ReasonLog {
public:
    // Copies what it is given. More than kMaxReasonValues values are cut off.
    ReasonId add(std::string_view format, std::span<const ReasonValue> values = {});
    [[nodiscard]] std::string text(ReasonId id) const;  // "" for 0 and unknown ids
    // Equal for reasons with the same format, whatever their values.
    [[nodiscard]] std::uint32_t formatId(ReasonId id) const;
    // Which values differ between two reasons of one format, as bits.
    [[nodiscard]] std::uint32_t differing(ReasonId a, ReasonId b) const;
    // The text with "..." for the values whose bits are set.
    [[nodiscard]] std::string text(ReasonId id, std::uint32_t hidden) const;

private:
    struct Value {
        enum class Type : std::uint8_t { Number, Integer, Text };
        Type type = Type::Number;
        std::uint32_t size = 0;  // Text: its length, from `offset` in m_chars
        union {
            double number;
            std::int64_t integer;
            std::uint64_t offset;
        };
    };
    struct Record {
        std::uint32_t format = 0;
        std::uint32_t firstValue = 0;
        std::uint32_t values = 0;
    };
    std::uint32_t intern(std::string_view format);
    [[nodiscard]] const Record* find(ReasonId id) const;
    [[nodiscard]] ReasonValue value(const Value& stored) const;

    std::vector<std::string> m_formats;
    std::vector<std::string_view> m_seen;  // as last passed by callers, one for each of m_formats
    std::vector<Record> m_records;
    std::vector<Value> m_values;
    std::string m_chars;
};

enum class Stage : std::uint8_t { Filter, Score, Select, Limit, Divide };
[[nodiscard]] std::string_view toString(Stage stage);

class Explanation {
public:
    static constexpr std::uint32_t kHost = 0xFFFFFFFF;

    // One plugin's word on one cluster in one stage.
    struct Verdict {
        std::uint32_t cluster = 0;
        bool out = false;                      // rejected (Filter, Score) or not selected (Select)
        double score = 0;                      // Score: before the weight
        std::int64_t first = 0;                // Limit: minimum; Divide: replicas
        std::optional<std::int64_t> max = {};  // Limit
        ReasonId reason = 0;
    };
    struct Trace {
        std::uint32_t plugin = 0;
        Stage stage = Stage::Filter;
        std::string failure;  // an optional plugin that was left out, and why; no verdicts then
        std::vector<Verdict> verdicts;
    };
    struct Outcome {
        bool chosen = false;
        bool scored = false;
        double score = 0;
        std::int64_t replicas = 0;
        // Who decided it: the plugin that rejected or left out, else the scheduler itself.
        std::uint32_t plugin = kHost;
        bool isDecided = false;  // somebody rejected, left out or chose it
        Stage stage = Stage::Filter;
        ReasonId reason = 0;
    };

    FleetPtr fleet;
    bool hasReplicas = false;
    std::int64_t wanted = 0;
    std::vector<std::string> plugins;
    std::vector<Trace> traces;      // in the order of the round
    std::vector<Outcome> outcomes;  // by cluster index; empty if the round failed
    ReasonLog reasons;

    [[nodiscard]] std::string_view pluginName(std::uint32_t plugin) const;
    // "chosen: 6 of the 7 left after minimums", "rejected by taints: ...". Values of the reason whose bits
    // are set in `hidden` are left out.
    [[nodiscard]] std::string verdict(std::uint32_t cluster, std::uint32_t hidden = 0) const;
};

inline constexpr std::size_t kCompactExplanationBytes = 4096;

// Winners in full, losers counted by plugin and reason, never more than `maxBytes` as JSON. `decidedAt` and
// `because` are the caller's.
[[nodiscard]] CompactExplanation compact(const Explanation& explanation, std::string_view decidedAt,
                                         std::string_view because,
                                         std::size_t maxBytes = kCompactExplanationBytes);
// Does it tell of this decision: the same clusters with the same replicas, as far as it has room for them?
[[nodiscard]] bool isOf(const CompactExplanation& explanation, const PlacementSpec& decided);
// " (tokyo, osaka: rejected by affinity: ...)": who was not chosen, by reason, a few names of each; "" where
// nobody judged.
[[nodiscard]] std::string verdictsText(const Explanation& explanation);
// Every cluster, every plugin: verdict, score, limits, reason.
[[nodiscard]] kube::JsonObject full(const Explanation& explanation);

}  // namespace kubefed::fed
