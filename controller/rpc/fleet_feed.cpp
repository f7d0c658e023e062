// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/fleet_feed.h"

#include <algorithm>

#include "controller/rpc/fleet_values.h"
#include "kubefed/client/fleet_fold.h"

namespace kubefed::controller {
namespace {

constexpr Duration kCoalesce{100};
constexpr Duration kSampleEvery{1'000};
constexpr Duration kPropagationWindow{300'000};
constexpr Duration kDecisionWindow{10'000};

// Within the bucket the values are taken to be spread evenly; beyond the last bound that is told.
std::optional<double> quantile(const Histogram::Buckets& buckets, double share) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : buckets)
        sum += count;
    if (sum == 0)
        return std::nullopt;
    const double wanted = share * static_cast<double>(sum);
    double before = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
        const auto count = static_cast<double>(buckets[i]);
        const double lower = i == 0 ? 0 : Histogram::kBounds[i - 1];
        if (count > 0 && before + count >= wanted)
            return lower + (Histogram::kBounds[i] - lower) * (wanted - before) / count;
        before += count;
    }
    return Histogram::kBounds.back();
}

client::Severity severityOf(client::Phase phase) {
    switch (phase) {
        case client::Phase::Unreachable:
        case client::Phase::Unauthorized:
            return client::Severity::Error;
        case client::Phase::Degraded:
            return client::Severity::Warning;
        default:
            return client::Severity::Info;
    }
}

// Since when it is in its phase: a change of its health knows its time, any other one is of `now`, when it is
// told.
client::TimeMs sinceWhen(const client::Cluster& cluster, const client::Cluster* before,
                         const fed::Health& health, client::TimeMs now) {
    if (before == nullptr)  // by Ready's condition, which may be older than this controller
        return cluster.conditions.empty() ? now : cluster.conditions.front().since;
    if (before->phase == cluster.phase)
        return before->phaseSince;
    const client::TimeMs since = toTimeMs(health.since);
    const bool isOfHealth = client::parsePhase(fed::toString(health.phase)) == cluster.phase;
    return isOfHealth && since > before->phaseSince ? since : now;
}

bool isBad(client::ObjectHealth health) {
    return health == client::ObjectHealth::Failing || health == client::ObjectHealth::Unscheduled;
}

// The placement alone: who gets it, and how much.
bool isPlacedAlike(const client::Object& a, const client::Object& b) {
    return std::ranges::equal(a.shares, b.shares, [](const client::Share& x, const client::Share& y) {
        return x.cluster == y.cluster && x.desired == y.desired &&
               (x.state == "Removing") == (y.state == "Removing");
    });
}

std::string nameOf(const client::ObjectId& id) {
    return id.kind + " " + (id.ns.empty() ? "" : id.ns + "/") + id.name;
}

}  // namespace

FleetFeed::FleetFeed(Clock& clock, Listener listener) : m_clock(clock), m_listener(std::move(listener)) {}

void FleetFeed::start(const Controller& controller) {
    m_controller = &controller;
    for (const auto& [name, member] : controller.membership().members())
        m_dirtyMembers.insert(name);
    controller.mirror().forEachTemplate(
        [this](const TemplateId& id, const TemplateRecord&) { m_dirtyObjects.insert(id); });
    sample();
    flush();
    m_isTelling = true;
}

void FleetFeed::stop() {
    m_controller = nullptr;
    m_timer.cancel();
    m_sampleTimer.cancel();
}

FleetDeltaPtr FleetFeed::snapshot() const {
    auto whole = std::make_shared<FleetDelta>();
    for (const auto& [name, cluster] : m_clusters) {
        auto value = std::make_shared<client::Cluster>(*cluster.value);
        value->timeline = cluster.timeline;
        value->latencies = cluster.latencies;
        whole->clusters.push_back(std::move(value));
    }
    whole->objects.reserve(m_objects.size());
    for (const auto& [id, object] : m_objects)
        whole->objects.push_back(object);
    whole->activities.assign(m_activities.begin(), m_activities.end());
    whole->totals = m_totals;
    return whole;
}

void FleetFeed::memberChanged(const std::string& name) {
    m_dirtyMembers.insert(name);
    schedule();
}

void FleetFeed::memberProbed(const Member& member, const fed::Probe& probe) {
    const bool failed = probe.outcome == fed::ProbeOutcome::Failed;
    const client::Contact contact{
        .lastContact = member.health.contacted ? toTimeMs(member.health.lastContact) : 0,
        .latency = failed ? -1 : static_cast<std::int32_t>(probe.latency.count()),
        .isProbe = true};
    m_contacts.emplace_back(member.name, contact);
    schedule();
}

void FleetFeed::objectChanged(const TemplateId& id) {
    m_dirtyObjects.insert(id);
    schedule();
}

void FleetFeed::schedule() {
    if (m_controller == nullptr || m_timer.isActive())
        return;
    const auto passed = std::chrono::floor<Duration>(m_clock.now() - m_flushed);
    m_timer = m_clock.after(passed >= kCoalesce ? kCoalesce / 2 : kCoalesce - passed, [this] { flush(); });
}

void FleetFeed::flush() {
    m_timer.cancel();
    m_flushed = m_clock.now();
    auto delta = std::make_shared<FleetDelta>();
    flushClusters(*delta);
    for (const TemplateId& id : std::exchange(m_dirtyObjects, {}))
        flushObject(id, *delta);
    if (client::Totals now = totals(); !(now == m_totals)) {
        m_totals = now;
        delta->totals = now;
    }
    if (!m_isTelling || delta->size() == 0)
        return;
    delta->bytes = estimateBytes(*delta);
    m_listener(delta);
}

void FleetFeed::flushClusters(FleetDelta& delta) {
    // Probes first: a cluster that is told whole brings its latencies with it.
    for (auto& [name, contact] : std::exchange(m_contacts, {})) {
        KnownCluster& known = m_clusters[name];
        if (known.latencies.size() >= client::kMaxLatencies)
            known.latencies.erase(known.latencies.begin());
        known.latencies.push_back(contact.latency);
        contact.cluster = numberOf(name);
        if (known.value == nullptr) {
            m_dirtyMembers.insert(name);
            continue;
        }
        auto value = std::make_shared<client::Cluster>(*known.value);
        value->lastContact = contact.lastContact;
        if (contact.latency >= 0)
            value->latency = contact.latency;
        known.value = std::move(value);
        delta.contacts.push_back(contact);
    }
    for (const std::string& name : std::exchange(m_dirtyMembers, {}))
        flushCluster(name, delta);
}

void FleetFeed::flushCluster(const std::string& name, FleetDelta& delta) {
    const Member* member = m_controller->membership().find(name);
    if (member == nullptr) {
        const client::ClusterNumber number = numberOf(name);
        m_clusters.erase(name);
        m_numbers.erase(name);
        if (number == 0)
            return;
        std::erase_if(delta.contacts, [&](const client::Contact& c) { return c.cluster == number; });
        delta.removedClusters.push_back(number);
        return add(delta, {.cluster = number, .reason = "Left", .message = name + " left the federation"});
    }
    KnownCluster& known = m_clusters[name];
    client::Cluster value = clusterValue(*member);
    value.number = m_numbers.try_emplace(name, m_lastNumber + 1).first->second;
    m_lastNumber = std::max(m_lastNumber, value.number);
    const client::Cluster* before = known.value.get();
    value.phaseSince = sinceWhen(value, before, member->health, toTimeMs(m_clock.wallNow()));
    if (before != nullptr && *before == value)
        return;
    if (before == nullptr || before->phase != value.phase) {
        if (known.timeline.size() >= client::kMaxTimeline)
            known.timeline.erase(known.timeline.begin());
        known.timeline.push_back({value.phaseSince, value.phase, value.message});
    }
    noteCluster(value, before, delta);
    known.value = std::make_shared<const client::Cluster>(value);
    // With its contacts in it, those are not told again.
    std::erase_if(delta.contacts, [&](const client::Contact& c) { return c.cluster == value.number; });
    auto whole = std::make_shared<client::Cluster>(std::move(value));
    whole->timeline = known.timeline;
    whole->latencies = known.latencies;
    delta.clusters.push_back(std::move(whole));
}

void FleetFeed::flushObject(const TemplateId& id, FleetDelta& delta) {
    std::optional<client::Object> value = objectValue(
        m_controller->mirror(), id, [this](std::string_view cluster) { return numberOf(cluster); });
    const auto known = m_objects.find(id);
    const client::Object* before = known == m_objects.end() ? nullptr : known->second.get();
    if (!value) {
        if (before == nullptr)
            return;
        delta.removedObjects.push_back(before->id);
        m_objects.erase(known);
        return;
    }
    if (before != nullptr && before->health == value->health && before->uid == value->uid) {
        value->since = before->since;
    } else {
        value->since = toTimeMs(m_clock.wallNow());
        if (!m_isTelling) {  // since before this controller: the youngest of what it tells
            value->since = value->created;
            for (const client::Share& share : value->shares)
                value->since = std::max(value->since, share.since);
        }
    }
    if (before != nullptr && *before == *value)
        return;
    noteObject(*value, before, delta);
    auto shared = std::make_shared<const client::Object>(std::move(*value));
    delta.objects.push_back(shared);
    m_objects.insert_or_assign(id, std::move(shared));
}

void FleetFeed::noteCluster(const client::Cluster& now, const client::Cluster* before, FleetDelta& delta) {
    if (before != nullptr && before->phase == now.phase)
        return;
    const std::string phase(client::toString(now.phase));
    std::string message = now.name + (before == nullptr ? " joined, " : " is ") + phase;
    if (!now.message.empty())
        message += ": " + now.message;
    add(delta, {.severity = severityOf(now.phase),
                .cluster = now.number,
                .reason = phase,
                .message = std::move(message)});
}

void FleetFeed::noteObject(const client::Object& now, const client::Object* before, FleetDelta& delta) {
    const std::string name = nameOf(now.id);
    const bool isNew = before == nullptr || before->uid != now.uid;
    if (isBad(now.health) && now.reason != "NotDecided" &&
        (isNew || before->health != now.health || before->reason != now.reason))
        add(delta, {.severity = now.health == client::ObjectHealth::Failing ? client::Severity::Error
                                                                            : client::Severity::Warning,
                    .object = now.id,
                    .reason = now.reason.empty() ? std::string(client::toString(now.health)) : now.reason,
                    .message = name + ": " + now.message});
    else if (!isNew && isBad(before->health) && now.health == client::ObjectHealth::Healthy)
        add(delta, {.object = now.id, .reason = "Recovered", .message = name + " is healthy again"});
    if ((isNew || !isPlacedAlike(*before, now)) && !now.shares.empty() &&
        now.health != client::ObjectHealth::Deleting)
        add(delta, {.object = now.id, .reason = "Placed", .message = name + ": " + placed(now)});
}

std::string FleetFeed::placed(const client::Object& object) const {
    constexpr std::size_t kShown = 4;
    std::string text;
    std::size_t held = 0;
    for (const client::Share& share : object.shares) {
        if (share.state == "Removing")
            continue;
        if (++held > kShown)
            continue;
        const auto name = std::ranges::find(m_numbers, share.cluster, [](const auto& n) { return n.second; });
        text += text.empty() ? "" : ", ";
        if (share.desired)
            text += std::to_string(*share.desired) + " in ";
        text += name == m_numbers.end() ? "?" : name->first;
    }
    if (held > kShown)
        text += " and " + std::to_string(held - kShown) + " more";
    return text.empty() ? "nowhere" : text;
}

void FleetFeed::add(FleetDelta& delta, client::Activity activity) {
    if (!m_isTelling)
        return;
    activity.number = ++m_lastActivity;
    activity.time = toTimeMs(m_clock.wallNow());
    if (m_activities.size() >= client::kMaxActivities)
        m_activities.pop_front();
    m_activities.push_back(activity);
    delta.activities.push_back(std::move(activity));
}

void FleetFeed::sample() {
    const Metrics& metrics = m_controller->metrics();
    Sample now{.time = m_clock.now(), .propagated = metrics.propagationSeconds.buckets()};
    for (const auto& [outcome, count] : metrics.decisions)
        now.decisions += count;
    while (!m_samples.empty() && now.time - m_samples.front().time > kPropagationWindow)
        m_samples.pop_front();
    m_samples.push_back(now);
    if (m_isTelling && !(totals() == m_totals))
        schedule();
    m_sampleTimer = m_clock.after(kSampleEvery, [this] { sample(); });
}

client::Totals FleetFeed::totals() const {
    client::Totals result;
    result.queued = static_cast<std::int64_t>(m_controller->queued());
    if (m_samples.empty())
        return result;
    Histogram::Buckets recent = m_samples.back().propagated;
    for (std::size_t i = 0; i < recent.size(); ++i)
        recent[i] -= m_samples.front().propagated[i];
    result.propagationP50 = quantile(recent, 0.5);
    result.propagationP99 = quantile(recent, 0.99);
    result.propagationBound = Histogram::kBounds.back();
    const Sample& last = m_samples.back();
    const auto from = std::ranges::find_if(
        m_samples, [&](const Sample& sample) { return last.time - sample.time <= kDecisionWindow; });
    const double seconds = std::chrono::duration<double>(last.time - from->time).count();
    if (seconds > 0)
        result.decisionsPerSecond = static_cast<double>(last.decisions - from->decisions) / seconds;
    return result;
}

client::ClusterNumber FleetFeed::numberOf(std::string_view name) const {
    const auto known = m_numbers.find(name);
    return known == m_numbers.end() ? 0 : known->second;
}

}  // namespace kubefed::controller
