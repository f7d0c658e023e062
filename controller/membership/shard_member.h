// SPDX-License-Identifier: Apache-2.0
//
// One member on its shard's thread: its client, mirrors and actions. Gathers events and answers and hands
// them to the core in batches; stops reading while the core is behind. Owned by ShardState.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "controller/membership/net_shard.h"
#include "controller/membership/shard_sinks.h"
#include "kubefed/kube/client.h"

namespace kubefed::controller {

class ShardMember final : public EventOutlet {
public:
    static constexpr std::size_t kBatch = 256;
    static constexpr std::size_t kMaxWaiting = 1024;  // events, then reading stops

    ShardMember(NetShard& shard, ShardState& state, std::uint64_t link, MemberLinkConfig config);
    ~ShardMember() override;
    ShardMember(const ShardMember&) = delete;
    ShardMember& operator=(const ShardMember&) = delete;

    void act(std::uint64_t ticket, ActionRequest request);
    void probe(std::uint64_t ticket, Duration timeout);
    void identify(std::uint64_t ticket, Duration timeout);
    void retryNow();
    // There is space again on the way to the core.
    void resume();

    bool emit(MemberEvent event) override;
    fed::SharedText intern(fed::SharedText text) override;

private:
    void mirror(const kube::Gvr& gvr, std::string labelSelector, std::unique_ptr<cache::ReflectorSink> sink);
    void send(std::uint64_t ticket, ActionRequest request);
    void acted(std::uint64_t ticket, Result<ActionAnswer> result);
    void answer(std::uint64_t ticket, decltype(ShardAnswer::value) value);
    void identified(std::uint64_t ticket, Duration timeout, ClusterIdentity identity);
    void flushSoon();
    void flush();

    NetShard& m_shard;
    Clock& m_clock;
    const std::uint64_t m_link;
    const MemberLinkConfig m_config;
    std::shared_ptr<ShardBatch> m_batch = std::make_shared<ShardBatch>();
    bool m_paused = false;  // a mirror was told to stop
    Request m_flush;
    std::set<fed::SharedText, bool (*)(const fed::SharedText&, const fed::SharedText&)> m_texts;
    std::unique_ptr<kube::Client> m_client;
    std::vector<std::unique_ptr<cache::ReflectorSink>> m_sinks;
    std::vector<std::unique_ptr<cache::Reflector>> m_reflectors;
    std::map<std::uint64_t, Request> m_requests;  // by ticket; last: ends first
};

}  // namespace kubefed::controller
