// SPDX-License-Identifier: Apache-2.0
//
// Field ownership: sets of field paths (FieldsV1), metadata.managedFields, and server-side apply as
// structured-merge-diff defines it (list keys, sets, atomic parts, force, field removal, conflicts).
// Pure functions of documents, schema, manager and time; any thread. Used by the API server on every write
// and by the controller to see whether a field is still ours.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/kube/schema.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::kube {

// A tree of owned paths. Keys are the FieldsV1 spellings: "f:name", "k:{\"name\":\"a\"}", "v:\"x\"",
// "i:0"; `member` is the "." mark: the element itself is owned.
class FieldSet {
public:
    [[nodiscard]] static Result<FieldSet> fromJson(const JsonObject& fieldsV1);
    [[nodiscard]] JsonObject toJson() const;
    // Every leaf of the document (metadata's identity and system fields left out), as an owner of it has.
    [[nodiscard]] static FieldSet of(const JsonObject& document, const SchemaNode& schema);

    // From elements in FieldsV1's spelling: {{"f:status"}, {"f:metadata", "f:labels"}}.
    [[nodiscard]] static FieldSet fromPaths(const std::vector<std::vector<std::string>>& paths);

    [[nodiscard]] bool isEmpty() const { return !m_member && m_children.empty(); }
    [[nodiscard]] bool has(const std::vector<std::string>& path) const;
    [[nodiscard]] FieldSet unite(const FieldSet& other) const;
    [[nodiscard]] FieldSet intersect(const FieldSet& other) const;
    [[nodiscard]] FieldSet subtract(const FieldSet& other) const;
    bool operator==(const FieldSet& other) const = default;
    // The same in place.
    void insert(const FieldSet& other);
    void remove(const FieldSet& other);
    // Removes members of `other` with everything below them.
    void removeWithin(const FieldSet& other);

    // Leaves as people read them: ".spec.replicas", ".spec.containers[name=\"a\"].image".
    [[nodiscard]] std::vector<std::string> paths() const;

    [[nodiscard]] bool isMember() const { return m_member; }
    void setMember(bool member) { m_member = member; }
    [[nodiscard]] const std::map<std::string, FieldSet, std::less<>>& children() const { return m_children; }
    [[nodiscard]] std::map<std::string, FieldSet, std::less<>>& children() { return m_children; }

private:
    bool m_member = false;
    std::map<std::string, FieldSet, std::less<>> m_children;
};

struct ManagedFieldsEntry {
    std::string manager;
    std::string operation;  // "Apply" or "Update"
    std::string apiVersion;
    std::string time;  // RFC 3339, seconds
    std::string subresource;
    FieldSet fields;
};

[[nodiscard]] Result<std::vector<ManagedFieldsEntry>> readManagedFields(const JsonObject& document);
void writeManagedFields(JsonObject& document, const std::vector<ManagedFieldsEntry>& entries);

// What makes an entry the same one as before: an applier has one entry, whatever its version.
[[nodiscard]] bool sameIdentity(const ManagedFieldsEntry& a, const ManagedFieldsEntry& b);

// After defaults and canonical values have been put into `next`: true if it equals `live` but for times in
// managedFields; then those times are put back, and nothing is to be written.
bool keepTimesIfUnchanged(const JsonObject& live, JsonObject& next);

struct WriteContext {
    std::string manager;      // fieldManager, or the user agent up to the first "/"
    std::string subresource;  // "" or "status", "scale"
    std::string apiVersion;
    std::string now;  // RFC 3339, seconds
    // Fields that this endpoint resets and therefore nobody owns through it: f:status for the main resource,
    // f:spec for the status subresource. Null: none.
    const FieldSet* ignored = nullptr;
};

// After a create, update or patch: gives `next` its managedFields, moving changed fields to the writer.
// `previous` is null for a create. A `next` that brings its own managedFields has them taken (not through a
// subresource); an empty list in it resets them; objects that have none stay without until the first apply.
void updateManagedFields(const JsonObject* previous, JsonObject& next, const SchemaNode& schema,
                         const WriteContext& context);

struct ApplyOutcome {
    JsonObject object;  // merged, with managedFields
    bool changed =
        true;  // false: equal to the live object, managedFields included (nothing is to be written)
};

// Server-side apply of `applied` onto `live` (null: it does not exist). Conflicts without force are
// Code::Aborted, as applyConflict() words them, and also stand in `conflicts` (if given). A document that the
// schema does not allow is 500, as from kube-apiserver; another apiVersion or managedFields in it is 400.
// What is particular to a kind (defaults, canonical values) the caller does to the result.
[[nodiscard]] Result<ApplyOutcome> serverSideApply(const JsonObject* live, const JsonObject& applied,
                                                   const SchemaNode& schema, const WriteContext& context,
                                                   bool force, std::vector<StatusCause>* conflicts);

}  // namespace kubefed::kube
