// SPDX-License-Identifier: Apache-2.0
#include "controller/app/leader.h"

#include "kubefed/fed/names.h"
#include "kubefed/util/log.h"

namespace kubefed::controller {
namespace {

constexpr Duration kRenewEvery{10'000};
constexpr Duration kRetry{2'000};
constexpr std::int64_t kLifeSeconds = 30;
constexpr Duration kGiveUp{25'000};  // before another one may take it
constexpr std::string_view kName = "kubefed-controller";

kube::Gvr leases() {
    return {"coordination.k8s.io", "v1", "leases"};
}
kube::ObjectKey leaseKey() {
    return {std::string(fed::kSystemNamespace), std::string(kName)};
}

}  // namespace

Leader::Leader(HostApi& host, Clock& clock, std::string identity, std::function<void()> elected,
               std::function<void()> lost)
    : m_host(host),
      m_clock(clock),
      m_identity(std::move(identity)),
      m_elected(std::move(elected)),
      m_lost(std::move(lost)) {}

void Leader::ensureNamespace() {
    const kube::Object ns = kube::Object::make({"", "v1", "Namespace"}, {}, fed::kSystemNamespace);
    m_request = m_host.create({"", "v1", "namespaces"}, ns, [this](Result<kube::Object> answer) {
        if (answer || answer.error().isReason("AlreadyExists"))
            return look();
        log::warning("the controller's namespace cannot be made", {{"why", answer.error().text()}});
        m_timer = m_clock.after(kRetry, [this] { ensureNamespace(); });
    });
}

void Leader::look() {
    m_request = m_host.get(leases(), leaseKey(), [this](Result<kube::Object> lease) {
        if (lease)
            return found(*lease);
        if (lease.error().code == Code::NotFound)
            return createLease();
        wrote(fail(std::move(lease.error())));
    });
}

void Leader::found(const kube::Object& lease) {
    m_version = lease.resourceVersion();
    m_transitions = kube::intAt(lease.document(), {"spec", "leaseTransitions"}).value_or(0);
    const std::string_view holder = kube::stringAt(lease.document(), {"spec", "holderIdentity"});
    if (holder == m_identity || holder.empty())
        return renew();
    if (m_leading)
        return lose();
    // Only our own clock counts: how long the renewal has stood still, not what it says.
    const std::string renewal(kube::stringAt(lease.document(), {"spec", "renewTime"}));
    if (renewal != m_otherRenewal) {
        m_otherRenewal = renewal;
        m_otherSince = m_clock.now();
    }
    if (holder != m_otherHolder) {
        m_otherHolder = holder;
        log::info("another controller leads; this one waits", {{"holder", m_otherHolder}});
    }
    const std::int64_t seconds =
        kube::intAt(lease.document(), {"spec", "leaseDurationSeconds"}).value_or(kLifeSeconds);
    if (m_clock.now() - m_otherSince < std::chrono::seconds(seconds))
        return again(kRetry);
    ++m_transitions;
    renew();
}

kube::JsonObject Leader::spec() const {
    const std::string now = toRfc3339Micro(m_clock.wallNow());
    kube::JsonObject result;
    result["holderIdentity"] = m_identity;
    result["leaseDurationSeconds"] = kLifeSeconds;
    result["renewTime"] = now;
    if (!m_leading)
        result["acquireTime"] = now;
    result["leaseTransitions"] = m_transitions;
    return result;
}

void Leader::createLease() {
    kube::Object lease =
        kube::Object::make({"coordination.k8s.io", "v1", "Lease"}, fed::kSystemNamespace, kName);
    lease.document()["spec"] = spec();
    m_request =
        m_host.create(leases(), lease, [this](Result<kube::Object> answer) { wrote(std::move(answer)); });
}

void Leader::renew() {
    kube::JsonObject body;
    body["metadata"] = kube::JsonObject{{"resourceVersion", m_version}};
    body["spec"] = spec();
    m_request = m_host.patch(leases(), leaseKey(), kube::printJson(body), {},
                             [this](Result<kube::Object> answer) { wrote(std::move(answer)); });
}

void Leader::wrote(Result<kube::Object> answer) {
    if (!answer) {
        log::warning("the controller's Lease cannot be renewed", {{"why", answer.error().text()}});
        return m_leading && m_clock.now() - m_renewed > kGiveUp ? lose() : again(kRetry);
    }
    m_renewed = m_clock.now();
    const bool first = !std::exchange(m_leading, true);
    again(kRenewEvery);
    if (first)
        m_elected();
}

void Leader::lose() {
    m_timer.cancel();
    if (!std::exchange(m_isLost, true))
        m_lost();
}

void Leader::again(Duration delay) {
    m_timer = m_clock.after(delay, [this] { look(); });
}

}  // namespace kubefed::controller
