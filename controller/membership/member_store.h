// SPDX-License-Identifier: Apache-2.0
//
// The present state of one member as far as the federation cares: its objects that carry our label, its
// namespaces, why pods are not ready. Filled by the link's events and, at once, by the answers of our own
// writes: an answer lies over what was told until that has passed its version, so nothing is written twice.
// What was told is replaced by each new list, whatever its versions: a member's storage may have gone back.
// Core thread, owned by Membership. Nothing may be concluded from absence before isSynced().
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/ids.h"
#include "controller/membership/member_link.h"

namespace kubefed::controller {

class MemberStore {
public:
    // Told after each change of what it holds of an object, of its pods or of a kind's completeness.
    using Listener = std::function<void(const TemplateId&)>;

    explicit MemberStore(Listener changed);

    void take(MemberEvent& event);
    // Of our own write. `gone`: the answer says that it was removed.
    void takeAnswer(const TemplateId& id, const ActionAnswer& answer);
    // The member says that this object is not there (any more).
    void forget(const TemplateId& id, const std::string& uid);
    void markDeleting(const TemplateId& id, const std::string& uid);
    void markNamespace(const std::string& ns) { m_namespaces[ns] = false; }
    // The link is made anew: what is known stays, but counts as incomplete until it is listed again.
    void setIncomplete();
    // Another cluster stands behind the link: nothing that is known is of that one.
    void clear();

    [[nodiscard]] const fed::MemberObject* find(const TemplateId& id) const;
    [[nodiscard]] const fed::PodReasons* podReasons(const kube::ObjectKey& workload) const;
    // How many of our objects have pods that fail, by the commonest reason of each.
    [[nodiscard]] fed::PodReasons podFailures() const;
    [[nodiscard]] bool hasNamespace(const std::string& ns) const { return m_namespaces.contains(ns); }
    [[nodiscard]] bool isNamespaceGoing(const std::string& ns) const;
    [[nodiscard]] bool isSynced(std::uint8_t kind) const {
        return m_namespacesSynced && m_kinds[kind].synced;
    }
    // It is listed, or cannot be listed there for a reason of its own (a type missing, forbidden).
    [[nodiscard]] bool isSettled(std::uint8_t kind) const;
    [[nodiscard]] bool isSettled() const;  // every kind
    // Does the event bring a list forward that is not complete yet?
    [[nodiscard]] bool isProgress(const MemberEvent& event) const;
    // Kinds whose mirror fails, and why.
    [[nodiscard]] std::vector<std::pair<std::uint8_t, std::string>> problems() const;
    // Kinds that are not settled, and why they were not listed yet.
    [[nodiscard]] std::vector<std::pair<std::uint8_t, std::string>> unlisted() const;
    [[nodiscard]] std::size_t size() const;
    void forEach(const std::function<void(const TemplateId&, const fed::MemberObject&)>& visit) const;

private:
    struct Held {
        fed::MemberObject object;
        std::uint32_t epoch = 0;  // of the list in which it was last seen
        bool isAnswer = false;    // of a write of ours, which nothing that was told has passed yet
        std::optional<fed::MemberObject> told = {};  // older, by the list that runs: under an answer
    };
    struct Kind {
        std::unordered_map<kube::ObjectKey, Held> objects;
        std::uint32_t epoch = 0;
        std::uint64_t told = 0;  // the highest version that the watch (or a list) has told of
        bool mirrored = true;
        bool synced = false;
        std::string problem;
        std::string trouble;  // why the last attempt to list or watch it failed
    };

    struct PodTrouble {
        fed::PodReasons reasons;
        std::uint32_t epoch = 0;  // of the list of pods in which, or since which, they were told
    };

    void told(std::uint8_t kind, const kube::ObjectKey& key, fed::MemberObject object);
    void replace(std::uint8_t kind, const kube::ObjectKey& key, Held& held, fed::MemberObject object);
    void noteVersion(std::uint8_t kind, std::uint64_t version);
    void gone(const ObjectGone& event);
    void handle(PodReasonsSeen& event);
    void dropUntoldReasons();
    void listEnd(const ListEnd& event);
    void handle(NamespaceSeen& event);

    Listener m_changed;
    std::vector<Kind> m_kinds;
    std::unordered_map<std::string, bool> m_namespaces;  // name -> terminating
    bool m_namespacesSynced = false;
    std::unordered_map<kube::ObjectKey, PodTrouble> m_podReasons;  // by workload
};

}  // namespace kubefed::controller
