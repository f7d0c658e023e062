// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/field_walk.h"

#include <algorithm>

#include "kubefed/kube/field_shape.h"

namespace kubefed::kube {

namespace {

void collectOwned(const Json& value, const SchemaNode& node, FieldSet& self);

void collectOwnedElements(const JsonArray& array, const SchemaNode& node, FieldSet& self) {
    std::vector<std::string> keys;
    keys.reserve(array.size());
    for (const auto& element : array)
        keys.push_back(listElementKey(element, node));
    for (std::size_t i = 0; i < array.size(); ++i) {
        if (keys[i].empty())
            continue;
        FieldSet& child = self.children()[keys[i]];
        child.setMember(true);
        // What duplicates contain nobody owns in particular.
        if (std::count(keys.begin(), keys.end(), keys[i]) == 1)
            collectOwned(array[i], node.element(), child);
    }
}

void collectOwnedMembers(const JsonObject& object, const SchemaNode& node, FieldSet& self) {
    for (const auto& member : object) {
        const std::string_view key(member.key().data(), member.key().size());
        const auto* childNode = node.child(key);
        const auto& schema = childNode != nullptr ? *childNode : SchemaNode::anything();
        const auto& value = member.value();
        const auto position = self.children().try_emplace(fieldElement(key)).first;
        FieldSet& child = position->second;
        collectOwned(value, schema, child);
        const bool empty = value.is_null() || (value.is_object() && value.get_object().empty());
        // Keys of maps exist by themselves, properties only through what is in them.
        if (empty || !node.properties.contains(key))
            child.setMember(true);
        if (child.isEmpty())
            self.children().erase(position);
    }
}

void collectOwned(const Json& value, const SchemaNode& node, FieldSet& self) {
    switch (shapeOf(node, value)) {
        case Shape::Leaf:
            self.setMember(true);
            return;
        case Shape::List:
            if (const auto* array = value.if_array())
                collectOwnedElements(*array, node, self);
            return;
        case Shape::Map:
            if (const auto* object = value.if_object())
                collectOwnedMembers(*object, node, self);
            return;
    }
}

void addNamedParents(FieldSet& set, const SchemaNode* node) {
    for (auto& [key, child] : set.children()) {
        if (child.children().empty())
            continue;
        const SchemaNode* childNode = nullptr;
        if (node != nullptr && key[0] == 'f' && mayBeMap(*node)) {
            const std::string_view name = std::string_view(key).substr(2);
            childNode = node->child(name);
            if (node->properties.contains(name))
                child.setMember(true);
        } else if (node != nullptr && key[0] == 'k' && node->type == SchemaNode::Type::Array) {
            childNode = &node->element();
        }
        addNamedParents(child, childNode);
    }
}

Json removeFrom(const Json& value, const FieldSet& fields, const SchemaNode& node);

// Nothing left of a container is null: that is how structured-merge-diff tells "emptied" from "empty".
Json removeElements(const JsonArray& array, const FieldSet& fields, const SchemaNode& node) {
    JsonArray out;
    for (const auto& element : array) {
        const auto found = fields.children().find(listElementKey(element, node));
        if (found == fields.children().end())
            out.push_back(element);
        else if (!found->second.isMember())
            out.push_back(removeFrom(element, found->second, node.element()));
    }
    return out.empty() ? Json() : Json(std::move(out));
}

Json removeMembers(const JsonObject& object, const FieldSet& fields, const SchemaNode& node) {
    JsonObject out;
    for (const auto& member : object) {
        const std::string_view key(member.key().data(), member.key().size());
        const auto found = fields.children().find(fieldElement(key));
        if (found == fields.children().end()) {
            out.emplace(member.key(), member.value());
        } else if (!found->second.isMember()) {
            const auto* child = node.child(key);
            out.emplace(member.key(), removeFrom(member.value(), found->second,
                                                 child != nullptr ? *child : SchemaNode::anything()));
        }
    }
    return out.empty() ? Json() : Json(std::move(out));
}

Json removeFrom(const Json& value, const FieldSet& fields, const SchemaNode& node) {
    switch (shapeOf(node, value)) {
        case Shape::Leaf:
            return value.is_structured() ? Json() : value;
        case Shape::List:
            return value.is_array() ? removeElements(value.get_array(), fields, node) : Json();
        case Shape::Map:
            return value.is_object() ? removeMembers(value.get_object(), fields, node) : Json();
    }
    return value;
}

}  // namespace

std::string fieldElement(std::string_view name) {
    std::string out;
    out.reserve(name.size() + 2);
    out += "f:";
    out += name;
    return out;
}

bool mayBeMap(const SchemaNode& node) {
    return !node.atomicMap && (node.type == SchemaNode::Type::Object || node.type == SchemaNode::Type::Any);
}

Shape shapeOf(const SchemaNode& node, const Json& value) {
    using Type = SchemaNode::Type;
    if (mayBeMap(node))
        return value.is_object() || value.is_null() ? Shape::Map : Shape::Leaf;
    if (node.type == Type::Array && node.listType != ListType::Atomic)
        return value.is_array() || value.is_null() ? Shape::List : Shape::Leaf;
    return Shape::Leaf;
}

std::string listElementKey(const Json& element, const SchemaNode& list) {
    if (list.listType == ListType::Set)
        return element.is_structured() || element.is_null() ? std::string() : "v:" + printJson(element);
    const auto* object = element.if_object();
    if (object == nullptr)
        return {};
    const auto& node = list.element();
    std::string out = "k:{";
    for (const auto& name : list.listMapKeys) {  // sorted when the schema was compiled
        const Json* value = object->if_contains(name);
        if (value == nullptr) {
            const auto* child = node.child(name);
            if (child == nullptr || !child->defaultValue)
                continue;
            value = &*child->defaultValue;
        }
        if (out.size() > 3)
            out += ',';
        out += '"';
        out += name;
        out += "\":";
        out += value->is_structured() ? printCanonical(*value) : printJson(*value);
    }
    if (out.size() == 3)
        return {};
    out += '}';
    return out;
}

FieldSet ownedFields(const JsonObject& document, const SchemaNode& schema) {
    FieldSet out;
    collectOwnedMembers(document, schema, out);
    return out;
}

FieldSet withoutSystemFields(FieldSet set) {
    static const FieldSet kSystem = FieldSet::fromPaths({{"f:apiVersion"},
                                                         {"f:kind"},
                                                         {"f:metadata"},
                                                         {"f:metadata", "f:name"},
                                                         {"f:metadata", "f:namespace"},
                                                         {"f:metadata", "f:creationTimestamp"},
                                                         {"f:metadata", "f:selfLink"},
                                                         {"f:metadata", "f:uid"},
                                                         {"f:metadata", "f:clusterName"},
                                                         {"f:metadata", "f:generation"},
                                                         {"f:metadata", "f:managedFields"},
                                                         {"f:metadata", "f:resourceVersion"}});
    set.remove(kSystem);
    return set;
}

FieldSet withNamedParents(const FieldSet& set, const SchemaNode& schema) {
    FieldSet out = set;
    addNamedParents(out, &schema);
    return out;
}

JsonObject removeFields(const JsonObject& document, const FieldSet& fields, const SchemaNode& schema) {
    Json out = removeMembers(document, fields, schema);
    return out.is_object() ? std::move(out.get_object()) : JsonObject();
}

}  // namespace kubefed::kube
