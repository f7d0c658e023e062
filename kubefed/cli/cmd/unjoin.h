// SPDX-License-Identifier: Apache-2.0
//
// `kubefed unjoin`: a member leaves. The controller does the federation's side (it keeps or deletes what was
// propagated, by an annotation on the MemberCluster); then, with the person's own credentials, what join made
// in the member is removed. With --force a dead member is let go, and what is left there is listed. One
// object is one run; main thread.
#pragma once

#include <vector>

#include "kubefed/cli/member_objects.h"
#include "kubefed/cli/verb.h"
#include "kubefed/fed/types.h"

namespace kubefed::cli {

struct UnjoinOptions {
    CommonOptions common;
    std::string name;
    std::string clusterContext;  // empty: like the name
    bool deleteObjects = false;  // --objects=delete
    bool force = false;
    Duration timeout{120'000};
    Duration requestTimeout{10'000};
};

class Unjoin final : public FederationVerb {
public:
    Unjoin(Environment& environment, UnjoinOptions options);

protected:
    void run() override;

private:
    void readFederation();
    void readMember();
    void annotate();
    void removeMember();
    void waitUntilGone();
    void onWaited(Result<kube::Object> answer);
    void removeSecret();
    void openMember();
    void checkMember();
    void removeNext();
    void finishLeaving();

    UnjoinOptions m_options;
    FederationRef m_ref;
    fed::MemberCluster m_member;
    std::unique_ptr<kube::Client> m_memberClient;
    std::vector<ManagedObject> m_objects;  // still to be removed in the member, last first
    std::vector<std::string> m_left;
    std::string m_whyLeft;
    SteadyTime m_started{};
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::cli
