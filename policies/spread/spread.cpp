// SPDX-License-Identifier: Apache-2.0
//
// Spreads over domains, such as regions: selects clusters of at least so many domains and sees that each of
// those gets a replica. Clusters that are already chosen come first, then the higher score.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <kubefed/policy.hpp>

namespace {

struct Spread : kubefed::policy::Policy {
    static constexpr std::string_view kLicence = "Apache-2.0";
    static constexpr std::string_view kConfigSchema = R"json({
  "type": "object", "additionalProperties": false,
  "properties": {
    "topologyKey": {"type": "string", "minLength": 1,
      "description": "The clusters' label that names their domain; topology.kubernetes.io/region where absent"},
    "minDomains": {"type": "integer", "minimum": 1,
      "description": "At least so many domains, each with a replica; 1 where absent. Never more than replicas"},
    "maxPerDomain": {"type": "integer", "minimum": 1, "description": "At most so many clusters of one domain"},
    "maxClusters": {"type": "integer", "minimum": 1, "description": "At most so many clusters in all"}
  }})json";

    using Domain = std::pair<std::string_view, std::vector<Candidate*>>;

    explicit Spread(const Config& c)
        : topologyKey(c.text("topologyKey", "topology.kubernetes.io/region")),
          minDomains(c.integer("minDomains", 1, {.min = 1})),
          maxPerDomain(c.integer("maxPerDomain", kAny, {.min = 1})),
          maxClusters(c.integer("maxClusters", kAny, {.min = 1})) {
        if (maxClusters < minDomains)
            throw kubefed::policy::ConfigError(kubefed::policy::format(
                "\"maxClusters\" {} is below \"minDomains\" {}", maxClusters, minDomains));
    }

    void select(const Round& round, std::span<Candidate> candidates) override {
        const std::vector<Domain> domains = domainsOf(candidates, true);
        const std::int64_t needed = neededDomains(round);
        if (static_cast<std::int64_t>(domains.size()) < needed) {
            for (const Domain& domain : domains)
                for (Candidate* c : domain.second)
                    c->leaveOut("only {} of the {} domains of {} that are needed have a cluster",
                                domains.size(), needed, topologyKey);
            return;
        }
        // One cluster of each domain, then a second one of each, until there are enough.
        std::int64_t left = maxClusters;
        std::size_t deepest = 0;
        for (const Domain& domain : domains)
            deepest = std::max(deepest, domain.second.size());
        for (std::size_t depth = 0; depth < deepest; ++depth) {
            for (const Domain& domain : domains) {
                if (depth >= domain.second.size())
                    continue;
                Candidate& c = *domain.second[depth];
                if (static_cast<std::int64_t>(depth) >= maxPerDomain)
                    c.leaveOut("{} clusters wanted in {}, others come first", maxPerDomain, domain.first);
                else if (left == 0)
                    c.leaveOut("{} clusters wanted in all, others come first", maxClusters);
                else
                    --left;
            }
        }
    }

    void limit(const Round& round, std::span<Candidate> selected) override {
        if (!round.isReplicated() || round.isDuplicated() || minDomains < 2)
            return;
        std::int64_t needed = neededDomains(round);
        for (const Domain& domain : domainsOf(selected, false)) {
            if (needed-- <= 0)
                return;
            domain.second.front()->limit(1, KUBEFED_NO_LIMIT, "at least 1 for {}, one of {} domains",
                                         domain.first, minDomains);
        }
    }

    [[nodiscard]] std::int64_t neededDomains(const Round& round) const {
        if (round.isReplicated() && !round.isDuplicated())
            return std::min(minDomains, std::max<std::int64_t>(round.wanted(), 1));
        return round.isSinglePod() ? 1 : minDomains;
    }

    // The domains and the clusters in each, the first choice first.
    std::vector<Domain> domainsOf(std::span<Candidate> candidates, bool leaveOut) const {
        const auto rank = [](const Candidate* c) {
            return std::tuple(!c->isChosen(), -c->score(), c->tieBreak());
        };
        std::map<std::string_view, std::vector<Candidate*>> byName;
        for (Candidate& c : candidates) {
            if (const auto domain = c.cluster().label(topologyKey); domain && !domain->empty())
                byName[*domain].push_back(&c);
            else if (leaveOut)
                c.leaveOut("has no label {}", topologyKey);
        }
        std::vector<Domain> domains(byName.begin(), byName.end());
        for (Domain& domain : domains)
            std::ranges::sort(domain.second, {}, rank);
        std::ranges::sort(domains, {}, [&](const Domain& domain) { return rank(domain.second.front()); });
        return domains;
    }

    static constexpr std::int64_t kAny = 1'000'000'000;
    std::string topologyKey;
    std::int64_t minDomains;
    std::int64_t maxPerDomain;
    std::int64_t maxClusters;
};

}  // namespace

KUBEFED_POLICY(Spread, "spread", "1.0.0", "Spreads over regions or other domains of clusters")
