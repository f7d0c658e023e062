// SPDX-License-Identifier: Apache-2.0
//
// The reactor of one WatchFleet call. Messages are made one at a time from values that all subscribers share:
// by whoever gives them something while nothing goes out (the core thread, about a megabyte at most),
// else by gRPC's threads once the one before has gone. What waits is bounded. Lives until gRPC is done with
// the call. Internal to controller/rpc.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "controller/rpc/rpc_inbox.h"
#include "kubefed/v1/federation.grpc.pb.h"

namespace kubefed::controller {

class RpcStream final : public grpc::ServerWriteReactor<v1::FleetMessage>,
                        public FleetStream,
                        public RpcCall,
                        public std::enable_shared_from_this<RpcStream> {
public:
    RpcStream(std::shared_ptr<RpcInbox> inbox, std::function<client::TimeMs()> now, bool clustersOnly)
        : m_inbox(std::move(inbox)), m_now(std::move(now)), m_clustersOnly(clustersOnly) {}
    // Before it is given to gRPC.
    void hold() { m_self = shared_from_this(); }

    void snapshot(const client::FleetInfo& info, bool isResync, FleetDeltaPtr whole,
                  std::shared_ptr<const Visibility> visibility) override;
    void push(FleetDeltaPtr delta) override;
    void heartbeat() override;
    void end(const Error& error) override;
    [[nodiscard]] bool isEnded() const override;

    void OnWriteDone(bool ok) override;
    void OnCancel() override;
    void OnDone() override;

private:
    enum class Kind { Begin, Whole, End, Delta, Heartbeat };
    // One message to be, or several: `next` says how far it is made.
    struct Outgoing {
        Kind kind = Kind::Delta;
        FleetDeltaPtr delta;
        std::size_t next = 0;
        std::shared_ptr<const client::FleetInfo> info;
        bool isResync = false;
    };
    // All with the lock held.
    void write();  // makes the next message here and now, unless one is on its way
    void finish(const grpc::Status& status);
    [[nodiscard]] bool fill();  // false: nothing of it may be seen
    void fillPart(Outgoing& from, v1::FleetChanges& message);

    const std::shared_ptr<RpcInbox> m_inbox;
    const std::function<client::TimeMs()> m_now;
    const bool m_clustersOnly;
    std::shared_ptr<RpcStream> m_self;
    mutable std::mutex m_mutex;  // of what follows
    std::deque<Outgoing> m_queue;
    std::size_t m_waiting = 0;       // values of deltas in m_queue
    std::size_t m_waitingBytes = 0;  // and what those deltas take
    std::shared_ptr<const Visibility> m_visibility;
    v1::FleetMessage m_message;
    bool m_isWriting = false;
    bool m_isEnded = false;
    bool m_isLost = false;   // deltas were dropped: nothing more until the next snapshot
    bool m_isAsked = false;  // for that
};

}  // namespace kubefed::controller
