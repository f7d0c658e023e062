// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/join.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "kubefed/cli/cmd/join_again.h"
#include "kubefed/cli/cmd/join_identity.h"
#include "kubefed/cli/http_date.h"
#include "kubefed/fed/names.h"

namespace kubefed::cli {
namespace {

constexpr int kOldestMinor = 29;
// Tokens and certificates are judged by both clocks; five minutes is what Kubernetes components tolerate.
constexpr Duration kClockTolerance{300'000};

std::string certificateNames(const net::CertificateInfo& certificate) {
    const auto& names = certificate.subjectAltNames;
    if (names.empty())
        return "no name at all";
    return "\"" + names.front() + "\"" +
           (names.size() > 1 ? " and " + std::to_string(names.size() - 1) + " more" : "");
}

std::string contextFlag(const JoinOptions& options) {
    return options.clusterContext.empty() ? options.name : options.clusterContext;
}

}  // namespace

Join::Join(Environment& environment, JoinOptions options)
    : FederationVerb(environment, options.common),
      m_options(std::move(options)),
      m_journal(m_options.requestTimeout) {
    m_command = "kubefed join " + m_options.name + " --cluster-context " + contextFlag(m_options);
}

void Join::run() {
    m_started = env().clock.now();
    next();
}

void Join::next() {
    static constexpr std::array<Step, 19> kSteps{
        &Join::findContexts, &Join::readFederation,        &Join::readFederationUid,
        &Join::readMembers,  &Join::checkFederationRights, &Join::probeMember,
        &Join::readVersion,  &Join::measureLatency,        &Join::checkMemberRights,
        &Join::checkClocks,  &Join::readMemberUid,         &Join::readPresentObjects,
        &Join::beginWrites,  &Join::writeMemberObjects,    &Join::requestToken,
        &Join::writeSecret,  &Join::writeMemberCluster,    &Join::clearOld,
        &Join::waitForReady};
    if (m_interrupted)
        return failUndoing(std::nullopt);
    (this->*kSteps.at(m_step++))();
}

void Join::interrupt() {
    m_interrupted = true;
    // A write that is under way ends first, so that it is known and can be undone.
    if (!m_writing)
        finish(kInterrupted);
}

std::string Join::nothingChanged() const {
    return "nothing was changed in \"" + contextFlag(m_options) + "\" or in federation \"" +
           federationName() + "\"";
}

void Join::failMember(CliError error) {
    error.changed = nothingChanged();
    fail(error);
}

// ---- Reading

void Join::findContexts() {
    if (!isDnsLabel(m_options.name))
        return fail({.id = "KF1008",
                     .message = "\"" + m_options.name + "\" cannot be the name of a member",
                     .evidence = "names are lower-case letters, digits and '-', 63 at most",
                     .remedy = "choose another name",
                     .changed = "nothing was changed"});
    if (!connect())
        return;
    auto context = resolveContext(kubeconfig(), contextFlag(m_options));
    if (!context)
        return failMember(context.error());
    m_context = std::move(*context);
    if (m_options.tlsServerName)
        m_context.identity.tlsServerName = *m_options.tlsServerName;
    if (m_context.isFederation || m_context.endpoint == federation().endpoint)
        return failMember({.id = "KF1110",
                           .message = "context \"" + m_context.context + "\" is of federation \"" +
                                      (m_context.isFederation ? m_context.federation : federationName()) +
                                      "\" itself, not of a member",
                           .evidence = "its server is " + m_context.endpoint.url(),
                           .remedy = "name the member's context with --cluster-context",
                           .changed = kNothingChanged});
    if (m_context.identity.insecureSkipVerify)
        return failMember({.id = "KF1104",
                           .message = "context \"" + m_context.context + "\" does not verify its server",
                           .evidence = "insecure-skip-tls-verify is set",
                           .remedy = "put the cluster's CA into the kubeconfig instead",
                           .changed = kNothingChanged});
    m_spec = {.name = m_options.name,
              .endpoint = m_context.endpoint.url(),
              .caPem = m_context.identity.caPem,
              .tlsServerName = m_context.identity.tlsServerName,
              .secretName = m_options.secretName,
              .labels = m_options.labels};
    m_member = makeClient(env(), m_context);
    env().report.line("Joining \"" + m_options.name + "\" (" + m_spec.endpoint + ") to federation \"" +
                      federationName() + "\"");
    next();
}

void Join::readFederation() {
    env().report.doing("reading federation \"" + federationName() + "\"");
    m_request =
        client().get(configMaps(), {"kube-public", "kubefed-info"}, [this](Result<kube::Object> info) {
            if (!info && isStatus(info.error(), 404))
                return failMember(
                    {.id = "KF1003",
                     .message = "context \"" + federation().context + "\" is not of a federation",
                     .evidence = "there is no ConfigMap kube-public/kubefed-info",
                     .remedy = "name the federation's context with --host-cluster-context",
                     .changed = kNothingChanged});
            if (!info) {
                CliError error = federationError(info.error(), federation(), "joining");
                return failMember(std::move(error));
            }
            m_ref = {.name = std::string(kube::stringAt(info->document(), {"data", "federation"})),
                     .id = std::string(kube::stringAt(info->document(), {"data", "federationId"}))};
            if (!m_ref.name.empty())
                setFederationName(m_ref.name);
            if (m_ref.name.empty() || m_ref.id.empty())
                return failMember(
                    {.id = "KF1003",
                     .message = "context \"" + federation().context + "\" is not of a federation",
                     .evidence = "ConfigMap kube-public/kubefed-info names no federation",
                     .remedy = "name the federation's context with --host-cluster-context",
                     .changed = kNothingChanged});
            next();
        });
}

void Join::readFederationUid() {
    m_request = client().get(namespaces(), {"", "kube-system"}, [this](Result<kube::Object> ns) {
        if (ns)
            m_federationUid = ns->uid();
        else if (!isStatus(ns.error(), 404))
            return failMember(federationError(ns.error(), federation(), "reading namespace kube-system"));
        next();
    });
}

void Join::readMembers() {
    m_request = client().list(fed::memberClusters(), {.limit = 0}, [this](Result<kube::ObjectList> list) {
        if (!list)
            return failMember(federationError(list.error(), federation(), "listing members"));
        for (const kube::Object& object : list->items) {
            if (object.name() == m_options.name)
                m_before = object;
            if (auto member = fed::MemberCluster::decode(object))
                m_members.push_back(std::move(*member));
        }
        keepSettings();
        next();
    });
}

void Join::keepSettings() {
    if (m_before)
        keepWhatWasSet(m_spec, *m_before, m_options.removedLabels, !m_options.tlsServerName);
    if (m_spec.secretName.empty())
        m_spec.secretName = m_options.name + "-credentials";
    if (m_spec.tlsServerName == m_context.identity.tlsServerName)
        return;
    m_context.identity.tlsServerName = m_spec.tlsServerName;
    m_member = makeClient(env(), m_context);
}

void Join::checkFederationRights() {
    checkRights(client(), false, 0);
}

void Join::probeMember() {
    env().report.doing("reaching " + m_spec.endpoint);
    m_request = env().connector.probe(
        m_context.endpoint, m_context.identity, m_options.requestTimeout,
        [this](Result<net::ServerProbe> probe) {
            if (!probe) {
                CliError error = connectionError(probe.error(), member());
                env().report.bad("reached the API server");
                return failMember(std::move(error));
            }
            const auto& certificate = probe->certificate;
            const std::string host =
                m_spec.tlsServerName.empty() ? m_context.endpoint.host : m_spec.tlsServerName;
            if (probe->problem != net::Problem::None) {
                env().report.done("reached the API server", shortDuration(probe->roundTrip));
                if (probe->problem == net::Problem::NameMismatch)
                    env().report.bad("certificate is for " + certificateNames(certificate) + ", not for \"" +
                                     host + "\"");
                else
                    env().report.bad("certificate of " + host + " is trusted");
                return failMember(certificateError(*probe, member(), env().clock.wallNow()));
            }
            const auto left =
                std::chrono::duration_cast<Duration>(certificate.notAfter - env().clock.wallNow());
            m_certificate = "certificate is for " + host + ", expires in " + longDuration(left);
            next();
        });
}

void Join::readVersion() {
    m_request = m_member->version(m_options.requestTimeout, [this](Result<kube::ServerVersion> version) {
        if (!version) {
            env().report.done(m_certificate);
            env().report.bad(version.error().status ? "your credentials are accepted there"
                                                    : "the API server answers");
            return failMember(memberApiError(version.error(), "read the server's version", member()));
        }
        m_version = std::move(*version);
        next();
    });
}

// Once more, now that the connection stands: that is what each request will take.
void Join::measureLatency() {
    const SteadyTime start = env().clock.now();
    m_request = m_member->version(m_options.requestTimeout, [this,
                                                             start](Result<kube::ServerVersion> version) {
        if (!version)
            return failMember(memberApiError(version.error(), "read the server's version", member()));
        m_latency = std::chrono::duration_cast<Duration>(env().clock.now() - start);
        if (m_version.major < 1 || (m_version.major == 1 && m_version.minor < kOldestMinor)) {
            env().report.done(m_certificate);
            env().report.bad("Kubernetes " + m_version.gitVersion + " is recent enough");
            return failMember({.id = "KF1108",
                               .message = "the cluster of context \"" + m_context.context +
                                          "\" runs Kubernetes " + m_version.gitVersion + ", members need 1." +
                                          std::to_string(kOldestMinor) + " or newer",
                               .evidence = "its /version says " + std::to_string(m_version.major) + "." +
                                           std::to_string(m_version.minor),
                               .remedy = "upgrade the cluster, then join it",
                               .changed = kNothingChanged});
        }
        env().report.done("reached the API server",
                          "Kubernetes " + m_version.gitVersion + ", " + shortDuration(m_latency));
        env().report.done(m_certificate);
        next();
    });
}

void Join::checkMemberRights() {
    env().report.doing("asking for your rights in the cluster");
    checkRights(*m_member, true, 0);
}

void Join::checkRights(kube::Client& client, bool inMember, std::size_t index) {
    const auto rights = inMember ? rightsInMember() : rightsInFederation();
    if (index == rights.size()) {
        if (inMember)
            env().report.done("your credentials may create service accounts and roles there");
        return next();
    }
    m_request =
        client.create(accessReviews(), accessReview(rights[index]), {.timeout = m_options.requestTimeout},
                      [this, inMember, index](Result<kube::Object> answer) {
                          onReview(std::move(answer), inMember, index);
                      });
}

void Join::onReview(Result<kube::Object> answer, bool inMember, std::size_t index) {
    const Right right = (inMember ? rightsInMember() : rightsInFederation())[index];
    const bool allowed = answer && kube::boolAt(answer->document(), {"status", "allowed"}, false);
    if (allowed)
        return checkRights(inMember ? *m_member : client(), inMember, index + 1);
    std::string reason =
        answer ? std::string(kube::stringAt(answer->document(), {"status", "reason"})) : std::string();
    if (reason.empty())
        reason = "SelfSubjectAccessReview says no";
    if (!inMember) {
        if (!answer)
            return failMember(federationError(answer.error(), federation(), "asking for rights"));
        return failMember(
            {.id = "KF1005",
             .message = "your credentials in federation \"" + federationName() + "\" may not " + right.text(),
             .evidence = reason,
             .remedy = "ask for that right, or use a context that has it",
             .changed = kNothingChanged});
    }
    env().report.bad("your credentials may " + right.text());
    if (!answer)
        return failMember(
            memberApiError(answer.error(), "ask for rights (SelfSubjectAccessReview)", member()));
    failMember(
        {.id = "KF1107",
         .message = "your credentials in context \"" + m_context.context + "\" may not " + right.text(),
         .evidence = reason,
         .remedy = "ask for that right, or join with a context that has it",
         .changed = kNothingChanged});
}

void Join::checkClocks() {
    const WallTime before = env().clock.wallNow();
    m_request =
        m_member->raw("/version", m_options.requestTimeout, [this, before](Result<net::HttpResponse> answer) {
            if (!answer)
                return failMember(memberApiError(answer.error(), "read the server's clock", member()));
            const auto date = parseHttpDate(net::header(answer->headers, "date"));
            if (!date) {
                env().report.warn("the server does not tell its time: clocks were not compared");
                return next();
            }
            // The header has whole seconds, cut off: the truth lies up to one second later.
            const auto now = before + (env().clock.wallNow() - before) / 2;
            const double apart = std::chrono::duration<double>(now - *date).count();
            const double difference = apart >= 0 && apart < 1 ? 0 : (apart < 0 ? -apart : apart - 1);
            char text[64];
            std::snprintf(text, sizeof text, "%.1f s apart", difference);
            if (difference * 1000 > static_cast<double>(kClockTolerance.count())) {
                env().report.bad("clocks agree");
                return failMember({.id = "KF1111",
                                   .message = "the clocks of this machine and of context \"" +
                                              m_context.context + "\" disagree",
                                   .evidence = std::string(text) + ": here " + toRfc3339(now) + ", there " +
                                               toRfc3339(*date),
                                   .remedy = "correct the clock that is wrong (NTP), then join",
                                   .changed = kNothingChanged});
            }
            env().report.done(std::string("clocks agree (") + text + ")");
            next();
        });
}

void Join::readMemberUid() {
    m_request = m_member->get(namespaces(), {"", "kube-system"}, [this](Result<kube::Object> ns) {
        if (!ns)
            return failMember(memberApiError(ns.error(), "get namespaces \"kube-system\"", member()));
        m_memberUid = ns->uid();
        judgeIdentity();
    });
}

void Join::judgeIdentity() {
    const JoinIdentity cluster{.name = m_options.name,
                               .context = m_context.context,
                               .endpoint = m_spec.endpoint,
                               .uid = m_memberUid,
                               .federation = federationName(),
                               .federationUid = m_federationUid,
                               .command = m_command,
                               .replace = m_options.replace};
    if (auto problem = identityProblem(cluster, m_members))
        return failMember(std::move(*problem));
    for (const fed::MemberCluster& other : m_members) {
        if (other.name != m_options.name)
            continue;
        m_memberVersion = other.resourceVersion;
        if (!isAnotherCluster(cluster, other))
            continue;
        m_spec.confirmedUid = m_memberUid;
        env().report.warn("it takes the place of cluster " + other.status.clusterUid + " (" +
                          other.spec.apiEndpoint + "): what stands in that one stays there");
    }
    next();
}

void Join::readPresentObjects() {
    m_objects = memberObjects(m_ref);
    m_present.assign(m_objects.size(), {});
    readPresent(0);
}

void Join::readPresent(std::size_t index) {
    if (index == m_objects.size()) {
        m_request = client().get(
            secrets(), {std::string(fed::kSystemNamespace), m_spec.secretName},
            [this](Result<kube::Object> secret) {
                if (!secret && !isStatus(secret.error(), 404))
                    return failMember(federationError(secret.error(), federation(), "reading the Secret"));
                if (secret)
                    m_secretVersion = secret->resourceVersion();
                if (secret && secret->label("kubefed.io/member") != m_options.name)
                    return failMember({.id = "KF1116",
                                       .message = "Secret kubefed-system/" + m_spec.secretName +
                                                  " in federation \"" + federationName() +
                                                  "\" is something else",
                                       .evidence = "it is not labelled kubefed.io/member=" + m_options.name,
                                       .remedy = m_command + " --secret-name NAME",
                                       .changed = kNothingChanged});
                next();
            });
        return;
    }
    const ManagedObject& wanted = m_objects[index];
    m_request = m_member->get(wanted.gvr, wanted.object.key(), [this, index](Result<kube::Object> present) {
        const ManagedObject& object = m_objects[index];
        const std::string what = object.gvr.text() + " \"" + object.object.key().text() + "\"";
        if (!present && !isStatus(present.error(), 404))
            return failMember(memberApiError(present.error(), "get " + what, member()));
        if (present)
            m_present[index] = *present;
        const std::string_view owner = present ? present->annotation(kOwnerAnnotation) : std::string_view();
        if (present && object.object.kind() != "Namespace" && owner != m_ref.id)
            return failMember(
                {.id = "KF1115",
                 .message = what + " in context \"" + m_context.context +
                            "\" does not belong to federation \"" + m_ref.name + "\"",
                 .evidence = owner.empty() ? "it carries no federation's id"
                                           : "it belongs to a federation with id " + std::string(owner),
                 .remedy = "remove it there if nobody needs it, or give the federation another name",
                 .changed = kNothingChanged});
        readPresent(index + 1);
    });
}

void Join::beginWrites() {
    if (m_options.dryRun) {
        showPlan();
        return finish(kDone);
    }
    m_writing = true;
    next();
}

void Join::showPlan() {
    env().report.line("Would do (--dry-run: nothing was changed):");
    for (std::size_t i = 0; i < m_objects.size(); ++i)
        env().report.line(std::string("  ") + (m_present[i] ? "keep up to date " : "create ") +
                          m_objects[i].gvr.text() + " " + m_objects[i].object.key().text() + " in \"" +
                          m_context.context + "\"");
    env().report.line("  ask for a token of 720 h for kubefed-system/" + m_ref.name);
    env().report.line(std::string("  ") + (m_secretVersion ? "update" : "create") +
                      " Secret kubefed-system/" + m_spec.secretName + " in federation \"" + m_ref.name +
                      "\"");
    env().report.line(std::string("  ") + (m_memberVersion ? "update" : "create") + " MemberCluster " +
                      m_spec.name + " in federation \"" + m_ref.name + "\"");
    for (const std::string& label : m_options.removedLabels)
        env().report.line("  remove label " + label + " from it");
    if (const std::string old = oldSecret(); !old.empty())
        env().report.line("  remove its old Secret kubefed-system/" + old + " once it is Ready");
}

}  // namespace kubefed::cli
