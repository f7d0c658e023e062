// SPDX-License-Identifier: Apache-2.0
//
// One member cluster as the controller knows it. Core thread; owned by Membership, which alone changes it;
// everybody else reads. Lives as long as its MemberCluster object.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "controller/membership/member_link.h"
#include "controller/membership/member_store.h"
#include "kubefed/fed/health.h"
#include "kubefed/fed/types.h"

namespace kubefed::controller {

struct Member final : MemberLinkSink {
    explicit Member(std::string clusterName) : name(std::move(clusterName)) {}

    const std::string name;
    fed::MemberCluster cluster;  // as it stands in the federation API
    bool hasFinalizer = false;
    bool deletesObjects = false;  // it is leaving, and takes what was propagated with it
    bool forced = false;          // it may leave although it cannot be reached
    std::string confirmedUid;

    std::unique_ptr<MemberStore> store;
    fed::Health health;
    std::optional<ClusterIdentity> identity;
    std::string identityProblem;      // why a member that answers does not say which cluster it is
    bool identityChecked = false;     // since the last time that it may have become another cluster
    std::string credentialsExpireAt;  // RFC 3339; empty: not known
    std::string problem;              // why there is no link: credentials missing, an endpoint that is none
    std::optional<NodesSeen> nodes;
    fed::MemberClusterStatus::Objects counts;  // as of the last status
    fed::PodReasons podFailures;               // likewise: objects, by the commonest reason of their pods
    SteadyTime countsChanged{};
    SteadyTime countsDue{};
    Request countsTimer;
    bool wasListed = false;  // a first kind of it, since it joined or the controller started
    // What it holds was not to be had within a while: nobody waits for it any longer, until it is known.
    bool gaveUp = false;
    Request patience;
    SteadyTime asked{};  // since when its identity and lists are waited for
    SteadyTime heard{};  // when a list that is waited for last came forward

    std::string linkKey;  // what the link was made from
    std::unique_ptr<MemberLink> link;
    Request probeTimer;
    SteadyTime probeBegan{};  // the last one, or one that was left out because another was under way
    bool probing = false;
    bool identifying = false;
    Request identifyTimer;  // asks again
    Request statusTimer;
    SteadyTime statusDue{};  // of the timer
    Request write;           // of status or finalizer, under way
    SteadyTime lastStatusWrite{};
    bool wroteStatus = false;
    std::string announcedState;  // what the others were last told
    std::string fleetText;       // what decisions see of it, to notice a change

    std::function<void(std::vector<MemberEvent>)> eventHandler;
    void onEvents(std::vector<MemberEvent> events) override { eventHandler(std::move(events)); }

    [[nodiscard]] const fed::HealthCheck& healthCheck() const { return cluster.spec.healthCheck; }
    [[nodiscard]] bool isLeaving() const { return cluster.isDeleting; }
    [[nodiscard]] bool isReachable() const { return link != nullptr && fed::isReachable(health.phase); }
    // Another cluster answers under this name, and nobody has confirmed it.
    [[nodiscard]] bool isReplaced() const {
        return identity && !cluster.status.clusterUid.empty() && identity->uid != cluster.status.clusterUid &&
               identity->uid != confirmedUid;
    }
    // For a while now it was not to be learned which cluster it is; isNameless(): although it answers.
    [[nodiscard]] bool isUnknown() const { return gaveUp && !identityChecked; }
    [[nodiscard]] bool isNameless() const { return isUnknown() && !identityProblem.empty(); }
    [[nodiscard]] bool isWritable() const {
        return isReachable() && health.phase != fed::Phase::Joining && identityChecked && !isReplaced();
    }
    [[nodiscard]] fed::Phase phase(bool somethingFails) const {
        if (isLeaving())
            return fed::Phase::Leaving;
        if (link == nullptr || isReplaced() || isNameless())
            return link == nullptr ? fed::Phase::Joining : fed::Phase::Unauthorized;
        return health.phase == fed::Phase::Ready && somethingFails ? fed::Phase::Degraded : health.phase;
    }
};

}  // namespace kubefed::controller
