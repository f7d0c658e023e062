// SPDX-License-Identifier: Apache-2.0
//
// Links over net shards: the core's half of each member's line. A member stands on the shard that its name
// hashes to. Core thread; the factory outlives its links and ends the shards' threads.
#pragma once

#include <unordered_map>

#include "controller/membership/member_link.h"
#include "controller/membership/net_shard.h"

namespace kubefed::controller {

class ShardMemberLink;

class ShardLinkFactory final : public MemberLinkFactory {
public:
    explicit ShardLinkFactory(int shards);
    ~ShardLinkFactory() override;
    [[nodiscard]] std::unique_ptr<MemberLink> connect(MemberLinkConfig config, MemberLinkSink& sink) override;

private:
    friend class ShardMemberLink;
    void receive(ShardBatch batch);

    std::uint64_t m_nextLink = 1;
    std::unordered_map<std::uint64_t, ShardMemberLink*> m_links;
    std::vector<std::unique_ptr<NetShard>> m_shards;
};

}  // namespace kubefed::controller
