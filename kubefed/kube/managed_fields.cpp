// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/managed_fields.h"

#include <algorithm>
#include <tuple>

#include "kubefed/kube/field_walk.h"
#include "kubefed/kube/managed_entries.h"

namespace kubefed::kube {

namespace {

constexpr std::size_t kMaxUpdateManagers = 10;

Result<ManagedFieldsEntry> readEntry(const JsonObject& source) {
    ManagedFieldsEntry entry;
    entry.manager = stringAt(source, {"manager"});
    entry.operation = stringAt(source, {"operation"});
    entry.apiVersion = stringAt(source, {"apiVersion"});
    entry.time = stringAt(source, {"time"});
    entry.subresource = stringAt(source, {"subresource"});
    if (entry.operation != "Apply" && entry.operation != "Update")
        return fail(Code::InvalidArgument, "managedFields: operation must be `Apply` or `Update`");
    if (entry.apiVersion.empty())
        return fail(Code::InvalidArgument, "managedFields: apiVersion must not be empty");
    if (stringAt(source, {"fieldsType"}) != "FieldsV1")
        return fail(Code::InvalidArgument, "managedFields: fieldsType must be `FieldsV1`");
    if (const auto* fields = objectAt(source, {"fieldsV1"})) {
        auto set = FieldSet::fromJson(*fields);
        if (!set)
            return std::unexpected(std::move(set.error()));
        entry.fields = std::move(*set);
    }
    return entry;
}

// A list that is there but empty, or has one empty entry: the writer wants a fresh start.
bool isReset(const JsonObject& document) {
    const auto* list = arrayAt(document, {"metadata", "managedFields"});
    if (list == nullptr)
        return false;
    if (list->size() != 1)
        return list->empty();
    const auto* only = (*list)[0].if_object();
    return only != nullptr && only->empty();
}

void mergeOldest(std::vector<ManagedFieldsEntry>& entries, std::vector<std::size_t> order) {
    std::size_t count = order.size();
    std::vector<bool> gone(entries.size(), false);
    std::vector<std::pair<std::string, std::size_t>> buckets;  // apiVersion, entry
    for (const std::size_t index : order) {
        if (count <= kMaxUpdateManagers)
            break;
        auto& entry = entries[index];
        const auto bucket = std::find_if(buckets.begin(), buckets.end(),
                                         [&](const auto& b) { return b.first == entry.apiVersion; });
        if (bucket == buckets.end()) {
            buckets.emplace_back(entry.apiVersion, index);
            continue;
        }
        auto& target = entries[bucket->second];
        target.manager = "ancient-changes";
        target.subresource.clear();
        target.time = entry.time;
        target.fields.insert(entry.fields);
        gone[index] = true;
        --count;
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (gone[i])
            continue;
        if (kept != i)
            entries[kept] = std::move(entries[i]);
        ++kept;
    }
    entries.resize(kept);
}

// Bounds the number of updaters: the oldest of a version are thrown together.
void capUpdaters(std::vector<ManagedFieldsEntry>& entries) {
    std::vector<std::size_t> updaters;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i].operation == "Update")
            updaters.push_back(i);
    }
    if (updaters.size() <= kMaxUpdateManagers)
        return;
    std::sort(updaters.begin(), updaters.end(), [&](std::size_t a, std::size_t b) {
        const auto key = [&](std::size_t i) {
            return std::tie(entries[i].time, entries[i].manager, entries[i].apiVersion,
                            entries[i].subresource);
        };
        return key(a) < key(b);
    });
    mergeOldest(entries, std::move(updaters));
}

}  // namespace

bool sameIdentity(const ManagedFieldsEntry& a, const ManagedFieldsEntry& b) {
    return a.operation == b.operation && a.manager == b.manager && a.subresource == b.subresource &&
           (a.operation == "Apply" || a.apiVersion == b.apiVersion);
}

Result<std::vector<ManagedFieldsEntry>> readManagedFields(const JsonObject& document) {
    std::vector<ManagedFieldsEntry> out;
    const auto* list = arrayAt(document, {"metadata", "managedFields"});
    if (list == nullptr)
        return out;
    out.reserve(list->size());
    for (const auto& value : *list) {
        if (!value.is_object())
            return fail(Code::InvalidArgument, "managedFields: an entry must be an object");
        auto entry = readEntry(value.get_object());
        if (!entry)
            return std::unexpected(std::move(entry.error()));
        const auto same = std::find_if(out.begin(), out.end(),
                                       [&](const auto& other) { return sameIdentity(*entry, other); });
        if (same != out.end())
            *same = std::move(*entry);
        else
            out.push_back(std::move(*entry));
    }
    return out;
}

void writeManagedFields(JsonObject& document, const std::vector<ManagedFieldsEntry>& entries) {
    if (entries.empty()) {
        erase(document, {"metadata", "managedFields"});
        return;
    }
    std::vector<const ManagedFieldsEntry*> sorted;
    sorted.reserve(entries.size());
    for (const auto& entry : entries)
        sorted.push_back(&entry);
    // RFC 3339 in UTC sorts as text; an absent time comes first.
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
        return std::tie(a->operation, a->time, a->manager, a->apiVersion, a->subresource) <
               std::tie(b->operation, b->time, b->manager, b->apiVersion, b->subresource);
    });
    JsonArray list;
    list.reserve(sorted.size());
    for (const auto* entry : sorted) {
        JsonObject out;
        if (!entry->manager.empty())
            out["manager"] = entry->manager;
        out["operation"] = entry->operation;
        out["apiVersion"] = entry->apiVersion;
        if (!entry->time.empty())
            out["time"] = entry->time;
        out["fieldsType"] = "FieldsV1";
        out["fieldsV1"] = entry->fields.toJson();
        if (!entry->subresource.empty())
            out["subresource"] = entry->subresource;
        list.emplace_back(std::move(out));
    }
    ensureObject(document, {"metadata"})["managedFields"] = std::move(list);
}

ManagedFieldsEntry entryOf(const WriteContext& context, std::string_view operation) {
    return {.manager = context.manager.empty() ? "unknown" : context.manager,
            .operation = std::string(operation),
            .apiVersion = context.apiVersion,
            .time = {},
            .subresource = context.subresource,
            .fields = {}};
}

ManagedFieldsEntry* findEntry(std::vector<ManagedFieldsEntry>& entries, const ManagedFieldsEntry& wanted) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return sameIdentity(entry, wanted); });
    return found != entries.end() ? &*found : nullptr;
}

void dropEmpty(std::vector<ManagedFieldsEntry>& entries) {
    std::erase_if(entries, [](const ManagedFieldsEntry& entry) { return entry.fields.isEmpty(); });
}

void trackUpdate(std::vector<ManagedFieldsEntry>& entries, const JsonObject* previous, const JsonObject& next,
                 const SchemaNode& schema, const WriteContext& context) {
    auto difference = compareFields(previous, next, schema);
    if (context.ignored != nullptr) {
        difference.changed.removeWithin(*context.ignored);
        difference.removed.removeWithin(*context.ignored);
    }
    for (auto& entry : entries) {
        entry.fields.remove(difference.changed);
        entry.fields.remove(difference.removed);
    }
    dropEmpty(entries);
    auto taken = withoutSystemFields(std::move(difference.changed));
    if (!taken.isEmpty()) {
        auto own = entryOf(context, "Update");
        own.time = context.now;
        if (auto* entry = findEntry(entries, own)) {
            entry->fields.insert(taken);
            entry->time = context.now;
        } else {
            own.fields = std::move(taken);
            entries.push_back(std::move(own));
        }
    }
    capUpdaters(entries);
}

void updateManagedFields(const JsonObject* previous, JsonObject& next, const SchemaNode& schema,
                         const WriteContext& context) {
    std::vector<ManagedFieldsEntry> entries;
    const bool subresource = !context.subresource.empty();
    if (subresource || !isReset(next)) {
        auto own =
            subresource ? std::vector<ManagedFieldsEntry>() : readManagedFields(next).value_or(entries);
        if (own.empty() && previous != nullptr)
            own = readManagedFields(*previous).value_or(entries);
        entries = std::move(own);
    }
    erase(next, {"metadata", "managedFields"});
    if (entries.empty() && previous != nullptr)
        return;
    trackUpdate(entries, previous, next, schema, context);
    writeManagedFields(next, entries);
}

}  // namespace kubefed::kube
