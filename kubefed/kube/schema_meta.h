// SPDX-License-Identifier: Apache-2.0
//
// The schema of metadata for custom resources, whose own schemas say nothing of it (that of built-in kinds
// stands in the schema data). A constant.
#pragma once

#include <string_view>

namespace kubefed::kube {

inline constexpr std::string_view kObjectMetaSchema = R"({
"type": "object", "properties": {
 "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
 "creationTimestamp": {"type": "string", "format": "date-time", "nullable": true},
 "deletionGracePeriodSeconds": {"type": "integer", "format": "int64"},
 "deletionTimestamp": {"type": "string", "format": "date-time", "nullable": true},
 "finalizers": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
 "generateName": {"type": "string"},
 "generation": {"type": "integer", "format": "int64"},
 "labels": {"type": "object", "additionalProperties": {"type": "string"}},
 "managedFields": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "object", "properties": {
   "apiVersion": {"type": "string"}, "fieldsType": {"type": "string"},
   "fieldsV1": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
   "manager": {"type": "string"}, "operation": {"type": "string"}, "subresource": {"type": "string"},
   "time": {"type": "string", "format": "date-time"}}}},
 "name": {"type": "string"},
 "namespace": {"type": "string"},
 "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
  "items": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
   "apiVersion": {"type": "string"}, "blockOwnerDeletion": {"type": "boolean"},
   "controller": {"type": "boolean"}, "kind": {"type": "string"}, "name": {"type": "string"},
   "uid": {"type": "string"}}}},
 "resourceVersion": {"type": "string"},
 "selfLink": {"type": "string"},
 "uid": {"type": "string"}}})";

}  // namespace kubefed::kube
