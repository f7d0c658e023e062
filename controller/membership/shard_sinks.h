// SPDX-License-Identifier: Apache-2.0
//
// Where a member's mirrors end, on the shard: each object becomes the few numbers that the core keeps, or
// nothing. Owned by ShardMember; shard thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "controller/ids.h"
#include "controller/membership/member_link.h"
#include "kubefed/cache/reflector.h"

namespace kubefed::controller {

class EventOutlet {
public:
    virtual ~EventOutlet() = default;
    // False: enough is waiting; read no more until resumed. The event was taken all the same.
    virtual bool emit(MemberEvent event) = 0;
    // Field sets are equal for most objects of a kind.
    virtual fed::SharedText intern(fed::SharedText text) = 0;
};

// What all share: the state of the connection, told when it changes.
class SinkBase : public cache::ReflectorSink {
public:
    SinkBase(EventOutlet& outlet, std::uint8_t kind) : m_outlet(outlet), m_kind(kind) {}
    void onState(Result<void> state) override;

protected:
    EventOutlet& m_outlet;
    const std::uint8_t m_kind;

private:
    std::string m_problem;
    bool m_broken = false;
};

// An enabled kind: our own objects. For Pods also why those of our workloads are not ready.
class KindSink final : public SinkBase {
public:
    KindSink(EventOutlet& outlet, std::uint8_t kind, std::string federationId)
        : SinkBase(outlet, kind), m_federationId(std::move(federationId)) {}
    void onListBegin() override;
    void onListed(kube::Object object) override;
    void onListEnd(const std::string& resourceVersion) override;
    bool onChange(kube::WatchEvent event) override;

private:
    struct PodTrouble {
        kube::ObjectKey workload;
        std::string reason;
    };
    [[nodiscard]] bool isOurs(const kube::Object& object) const;
    bool take(kube::Object object);
    bool noteTrouble(const kube::ObjectKey& pod, PodTrouble trouble);
    bool countTrouble(const PodTrouble& trouble, int by);

    const std::string m_federationId;
    std::unordered_map<kube::ObjectKey, PodTrouble> m_troubles;      // pods that are not ready, and say why
    std::unordered_map<kube::ObjectKey, fed::PodReasons> m_reasons;  // by workload
    bool m_listing = false;
};

class NamespaceSink final : public SinkBase {
public:
    using SinkBase::SinkBase;
    void onListBegin() override;
    void onListed(kube::Object object) override;
    void onListEnd(const std::string& resourceVersion) override;
    bool onChange(kube::WatchEvent event) override;

private:
    bool take(const kube::Object& object, bool gone);
    std::map<std::string, bool> m_known;  // name -> seen in the list that runs
};

class NodeSink final : public SinkBase {
public:
    NodeSink(EventOutlet& outlet, std::uint8_t kind) : SinkBase(outlet, kind) {}
    void onListBegin() override;
    void onListed(kube::Object object) override;
    void onListEnd(const std::string& resourceVersion) override;
    bool onChange(kube::WatchEvent event) override;
    void onState(Result<void>) override {}  // nodes may be forbidden: then figures are unknown, nothing fails

private:
    struct Node {
        bool ready = false;
        std::map<std::string, std::int64_t> milli;
        bool operator==(const Node&) const = default;
    };
    void take(const kube::Object& object);
    bool tell();
    std::unordered_map<std::string, Node> m_nodes;
    bool m_listing = false;
};

}  // namespace kubefed::controller
