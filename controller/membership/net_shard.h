// SPDX-License-Identifier: Apache-2.0
//
// One thread with its own event loop that owns the connections of some members and decodes there. Made and
// destroyed on the core thread (the destructor ends the thread). Core and shard exchange only through two
// mailboxes: tasks to the shard, batches of events and answers to the core. When the core's mailbox is full,
// the shard's members stop reading until it has drained.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controller/membership/member_link.h"
#include "kubefed/util/joined_thread.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::net {
class ConnectionCache;
}

namespace kubefed::controller {

struct ShardAnswer {
    std::uint64_t ticket = 0;
    std::variant<Result<ActionAnswer>, fed::Probe, Result<ClusterIdentity>> value;
};

struct ShardBatch {
    std::uint64_t link = 0;
    std::vector<MemberEvent> events;
    std::vector<ShardAnswer> answers;
};

class ShardMember;

// What lives on the shard's thread.
struct ShardState {
    Clock& clock;
    net::ConnectionCache& connections;
    std::map<std::uint64_t, std::unique_ptr<ShardMember>> members;
};

class NetShard final : public JoinedThread {
public:
    using Task = std::move_only_function<void(ShardState&)>;
    using Receiver = std::function<void(ShardBatch)>;

    explicit NetShard(Receiver receiver);
    ~NetShard() override;

    // Core thread. False: full (the shard is far behind); nothing was taken.
    [[nodiscard]] bool post(Task task);
    // Shard thread. False: full; `resume()` of every member follows once there is space.
    [[nodiscard]] bool deliver(const std::shared_ptr<ShardBatch>& batch);

protected:
    void work() override;

private:
    using Tasks = Mailbox<Task>;
    std::atomic<bool> m_starved{false};
    std::mutex m_lock;          // of the next two
    Tasks* m_tasks = nullptr;   // while the thread's loop lives
    std::vector<Task> m_early;  // posted before that
    Mailbox<std::shared_ptr<ShardBatch>> m_batches;
};

}  // namespace kubefed::controller
