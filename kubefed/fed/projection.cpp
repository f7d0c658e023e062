// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/projection.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "kubefed/fed/manifest.h"
#include "kubefed/fed/names.h"

namespace kubefed::fed {
namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;

// Mixes well enough that sums of mixed hashes rarely meet (splitmix64's finaliser).
std::uint64_t mix(std::uint64_t x) {
    x ^= x >> 30U;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27U;
    x *= 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

// Independent of the order of an object's keys: servers may print them in any.
std::uint64_t hashValue(const Json& value, std::uint64_t seed) {
    switch (value.kind()) {
        case kube::json::kind::object: {
            std::uint64_t sum = mix(seed + 1);
            for (const auto& [key, child] : value.get_object())
                sum += mix(hashValue(child, stableHash({key.data(), key.size()}, seed)));
            return sum;
        }
        case kube::json::kind::array: {
            std::uint64_t hash = mix(seed + 2);
            for (const Json& item : value.get_array())
                hash = mix(hashValue(item, hash));
            return hash;
        }
        case kube::json::kind::string:
            return stableHash(kube::view(value.get_string()), seed + 3);
        case kube::json::kind::int64:
            return mix(seed ^ static_cast<std::uint64_t>(value.get_int64()));
        case kube::json::kind::uint64:
            return mix(seed ^ value.get_uint64());
        case kube::json::kind::double_:
            return mix(seed ^ std::bit_cast<std::uint64_t>(value.get_double()));
        case kube::json::kind::bool_:
            return mix(seed + (value.get_bool() ? 5 : 6));
        case kube::json::kind::null:
            break;
    }
    return mix(seed + 7);
}

// The item of an associative list that a fieldsV1 key ("k:{...}", "v:...", "i:N") names; null: not there.
const Json* itemOf(const JsonArray& items, std::string_view key) {
    if (key.starts_with("i:")) {
        const std::uint64_t index = parseVersion(key.substr(2));
        return index < items.size() ? &items[index] : nullptr;
    }
    const Result<Json> wanted = kube::parseJson(key.substr(2));
    if (!wanted)
        return nullptr;
    for (const Json& item : items) {
        if (key.starts_with("v:")) {
            if (kube::equal(item, *wanted))
                return &item;
            continue;
        }
        const JsonObject* object = item.if_object();
        const JsonObject* keys = wanted->if_object();
        if (object == nullptr || keys == nullptr)
            continue;
        bool same = true;
        for (const auto& [name, value] : *keys) {
            const Json* present = object->if_contains(name);
            same = same && present != nullptr && kube::equal(*present, value);
        }
        if (same)
            return &item;
    }
    return nullptr;
}

// A live value seen as what it may be: one of the two, or neither.
struct Live {
    const JsonObject* object;
    const JsonArray* items;
};

const Json* childOf(const Live& live, std::string_view key) {
    if (key.starts_with("f:"))
        return live.object == nullptr ? nullptr : live.object->if_contains(key.substr(2));
    return live.items == nullptr ? nullptr : itemOf(*live.items, key);
}

// What an entry has at `path`; null: nothing.
const JsonObject* fieldsAt(const JsonObject& fields, const std::vector<std::string_view>& path) {
    const JsonObject* at = &fields;
    for (const std::string_view key : path) {
        const Json* child = at->if_contains(key);
        at = child == nullptr ? nullptr : child->if_object();
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

bool namesItems(const JsonObject& fields) {
    return std::ranges::any_of(fields, [](const auto& entry) {
        const std::string_view key(entry.key().data(), entry.key().size());
        return key.starts_with("k:") || key.starts_with("v:");
    });
}

// A list whose items have names, and of which all of ours have been taken over, is still in our entry
// ("f:ports":{}), like an atomic list that is ours as a whole. It is no atomic one if it is empty, or if
// somebody else owns items of it: then it is ours no longer.
class HollowLists {
public:
    explicit HollowLists(const JsonArray& entries) : m_entries(entries) {}
    void drop(JsonObject& fields, const Json& live) {
        for (auto it = fields.begin(); it != fields.end();) {
            const std::string_view key(it->key().data(), it->key().size());
            const Json* value = key == "." ? nullptr : childOf({live.if_object(), live.if_array()}, key);
            JsonObject* below = it->value().if_object();
            if (value == nullptr || below == nullptr) {
                ++it;
                continue;
            }
            m_path.push_back(key);
            const bool isHollow = below->empty() && value->is_array() && isOthers(value->get_array());
            if (!isHollow)
                drop(*below, *value);
            m_path.pop_back();
            if (isHollow)
                it = fields.erase(it);
            else
                ++it;
        }
    }

private:
    [[nodiscard]] bool isOthers(const JsonArray& items) const {
        return items.empty() || std::ranges::any_of(m_entries, [this](const Json& one) {
                   const JsonObject* entry = one.if_object();
                   const JsonObject* theirs =
                       entry == nullptr ? nullptr : kube::objectAt(*entry, {"fieldsV1"});
                   const JsonObject* list = theirs == nullptr ? nullptr : fieldsAt(*theirs, m_path);
                   return list != nullptr && namesItems(*list);
               });
    }

    const JsonArray& m_entries;
    std::vector<std::string_view> m_path;
};

// Of more than a subresource.
bool hasOtherWriters(const JsonArray& entries) {
    return std::ranges::any_of(entries, [](const Json& one) {
        const JsonObject* entry = one.if_object();
        return entry != nullptr && kube::stringAt(*entry, {"manager"}) != kFieldManager &&
               kube::stringAt(*entry, {"subresource"}).empty();
    });
}

// The sum over all owned leaves of hash(path, live value): independent of the order of fieldsV1.
std::uint64_t hashOwned(const JsonObject& fields, const Live& live, std::uint64_t path) {
    std::uint64_t sum = 0;
    for (const auto& [rawKey, child] : fields) {
        const std::string_view key(rawKey.data(), rawKey.size());
        if (key == ".")
            continue;
        const std::uint64_t below = stableHash(key, path);
        const Json* value = childOf(live, key);
        const JsonObject* children = child.if_object();
        if (value == nullptr)
            sum += mix(below + 11);
        else if (children == nullptr || children->empty())
            sum += mix(hashValue(*value, below));
        else
            sum += hashOwned(*children, {value->if_object(), value->if_array()}, below);
    }
    return sum;
}

bool asksNothing(const Json& value) {
    return value.is_null() || (value.is_object() && value.get_object().empty()) ||
           (value.is_array() && value.get_array().empty());
}

bool coversValue(const JsonObject& fields, const Json& sent);

bool coversObject(const JsonObject& fields, const JsonObject& sent) {
    for (const auto& [key, value] : sent) {
        if (asksNothing(value))
            continue;
        std::string name = "f:";
        name.append(key.data(), key.size());
        const Json* child = fields.if_contains(name);
        const JsonObject* below = child == nullptr ? nullptr : child->if_object();
        if (below == nullptr || !coversValue(*below, value))
            return false;
    }
    return true;
}

bool coversValue(const JsonObject& fields, const Json& sent) {
    if (fields.empty())
        return true;  // owned as a whole
    if (const JsonObject* object = sent.if_object())
        return coversObject(fields, *object);
    if (const JsonArray* items = sent.if_array()) {
        for (const Json& item : *items) {
            const JsonObject* below = ownedItem(fields, item);
            if (below == nullptr || !coversValue(*below, item))
                return false;
        }
    }
    return true;
}

const JsonObject* conditionOf(const JsonObject& document, std::string_view type) {
    if (const JsonArray* conditions = kube::arrayAt(document, {"status", "conditions"}))
        for (const Json& condition : *conditions)
            if (const JsonObject* object = condition.if_object();
                object != nullptr && kube::stringAt(*object, {"type"}) == type)
                return object;
    return nullptr;
}

Cause causeOf(std::string_view reason, std::string_view message) {
    std::size_t end = std::min(message.size(), kMaxCauseBytes);
    while (end < message.size() && end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U)
        --end;  // not within a character
    return {std::string(reason), std::string(message.substr(0, end))};
}

void setCause(StatusSummary& status, Cause cause) {
    status.reason = std::move(cause.reason);
    status.message = std::move(cause.message);
}

void projectStatus(const kube::Object& object, const KindTraits& traits, StatusSummary& status) {
    const JsonObject& document = object.document();
    if (traits.isReplicated()) {
        status.specReplicas = kube::intAt(document, {"spec", "replicas"}).value_or(1);
        status.replicas = kube::intAt(document, {"status", "replicas"}).value_or(0);
        status.readyReplicas = kube::intAt(document, {"status", "readyReplicas"}).value_or(0);
        status.fullyLabeledReplicas = kube::intAt(document, {"status", "fullyLabeledReplicas"}).value_or(0);
        status.availableReplicas = kube::intAt(document, {"status", "availableReplicas"}).value_or(0);
        status.observedGeneration = kube::intAt(document, {"status", "observedGeneration"}).value_or(0);
        if (const JsonObject* failure = conditionOf(document, "ReplicaFailure");
            failure != nullptr && kube::stringAt(*failure, {"status"}) == "True")
            setCause(status,
                     causeOf(kube::stringAt(*failure, {"reason"}), kube::stringAt(*failure, {"message"})));
        return;
    }
    if (traits.isPod) {
        status.ready = isPodReady(document);
        setCause(status, podCause(document));
        if (const Json* value = kube::find(document, {"status"}))
            status.text = kube::printJson(*value);
        return;
    }
    if (traits.role == Role::Service)
        if (const Json* value = kube::find(document, {"status", "loadBalancer", "ingress"}))
            status.text = kube::printJson(*value);
}

}  // namespace

std::uint64_t parseVersion(std::string_view resourceVersion) {
    std::uint64_t value = 0;
    std::from_chars(resourceVersion.data(), resourceVersion.data() + resourceVersion.size(), value);
    return value;
}

MemberObject project(const kube::Object& object, const KindTraits& traits, std::string_view federationId) {
    MemberObject result;
    result.uid = object.uid();
    result.resourceVersion = parseVersion(object.resourceVersion());
    result.generation = object.generation();
    result.deleting = object.isDeleting();
    result.appliedHash = parseHex(object.annotation(kAppliedAnnotation));
    const std::string_view label = object.label(kFederationLabel);
    result.labelled = !label.empty();
    result.ours = label == federationId;
    projectStatus(object, traits, result.status);

    const kube::JsonArray* entries = kube::arrayAt(object.document(), {"metadata", "managedFields"});
    if (entries == nullptr)
        return result;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        const JsonObject* entry = (*entries)[i].if_object();
        if (entry == nullptr || kube::stringAt(*entry, {"manager"}) != kFieldManager ||
            !kube::stringAt(*entry, {"subresource"}).empty())
            continue;
        const bool applied = kube::stringAt(*entry, {"operation"}) == "Apply";
        if (result.ownedFields && !applied)
            continue;  // an Apply entry is the one that counts
        const JsonObject* fields = kube::objectAt(*entry, {"fieldsV1"});
        if (fields == nullptr)
            continue;
        result.ownedIndex = static_cast<int>(i);
        result.migrated = applied;
        JsonObject owned = *fields;
        if (hasOtherWriters(*entries))
            HollowLists(*entries).drop(owned, object.document());
        result.ownedFields = std::make_shared<const std::string>(kube::printJson(owned));
        result.ownedHash = hashOwned(owned, {&object.document(), nullptr}, 17);
    }
    return result;
}

const JsonObject* ownedItem(const JsonObject& fields, const Json& item) {
    for (const auto& [rawKey, child] : fields) {
        const std::string_view key(rawKey.data(), rawKey.size());
        if (!key.starts_with("k:") && !key.starts_with("v:"))
            continue;
        JsonArray one;
        one.push_back(item);
        if (itemOf(one, key) != nullptr)
            return child.if_object();
    }
    return nullptr;
}

bool covers(const MemberObject& live, const kube::JsonObject& sent) {
    if (!live.ownedFields)
        return false;
    const Result<Json> parsed = kube::parseJson(*live.ownedFields);
    if (!parsed || !parsed->is_object())
        return false;
    for (const auto& [rawKey, value] : sent) {
        const std::string_view key(rawKey.data(), rawKey.size());
        if (key == "apiVersion" || key == "kind")
            continue;
        JsonObject part;
        if (key == "metadata") {
            JsonObject& metadata = part["metadata"].emplace_object();
            for (const std::string_view owned : {"labels", "annotations"})
                if (const Json* found = kube::find(value, {owned}))
                    metadata[owned] = *found;
        } else {
            part[key] = value;
        }
        if (!coversObject(parsed->get_object(), part))
            return false;
    }
    return true;
}

bool isPodReady(const kube::JsonObject& pod) {
    const JsonObject* ready = conditionOf(pod, "Ready");
    return ready != nullptr && kube::stringAt(*ready, {"status"}) == "True";
}

Cause podCause(const kube::JsonObject& pod) {
    const bool isDeleting = kube::find(pod, {"metadata", "deletionTimestamp"}) != nullptr;
    if (isPodReady(pod) || isDeleting)
        return {};
    for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
        const JsonArray* statuses = kube::arrayAt(pod, {"status", list});
        if (statuses == nullptr)
            continue;
        for (const Json& status : *statuses) {
            const JsonObject* object = status.if_object();
            if (object == nullptr)
                continue;
            const std::string_view waiting = kube::stringAt(*object, {"state", "waiting", "reason"});
            if (!waiting.empty() && waiting != "ContainerCreating" && waiting != "PodInitializing")
                return causeOf(waiting, kube::stringAt(*object, {"state", "waiting", "message"}));
            const std::string_view ended = kube::stringAt(*object, {"state", "terminated", "reason"});
            if (!ended.empty() && ended != "Completed")
                return causeOf(ended, kube::stringAt(*object, {"state", "terminated", "message"}));
        }
    }
    if (const JsonObject* scheduled = conditionOf(pod, "PodScheduled");
        scheduled != nullptr && kube::stringAt(*scheduled, {"status"}) == "False")
        return causeOf(kube::stringAt(*scheduled, {"reason"}), kube::stringAt(*scheduled, {"message"}));
    return causeOf(kube::stringAt(pod, {"status", "reason"}), kube::stringAt(pod, {"status", "message"}));
}

std::string podReason(const kube::JsonObject& pod) {
    return podCause(pod).reason;
}

}  // namespace kubefed::fed
