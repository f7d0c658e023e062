// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/unjoin.h"

#include "kubefed/fed/names.h"

namespace kubefed::cli {
namespace {

constexpr Duration kPollEvery{200};
constexpr std::string_view kObjectsAnnotation = "kubefed.io/unjoin-objects";
constexpr std::string_view kForceAnnotation = "kubefed.io/unjoin-force";

bool isStatus(const Error& error, int httpCode) {
    return error.status && error.status->httpCode == httpCode;
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
                return fail({.id = "KF1120",
                             .message = "federation \"" + federationName() + "\" has no member \"" +
                                        m_options.name + "\"",
                             .remedy = "kubefed get clusters lists them",
                             .changed = "nothing was changed"});
            if (!object)
                return failWith(object.error(), "reading member \"" + m_options.name + "\"");
            auto member = fed::MemberCluster::decode(*object);
            if (!member)
                return failWith(member.error(), "reading member \"" + m_options.name + "\"");
            m_member = std::move(*member);
            annotate();
        });
}

void Unjoin::annotate() {
    kube::JsonObject patch;
    kube::JsonObject& annotations = kube::ensureObject(patch, {"metadata", "annotations"});
    annotations[kObjectsAnnotation] = m_options.deleteObjects ? "delete" : "keep";
    if (m_options.force)
        annotations[kForceAnnotation] = "true";
    m_request = client().patch(
        fed::memberClusters(), {"", m_options.name}, kube::PatchType::Merge, kube::printJson(patch),
        {.fieldManager = std::string(kCliManager)}, [this](Result<kube::Object> answer) {
            if (!answer)
                return failWith(answer.error(), "letting \"" + m_options.name + "\" go");
            removeMember();
        });
}

void Unjoin::removeMember() {
    m_request = client().remove(
        fed::memberClusters(), {"", m_options.name}, {.uid = m_member.uid},
        [this](Result<kube::Object> answer) {
            if (!answer && !isStatus(answer.error(), 404))
                return failWith(answer.error(), "letting \"" + m_options.name + "\" go");
            env().report.doing(m_options.deleteObjects
                                   ? "deleting what was propagated to \"" + m_options.name + "\""
                                   : "letting \"" + m_options.name + "\" go");
            waitUntilGone();
        });
}

void Unjoin::waitUntilGone() {
    m_request = client().get(fed::memberClusters(), {"", m_options.name},
                             [this](Result<kube::Object> answer) { onWaited(std::move(answer)); });
}

void Unjoin::onWaited(Result<kube::Object> answer) {
    const bool gone = answer ? answer->uid() != m_member.uid : isStatus(answer.error(), 404);
    if (gone) {
        env().report.done("federation \"" + federationName() + "\" has let \"" + m_options.name + "\" go",
                          m_options.deleteObjects ? "propagated objects deleted" : "propagated objects kept");
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
                            if (!answer && !isStatus(answer.error(), 404))
                                env().report.warn("its Secret stays: " + answer.error().text());
                            openMember();
                        });
}

// What join made stands in the member; removing it takes the person's own credentials.
void Unjoin::openMember() {
    m_objects = memberObjects(m_ref);
    m_objects.erase(m_objects.begin());  // the namespace may serve other federations
    const std::string name = m_options.clusterContext.empty() ? m_options.name : m_options.clusterContext;
    auto context = resolveContext(kubeconfig(), name);
    if (!context || context->isFederation) {
        m_whyLeft = context ? "context \"" + name + "\" is of a federation" : context.error().message;
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

void Unjoin::finishLeaving() {
    for (const ManagedObject& object : m_objects)
        m_left.push_back(object.gvr.text() + "/" + object.object.key().text());
    if (m_left.empty()) {
        env().report.done("service account and roles removed in \"" + m_options.name + "\"");
        env().report.line(m_options.name + " left federation \"" + federationName() + "\"");
        return finish(kDone);
    }
    std::string left;
    for (const std::string& each : m_left)
        left += (left.empty() ? "" : ", ") + each;
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
    env().report.warn(error.message + ": " + error.evidence);
    env().report.line("  " + error.remedy);
    if (!m_options.deleteObjects)
        env().report.line("  propagated objects stay there, labelled kubefed.io/federation=" + m_ref.id);
    env().report.line(error.changed);
    finish(kDone);
}

}  // namespace kubefed::cli
