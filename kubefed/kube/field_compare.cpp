// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/kube/field_shape.h"
#include "kubefed/kube/field_walk.h"

namespace kubefed::kube {

namespace {

const Json& emptyObject() {
    static const Json value(json::object_kind);
    return value;
}

const Json& nullValue() {
    static const Json value;
    return value;
}

const Json& emptyText() {
    static const Json value(json::string_kind);
    return value;
}

class Comparer {
public:
    Difference out;

    void members(const JsonObject* left, const JsonObject* right, const SchemaNode& node) {
        if (left != nullptr) {
            for (const auto& member : *left) {
                const std::string_view key(member.key().data(), member.key().size());
                const auto& child = childOf(node, key);
                field(key, &member.value(), valueAt(right, key, node, member.value()), child);
            }
        }
        if (right != nullptr) {
            for (const auto& member : *right) {
                const std::string_view key(member.key().data(), member.key().size());
                if (left != nullptr && left->contains(member.key()))
                    continue;
                const auto& child = childOf(node, key);
                field(key, valueAt(left, key, node, member.value()), &member.value(), child);
            }
        }
        if ((left == nullptr) != (right == nullptr))
            implied(left, right, node);
    }

private:
    // One step of the path from the root, with its node in each result once something below it is inserted.
    struct Step {
        bool field;
        std::string_view text;
        FieldSet* changed = nullptr;
        FieldSet* removed = nullptr;
    };

    static const SchemaNode& childOf(const SchemaNode& node, std::string_view key) {
        const auto* child = node.child(key);
        return child != nullptr ? *child : SchemaNode::anything();
    }

    // The value, or what stands for it where Go would have one although the document has none. `other` is
    // the value on the other side. The keys of maps are simply there or not.
    static const Json* valueAt(const JsonObject* object, std::string_view key, const SchemaNode& node,
                               const Json& other) {
        if (object == nullptr)
            return nullptr;
        const auto* value = object->if_contains({key.data(), key.size()});
        const auto property = node.properties.find(key);
        if (value != nullptr || property == node.properties.end())
            return value;
        const SchemaNode& child = *property->second;
        switch (child.zero) {
            case SchemaNode::Zero::Object:
                return &emptyObject();
            case SchemaNode::Zero::Null:
                return &nullValue();
            case SchemaNode::Zero::Text:
                return &emptyText();
            case SchemaNode::Zero::Absent:
                break;
        }
        return child.builtin && other.is_null() ? &nullValue() : nullptr;
    }

    // Structs that are there although no document says so come and go with their parent.
    void implied(const JsonObject* left, const JsonObject* right, const SchemaNode& node) {
        const auto* present = left != nullptr ? left : right;
        for (const auto& [key, child] : node.properties) {
            if (child->zero == SchemaNode::Zero::Object && !present->contains(key))
                field(key, left != nullptr ? &emptyObject() : nullptr,
                      right != nullptr ? &emptyObject() : nullptr, *child);
        }
    }

    void field(std::string_view key, const Json* left, const Json* right, const SchemaNode& node) {
        m_path.push_back({true, key});
        compare(left, right, node);
        m_path.pop_back();
    }

    FieldSet& at(std::size_t depth, FieldSet* Step::* which, FieldSet& root) {
        if (depth == 0)
            return root;
        Step& step = m_path[depth - 1];
        if (step.*which == nullptr) {
            FieldSet& parent = at(depth - 1, which, root);
            step.*which = &parent.children()[step.field ? fieldElement(step.text) : std::string(step.text)];
        }
        return *(step.*which);
    }
    void markChanged() { at(m_path.size(), &Step::changed, out.changed).setMember(true); }
    void markRemoved() { at(m_path.size(), &Step::removed, out.removed).setMember(true); }

    // At least one side is there.
    void compare(const Json* left, const Json* right, const SchemaNode& node) {
        bool leaf = false;
        if (right == nullptr) {
            leaf = as(shapeOf(node, *left), left, right, node);
        } else {
            const Shape shape = shapeOf(node, *right);
            // A free-form value that turns from a map into something else loses its fields one by one.
            if (left != nullptr && shapeOf(node, *left) != shape)
                as(shapeOf(node, *left), left, right, node);
            leaf = as(shape, left, right, node);
        }
        if (leaf)
            return;
        if (left == nullptr)
            markChanged();
        else if (right == nullptr)
            markRemoved();
    }

    // True if the value counted as one leaf.
    bool as(Shape shape, const Json* left, const Json* right, const SchemaNode& node) {
        if (shape == Shape::Map) {
            const auto* before = left != nullptr ? left->if_object() : nullptr;
            const auto* after = right != nullptr ? right->if_object() : nullptr;
            if ((before != nullptr && !before->empty()) || (after != nullptr && !after->empty())) {
                members(before, after, node);
                return false;
            }
        } else if (shape == Shape::List) {
            const auto* before = left != nullptr ? left->if_array() : nullptr;
            const auto* after = right != nullptr ? right->if_array() : nullptr;
            if ((before != nullptr && !before->empty()) || (after != nullptr && !after->empty())) {
                elements(before, after, node);
                return false;
            }
        }
        if (left == nullptr)
            markChanged();
        else if (right == nullptr)
            markRemoved();
        else if (!equal(*left, *right))
            markChanged();
        return true;
    }

    struct Group {
        std::string key;
        std::vector<const Json*> left;
        std::vector<const Json*> right;
    };

    static void collect(const JsonArray* array, const SchemaNode& node,
                        std::vector<const Json*> Group::* side, std::vector<Group>& groups) {
        if (array == nullptr)
            return;
        for (const auto& element : *array) {
            auto key = listElementKey(element, node);
            if (key.empty())
                continue;
            auto group =
                std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.key == key; });
            if (group == groups.end())
                group = groups.insert(groups.end(), Group{std::move(key), {}, {}});
            ((*group).*side).push_back(&element);
        }
    }

    void elements(const JsonArray* left, const JsonArray* right, const SchemaNode& node) {
        std::vector<Group> groups;
        groups.reserve(std::max(left != nullptr ? left->size() : 0, right != nullptr ? right->size() : 0));
        collect(left, node, &Group::left, groups);
        collect(right, node, &Group::right, groups);
        for (const auto& group : groups) {
            m_path.push_back({false, group.key});
            element(group, node);
            m_path.pop_back();
        }
    }

    // Duplicates (possible only outside of apply) are compared as one value and owned as one.
    void element(const Group& group, const SchemaNode& node) {
        const bool manyLeft = group.left.size() > 1;
        const bool manyRight = group.right.size() > 1;
        if (!manyLeft && !manyRight) {
            compare(group.left.empty() ? nullptr : group.left[0],
                    group.right.empty() ? nullptr : group.right[0], node.element());
        } else if (manyLeft && manyRight) {
            const bool same =
                std::equal(group.left.begin(), group.left.end(), group.right.begin(), group.right.end(),
                           [](const Json* a, const Json* b) { return equal(*a, *b); });
            if (!same)
                markChanged();
        } else if (manyLeft) {
            if (!group.right.empty())
                compare(nullptr, group.right[0], node.element());
            markRemoved();
        } else {
            if (!group.left.empty())
                compare(group.left[0], nullptr, node.element());
            markChanged();
        }
    }

    std::vector<Step> m_path;
};

}  // namespace

Difference compareFields(const JsonObject* before, const JsonObject& after, const SchemaNode& schema) {
    Comparer comparer;
    comparer.members(before != nullptr ? before : &emptyObject().get_object(), &after, schema);
    return std::move(comparer.out);
}

}  // namespace kubefed::kube
