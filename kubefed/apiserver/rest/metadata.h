// SPDX-License-Identifier: Apache-2.0
//
// The generic part of every object: what the server itself sets in metadata, and the rules that clients'
// metadata must meet, with kube-apiserver's messages. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/apiserver/strategy.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::apiserver {

// Five random letters as kube-apiserver appends them to generateName.
[[nodiscard]] std::string generatedName(std::string_view base);
[[nodiscard]] std::string randomUid();

// uid, creationTimestamp, generation; drops what only the server says.
void stampCreated(kube::JsonObject& object, bool hasGeneration, WallTime now);
// Carries over what an update cannot change, and gives a missing uid and the like from the previous one.
void carrySystemMetadata(kube::JsonObject& next, const kube::JsonObject& previous);
// Equal but for metadata and status.
[[nodiscard]] bool sameContent(const kube::JsonObject& a, const kube::JsonObject& b);
// metadata.generation: one more if the content differs, or the status where it counts as content.
void advanceGeneration(kube::JsonObject& next, const kube::JsonObject& previous, bool statusCounts);

[[nodiscard]] Causes validateMetadata(const kube::JsonObject& object, const ResourceSpec& spec);
[[nodiscard]] Causes validateMetadataUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                            const ResourceSpec& spec);

// Fields that a write through this subresource resets and its writer therefore does not own; null: none.
[[nodiscard]] const kube::FieldSet* resetFields(const ResourceSpec& spec, std::string_view subresource);

// Drops nulls and empty maps and lists in metadata, as Go's encoder leaves them out.
void tidyMetadata(kube::JsonObject& object);

}  // namespace kubefed::apiserver
