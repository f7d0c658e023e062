// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

#include "kubefed/kube/field_shape.h"
#include "kubefed/kube/field_walk.h"

namespace kubefed::kube {

namespace {

void merge(Json& mine, const Json& applied, const SchemaNode& node);

// In place: copying on every level would copy the deepest values once per level.
void mergeMembers(JsonObject& out, const JsonObject& applied, const SchemaNode& node) {
    for (const auto& member : applied) {
        Json* mine = out.if_contains(member.key());
        if (mine == nullptr) {
            out.emplace(member.key(), member.value());
            continue;
        }
        const auto* child = node.child({member.key().data(), member.key().size()});
        merge(*mine, member.value(), child != nullptr ? *child : SchemaNode::anything());
    }
}

struct Keyed {
    std::vector<std::string> keys;
    std::unordered_map<std::string_view, std::size_t> first;  // position of the first element of a key
    explicit Keyed(const JsonArray& array, const SchemaNode& node) {
        keys.reserve(array.size());
        for (const auto& element : array)
            keys.push_back(listElementKey(element, node));
        for (std::size_t i = 0; i < keys.size(); ++i)
            first.emplace(keys[i], i);
    }
};

// Applied elements come in their own order; live ones that are not applied stay where they are relative to
// their neighbours.
JsonArray mergeElements(JsonArray live, const JsonArray& applied, const SchemaNode& node) {
    const Keyed mine(live, node);
    const Keyed theirs(applied, node);
    std::vector<std::size_t> shared;  // positions in `applied`
    for (std::size_t i = 0; i < applied.size(); ++i) {
        if (mine.first.contains(theirs.keys[i]))
            shared.push_back(i);
    }
    JsonArray out;
    std::vector<bool> taken(applied.size(), false);
    std::size_t nextShared = 0;
    const auto take = [&](std::size_t right) {
        const auto left = mine.first.find(theirs.keys[right]);
        const bool known = left != mine.first.end();
        // A live element that exists twice is not merged with: the applied one takes the place of both.
        const bool once = known && std::count(mine.keys.begin(), mine.keys.end(), theirs.keys[right]) == 1;
        Json& element = out.emplace_back(once ? std::move(live[left->second]) : applied[right]);
        if (once)
            merge(element, applied[right], node.element());
        taken[right] = true;
        if (known && nextShared < shared.size() && shared[nextShared] == right)
            ++nextShared;
    };
    std::size_t left = 0;
    std::size_t right = 0;
    while (left < live.size() || right < applied.size()) {
        if (left < live.size()) {
            const auto match = theirs.first.find(mine.keys[left]);
            if (match == theirs.first.end()) {
                out.push_back(std::move(live[left++]));
                continue;
            }
            const bool here = right < applied.size() && mine.keys[left] == theirs.keys[right];
            const bool later =
                right < applied.size() && nextShared < shared.size() && match->second != shared[nextShared];
            if (!here && later) {
                ++left;
                continue;
            }
            if (here || taken[match->second])
                ++left;
        }
        if (right < applied.size())
            take(right++);
    }
    return out;
}

void merge(Json& mine, const Json& applied, const SchemaNode& node) {
    const Shape shape = shapeOf(node, applied);
    auto* object = mine.if_object();
    auto* array = mine.if_array();
    const bool map = shape == Shape::Map && object != nullptr && !object->empty();
    const bool list = shape == Shape::List && array != nullptr && !array->empty();
    if (!map && !list) {
        mine = applied;
    } else if (map && applied.is_object()) {
        mergeMembers(*object, applied.get_object(), node);
    } else if (list && applied.is_array()) {
        *array = mergeElements(std::move(*array), applied.get_array(), node);
    }
}

class TypedCheck {
public:
    std::vector<std::string> problems;

    void members(const JsonObject& object, const SchemaNode& node) {
        const std::size_t size = m_path.size();
        for (const auto& member : object) {
            const std::string_view key(member.key().data(), member.key().size());
            m_path += '.';
            m_path += key;
            const auto* child = node.child(key);
            if (child == nullptr)
                problems.push_back(m_path + ": field not declared in schema");
            else
                value(member.value(), *child);
            m_path.resize(size);
        }
    }

private:
    void value(const Json& value, const SchemaNode& node) {
        using Type = SchemaNode::Type;
        if (value.is_null() || node.type == Type::Any)
            return;
        if (node.type == Type::Object) {
            if (const auto* object = value.if_object())
                members(*object, node);
            else
                mismatch("map", value);
        } else if (node.type == Type::Array) {
            if (const auto* array = value.if_array())
                elements(*array, node);
            else
                mismatch("list", value);
        } else if (node.type == Type::Integer || node.type == Type::Number) {
            if (!value.is_number())
                problems.push_back(m_path + ": expected numeric (int or float), got " +
                                   std::string(goType(value)));
        } else if (node.type == Type::Boolean) {
            if (!value.is_bool())
                mismatch("boolean", value);
        } else if (value.is_structured() ||
                   (node.type == Type::String && !node.isQuantity && plainText(node) && !value.is_string())) {
            problems.push_back(
                m_path + ": expected string, got &value.valueUnstructured{Value:" + printJson(value) + "}");
        }
    }

    static bool plainText(const SchemaNode& node) { return node.format.empty() || node.format == "byte"; }

    static std::string_view goType(const Json& value) {
        return value.is_string()  ? "string"
               : value.is_bool()  ? "bool"
               : value.is_array() ? "[]interface {}"
                                  : "map[string]interface {}";
    }

    void mismatch(std::string_view expected, const Json& value) {
        problems.push_back(m_path + ": expected " + std::string(expected) + ", got &{" +
                           (value.is_string() ? std::string(view(value.get_string())) : printJson(value)) +
                           "}");
    }

    void elements(const JsonArray& array, const SchemaNode& node) {
        const std::size_t size = m_path.size();
        std::unordered_map<std::string, bool> seen;
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (node.listType == ListType::Atomic) {
                m_path += "[" + std::to_string(i) + "]";
                value(array[i], node.element());
                m_path.resize(size);
                continue;
            }
            const auto key = listElementKey(array[i], node);
            if (key.empty()) {
                problems.push_back(m_path + ": element " + std::to_string(i) + ": " +
                                   namelessReason(array[i], node));
                continue;
            }
            FieldSet one;
            one.children()[key].setMember(true);
            const auto text = one.paths()[0];
            if (!seen.emplace(key, true).second) {
                problems.push_back(m_path + ": duplicate entries for key " + text);
                continue;
            }
            m_path += text;
            value(array[i], node.element());
            m_path.resize(size);
        }
    }

    static std::string namelessReason(const Json& element, const SchemaNode& node) {
        if (node.listType == ListType::Set)
            return element.is_null() ? "associative list without keys has an element that's an explicit null"
                   : element.is_array() ? "not supported: associative list with lists as elements"
                                        : "associative list without keys has an element that's a map type";
        if (element.is_null())
            return "associative list with keys may not have a null element";
        if (!element.is_object())
            return "associative list with keys may not have non-map elements";
        std::string names;
        for (const auto& name : node.listMapKeys)
            names += (names.empty() ? "" : " ") + printJson(Json(json::string(name)));
        return "associative list with keys has an element that omits all key fields [" + names +
               "] (and doesn't have default values for any key fields)";
    }

    std::string m_path;
};

}  // namespace

JsonObject mergeFields(const JsonObject& live, const JsonObject& applied, const SchemaNode& schema) {
    JsonObject out = live;
    mergeMembers(out, applied, schema);
    return out;
}

std::string typedProblem(const JsonObject& document, const SchemaNode& schema) {
    TypedCheck check;
    check.members(document, schema);
    if (check.problems.empty())
        return {};
    if (check.problems.size() == 1)
        return check.problems[0];
    std::string out = "errors:";
    for (const auto& problem : check.problems)
        out += "\n  " + problem;
    return out;
}

}  // namespace kubefed::kube
