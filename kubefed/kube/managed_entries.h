// SPDX-License-Identifier: Apache-2.0
//
// What updates and applies share in keeping the list of managedFields entries. Internal. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "kubefed/kube/managed_fields.h"

namespace kubefed::kube {

[[nodiscard]] ManagedFieldsEntry entryOf(const WriteContext& context, std::string_view operation);
[[nodiscard]] ManagedFieldsEntry* findEntry(std::vector<ManagedFieldsEntry>& entries,
                                            const ManagedFieldsEntry& wanted);
void dropEmpty(std::vector<ManagedFieldsEntry>& entries);
// Moves what changed between the two documents to the writer's Update entry.
void trackUpdate(std::vector<ManagedFieldsEntry>& entries, const JsonObject* previous, const JsonObject& next,
                 const SchemaNode& schema, const WriteContext& context);

}  // namespace kubefed::kube
