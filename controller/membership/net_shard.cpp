// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/net_shard.h"

#include "controller/membership/shard_member.h"
#include "kubefed/net/https_transport.h"
#include "kubefed/util/qt_clock.h"

namespace kubefed::controller {
namespace {

constexpr std::size_t kMaxTasks = 100'000;
constexpr std::size_t kMaxBatches = 256;  // of up to ShardMember::kBatch events each

}  // namespace

NetShard::NetShard(Receiver receiver)
    : m_batches(kMaxBatches,
                [receiver = std::move(receiver)](std::vector<std::shared_ptr<ShardBatch>> batches) {
                    for (auto& batch : batches)
                        receiver(std::move(*batch));
                }) {
    m_batches.setDrained([this] {
        if (m_starved.exchange(false))
            std::ignore = post([](ShardState& state) {
                for (const auto& [id, member] : state.members)
                    member->resume();
            });
    });
    start();
}

NetShard::~NetShard() {
    // exec() may not have begun: quit from within the loop is the only way that is never lost.
    while (!post([](ShardState& state) {
        state.members.clear();
        QThread::currentThread()->quit();
    }))
        QThread::yieldCurrentThread();
    join();
}

void NetShard::work() {
    QtClock clock;
    net::ConnectionCache connections(clock);
    ShardState state{clock, connections, {}};
    Tasks tasks(kMaxTasks, [&state](std::vector<Task> batch) {
        for (Task& task : batch)
            task(state);
    });
    {
        const std::scoped_lock lock(m_lock);
        m_tasks = &tasks;
        for (Task& early : m_early)
            std::ignore = tasks.push(std::move(early));
        m_early.clear();
    }
    exec();
    const std::scoped_lock lock(m_lock);
    m_tasks = nullptr;
}

bool NetShard::post(Task task) {
    const std::scoped_lock lock(m_lock);
    if (m_tasks != nullptr)
        return m_tasks->push(std::move(task));
    if (m_early.size() >= kMaxTasks)
        return false;
    m_early.push_back(std::move(task));
    return true;
}

bool NetShard::deliver(const std::shared_ptr<ShardBatch>& batch) {
    if (m_batches.push(batch))
        return true;
    m_starved = true;
    return m_batches.push(batch);  // the core may have drained in between
}

}  // namespace kubefed::controller
