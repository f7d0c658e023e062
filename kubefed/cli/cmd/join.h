// SPDX-License-Identifier: Apache-2.0
//
// `kubefed join`: makes a cluster a member. Reads both sides and asks for every right before the first write,
// so that a failure changes nothing; a failure after that undoes what this run made, and says what it
// updated. Doing it again repairs whatever is missing and keeps what was set and is not given (join_again.h).
// One object is one run; main thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kubefed/cli/member_errors.h"
#include "kubefed/cli/member_objects.h"
#include "kubefed/cli/verb.h"
#include "kubefed/cli/write_journal.h"
#include "kubefed/fed/types.h"

namespace kubefed::cli {

struct JoinOptions {
    CommonOptions common;
    std::string name;
    std::string clusterContext;  // empty: like the name
    std::string secretName;      // empty: as it was; at first <name>-credentials
    std::optional<std::string> tlsServerName;
    std::map<std::string, std::string> labels;  // besides those that it has
    std::set<std::string> removedLabels;
    bool dryRun = false;
    bool replace = false;      // another cluster than the one that has this name
    Duration timeout{60'000};  // for becoming Ready
    Duration requestTimeout{10'000};
};

class Join final : public FederationVerb {
public:
    Join(Environment& environment, JoinOptions options);
    void interrupt() override;

protected:
    void run() override;

private:
    using Step = void (Join::*)();
    void next();

    // Reading, in this order.
    void findContexts();
    void readFederation();
    void readFederationUid();
    void readMembers();
    void checkFederationRights();
    void probeMember();
    void readVersion();
    void measureLatency();
    void checkMemberRights();
    void checkClocks();
    void readMemberUid();
    void readPresentObjects();
    // Writing.
    void beginWrites();
    void writeMemberObjects();
    void requestToken();
    void writeSecret();
    void writeMemberCluster();
    void clearOld();
    void waitForReady();

    void checkRights(kube::Client& client, bool inMember, std::size_t index);
    void keepSettings();
    void judgeIdentity();
    void onReview(Result<kube::Object> answer, bool inMember, std::size_t index);
    void readPresent(std::size_t index);
    void writeNext(std::size_t index);
    void writeToFederation(const ManagedObject& object, const std::optional<std::string>& before);
    [[nodiscard]] Callback<kube::Object> writtenToFederation(const ManagedObject& object);
    void onWaited(Result<kube::Object> answer);
    // The member's Secret until now, where the new one has another name; empty where it has not.
    [[nodiscard]] std::string oldSecret() const;
    void removeOldSecret(const std::function<void()>& then);
    void showPlan();
    void failMember(CliError error);
    void failUndoing(std::optional<CliError> error);  // none: it was interrupted
    [[nodiscard]] std::string nothingChanged() const;
    [[nodiscard]] bool wasReady() const;
    [[nodiscard]] MemberIn member() const { return {m_context, m_command}; }

    JoinOptions m_options;
    std::string m_command;
    std::size_t m_step = 0;
    SteadyTime m_started{};
    kube::ContextConfig m_context;
    std::unique_ptr<kube::Client> m_member;
    FederationRef m_ref;
    std::string m_federationUid;
    std::string m_memberUid;
    std::vector<fed::MemberCluster> m_members;
    kube::ServerVersion m_version;
    Duration m_latency{0};
    std::string m_certificate;  // what is said of it, once the version is known
    std::vector<ManagedObject> m_objects;
    std::vector<std::optional<kube::Object>> m_present;  // m_objects as they are in the member
    MemberSpec m_spec;
    std::string m_token;
    std::string m_tokenExpires;
    std::optional<std::string> m_secretVersion;
    std::optional<std::string> m_memberVersion;
    std::optional<kube::Object> m_before;  // the MemberCluster, where it is there
    WriteJournal m_journal;
    std::optional<CliError> m_failure;  // while undoing
    bool m_hasChanged = false;          // but for a new token
    bool m_interrupted = false;
    bool m_writing = false;
    Request m_request;
    Request m_timer;
};

}  // namespace kubefed::cli
