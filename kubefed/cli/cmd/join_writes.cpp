// SPDX-License-Identifier: Apache-2.0
// The second half of join: what it writes, how it waits, and how it undoes.
#include <algorithm>

#include "kubefed/cli/cmd/join.h"
#include "kubefed/cli/cmd/join_again.h"
#include "kubefed/cli/format/cluster_summary.h"
#include "kubefed/fed/leaving.h"
#include "kubefed/fed/names.h"

namespace kubefed::cli {
namespace {

constexpr std::int64_t kTokenSeconds = 720 * 3600;
constexpr Duration kPollEvery{200};

}  // namespace

void Join::writeMemberObjects() {
    env().report.doing("creating service account kubefed-system/" + m_ref.name);
    writeNext(0);
}

void Join::writeNext(std::size_t index) {
    if (m_interrupted)
        return failUndoing(std::nullopt);
    if (index == m_objects.size()) {
        const bool wasThere =
            std::ranges::all_of(m_present, [](const auto& object) { return object.has_value(); });
        env().report.done("service account kubefed-system/" + m_ref.name +
                          (wasThere ? " is there" : " created") + ", limited to " +
                          counted(static_cast<std::int64_t>(memberTypeCount()), "type"));
        return next();
    }
    const auto done = [this, index](Result<kube::Object> answer) {
        const ManagedObject& written = m_objects[index];
        if (!answer)
            return failUndoing(memberApiError(
                answer.error(), "create " + written.gvr.text() + " \"" + written.object.key().text() + "\"",
                member()));
        m_hasChanged = m_hasChanged || !m_present[index] || !isSameContent(*m_present[index], *answer);
        writeNext(index + 1);
    };
    WriteJournal::Write write{.client = m_member.get(),
                              .where = m_context.context,
                              .gvr = m_objects[index].gvr,
                              .object = m_objects[index].object,
                              .before = {}};
    if (m_present[index])
        write.before = m_present[index]->resourceVersion();
    if (write.before)
        m_journal.apply(std::move(write), done);
    else
        m_journal.create(std::move(write), done);
}

void Join::requestToken() {
    m_request = m_member->create(
        serviceAccounts(), tokenRequest(m_ref, kTokenSeconds),
        {.subresource = "token", .timeout = m_options.requestTimeout}, [this](Result<kube::Object> answer) {
            if (!answer)
                return failUndoing(memberApiError(
                    answer.error(), "create serviceaccounts/token in namespace kubefed-system", member()));
            m_token = kube::stringAt(answer->document(), {"status", "token"});
            m_tokenExpires = kube::stringAt(answer->document(), {"status", "expirationTimestamp"});
            WallTime expires;
            if (m_token.empty() || !parseRfc3339(m_tokenExpires, expires))
                return failUndoing(CliError{
                    .id = "KF1117",
                    .message = "the cluster of context \"" + m_context.context +
                               "\" answered a token request without a token",
                    .evidence = m_token.empty() ? "status.token is empty"
                                                : "status.expirationTimestamp is \"" + m_tokenExpires + "\"",
                    .remedy = "check that it issues tokens: kubectl --context " + m_context.context +
                              " create token default",
                    .changed = kNothingChanged});
            const auto life = std::chrono::duration_cast<Duration>(expires - env().clock.wallNow());
            // Servers may grant less than was asked for; half a minute is the way there and back.
            const bool whole = life >= std::chrono::seconds(kTokenSeconds) - std::chrono::seconds(30);
            env().report.done("token obtained, valid until " + m_tokenExpires.substr(0, 10) + " (" +
                              longDuration(life + std::chrono::seconds(30)) + " granted" +
                              (whole ? ")" : ", 30 days asked)") + ": join again before");
            next();
        });
}

Callback<kube::Object> Join::writtenToFederation(const ManagedObject& object) {
    return [this, gvr = object.gvr, what = "writing " + object.gvr.text() + " " + object.object.key().text()](
               Result<kube::Object> answer) {
        if (answer) {
            // A Secret that was there has got its new token, as each time.
            m_hasChanged =
                m_hasChanged ||
                (gvr == secrets() ? !m_secretVersion : !m_before || !isSameContent(*m_before, *answer));
            return next();
        }
        CliError error = federationError(answer.error(), federation(), what);
        if (error.id != "KF1004" && error.id != "KF1005") {
            error.id = "KF1116";
            error.remedy = "see the evidence; join again once it is solved";
        }
        failUndoing(std::move(error));
    };
}

void Join::writeToFederation(const ManagedObject& object, const std::optional<std::string>& before) {
    m_journal.apply({.client = &client(),
                     .where = federationName(),
                     .gvr = object.gvr,
                     .object = object.object,
                     .before = before},
                    writtenToFederation(object));
}

void Join::writeSecret() {
    writeToFederation(memberSecret(m_spec, m_token, m_tokenExpires), m_secretVersion);
}
void Join::writeMemberCluster() {
    writeToFederation(memberCluster(m_spec), m_memberVersion);
}

// The order of an unjoin that was interrupted: it is to stay now. And labels that others may own as well,
// which an apply without them leaves.
void Join::clearOld() {
    if (!m_before || !(fed::hasUnjoinOrder(*m_before) || !m_options.removedLabels.empty()))
        return next();
    ManagedObject object{fed::memberClusters(), kube::Object(fed::unjoinUndoPatch())};
    for (const std::string& label : m_options.removedLabels)
        kube::ensureObject(object.object.document(), {"metadata", "labels"})[label] = nullptr;
    object.object.metadata()["name"] = m_spec.name;
    m_journal.merge({.client = &client(),
                     .where = federationName(),
                     .gvr = object.gvr,
                     .object = object.object,
                     .before = m_memberVersion},
                    writtenToFederation(object));
}

void Join::waitForReady() {
    // From here on the member is joined: what is still missing, the controller does.
    m_writing = false;
    m_journal.forget();
    env().report.doing("waiting until the cluster is Ready");
    m_request = client().get(fed::memberClusters(), {"", m_spec.name},
                             [this](Result<kube::Object> answer) { onWaited(std::move(answer)); });
}

void Join::onWaited(Result<kube::Object> answer) {
    auto member = answer ? fed::MemberCluster::decode(*answer)
                         : Result<fed::MemberCluster>(kubefed::fail(answer.error()));
    const fed::Condition* ready = nullptr;
    if (member)
        ready = fed::findCondition(member->status.conditions, fed::kReadyCondition);
    const auto took = std::chrono::duration_cast<Duration>(env().clock.now() - m_started);
    // Of another cluster that was Ready under this name until now, nothing counts.
    const bool isItself = member && member->status.clusterUid == m_memberUid;
    if (isItself && ready != nullptr && ready->isTrue() &&
        member->status.observedGeneration >= member->generation) {
        env().report.done("cluster is Ready" + clusterSummary(member->status));
        return removeOldSecret([this, took] {
            env().report.line(m_options.name + " joined in " + shortDuration(took) +
                              ". Next: kubectl --context " + federation().context + " get memberclusters");
            finish(m_hasChanged || !wasReady() ? kDone : unchangedCode(common()));
        });
    }
    if (took >= m_options.timeout) {
        std::string evidence = "the controller has said nothing about it yet";
        if (!member)
            evidence = member.error().text();
        else if (ready != nullptr)
            evidence = ready->reason + (ready->message.empty() ? "" : ": " + ready->message);
        return fail({.id = "KF1113",
                     .message = "member \"" + m_options.name + "\" did not become Ready within " +
                                shortDuration(m_options.timeout),
                     .evidence = evidence,
                     .remedy = "kubefed get clusters shows how it goes on; kubefed unjoin " + m_options.name +
                               " takes it back",
                     .changed = "\"" + m_options.name + "\" is joined to federation \"" + federationName() +
                                "\"; it will be used once it is Ready"});
    }
    m_timer = env().clock.after(kPollEvery, [this] { waitForReady(); });
}

// Of one that was not, the new token may be what it lacked.
bool Join::wasReady() const {
    const auto member =
        m_before ? fed::MemberCluster::decode(*m_before) : Result<fed::MemberCluster>(fed::MemberCluster());
    const fed::Condition* ready =
        member ? fed::findCondition(member->status.conditions, fed::kReadyCondition) : nullptr;
    return ready != nullptr && ready->isTrue();
}

std::string Join::oldSecret() const {
    if (!m_before || secretOf(*m_before) == m_spec.secretName)
        return {};
    return std::string(secretOf(*m_before));
}

// Nothing reads it any more, and its token is still good.
void Join::removeOldSecret(const std::function<void()>& then) {
    const std::string old = oldSecret();
    if (old.empty())
        return then();
    const kube::ObjectKey key{std::string(fed::kSystemNamespace), old};
    const auto removed = [this, old, then](Result<kube::Object> answer) {
        m_hasChanged = m_hasChanged || answer.has_value();
        if (answer)
            env().report.done("old Secret kubefed-system/" + old + " removed");
        else if (!isStatus(answer.error(), 404))
            env().report.warn("the old Secret kubefed-system/" + old +
                              " could not be removed: " + answer.error().text());
        then();
    };
    m_request = client().get(secrets(), key, [this, key, then, removed](Result<kube::Object> secret) {
        if (!secret)
            return removed(std::move(secret));
        if (secret->label("kubefed.io/member") != m_options.name)
            return then();
        m_request = client().remove(secrets(), key, {.uid = std::string(secret->uid())}, removed);
    });
}

// ---- Undoing

void Join::failUndoing(std::optional<CliError> error) {
    if (!m_interrupted)
        m_failure = std::move(error);
    env().report.doing("undoing what was done");
    m_journal.undo([this] {
        const std::string changes = m_journal.changes();
        if (m_failure) {
            m_failure->changed = changes.empty() ? nothingChanged() : changes;
            return fail(*m_failure);
        }
        env().report.line(changes.empty() ? nothingChanged() : changes);
        finish(kInterrupted);
    });
}

}  // namespace kubefed::cli
