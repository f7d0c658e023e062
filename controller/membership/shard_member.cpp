// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/shard_member.h"

#include <algorithm>

#include "controller/membership/probe_words.h"
#include "controller/membership/shard_actions.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/discovery.h"
#include "kubefed/net/https_transport.h"

namespace kubefed::controller {
namespace {

bool textLess(const fed::SharedText& a, const fed::SharedText& b) {
    return *a < *b;
}

// The check that fails, from the text that /readyz answers: "[-]etcd failed: reason withheld".
std::string failingCheck(const std::string& body) {
    const std::size_t at = body.find("[-]");
    if (at == std::string::npos)
        return {};
    return body.substr(at + 3, body.find('\n', at) - at - 3);
}

fed::Probe toProbe(const Result<net::HttpResponse>& response, Duration latency, const net::Endpoint& endpoint,
                   Duration timeout) {
    fed::Probe probe{.outcome = fed::ProbeOutcome::Ok, .latency = latency, .message = {}};
    if (response)
        return probe;
    const Error& error = response.error();
    const int http = error.status ? error.status->httpCode : 0;
    probe.outcome = http == 0                    ? fed::ProbeOutcome::Failed
                    : http == 401 || http == 403 ? fed::ProbeOutcome::Refused
                    : http == 429                ? fed::ProbeOutcome::Ok
                                                 : fed::ProbeOutcome::NotReady;
    probe.message = probeWords(error, endpoint, timeout);
    if (probe.outcome == fed::ProbeOutcome::NotReady)
        if (const std::string check = failingCheck(error.status->body); !check.empty())
            probe.message = check;
    return probe;
}

}  // namespace

ShardMember::ShardMember(NetShard& shard, ShardState& state, std::uint64_t link, MemberLinkConfig config)
    : m_shard(shard), m_clock(state.clock), m_link(link), m_config(std::move(config)), m_texts(textLess) {
    m_client = std::make_unique<kube::Client>(
        state.connections.transport(m_config.endpoint, m_config.identity), "kubefed-controller");
    const std::string ours = std::string(fed::kFederationLabel) + "=" + m_config.federationId;
    const auto kinds = fed::enabledKinds();
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto kind = static_cast<std::uint8_t>(i);
        if (kinds[i].role == fed::Role::Namespace)
            mirror(kinds[i].gvr(), {}, std::make_unique<NamespaceSink>(*this, kind));
        else  // all pods: those of our workloads carry no label of ours, and say why they are not ready
            mirror(kinds[i].gvr(), kinds[i].isPod ? std::string() : ours,
                   std::make_unique<KindSink>(*this, kind, m_config.federationId));
    }
    mirror({"", "v1", "nodes"}, {}, std::make_unique<NodeSink>(*this, std::uint8_t{0}));
}

ShardMember::~ShardMember() = default;

void ShardMember::mirror(const kube::Gvr& gvr, std::string labelSelector,
                         std::unique_ptr<cache::ReflectorSink> sink) {
    cache::ReflectorConfig config;
    config.gvr = gvr;
    config.labelSelector = std::move(labelSelector);
    config.backoffMax = Duration{5'000};
    const std::uint64_t seed = m_link * 16 + m_reflectors.size();
    m_sinks.push_back(std::move(sink));
    m_reflectors.push_back(
        std::make_unique<cache::Reflector>(*m_client, m_clock, std::move(config), *m_sinks.back(), seed));
    m_reflectors.back()->start();
}

void ShardMember::act(std::uint64_t ticket, ActionRequest request) {
    if (!needsLive(request.action))
        return send(ticket, std::move(request));
    net::HttpRequest get = toGet(request);
    m_requests[ticket] = m_client->transport().send(
        std::move(get),
        [this, ticket, request = std::move(request)](Result<net::HttpResponse> response) mutable {
            Result<kube::Object> live = toObject(std::move(response));
            if (!live)
                return acted(ticket, fail(std::move(live.error())));
            Result<std::string> body = bodyFor(request, *live);
            if (!body)
                return acted(ticket, fail(std::move(body.error())));
            if (body->empty())  // there is nothing to be reclaimed
                return acted(ticket, toAnswer(request, *live, m_config.federationId));
            request.action.body = std::move(*body);
            send(ticket, std::move(request));
        });
}

void ShardMember::send(std::uint64_t ticket, ActionRequest request) {
    net::HttpRequest http = toHttp(request, m_config.federationId);
    request.action.body.clear();
    Request handle = m_client->transport().send(
        std::move(http), [this, ticket, request = std::move(request)](Result<net::HttpResponse> response) {
            acted(ticket, toAnswer(request, std::move(response), m_config.federationId));
        });
    m_requests[ticket] = std::move(handle);
}

void ShardMember::acted(std::uint64_t ticket, Result<ActionAnswer> result) {
    if (result)
        result->object.ownedFields = intern(std::move(result->object.ownedFields));
    answer(ticket, std::move(result));
}

void ShardMember::probe(std::uint64_t ticket, Duration timeout) {
    m_requests[ticket] = m_client->raw(
        "/readyz", timeout,
        [this, ticket, timeout, begun = m_clock.now()](Result<net::HttpResponse> response) {
            answer(ticket, toProbe(response, std::chrono::duration_cast<Duration>(m_clock.now() - begun),
                                   m_config.endpoint, timeout));
        });
}

void ShardMember::identify(std::uint64_t ticket, Duration timeout) {
    m_requests[ticket] =
        m_client->version(timeout, [this, ticket, timeout](Result<kube::ServerVersion> version) {
            if (!version)
                return answer(ticket, Result<ClusterIdentity>(fail(std::move(version.error()))));
            ClusterIdentity identity;
            identity.gitVersion = version->gitVersion;
            m_requests[ticket] = m_client->get(
                {"", "v1", "namespaces"}, {{}, "kube-system"},
                [this, ticket, timeout, identity = std::move(identity)](Result<kube::Object> ns) mutable {
                    if (!ns)
                        return answer(ticket, Result<ClusterIdentity>(fail(std::move(ns.error()))));
                    identity.uid = ns->uid();
                    identified(ticket, timeout, std::move(identity));
                });
        });
}

void ShardMember::identified(std::uint64_t ticket, Duration timeout, ClusterIdentity identity) {
    m_requests[ticket] =
        kube::discover(*m_client, timeout,
                       [this, ticket, identity = std::move(identity)](Result<kube::Discovery> found) mutable {
                           if (found)
                               for (const kube::ApiResource& resource : found->apis.resources())
                                   identity.apis.push_back(resource.gvk().apiVersion() + "/" + resource.kind);
                           std::ranges::sort(identity.apis);
                           const auto twice = std::ranges::unique(identity.apis);
                           identity.apis.erase(twice.begin(), twice.end());
                           answer(ticket, Result<ClusterIdentity>(std::move(identity)));
                       });
}

void ShardMember::answer(std::uint64_t ticket, decltype(ShardAnswer::value) value) {
    m_requests.erase(ticket);
    m_batch->answers.push_back({ticket, std::move(value)});
    flushSoon();
}

void ShardMember::retryNow() {
    for (const auto& reflector : m_reflectors)
        reflector->retryNow();
}

bool ShardMember::emit(MemberEvent event) {
    m_batch->events.push_back(std::move(event));
    if (m_batch->events.size() >= kMaxWaiting) {
        m_paused = true;
        flushSoon();
        return false;
    }
    flushSoon();
    return true;
}

fed::SharedText ShardMember::intern(fed::SharedText text) {
    if (!text)
        return text;
    constexpr std::size_t kMaxTexts = 4096;
    if (m_texts.size() >= kMaxTexts)
        std::erase_if(m_texts, [](const fed::SharedText& one) { return one.use_count() == 1; });
    return *m_texts.insert(std::move(text)).first;
}

void ShardMember::flushSoon() {
    if (!m_flush.isActive())
        m_flush = m_clock.after(Duration::zero(), [this] {
            m_flush.cancel();
            flush();
        });
}

void ShardMember::flush() {
    if (m_batch->events.empty() && m_batch->answers.empty())
        return;
    m_batch->link = m_link;
    if (!m_shard.deliver(m_batch))
        return;  // resume() comes
    m_batch = std::make_shared<ShardBatch>();
    if (std::exchange(m_paused, false))
        for (const auto& reflector : m_reflectors)
            reflector->resume();
}

void ShardMember::resume() {
    flush();
}

}  // namespace kubefed::controller
