// SPDX-License-Identifier: Apache-2.0
//
// Spreads over domains, such as regions: selects clusters of at least so many domains and sees that each of
// those gets a replica. Clusters that are already chosen come first, then the higher score.
#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
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
    "bestEffort": {"type": "boolean",
      "description": "Does with fewer domains where there are not as many, and takes a cluster without the label as a domain of its own; false where absent"},
    "maxPerDomain": {"type": "integer", "minimum": 1, "description": "At most so many clusters of one domain"},
    "maxClusters": {"type": "integer", "minimum": 1, "description": "At most so many clusters in all"}
  }})json";

    // Selecting keeps to what is chosen. Minimums must not depend on it, or they would wander.
    enum class Order { ChosenFirst, BestFirst };
    struct Domain {
        std::string_view name;
        Candidate* first = nullptr;        // its first choice
        std::vector<Candidate*> clusters;  // all, if they are wanted
    };

    explicit Spread(const Config& c)
        : topologyKey(c.text("topologyKey", "topology.kubernetes.io/region")),
          minDomains(c.integer("minDomains", 1, {.min = 1})),
          bestEffort(c.flag("bestEffort", false)),
          maxPerDomain(c.integer("maxPerDomain", kAny, {.min = 1})),
          maxClusters(c.integer("maxClusters", kAny, {.min = 1})) {
        if (maxClusters < minDomains)
            throw kubefed::policy::ConfigError(kubefed::policy::format(
                "\"maxClusters\" {} is below \"minDomains\" {}", maxClusters, minDomains));
    }

    void select(const Round& round, std::span<Candidate> candidates) override {
        const bool isBounded = maxPerDomain != kAny || maxClusters != kAny;
        std::vector<Domain> domains = domainsOf(candidates, Order::ChosenFirst, isBounded);
        const std::int64_t needed = neededDomains(round);
        if (!bestEffort && static_cast<std::int64_t>(domains.size()) < needed) {
            for (Candidate& c : candidates)
                if (!c.isOut())
                    c.leaveOut("only {} of the {} domains of {} that are needed have a cluster",
                               domains.size(), needed, topologyKey);
            return;
        }
        if (!isBounded)
            return;  // the order does not matter
        for (Domain& domain : domains)
            std::ranges::sort(domain.clusters, {},
                              [](const Candidate* c) { return rank(c, Order::ChosenFirst); });
        std::int64_t left = maxClusters;
        for (const Place& place : places(domains, needed)) {
            if (place.depth >= maxPerDomain)
                place.cluster->leaveOut("{} clusters wanted in {}, others come first", maxPerDomain,
                                        place.domain);
            else if (left == 0)
                place.cluster->leaveOut("{} clusters wanted in all, others come first", maxClusters);
            else
                --left;
        }
    }

    struct Place {
        int order = 0;
        std::int64_t depth = 0;  // within its domain
        std::size_t index = 0;   // of its domain
        std::string_view domain;
        Candidate* cluster = nullptr;
    };
    // First one cluster of each needed domain, then what is chosen already, then one more of each domain, and
    // so on.
    static std::vector<Place> places(const std::vector<Domain>& domains, std::int64_t needed) {
        std::vector<Place> result;
        for (std::size_t index = 0; index < domains.size(); ++index) {
            const auto& [name, first, clusters] = domains[index];
            for (std::size_t depth = 0; depth < clusters.size(); ++depth) {
                const bool isNeeded = depth == 0 && static_cast<std::int64_t>(index) < needed;
                const int order = isNeeded ? 0 : clusters[depth]->isChosen() ? 1 : 2;
                result.push_back({order, static_cast<std::int64_t>(depth), index, name, clusters[depth]});
            }
        }
        std::ranges::sort(result, {}, [](const Place& p) { return std::tuple(p.order, p.depth, p.index); });
        return result;
    }

    void limit(const Round& round, std::span<Candidate> selected) override {
        if (!round.isReplicated() || round.isDuplicated() || minDomains < 2)
            return;
        std::int64_t needed = neededDomains(round);
        for (const Domain& domain : domainsOf(selected, Order::BestFirst, false)) {
            if (needed-- <= 0)
                return;
            domain.first->limit(1, KUBEFED_NO_LIMIT, "at least 1 for {}, one of {} domains", domain.name,
                                minDomains);
        }
    }

    [[nodiscard]] std::int64_t neededDomains(const Round& round) const {
        if (round.isReplicated() && !round.isDuplicated())
            return std::min(minDomains, std::max<std::int64_t>(round.wanted(), 1));
        return round.isSinglePod() ? 1 : minDomains;
    }

    static std::tuple<bool, double, std::uint64_t> rank(const Candidate* c, Order order) {
        return {order == Order::ChosenFirst && !c->isChosen(), -c->score(), c->tieBreak()};
    }

    // The domains by their first choices, with all their clusters if they are wanted.
    std::vector<Domain> domainsOf(std::span<Candidate> candidates, Order order, bool wantsClusters) const {
        std::vector<Domain> domains;
        std::unordered_map<std::string_view, std::size_t> furtherDomains;
        for (Candidate& c : candidates) {
            auto name = c.cluster().label(topologyKey);
            if (!name || name->empty()) {
                if (!bestEffort) {
                    if (order == Order::ChosenFirst)
                        c.leaveOut("has no label {}", topologyKey);
                    continue;
                }
                name = c.cluster().name();
            }
            Domain& domain = domainOf(*name, domains, furtherDomains);
            if (domain.first == nullptr || rank(&c, order) < rank(domain.first, order))
                domain.first = &c;
            if (wantsClusters)
                domain.clusters.push_back(&c);
        }
        std::ranges::sort(domains, {}, [order](const Domain& d) { return rank(d.first, order); });
        return domains;
    }

    // Domains are few as a rule, and looking at a few is faster than hashing.
    static Domain& domainOf(std::string_view name, std::vector<Domain>& domains,
                            std::unordered_map<std::string_view, std::size_t>& further) {
        constexpr std::size_t kFew = 12;
        for (std::size_t i = 0; i < std::min(domains.size(), kFew); ++i)
            if (domains[i].name == name)
                return domains[i];
        if (domains.size() >= kFew) {
            const auto [at, isNew] = further.try_emplace(name, domains.size());
            if (!isNew)
                return domains[at->second];
        }
        return domains.emplace_back(Domain{.name = name, .first = nullptr, .clusters = {}});
    }

    static constexpr std::int64_t kAny = 1'000'000'000;
    std::string topologyKey;
    std::int64_t minDomains;
    bool bestEffort;
    std::int64_t maxPerDomain;
    std::int64_t maxClusters;
};

}  // namespace

KUBEFED_POLICY(Spread, "spread", "1.0.0", "Spreads over regions or other domains of clusters")
