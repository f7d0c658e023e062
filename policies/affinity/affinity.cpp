// SPDX-License-Identifier: Apache-2.0
//
// Evaluates `clusters` of a policy: names, exclude and labels. Runs first in every round.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <kubefed/policy.hpp>

namespace {

struct Affinity : kubefed::policy::Policy {
    static constexpr std::string_view kLicence = "Apache-2.0";
    static constexpr std::string_view kConfigSchema = R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "names": {"type": "array", "items": {"type": "string"}},
    "exclude": {"type": "array", "items": {"type": "string"}},
    "labelSelector": {"type": "object", "additionalProperties": false, "properties": {
      "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
      "matchExpressions": {"type": "array", "items": {
        "type": "object", "additionalProperties": false, "required": ["key", "operator"], "properties": {
          "key": {"type": "string"},
          "operator": {"enum": ["In", "NotIn", "Exists", "DoesNotExist"]},
          "values": {"type": "array", "items": {"type": "string"}}}}}}}
  }})json";

    enum class Operator { In, NotIn, Exists, DoesNotExist };
    struct Requirement {
        std::string key;
        Operator op = Operator::In;
        std::vector<std::string> values;
    };

    explicit Affinity(const Config& c)
        : names(sorted(c.texts("names"))), excluded(sorted(c.texts("exclude"))) {
        const Config selector = c.object("labelSelector");
        const Config labels = selector.object("matchLabels");
        for (const std::string& key : labels.keys())
            requirements.push_back({key, Operator::In, {labels.text(key, "")}});
        for (const Config& expression : selector.objects("matchExpressions")) {
            Requirement requirement{expression.text("key", ""), operatorOf(expression.text("operator", "")),
                                    sorted(expression.texts("values"))};
            if (requirement.op == Operator::In && requirement.values.empty())
                throw kubefed::policy::ConfigError("labelSelector: operator In of \"" + requirement.key +
                                                   "\" needs values");
            requirements.push_back(std::move(requirement));
        }
    }

    void filter(const Round&, std::span<Candidate> clusters) override {
        if (names.empty() && excluded.empty() && requirements.empty())
            return;
        for (Candidate& c : clusters)
            judge(c);
    }

    void judge(Candidate& c) const {
        const kubefed::policy::Cluster cluster = c.cluster();
        if (!names.empty() || !excluded.empty()) {
            const std::string_view name = cluster.name();
            if (!names.empty() && !has(names, name))
                return c.reject("not among the policy's clusters.names");
            if (has(excluded, name))
                return c.reject("named in clusters.exclude");
        }
        for (const Requirement& r : requirements) {
            const auto value = cluster.label(r.key);
            if (r.op == Operator::Exists || r.op == Operator::In) {
                if (!value)
                    return c.reject("has no label {}", r.key);
                if (r.op == Operator::In && !has(r.values, *value))
                    return c.reject("label {} is \"{}\"", r.key, *value);
            } else if (value && (r.op == Operator::DoesNotExist || has(r.values, *value))) {
                return c.reject("label {} is \"{}\"", r.key, *value);
            }
        }
    }

    static bool has(const std::vector<std::string>& values, std::string_view value) {
        return std::ranges::binary_search(values, value, {},
                                          [](const auto& v) { return std::string_view(v); });
    }
    // The schema admits no others.
    static Operator operatorOf(std::string_view text) {
        return text == "NotIn"          ? Operator::NotIn
               : text == "Exists"       ? Operator::Exists
               : text == "DoesNotExist" ? Operator::DoesNotExist
                                        : Operator::In;
    }
    static std::vector<std::string> sorted(std::vector<std::string> values) {
        std::ranges::sort(values);
        return values;
    }

    std::vector<std::string> names;
    std::vector<std::string> excluded;
    std::vector<Requirement> requirements;
};

}  // namespace

KUBEFED_POLICY(Affinity, "affinity", "1.0.0",
               "Keeps to the clusters that the policy names or selects by label")
