// SPDX-License-Identifier: Apache-2.0
//
// How a value takes part in ownership: as one leaf (scalars, whatever is atomic), element by element, or
// field by field. Shared by the walks of field_walk.h; internal. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/kube/schema.h"

namespace kubefed::kube {

enum class Shape { Leaf, List, Map };

// Null is the empty value of every shape. Free-form values are granular maps, atomic lists and scalars.
[[nodiscard]] Shape shapeOf(const SchemaNode& node, const Json& value);
[[nodiscard]] bool mayBeMap(const SchemaNode& node);
// "f:name"
[[nodiscard]] std::string fieldElement(std::string_view name);

}  // namespace kubefed::kube
