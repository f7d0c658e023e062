// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/member_store.h"

#include <algorithm>

namespace kubefed::controller {
namespace {

// Two views of one object between which no decision and no status could differ.
bool isSame(const fed::MemberObject& a, const fed::MemberObject& b) {
    return a.uid == b.uid && a.generation == b.generation && a.appliedHash == b.appliedHash &&
           a.ownedHash == b.ownedHash && a.migrated == b.migrated && a.ownedIndex == b.ownedIndex &&
           a.deleting == b.deleting && a.status == b.status;
}

std::uint8_t namespaces() {
    static const int index = kindIndex(fed::findKind("v1", "Namespace"));
    return static_cast<std::uint8_t>(index);
}

std::uint8_t pods() {
    static const int index = kindIndex(fed::findKind("v1", "Pod"));
    return static_cast<std::uint8_t>(index);
}

std::uint8_t replicationControllers() {
    static const int index = kindIndex(fed::findKind("v1", "ReplicationController"));
    return static_cast<std::uint8_t>(index);
}

}  // namespace

MemberStore::MemberStore(Listener changed)
    : m_changed(std::move(changed)), m_kinds(fed::enabledKinds().size()) {
    for (std::size_t i = 0; i < m_kinds.size(); ++i)
        m_kinds[i].mirrored = isPropagated(fed::enabledKinds()[i]);
}

void MemberStore::take(MemberEvent& event) {
    if (auto* begin = std::get_if<ListBegin>(&event)) {
        ++m_kinds[begin->kind].epoch;
    } else if (auto* end = std::get_if<ListEnd>(&event)) {
        listEnd(*end);
    } else if (auto* object = std::get_if<ObjectSeen>(&event)) {
        noteVersion(object->kind, object->object.resourceVersion);
        told(object->kind, object->key, std::move(object->object));
    } else if (auto* lost = std::get_if<ObjectGone>(&event)) {
        noteVersion(lost->kind, lost->resourceVersion);
        gone(*lost);
    } else if (auto* ns = std::get_if<NamespaceSeen>(&event)) {
        handle(*ns);
    } else if (std::holds_alternative<NamespacesListed>(event)) {
        m_namespacesSynced = true;
        m_changed({});
    } else if (auto* reasons = std::get_if<PodReasonsSeen>(&event)) {
        handle(*reasons);
    } else if (auto* state = std::get_if<MirrorState>(&event)) {
        Kind& kind = m_kinds[state->kind];
        kind.trouble = std::move(state->why);
        if (state->broken || kind.problem == state->problem)
            return;  // a connection that broke changes nothing of what is known
        kind.problem = std::move(state->problem);
        m_changed({});
    }
}

void MemberStore::told(std::uint8_t kindNumber, const kube::ObjectKey& key, fed::MemberObject object) {
    Kind& kind = m_kinds[kindNumber];
    const auto it = kind.objects.find(key);
    if (it == kind.objects.end()) {
        kind.objects.emplace(key, Held{.object = std::move(object), .epoch = kind.epoch});
        m_changed({kindNumber, key});
        return;
    }
    Held& held = it->second;
    held.epoch = kind.epoch;
    if (held.isAnswer && object.resourceVersion < held.object.resourceVersion) {
        held.told = std::move(object);
        return;
    }
    held.isAnswer = false;
    held.told.reset();
    replace(kindNumber, key, held, std::move(object));
}

void MemberStore::replace(std::uint8_t kind, const kube::ObjectKey& key, Held& held,
                          fed::MemberObject object) {
    const bool same = isSame(held.object, object);
    held.object = std::move(object);
    if (!same)
        m_changed({kind, key});
}

void MemberStore::noteVersion(std::uint8_t kind, std::uint64_t version) {
    m_kinds[kind].told = std::max(m_kinds[kind].told, version);
}

void MemberStore::gone(const ObjectGone& event) {
    Kind& kind = m_kinds[event.kind];
    const auto it = kind.objects.find(event.key);
    // The end of an earlier object of this name says nothing of the one that we made since.
    if (it == kind.objects.end() || (!event.uid.empty() && it->second.object.uid != event.uid))
        return;
    kind.objects.erase(it);
    m_changed({event.kind, event.key});
}

void MemberStore::handle(PodReasonsSeen& event) {
    const auto known = m_podReasons.find(event.workload);
    const bool same =
        known == m_podReasons.end() ? event.reasons.empty() : known->second.reasons == event.reasons;
    if (event.reasons.empty())
        m_podReasons.erase(event.workload);
    else
        m_podReasons[event.workload] = {std::move(event.reasons), m_kinds[pods()].epoch};
    if (same)
        return;
    m_changed({replicationControllers(), event.workload});
}

// Another link began with none, or the pods healed while nobody watched.
void MemberStore::dropUntoldReasons() {
    std::vector<kube::ObjectKey> healed;
    for (const auto& [workload, trouble] : m_podReasons)
        if (trouble.epoch != m_kinds[pods()].epoch)
            healed.push_back(workload);
    for (const kube::ObjectKey& workload : healed) {
        m_podReasons.erase(workload);
        m_changed({replicationControllers(), workload});
    }
}

void MemberStore::listEnd(const ListEnd& event) {
    const std::uint8_t kindNumber = event.kind;
    Kind& kind = m_kinds[kindNumber];
    // Restored from a backup, or made anew: our own writes since then are undone as well.
    const bool wentBack = event.resourceVersion < kind.told;
    kind.told = event.resourceVersion;
    std::vector<kube::ObjectKey> lost;
    std::vector<kube::ObjectKey> undone;
    for (auto& [key, held] : kind.objects) {
        // What we wrote after the list was made is not in it, and not gone.
        const bool isLater =
            !wentBack && held.isAnswer && held.object.resourceVersion > event.resourceVersion;
        if (held.epoch != kind.epoch && !isLater)
            lost.push_back(key);
        else if (wentBack && held.isAnswer)
            undone.push_back(key);
        else
            held.told.reset();
    }
    for (const kube::ObjectKey& key : lost)
        kind.objects.erase(key);
    const bool mended = !std::exchange(kind.problem, {}).empty();
    const bool first = !std::exchange(kind.synced, true);
    for (const kube::ObjectKey& key : undone) {
        Held& held = kind.objects.at(key);
        held.isAnswer = false;
        if (std::optional<fed::MemberObject> told = std::exchange(held.told, std::nullopt))
            replace(kindNumber, key, held, std::move(*told));
    }
    for (const kube::ObjectKey& key : lost)
        m_changed({kindNumber, key});
    if (kindNumber == pods())
        dropUntoldReasons();
    if (first || mended)
        m_changed({});
}

void MemberStore::handle(NamespaceSeen& event) {
    if (event.gone)
        m_namespaces.erase(event.name);
    else
        m_namespaces[event.name] = event.terminating;
    m_changed({0, {event.name, {}}});
}

void MemberStore::takeAnswer(const TemplateId& id, const ActionAnswer& answer) {
    Kind& kind = m_kinds[id.kind];
    if (answer.gone) {
        if (kind.objects.erase(id.key) != 0)
            m_changed(id);
        return;
    }
    if (!answer.object.ours)
        return;
    // The watch is ahead of this answer, and has told of the object's end.
    if (kind.synced && answer.object.resourceVersion <= kind.told && !kind.objects.contains(id.key))
        return m_changed(id);
    const auto [it, isNew] =
        kind.objects.try_emplace(id.key, Held{.object = answer.object, .epoch = kind.epoch});
    Held& held = it->second;
    if (!isNew && answer.object.resourceVersion < held.object.resourceVersion)
        return;  // what was told is ahead of it
    held.isAnswer = held.isAnswer || isNew || answer.object.resourceVersion > held.object.resourceVersion;
    if (isNew)
        return m_changed(id);
    replace(id.kind, id.key, held, answer.object);
}

void MemberStore::forget(const TemplateId& id, const std::string& uid) {
    gone({.kind = id.kind, .key = id.key, .uid = uid, .resourceVersion = 0});
}

void MemberStore::markDeleting(const TemplateId& id, const std::string& uid) {
    Kind& kind = m_kinds[id.kind];
    const auto it = kind.objects.find(id.key);
    if (it != kind.objects.end() && it->second.object.uid == uid && !it->second.object.deleting) {
        it->second.object.deleting = true;
        m_changed(id);
    }
}

void MemberStore::setIncomplete() {
    m_namespacesSynced = false;
    m_namespaces.clear();
    for (Kind& kind : m_kinds) {
        kind.synced = false;
        kind.problem.clear();
        kind.trouble.clear();
    }
}

void MemberStore::clear() {
    setIncomplete();
    m_podReasons.clear();
    for (std::size_t i = 0; i < m_kinds.size(); ++i) {
        m_kinds[i].told = 0;
        for (const auto& [key, held] : std::exchange(m_kinds[i].objects, {}))
            m_changed({static_cast<std::uint8_t>(i), key});
    }
}

const fed::MemberObject* MemberStore::find(const TemplateId& id) const {
    const auto& objects = m_kinds[id.kind].objects;
    const auto it = objects.find(id.key);
    return it == objects.end() ? nullptr : &it->second.object;
}

const fed::PodReasons* MemberStore::podReasons(const kube::ObjectKey& workload) const {
    const auto it = m_podReasons.find(workload);
    return it == m_podReasons.end() ? nullptr : &it->second.reasons;
}

fed::PodReasons MemberStore::podFailures() const {
    fed::PodReasons result;
    for (const auto& [key, trouble] : m_podReasons)
        if (find({replicationControllers(), key}) != nullptr)
            ++result[std::ranges::max_element(trouble.reasons, {}, [](const auto& one) {
                         return one.second;
                     })->first];
    forEach([&](const TemplateId& id, const fed::MemberObject& object) {
        if (id.traits().isPod && !object.status.ready && !object.status.reason.empty())
            ++result[object.status.reason];
    });
    return result;
}

bool MemberStore::isNamespaceGoing(const std::string& ns) const {
    const auto it = m_namespaces.find(ns);
    return it != m_namespaces.end() && it->second;
}

bool MemberStore::isSettled(std::uint8_t kindNumber) const {
    const Kind& kind = m_kinds[kindNumber];
    return (m_namespacesSynced || !m_kinds[namespaces()].problem.empty()) &&
           (!kind.mirrored || kind.synced || !kind.problem.empty());
}

bool MemberStore::isSettled() const {
    for (std::size_t i = 0; i < m_kinds.size(); ++i)
        if (!isSettled(static_cast<std::uint8_t>(i)))
            return false;
    return true;
}

bool MemberStore::isProgress(const MemberEvent& event) const {
    if (const auto* object = std::get_if<ObjectSeen>(&event))
        return !m_kinds[object->kind].synced;
    return std::holds_alternative<ListEnd>(event) || std::holds_alternative<NamespacesListed>(event) ||
           (std::holds_alternative<NamespaceSeen>(event) && !m_namespacesSynced);
}

std::vector<std::pair<std::uint8_t, std::string>> MemberStore::unlisted() const {
    std::vector<std::pair<std::uint8_t, std::string>> result;
    for (std::size_t i = 0; i < m_kinds.size(); ++i) {
        const Kind& kind = m_kinds[i];
        const auto number = static_cast<std::uint8_t>(i);
        const bool isListed = number == namespaces() ? m_namespacesSynced : !kind.mirrored || kind.synced;
        if (!isListed && kind.problem.empty())
            result.emplace_back(number, kind.trouble.empty() ? "no answer to its list" : kind.trouble);
    }
    return result;
}

std::vector<std::pair<std::uint8_t, std::string>> MemberStore::problems() const {
    std::vector<std::pair<std::uint8_t, std::string>> result;
    for (std::size_t i = 0; i < m_kinds.size(); ++i)
        if (!m_kinds[i].problem.empty())
            result.emplace_back(static_cast<std::uint8_t>(i), m_kinds[i].problem);
    return result;
}

std::size_t MemberStore::size() const {
    std::size_t count = 0;
    for (const Kind& kind : m_kinds)
        count += kind.objects.size();
    return count;
}

void MemberStore::forEach(
    const std::function<void(const TemplateId&, const fed::MemberObject&)>& visit) const {
    for (std::size_t i = 0; i < m_kinds.size(); ++i)
        for (const auto& [key, held] : m_kinds[i].objects)
            visit({static_cast<std::uint8_t>(i), key}, held.object);
}

}  // namespace kubefed::controller
