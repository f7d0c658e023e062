// SPDX-License-Identifier: Apache-2.0
//
// The controller's line to one member cluster: mirrors of what matters there (already projected), single
// actions, probes. Core thread; made by a MemberLinkFactory, owned by Membership; destroying it ends
// everything and no callback comes afterwards. Callbacks never come from inside a call. Implementations:
// ShardMemberLink (a net shard's thread behind a mailbox), FakeMemberLink (tests).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "kubefed/fed/health.h"
#include "kubefed/fed/projection.h"
#include "kubefed/fed/status_aggregation.h"
#include "kubefed/fed/sync.h"
#include "kubefed/net/tls.h"

namespace kubefed::controller {

// A complete list of a kind begins or ends; what was not in between is gone.
struct ListBegin {
    std::uint8_t kind;
};
struct ListEnd {
    std::uint8_t kind;
    std::uint64_t resourceVersion;
};
struct ObjectSeen {
    std::uint8_t kind;
    kube::ObjectKey key;
    fed::MemberObject object;
};
struct ObjectGone {
    std::uint8_t kind;
    kube::ObjectKey key;
    std::string uid;
    std::uint64_t resourceVersion;
};
// The member's namespaces, whole: name and whether it is going away.
struct NamespaceSeen {
    std::string name;
    bool terminating;
    bool gone;
};
struct NamespacesListed {};
// Reasons of the pods that a workload of ours has there; replaces what was said before. A list of pods tells
// them all before its end; a workload of which it tells none has none any longer.
struct PodReasonsSeen {
    kube::ObjectKey workload;
    fed::PodReasons reasons;
};
struct NodesSeen {
    std::int64_t ready = 0, total = 0;
    std::map<std::string, std::int64_t> allocatableMilli;  // by resource
};
// A kind's mirror fails for a reason of that kind (`problem`, for people), or the connection broke or the
// request failed (`why`), or all is well (again).
struct MirrorState {
    std::uint8_t kind;
    std::string problem;
    bool broken = false;
    std::string why = {};
};

using MemberEvent = std::variant<ListBegin, ListEnd, ObjectSeen, ObjectGone, NamespaceSeen, NamespacesListed,
                                 PodReasonsSeen, NodesSeen, MirrorState>;

struct ActionRequest {
    fed::Action action;
    std::uint8_t kind = 0;
    kube::ObjectKey key;
    Duration timeout{30'000};
};

// The object as the answer shows it. For a removal that left nothing: `gone`.
struct ActionAnswer {
    fed::MemberObject object;
    bool gone = false;
};

struct ClusterIdentity {
    std::string uid;  // of namespace kube-system
    std::string gitVersion;
    std::vector<std::string> apis;  // "v1/Pod", sorted
};

class MemberLinkSink {
public:
    virtual ~MemberLinkSink() = default;
    virtual void onEvents(std::vector<MemberEvent> events) = 0;
};

class MemberLink {
public:
    MemberLink() = default;
    MemberLink(const MemberLink&) = delete;
    MemberLink& operator=(const MemberLink&) = delete;
    virtual ~MemberLink() = default;

    // NotFound for an Inspect of nothing. Every call is answered, unless the link is destroyed first.
    virtual void act(ActionRequest request, Callback<ActionAnswer> done) = 0;
    virtual void probe(Duration timeout, std::function<void(fed::Probe)> done) = 0;
    virtual void identify(Duration timeout, Callback<ClusterIdentity> done) = 0;
    // Ends the mirrors' back-off: the member was just seen to be back.
    virtual void retryNow() = 0;
};

struct MemberLinkConfig {
    std::string cluster;
    net::Endpoint endpoint;
    net::Identity identity;
    std::string federationId;
};

class MemberLinkFactory {
public:
    MemberLinkFactory() = default;
    MemberLinkFactory(const MemberLinkFactory&) = delete;
    MemberLinkFactory& operator=(const MemberLinkFactory&) = delete;
    virtual ~MemberLinkFactory() = default;
    // Starts the mirrors at once; `sink` outlives the link.
    [[nodiscard]] virtual std::unique_ptr<MemberLink> connect(MemberLinkConfig config,
                                                              MemberLinkSink& sink) = 0;
};

}  // namespace kubefed::controller
