// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/rpc_stream.h"

#include <algorithm>

#include "kubefed/client/convert.h"

namespace kubefed::controller {
namespace {

// In one message; some 200 KB of ordinary objects. It ends earlier with the value that makes it this large:
// an object that fails in a thousand clusters has a message for each, and clients take 64 MiB at once.
constexpr std::size_t kPart = 500;
constexpr std::size_t kPartBytes = 1U << 20U;
// What may wait for a reader beside a snapshot: minutes of a fleet of 1,000 clusters, seconds of one in which
// every object moves. Of objects that fail in a thousand clusters far fewer: a quarter of a megabyte each;
// but one delta may be of any size in bytes.
constexpr std::size_t kMostWaiting = 20'000;
constexpr std::size_t kMostWaitingBytes = 64U << 20U;

// What somebody sees of a cluster who may not list MemberClusters.
void toOutline(const client::Cluster& cluster, v1::Cluster& message) {
    message.set_number(cluster.number);
    message.set_name(cluster.name);
    message.set_phase(std::string(client::toString(cluster.phase)));
    message.set_phase_since(cluster.phaseSince);
}

}  // namespace

void RpcStream::snapshot(const client::FleetInfo& info, bool isResync, FleetDeltaPtr whole,
                         std::shared_ptr<const Visibility> visibility) {
    const std::scoped_lock lock(m_mutex);
    // A snapshot of which the client has a part is ended by the next one's begin.
    m_queue.clear();
    m_waiting = 0;
    m_waitingBytes = 0;
    m_isLost = false;
    m_isAsked = false;
    m_visibility = std::move(visibility);
    auto shown = std::make_shared<client::FleetInfo>(info);
    shown->seesClusters = m_visibility->clusters;
    shown->seesAllNamespaces = m_visibility->allNamespaces;
    shown->namespaces.assign(m_visibility->namespaces.begin(), m_visibility->namespaces.end());
    m_queue.push_back({.kind = Kind::Begin, .info = std::move(shown), .isResync = isResync});
    m_queue.push_back({.kind = Kind::Whole, .delta = std::move(whole)});
    m_queue.push_back({.kind = Kind::End});
    write();
}

void RpcStream::push(FleetDeltaPtr delta) {
    const std::scoped_lock lock(m_mutex);
    if (m_isLost || m_isEnded || !m_visibility || delta->size() == 0)
        return;
    // A delta that is too large by itself would be followed by snapshots only: a fast reader takes it.
    const bool isBehind = m_waitingBytes > 0;
    m_waiting += delta->size();
    m_waitingBytes += delta->bytes;
    if (m_waiting > kMostWaiting || (isBehind && m_waitingBytes > kMostWaitingBytes)) {
        // What is being written goes out, and all of a snapshot: a slow reader would never get a whole one
        // otherwise. The snapshot that follows makes good for the rest.
        const auto end = std::ranges::find(m_queue, Kind::End, &Outgoing::kind);
        m_queue.erase(end == m_queue.end() ? m_queue.begin() : std::next(end), m_queue.end());
        m_waiting = 0;
        m_waitingBytes = 0;
        m_isLost = true;
        return write();
    }
    m_queue.push_back({.kind = Kind::Delta, .delta = std::move(delta)});
    write();
}

void RpcStream::heartbeat() {
    const std::scoped_lock lock(m_mutex);
    if (!m_isWriting && m_queue.empty() && m_visibility && !m_isLost)
        m_queue.push_back({.kind = Kind::Heartbeat});
    write();
}

void RpcStream::end(const Error& error) {
    const std::scoped_lock lock(m_mutex);
    finish(statusOf(error));
}

bool RpcStream::isEnded() const {
    const std::scoped_lock lock(m_mutex);
    return m_isEnded;
}

void RpcStream::finish(const grpc::Status& status) {
    m_queue.clear();
    if (!std::exchange(m_isEnded, true))
        Finish(status);
}

void RpcStream::OnWriteDone(bool ok) {
    const std::scoped_lock lock(m_mutex);
    m_isWriting = false;
    if (!ok)
        return finish(grpc::Status::CANCELLED);
    write();
}

void RpcStream::OnCancel() {
    const std::scoped_lock lock(m_mutex);
    finish(grpc::Status::CANCELLED);
}

void RpcStream::OnDone() {
    std::ignore = m_inbox->post([self = m_self](RpcHandler& handler) { handler.gone(self.get()); });
    const auto self = std::move(m_self);
}

void RpcStream::write() {
    if (m_isWriting || m_isEnded)
        return;
    while (!m_queue.empty()) {
        if (!fill())
            continue;
        m_isWriting = true;
        return StartWrite(&m_message);
    }
    if (m_isLost && !m_isAsked)  // the next heartbeat tries again
        m_isAsked = m_inbox->post([self = weak_from_this()](RpcHandler& handler) {
            if (const auto stream = self.lock())
                handler.resync(stream.get());
        });
}

bool RpcStream::fill() {
    Outgoing& from = m_queue.front();
    m_message.Clear();
    m_message.set_now(m_now());
    bool isDone = true;
    bool isSeen = true;
    switch (from.kind) {
        case Kind::Begin:
            toMessage(*from.info, *m_message.mutable_begin());
            m_message.mutable_begin()->set_is_resync(from.isResync);
            break;
        case Kind::Whole:
        case Kind::Delta: {
            const std::size_t before = from.next;
            v1::FleetChanges& changes = *m_message.mutable_changes();
            fillPart(from, changes);
            isDone = from.next >= from.delta->size();
            isSeen = changes.ByteSizeLong() > 0;
            if (from.kind == Kind::Delta) {
                m_waiting -= from.next - before;
                m_waitingBytes -= isDone ? from.delta->bytes : 0;  // it is kept whole until then
            }
            break;
        }
        case Kind::Heartbeat:
            std::ignore = m_message.mutable_heartbeat();
            break;
        case Kind::End:
            std::ignore = m_message.mutable_end();
            break;
    }
    if (isDone)
        m_queue.pop_front();
    return isSeen;
}

void RpcStream::fillPart(Outgoing& from, v1::FleetChanges& message) {
    const FleetDelta& delta = *from.delta;
    const Visibility& sees = *m_visibility;
    std::size_t left = kPart;
    std::size_t bytes = 0;
    std::size_t passed = 0;  // of the kinds before
    // Calls `each`, which tells what it added in bytes, for those of a kind that are due in this part.
    const auto visit = [&](const auto& values, auto each) {
        while (left > 0 && from.next >= passed && from.next - passed < values.size()) {
            bytes += each(values[from.next - passed]);
            ++from.next;
            left = bytes < kPartBytes ? left - 1 : 0;
        }
        passed += values.size();
    };
    visit(delta.clusters, [&](const auto& cluster) {
        v1::Cluster& to = *message.add_clusters();
        sees.clusters ? client::toMessage(*cluster, to) : toOutline(*cluster, to);
        return to.ByteSizeLong();
    });
    visit(delta.removedClusters, [&](client::ClusterNumber number) {
        message.add_removed_clusters(number);
        return sizeof number;
    });
    const auto add = [](bool isSeen, const auto& value, auto& values) {
        if (!isSeen)
            return std::size_t{0};
        client::toMessage(value, *values.Add());
        return values.rbegin()->ByteSizeLong();
    };
    visit(delta.contacts, [&](const client::Contact& contact) {
        return add(sees.clusters, contact, *message.mutable_contacts());
    });
    visit(delta.objects, [&](const auto& object) {
        return add(!m_clustersOnly && sees.sees(object->id), *object, *message.mutable_objects());
    });
    visit(delta.removedObjects, [&](const client::ObjectId& id) {
        return add(!m_clustersOnly && sees.sees(id), id, *message.mutable_removed_objects());
    });
    visit(delta.activities, [&](const client::Activity& activity) {
        return add(!m_clustersOnly && sees.sees(activity), activity, *message.mutable_activities());
    });
    if (delta.totals && left > 0 && from.next == passed) {
        client::toMessage(*delta.totals, *message.mutable_totals());
        ++from.next;
    }
}

}  // namespace kubefed::controller
