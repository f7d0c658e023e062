// SPDX-License-Identifier: Apache-2.0
//
// Keeps objects away from clusters that do not want them: taints, cordons, and clusters that cannot be
// written to. Only NoExecute and a cluster that leaves reach what is already placed; but where nothing new
// may come, what is there does not grow. Runs in every round.
#include <string>
#include <string_view>
#include <vector>

#include <kubefed/policy.hpp>

namespace {

using kubefed::policy::Taint;

struct Taints : kubefed::policy::Policy {
    static constexpr std::string_view kLicence = "Apache-2.0";
    static constexpr std::string_view kConfigSchema = R"json({
  "type": "object", "additionalProperties": false,
  "properties": {"tolerations": {"type": "array", "items": {
    "type": "object", "additionalProperties": false, "properties": {
      "key": {"type": "string"}, "value": {"type": "string"},
      "operator": {"enum": ["Equal", "Exists"]},
      "effect": {"enum": ["NoSchedule", "NoExecute"]}}}}}})json";

    struct Toleration {
        std::string key;
        std::string value;
        std::string effect;
        bool exists = false;

        [[nodiscard]] bool covers(const Taint& taint) const {
            if (!effect.empty() && effect != (taint.isNoExecute ? "NoExecute" : "NoSchedule"))
                return false;
            if (key.empty())
                return exists;
            return key == taint.key && (exists || value == taint.value);
        }
    };

    explicit Taints(const Config& c) {
        for (const Config& t : c.objects("tolerations"))
            tolerations.push_back({t.text("key", ""), t.text("value", ""), t.text("effect", ""),
                                   t.text("operator", "Equal") == "Exists"});
    }

    void filter(const Round&, std::span<Candidate> clusters) override {
        for (Candidate& c : clusters)
            judge(c);
    }

    void limit(const Round&, std::span<Candidate> clusters) override {
        for (Candidate& c : clusters) {
            if (!c.isChosen())
                continue;
            const kubefed::policy::Cluster cluster = c.cluster();
            const kubefed_cluster facts = cluster.facts();
            bool isClosed = facts.cordoned != 0;
            for (std::uint64_t i = 0; i < facts.taint_count && !isClosed; ++i) {
                const auto taint = cluster.taint(i);
                isClosed = taint && !taint->isNoExecute && !isTolerated(*taint);
            }
            if (isClosed)
                c.limit(0, c.current(), "{}, keeps at most its {}",
                        facts.cordoned != 0 ? "cordoned" : "tainted", c.current());
        }
    }

    void judge(Candidate& c) const {
        const kubefed::policy::Cluster cluster = c.cluster();
        const kubefed_cluster facts = cluster.facts();
        if (facts.state == KUBEFED_STATE_LEAVING)
            return c.reject("Leaving the federation");
        if (!c.isChosen()) {
            if (facts.state != KUBEFED_STATE_READY && facts.state != KUBEFED_STATE_DEGRADED)
                return c.reject("{}, nothing was there before", stateName(facts.state));
            if (facts.cordoned != 0)
                return c.reject("cordoned, nothing was there before");
        }
        for (std::uint64_t i = 0; i < facts.taint_count; ++i) {
            const auto taint = cluster.taint(i);
            if (!taint || (c.isChosen() && !taint->isNoExecute) || isTolerated(*taint))
                continue;
            return c.reject("taint {}={}:{} is not tolerated", taint->key, taint->value,
                            taint->isNoExecute ? "NoExecute" : "NoSchedule");
        }
    }

    [[nodiscard]] bool isTolerated(const Taint& taint) const {
        for (const Toleration& toleration : tolerations)
            if (toleration.covers(taint))
                return true;
        return false;
    }

    static std::string_view stateName(std::uint32_t state) {
        switch (state) {
            case KUBEFED_STATE_JOINING:
                return "still Joining";
            case KUBEFED_STATE_UNAUTHORIZED:
                return "Unauthorized";
            case KUBEFED_STATE_UNREACHABLE:
                return "Unreachable";
            default:
                return "not Ready";
        }
    }

    std::vector<Toleration> tolerations;
};

}  // namespace

KUBEFED_POLICY(Taints, "taints", "1.0.0", "Keeps away from tainted, cordoned and unreachable clusters")
