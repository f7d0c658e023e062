// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/unjoin.h"

#include "kubefed/cli/cmd/get.h"
#include "kubefed/cli/http_date.h"
#include "kubefed/cli/member_errors.h"
#include "kubefed/fed/leaving.h"
#include "kubefed/fed/names.h"

namespace kubefed::cli {
namespace {

constexpr Duration kPollEvery{200};

// Then it was certainly not done.
bool wasRefused(const Error& error) {
    return error.status && error.status->httpCode < 500;
}

}  // namespace

Unjoin::Unjoin(Environment& environment, UnjoinOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void Unjoin::run() {
    m_started = env().clock.now();
    if (connect())
        readFederation();
}

void Unjoin::readFederation() {
    m_request =
        client().get(configMaps(), {"kube-public", "kubefed-info"}, [this](Result<kube::Object> info) {
            if (!info && isStatus(info.error(), 404))
                return fail({.id = "KF1003",
                             .message = "context \"" + federation().context + "\" is not of a federation",
                             .evidence = "there is no ConfigMap kube-public/kubefed-info",
                             .remedy = "name the federation's context with --host-cluster-context",
                             .changed = "nothing was changed"});
            if (!info)
                return failWith(info.error(), "unjoining");
            m_ref = {.name = std::string(kube::stringAt(info->document(), {"data", "federation"})),
                     .id = std::string(kube::stringAt(info->document(), {"data", "federationId"}))};
            if (!m_ref.name.empty())
                setFederationName(m_ref.name);
            readMember();
        });
}

void Unjoin::readMember() {
    m_request =
        client().get(fed::memberClusters(), {"", m_options.name}, [this](Result<kube::Object> object) {
            if (!object && isStatus(object.error(), 404))
                return fail(noSuchMember(federationName(), m_options.name, object.error().text()));
            if (!object)
                return failWith(object.error(), "reading member \"" + m_options.name + "\"");
            auto member = fed::MemberCluster::decode(*object);
            if (!member)
                return failWith(member.error(), "reading member \"" + m_options.name + "\"");
            m_member = std::move(*member);
            readTime();
        });
}

// The order is dated by the clock that will date the deletion.
void Unjoin::readTime() {
    m_request = client().raw("/version", m_options.requestTimeout, [this](Result<net::HttpResponse> answer) {
        if (!answer)
            return failWith(answer.error(), "reading the federation's clock");
        order(parseHttpDate(net::header(answer->headers, "date")).value_or(env().clock.wallNow()));
    });
}

void Unjoin::order(WallTime now) {
    m_stage = Stage::Ordering;
    kube::JsonObject patch =
        fed::unjoinPatch({.deletesObjects = m_options.deleteObjects, .force = m_options.force}, now);
    kube::ensureObject(patch, {"metadata"})["uid"] = m_member.uid;
    m_request = client().patch(
        fed::memberClusters(), {"", m_options.name}, kube::PatchType::Merge, kube::printJson(patch),
        {.fieldManager = std::string(kCliManager), .timeout = m_options.requestTimeout},
        [this](Result<kube::Object> answer) {
            if (!answer) {
                CliError error = federationError(answer.error(), federation(), notLeft());
                if (!wasRefused(answer.error()))
                    return takeBack(std::move(error));
                error.changed = "nothing was changed";
                return m_interrupted ? finish(kInterrupted) : fail(error);
            }
            if (m_member.isDeleting)
                return leaving(&*answer);
            if (m_interrupted)
                return takeBack({});
            removeMember();
        });
}

void Unjoin::removeMember() {
    m_request = client().remove(
        fed::memberClusters(), {"", m_options.name},
        {.uid = m_member.uid, .timeout = m_options.requestTimeout}, [this](Result<kube::Object> answer) {
            if (!answer && !isStatus(answer.error(), 404)) {
                CliError error = federationError(answer.error(), federation(), notLeft());
                if (wasRefused(answer.error()))
                    return takeBack(std::move(error));
                return lookAfterRemoval(std::move(error));
            }
            leaving(answer ? &*answer : nullptr);
        });
}

// The deletion was not answered: it may have been done.
void Unjoin::lookAfterRemoval(CliError error) {
    m_request = client().get(fed::memberClusters(), {"", m_options.name},
                             [this, error = std::move(error)](Result<kube::Object> answer) mutable {
                                 if (answer ? answer->uid() != m_member.uid : isStatus(answer.error(), 404))
                                     return leaving(nullptr);
                                 if (answer && answer->isDeleting())
                                     return leaving(&*answer);
                                 takeBack(std::move(error));
                             });
}

// The deletion does not follow. One that was being deleted before is not told otherwise.
void Unjoin::takeBack(std::optional<CliError> error) {
    if (m_member.isDeleting) {
        const std::string changed = "\"" + m_options.name + "\" is leaving federation \"" + federationName() +
                                    "\"; whether the new order reached it is not known";
        if (m_interrupted || !error) {
            env().report.line(changed);
            return finish(kInterrupted);
        }
        error->changed = changed;
        return fail(*error);
    }
    kube::JsonObject patch = fed::unjoinUndoPatch();
    kube::ensureObject(patch, {"metadata"})["uid"] = m_member.uid;
    m_request = client().patch(
        fed::memberClusters(), {"", m_options.name}, kube::PatchType::Merge, kube::printJson(patch),
        {.fieldManager = std::string(kCliManager), .timeout = m_options.requestTimeout},
        [this, error = std::move(error)](Result<kube::Object> answer) mutable {
            std::string changed = "nothing was changed";
            if (!answer && !isStatus(answer.error(), 404))
                changed = "it is not known whether \"" + m_options.name + "\" is leaving federation \"" +
                          federationName() + "\"; an order without its deletion counts no longer after " +
                          shortDuration(fed::kUnjoinWithin);
            if (error && !m_interrupted) {
                error->changed = std::move(changed);
                return fail(*error);
            }
            env().report.line(changed);
            finish(kInterrupted);
        });
}

// `member`: as it is being deleted, unless it is gone.
void Unjoin::leaving(const kube::Object* member) {
    m_keepsObjects = member != nullptr && member->isDeleting() && !fed::unjoinOrderOf(*member).deletesObjects;
    m_stage = Stage::Leaving;
    m_secretStands = !m_member.spec.credentialsSecret.empty();
    if (m_interrupted)
        return interrupt();
    if (m_options.deleteObjects && m_keepsObjects)
        env().report.warn("the deletion came too late after its order: propagated objects are kept");
    env().report.doing(m_options.deleteObjects ? "deleting what was propagated to \"" + m_options.name + "\""
                                               : "letting \"" + m_options.name + "\" go");
    waitUntilGone();
}

void Unjoin::interrupt() {
    m_interrupted = true;
    switch (m_stage) {
        case Stage::Ordering:
            return;  // the write under way ends first, so that it is known and can be taken back
        case Stage::Leaving:
            env().report.line("\"" + m_options.name + "\" is leaving federation \"" + federationName() +
                              "\"; the same command again waits for it and removes what join made there");
            break;
        case Stage::Gone:
            env().report.line("\"" + m_options.name + "\" left federation \"" + federationName() +
                              "\"; what join made may stay: " + listLeft());
            break;
        case Stage::Reading:
            break;
    }
    m_request.cancel();
    m_timer.cancel();
    finish(kInterrupted);
}

std::string Unjoin::notLeft() const {
    return "letting \"" + m_options.name + "\" go";
}

void Unjoin::waitUntilGone() {
    m_request = client().get(fed::memberClusters(), {"", m_options.name},
                             [this](Result<kube::Object> answer) { onWaited(std::move(answer)); });
}

void Unjoin::onWaited(Result<kube::Object> answer) {
    const bool gone = answer ? answer->uid() != m_member.uid : isStatus(answer.error(), 404);
    if (gone) {
        m_stage = Stage::Gone;
        m_objects = memberObjects(m_ref);
        m_objects.erase(m_objects.begin());  // the namespace may serve other federations
        const bool deleted = m_options.deleteObjects && !m_keepsObjects;
        env().report.done("federation \"" + federationName() + "\" has let \"" + m_options.name + "\" go",
                          deleted ? "propagated objects deleted" : "propagated objects kept");
        return removeSecret();
    }
    if (env().clock.now() - m_started < m_options.timeout) {
        m_timer = env().clock.after(kPollEvery, [this] { waitUntilGone(); });
        return;
    }
    std::string evidence = answer ? "its MemberCluster is still there" : answer.error().text();
    if (answer)
        if (auto member = fed::MemberCluster::decode(*answer))
            if (const auto* ready = fed::findCondition(member->status.conditions, fed::kReadyCondition))
                evidence = ready->reason + (ready->message.empty() ? "" : ": " + ready->message);
    fail({.id = "KF1121",
          .message =
              "member \"" + m_options.name + "\" has not left within " + shortDuration(m_options.timeout),
          .evidence = evidence,
          .remedy = "wait and repeat the command, or kubefed unjoin " + m_options.name +
                    " --force if the cluster is lost",
          .changed = "\"" + m_options.name + "\" is leaving federation \"" + federationName() + "\""});
}

void Unjoin::removeSecret() {
    if (m_member.spec.credentialsSecret.empty())
        return openMember();
    m_request =
        client().remove(secrets(), {std::string(fed::kSystemNamespace), m_member.spec.credentialsSecret}, {},
                        [this](Result<kube::Object> answer) {
                            m_secretStands = !answer && !isStatus(answer.error(), 404);
                            if (m_secretStands)
                                env().report.warn("its Secret stays: " + answer.error().text());
                            openMember();
                        });
}

// What join made stands in the member; removing it takes the person's own credentials.
void Unjoin::openMember() {
    const std::string name = m_options.clusterContext.empty() ? m_options.name : m_options.clusterContext;
    auto context = resolveContext(kubeconfig(), name);
    if (!context || context->isFederation) {
        m_whyLeft = context ? "context \"" + name + "\" is of a federation" : context.error().message.text();
        return finishLeaving();
    }
    if (!m_member.spec.tlsServerName.empty() && context->identity.tlsServerName.empty())
        context->identity.tlsServerName = m_member.spec.tlsServerName;
    m_memberClient = makeClient(env(), *context);
    checkMember();
}

// A context of that name may be another cluster by now.
void Unjoin::checkMember() {
    env().report.doing("removing the service account in \"" + m_options.name + "\"");
    m_request = m_memberClient->get(namespaces(), {"", "kube-system"}, [this](Result<kube::Object> ns) {
        if (!ns)
            m_whyLeft = ns.error().text();
        else if (!m_member.status.clusterUid.empty() && ns->uid() != m_member.status.clusterUid)
            m_whyLeft = "the context's cluster is another one (uid " + std::string(ns->uid()) + ")";
        if (!m_whyLeft.empty())
            return finishLeaving();
        removeNext();
    });
}

void Unjoin::removeNext() {
    if (m_objects.empty())
        return finishLeaving();
    const ManagedObject& object = m_objects.back();
    m_request = m_memberClient->remove(
        object.gvr, object.object.key(), {.timeout = m_options.requestTimeout},
        [this](Result<kube::Object> answer) {
            const ManagedObject removed = std::move(m_objects.back());
            m_objects.pop_back();
            if (!answer && !isStatus(answer.error(), 404)) {
                m_left.push_back(removed.gvr.text() + "/" + removed.object.key().text());
                m_whyLeft = answer.error().text();
            }
            removeNext();
        });
}

// What stands in the member, and with an interrupt the Secret here.
std::string Unjoin::listLeft() {
    for (const ManagedObject& object : m_objects)
        m_left.push_back(object.gvr.text() + "/" + object.object.key().text());
    if (m_interrupted && m_secretStands)
        m_left.push_back("Secret " + std::string(fed::kSystemNamespace) + "/" +
                         m_member.spec.credentialsSecret + " in federation \"" + federationName() + "\"");
    return nameList(m_left, m_left.size());
}

void Unjoin::finishLeaving() {
    const std::string left = listLeft();
    if (m_left.empty()) {
        env().report.done("service account and roles removed in \"" + m_options.name + "\"");
        env().report.line(m_options.name + " left federation \"" + federationName() + "\"");
        return finish(kDone);
    }
    CliError error{
        .id = "KF1122",
        .message = "\"" + m_options.name + "\" left, but what join made there could not be removed",
        .evidence = m_whyLeft,
        .remedy = "remove there, when it can be reached: " + left,
        .changed =
            "\"" + m_options.name + "\" is no member of federation \"" + federationName() + "\" any more"};
    if (!m_options.force)
        return fail(error);
    // Asked for: a lost cluster is let go without it.
    env().report.warn(error.message.text() + ": " + error.evidence.text());
    env().report.line("  " + error.remedy.text());
    if (!m_options.deleteObjects)
        env().report.line("  propagated objects stay there, labelled kubefed.io/federation=" + m_ref.id);
    env().report.line(error.changed.text());
    finish(kDone);
}

}  // namespace kubefed::cli
