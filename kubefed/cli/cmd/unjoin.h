// SPDX-License-Identifier: Apache-2.0
//
// `kubefed unjoin`: a member leaves. The controller does the federation's side (it keeps or deletes what was
// propagated, by an order on the MemberCluster: see kubefed/fed/leaving.h); then, with the person's own
// credentials, what join made in the member is removed. With --force a dead member is let go, and what is
// left there is listed. An order whose deletion did not follow is taken back. One object is one run; main
// thread.
#pragma once

#include <optional>
#include <string>
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
    void interrupt() override;

protected:
    void run() override;

private:
    enum class Stage { Reading, Ordering, Leaving, Gone };

    void readFederation();
    void readMember();
    void readTime();
    void order(WallTime now);
    void removeMember();
    void lookAfterRemoval(CliError error);
    void takeBack(std::optional<CliError> error);
    void leaving(const kube::Object* member);
    void waitUntilGone();
    void onWaited(Result<kube::Object> answer);
    void removeSecret();
    void openMember();
    void checkMember();
    void removeNext();
    void finishLeaving();
    [[nodiscard]] std::string notLeft() const;
    [[nodiscard]] std::string listLeft();

    UnjoinOptions m_options;
    Stage m_stage = Stage::Reading;
    bool m_interrupted = false;
    FederationRef m_ref;
    fed::MemberCluster m_member;
    std::unique_ptr<kube::Client> m_memberClient;
    std::vector<ManagedObject> m_objects;  // still to be removed in the member, last first
    bool m_secretStands = false;
    bool m_keepsObjects = false;  // whatever was asked for
    std::vector<std::string> m_left;
    std::string m_whyLeft;
    SteadyTime m_started{};
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::cli
