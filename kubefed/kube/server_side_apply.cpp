// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "kubefed/kube/field_walk.h"
#include "kubefed/kube/go_values.h"
#include "kubefed/kube/managed_entries.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::kube {

namespace {

constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

std::string describe(const JsonObject& document) {
    const auto gv = GroupVersion::parse(stringAt(document, {"apiVersion"}));
    return std::string(stringAt(document, {"metadata", "namespace"})) + "/" +
           std::string(stringAt(document, {"metadata", "name"})) + "; " + gv.group + "/" + gv.version +
           ", Kind=" + std::string(stringAt(document, {"kind"}));
}

struct Conflict {
    const ManagedFieldsEntry* entry;
    FieldSet fields;
};

std::vector<StatusCause> causesOf(const std::vector<Conflict>& conflicts) {
    std::vector<StatusCause> out;
    for (const auto& conflict : conflicts) {
        std::string message = "conflict with " + printJson(Json(json::string(conflict.entry->manager)));
        if (!conflict.entry->subresource.empty())
            message += " with subresource " + printJson(Json(json::string(conflict.entry->subresource)));
        if (conflict.entry->operation == "Update")
            message += " using " + conflict.entry->apiVersion;
        for (auto& path : conflict.fields.paths())
            out.push_back({"FieldManagerConflict", message, std::move(path)});
    }
    return out;
}

// Nulls say "nothing here": typed objects never store them, nor does a custom resource unless nullable.
void dropNulls(Json& value, const SchemaNode& node);

void dropNullMembers(JsonObject& object, const SchemaNode& node) {
    for (auto it = object.begin(); it != object.end();) {
        const auto* child = node.child({it->key().data(), it->key().size()});
        if (child == nullptr || child->type == SchemaNode::Type::Any) {
            ++it;
        } else if (it->value().is_null() && !child->nullable) {
            it = object.erase(it);
        } else {
            dropNulls(it->value(), *child);
            ++it;
        }
    }
}

void dropNulls(Json& value, const SchemaNode& node) {
    if (auto* object = value.if_object()) {
        dropNullMembers(*object, node);
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array)
            dropNulls(element, node.element());
    }
}

class Apply {
public:
    Apply(const JsonObject* live, const JsonObject& applied, const SchemaNode& schema,
          const WriteContext& context)
        : m_live(live), m_applied(applied), m_schema(schema), m_context(context) {}

    // Merged, pruned of what the applier gave up, compared: everything but the verdict on conflicts.
    void run(std::vector<ManagedFieldsEntry> entries) {
        m_entries = std::move(entries);
        auto own = entryOf(m_context, "Apply");
        FieldSet last;
        if (auto* entry = findEntry(m_entries, own)) {
            last = entry->fields;
            own.time = entry->time;
            m_entries.erase(m_entries.begin() + (entry - m_entries.data()));
        }
        own.fields = ownedFields(m_applied, m_schema);
        if (m_context.ignored != nullptr)
            own.fields.removeWithin(*m_context.ignored);
        m_merged = m_live != nullptr ? mergeFields(*m_live, m_applied, m_schema) : m_applied;
        if (!last.subtract(own.fields).isEmpty())
            prune(last, own.fields);
        m_sameObject = m_live != nullptr && equal(*m_live, m_merged);
        if (!m_sameObject) {
            own.time = m_context.now;
            m_difference = compareFields(m_live, m_merged, m_schema);
            if (m_context.ignored != nullptr) {
                m_difference.changed.removeWithin(*m_context.ignored);
                m_difference.removed.removeWithin(*m_context.ignored);
            }
        }
        m_own = std::move(own);
    }

    [[nodiscard]] std::vector<Conflict> conflicts() const {
        std::vector<Conflict> out;
        for (const auto& entry : m_entries) {
            auto fields = entry.fields.intersect(m_difference.changed);
            if (!fields.isEmpty())
                out.push_back({&entry, std::move(fields)});
        }
        std::sort(out.begin(), out.end(), [](const Conflict& a, const Conflict& b) {
            return std::tie(a.entry->manager, a.entry->operation, a.entry->apiVersion, a.entry->subresource) <
                   std::tie(b.entry->manager, b.entry->operation, b.entry->apiVersion, b.entry->subresource);
        });
        return out;
    }

    ApplyOutcome finish() && {
        for (auto& entry : m_entries) {
            entry.fields.remove(m_difference.changed);
            entry.fields.remove(m_difference.removed);
        }
        m_own.fields = withoutSystemFields(std::move(m_own.fields));
        m_entries.push_back(std::move(m_own));
        dropEmpty(m_entries);
        ApplyOutcome out;
        out.object = std::move(m_merged);
        dropNullMembers(out.object, m_schema);
        writeManagedFields(out.object, m_entries);
        if (m_context.manager == "kubectl")
            refreshLastApplied(out.object);
        if (m_live != nullptr)
            out.changed = !keepTimesIfUnchanged(*m_live, out.object);
        return out;
    }

private:
    // Removes what this applier owned and no longer applies, unless somebody else owns it too. Nothing that
    // it did not own itself goes, even below a container that it gave up.
    void prune(const FieldSet& last, const FieldSet& own) {
        FieldSet managed = own;
        for (const auto& entry : m_entries)
            managed.insert(entry.fields);
        const auto lastNamed = withNamedParents(last, m_schema);
        const auto mergedSet = withNamedParents(ownedFields(m_merged, m_schema), m_schema);
        const auto fieldsOf = [&](const JsonObject& document) {
            return withNamedParents(ownedFields(document, m_schema), m_schema);
        };
        auto keep = fieldsOf(removeFields(m_merged, lastNamed, m_schema));
        keep.insert(withNamedParents(managed, m_schema));
        const auto left = fieldsOf(removeFields(m_merged, mergedSet.subtract(keep), m_schema));
        m_merged = removeFields(m_merged, mergedSet.subtract(left).intersect(lastNamed), m_schema);
    }

    // kubectl keeps its client-side record true after it moved to server-side apply.
    void refreshLastApplied(JsonObject& object) const {
        if (stringAt(object, {"metadata", "annotations", kLastApplied}).empty())
            return;
        JsonObject record = m_applied;
        erase(record, {"metadata", "annotations", kLastApplied});
        ensureObject(object, {"metadata", "annotations"})[kLastApplied] = printCanonical(record) + "\n";
    }

    const JsonObject* m_live;
    const JsonObject& m_applied;
    const SchemaNode& m_schema;
    const WriteContext& m_context;
    std::vector<ManagedFieldsEntry> m_entries;
    ManagedFieldsEntry m_own;
    JsonObject m_merged;
    Difference m_difference;
    bool m_sameObject = false;
};

// Conflicts that only mean "kubectl applied this client-side before" are none for kubectl itself.
FieldSet takenOverFromClientSide(const JsonObject* live, const SchemaNode& schema,
                                 const WriteContext& context) {
    if (live == nullptr || context.manager != "kubectl")
        return {};
    const auto record = parseJson(stringAt(*live, {"metadata", "annotations", kLastApplied}));
    if (!record || !record->is_object() ||
        stringAt(record->get_object(), {"apiVersion"}) != context.apiVersion ||
        !typedProblem(record->get_object(), schema).empty())
        return {};
    auto fields = ownedFields(record->get_object(), schema);
    const auto difference = compareFields(&record->get_object(), *live, schema);
    fields.remove(difference.changed);
    fields.remove(difference.removed);
    return fields;
}

Result<void> checkApplied(const JsonObject& applied, const SchemaNode& schema, const WriteContext& context) {
    const auto version = stringAt(applied, {"apiVersion"});
    if (version != context.apiVersion)
        return fail(badRequest("Incorrect version specified in apply patch. Specified patch version: " +
                               std::string(version) + ", expected: " + context.apiVersion));
    const auto* managed = find(applied, {"metadata", "managedFields"});
    if (managed != nullptr && !managed->is_null())
        return fail(badRequest("metadata.managedFields must be nil"));
    if (const auto problem = typedProblem(applied, schema); !problem.empty())
        return fail(
            unexpected("failed to create typed patch object (" + describe(applied) + "): " + problem));
    return {};
}

// What was merged must be an object of the kind; a custom one is judged by its own schema.
Result<void> convertOutcome(const JsonObject& applied, const SchemaNode& schema, JsonObject& merged) {
    const std::string problem = convertMerged(merged, schema);
    if (problem.empty())
        return {};
    const std::string what = describe(applied);
    return fail(unexpected("failed to convert new object (" + what +
                           ") to proper version: unable to convert unstructured object to " +
                           what.substr(what.find("; ") + 2) + ": " + problem));
}

}  // namespace

bool keepTimesIfUnchanged(const JsonObject& live, JsonObject& next) {
    const auto* before = arrayAt(live, {"metadata", "managedFields"});
    const auto* after = arrayAt(next, {"metadata", "managedFields"});
    const auto none = [](const JsonArray* list) { return list == nullptr || list->empty(); };
    if (none(before) != none(after) || (!none(before) && before->size() != after->size()))
        return false;
    const auto entryEqual = [](const JsonObject& a, const JsonObject& b) {
        return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& member) {
                   const auto* other = b.if_contains(member.key());
                   return other != nullptr && (member.key() == "time" || equal(member.value(), *other));
               });
    };
    if (!none(before)) {
        for (std::size_t i = 0; i < before->size(); ++i) {
            if (!(*before)[i].is_object() || !(*after)[i].is_object() ||
                !entryEqual((*before)[i].get_object(), (*after)[i].get_object()))
                return false;
        }
    }
    const auto sameBut = [](const JsonObject& a, const JsonObject& b, std::string_view key) {
        const auto relevant = [&](const JsonObject& o) {
            return o.size() - (o.contains({key.data(), key.size()}) ? 1 : 0);
        };
        return relevant(a) == relevant(b) && std::all_of(a.begin(), a.end(), [&](const auto& member) {
                   const auto* other = b.if_contains(member.key());
                   return member.key() == json::string_view(key.data(), key.size()) ||
                          (other != nullptr && equal(member.value(), *other));
               });
    };
    static const JsonObject kEmpty;
    const auto* liveMetadata = objectAt(live, {"metadata"});
    const auto* nextMetadata = objectAt(next, {"metadata"});
    if (!sameBut(live, next, "metadata") ||
        !sameBut(liveMetadata != nullptr ? *liveMetadata : kEmpty,
                 nextMetadata != nullptr ? *nextMetadata : kEmpty, "managedFields"))
        return false;
    if (!none(before))
        ensureObject(next, {"metadata"})["managedFields"] = *before;
    return true;
}

Result<ApplyOutcome> serverSideApply(const JsonObject* live, const JsonObject& applied,
                                     const SchemaNode& schema, const WriteContext& context, bool force,
                                     std::vector<StatusCause>* conflicts) {
    KUBEFED_TRY(checkApplied(applied, schema, context));
    std::vector<ManagedFieldsEntry> entries;
    if (live != nullptr) {
        auto read = readManagedFields(*live);
        if (!read)
            return std::unexpected(std::move(read.error()));
        entries = std::move(*read);
        if (entries.empty()) {
            WriteContext before = context;
            before.manager = "before-first-apply";
            JsonObject document = *live;
            erase(document, {"metadata", "managedFields"});
            trackUpdate(entries, nullptr, document, schema, before);
        }
    }
    // What `kubectl create --dry-run` prints says "creationTimestamp: null", which is not meant to erase it.
    JsonObject without;
    const JsonObject* wanted = &applied;
    if (const auto* created = find(applied, {"metadata", "creationTimestamp"});
        created != nullptr && created->is_null()) {
        without = applied;
        erase(without, {"metadata", "creationTimestamp"});
        wanted = &without;
    }
    Apply apply(live, *wanted, schema, context);
    apply.run(std::move(entries));
    if (!force) {
        auto found = apply.conflicts();
        if (!found.empty()) {
            const auto own = takenOverFromClientSide(live, schema, context);
            for (auto& conflict : found)
                conflict.fields.remove(own);
            std::erase_if(found, [](const Conflict& conflict) { return conflict.fields.isEmpty(); });
        }
        if (!found.empty()) {
            auto causes = causesOf(found);
            if (conflicts != nullptr)
                *conflicts = causes;
            return fail(applyConflict({}, stringAt(applied, {"metadata", "name"}), std::move(causes)));
        }
    }
    Result<ApplyOutcome> outcome = std::move(apply).finish();
    if (outcome && schema.builtin)
        KUBEFED_TRY(convertOutcome(applied, schema, outcome->object));
    return outcome;
}

}  // namespace kubefed::kube
