// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/shard_link.h"

#include "controller/membership/shard_member.h"
#include "kubefed/fed/names.h"

namespace kubefed::controller {

class ShardMemberLink final : public MemberLink {
public:
    ShardMemberLink(ShardLinkFactory& owner, NetShard& shard, std::uint64_t id, MemberLinkConfig config,
                    MemberLinkSink& sink)
        : m_owner(owner), m_shard(shard), m_id(id), m_sink(sink) {
        m_owner.m_links[m_id] = this;
        post([id, &shard, config = std::move(config)](ShardState& state) mutable {
            state.members[id] = std::make_unique<ShardMember>(shard, state, id, std::move(config));
        });
    }
    ~ShardMemberLink() override {
        m_owner.m_links.erase(m_id);
        post([id = m_id](ShardState& state) { state.members.erase(id); });
    }

    void act(ActionRequest request, Callback<ActionAnswer> done) override {
        const std::uint64_t ticket = m_nextTicket++;
        m_actions.emplace(ticket, std::move(done));
        onMember([ticket, request = std::move(request)](ShardMember& member) mutable {
            member.act(ticket, std::move(request));
        });
    }
    void probe(Duration timeout, std::function<void(fed::Probe)> done) override {
        const std::uint64_t ticket = m_nextTicket++;
        m_probes.emplace(ticket, std::move(done));
        onMember([ticket, timeout](ShardMember& member) { member.probe(ticket, timeout); });
    }
    void identify(Duration timeout, Callback<ClusterIdentity> done) override {
        const std::uint64_t ticket = m_nextTicket++;
        m_identities.emplace(ticket, std::move(done));
        onMember([ticket, timeout](ShardMember& member) { member.identify(ticket, timeout); });
    }
    void retryNow() override {
        onMember([](ShardMember& member) { member.retryNow(); });
    }

    void receive(ShardBatch batch) {
        // The receiver of an event may destroy this link.
        const std::weak_ptr<int> alive = m_alive;
        for (ShardAnswer& one : batch.answers) {
            answered(one);
            if (alive.expired())
                return;
        }
        if (!batch.events.empty())
            m_sink.onEvents(std::move(batch.events));
    }

private:
    void answered(ShardAnswer& one) {
        if (auto* action = std::get_if<Result<ActionAnswer>>(&one.value)) {
            if (auto node = m_actions.extract(one.ticket))
                node.mapped()(std::move(*action));
        } else if (auto* probe = std::get_if<fed::Probe>(&one.value)) {
            if (auto node = m_probes.extract(one.ticket))
                node.mapped()(std::move(*probe));
        } else if (auto node = m_identities.extract(one.ticket)) {
            node.mapped()(std::move(std::get<Result<ClusterIdentity>>(one.value)));
        }
    }
    template <class Function>
    void onMember(Function function) {
        post([id = m_id, function = std::move(function)](ShardState& state) mutable {
            if (const auto it = state.members.find(id); it != state.members.end())
                function(*it->second);
        });
    }
    // Bounded by the requests that may be under way to all members of a shard; beyond that something is
    // badly wrong, and the process stops rather than forget a request.
    void post(NetShard::Task task) {
        if (!m_shard.post(std::move(task)))
            std::abort();
    }

    ShardLinkFactory& m_owner;
    NetShard& m_shard;
    const std::uint64_t m_id;
    MemberLinkSink& m_sink;
    std::uint64_t m_nextTicket = 1;
    std::unordered_map<std::uint64_t, Callback<ActionAnswer>> m_actions;
    std::unordered_map<std::uint64_t, std::function<void(fed::Probe)>> m_probes;
    std::unordered_map<std::uint64_t, Callback<ClusterIdentity>> m_identities;
    std::shared_ptr<int> m_alive = std::make_shared<int>(0);
};

ShardLinkFactory::ShardLinkFactory(int shards) {
    for (int i = 0; i < shards; ++i)
        m_shards.push_back(
            std::make_unique<NetShard>([this](ShardBatch batch) { receive(std::move(batch)); }));
}

ShardLinkFactory::~ShardLinkFactory() = default;

std::unique_ptr<MemberLink> ShardLinkFactory::connect(MemberLinkConfig config, MemberLinkSink& sink) {
    NetShard& shard = *m_shards[fed::stableHash(config.cluster) % m_shards.size()];
    return std::make_unique<ShardMemberLink>(*this, shard, m_nextLink++, std::move(config), sink);
}

void ShardLinkFactory::receive(ShardBatch batch) {
    if (const auto it = m_links.find(batch.link); it != m_links.end())
        it->second->receive(std::move(batch));
}

}  // namespace kubefed::controller
