// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/nulls.h"

namespace kubefed::kube {

namespace {

using Type = SchemaNode::Type;

void fillHeld(Json& value, const SchemaNode& node) {
    if (!value.is_null())
        return fillNulls(value, node);
    switch (node.type) {
        case Type::String:
            value = node.isQuantity ? "0" : "";
            return;
        case Type::Integer:
            value = 0;
            return;
        case Type::Number:
            value = 0.0;
            return;
        case Type::Boolean:
            value = false;
            return;
        case Type::Object:
            value.emplace_object();
            return;
        default:
            return;
    }
}

}  // namespace

void fillNulls(JsonObject& document, const SchemaNode& schema) {
    for (auto& member : document) {
        const std::string_view key(member.key().data(), member.key().size());
        if (const auto property = schema.properties.find(key); property != schema.properties.end())
            fillNulls(member.value(), *property->second);
        else if (schema.additional != nullptr)
            fillHeld(member.value(), *schema.additional);
    }
}

void fillNulls(Json& value, const SchemaNode& schema) {
    if (schema.type == Type::Any)
        return;
    if (auto* object = value.if_object()) {
        fillNulls(*object, schema);
    } else if (auto* array = value.if_array(); array != nullptr && schema.type == Type::Array) {
        for (auto& element : *array)
            fillHeld(element, schema.element());
    }
}

}  // namespace kubefed::kube
