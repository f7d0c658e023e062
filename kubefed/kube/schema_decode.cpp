// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "kubefed/kube/go_values.h"
#include "kubefed/kube/schema.h"

namespace kubefed::kube {

namespace {

using Type = SchemaNode::Type;

std::string_view keyView(const JsonObject::value_type& member) {
    return {member.key().data(), member.key().size()};
}

void appendKey(std::string& path, std::string_view key) {
    if (!path.empty())
        path += '.';
    path += key;
}

// kube-apiserver's decoder looks for no more; long paths could make them any size.
constexpr std::size_t kMostProblems = 100;
constexpr std::size_t kMostProblemBytes = 64U << 10U;

class UnknownFields {
public:
    std::vector<std::string> names;
    void add(const std::string& path) {
        names.push_back("unknown field \"" + path + "\"");
        m_bytes += names.back().size();
    }
    [[nodiscard]] bool isFull() const { return names.size() >= kMostProblems || m_bytes > kMostProblemBytes; }

private:
    std::size_t m_bytes = 0;
};

void collectUnknown(const Json& value, const SchemaNode& node, std::string& path, UnknownFields& out) {
    if (out.isFull())
        return;
    const std::size_t size = path.size();
    if (const auto* object = value.if_object()) {
        if (node.type != Type::Object && node.type != Type::Any)
            return;
        for (const auto& member : *object) {
            appendKey(path, keyView(member));
            if (const auto* child = node.declaredChild(keyView(member)))
                collectUnknown(member.value(), *child, path, out);
            else
                out.add(path);
            path.resize(size);
            if (out.isFull())
                return;
        }
    } else if (const auto* array = value.if_array(); array != nullptr && node.type == Type::Array) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            path += "[" + std::to_string(i) + "]";
            collectUnknown((*array)[i], node.element(), path, out);
            path.resize(size);
        }
    }
}

void prune(Json& value, const SchemaNode& node) {
    if (auto* object = value.if_object()) {
        if (node.type != Type::Object && node.type != Type::Any)
            return;
        for (auto it = object->begin(); it != object->end();) {
            if (const auto* child = node.declaredChild(keyView(*it))) {
                prune(it->value(), *child);
                ++it;
            } else {
                it = object->erase(it);
            }
        }
    } else if (auto* array = value.if_array(); array != nullptr && node.type == Type::Array) {
        for (auto& element : *array)
            prune(element, node.element());
    }
}

// "io.k8s.api.core.v1.PodSpec" is "v1.PodSpec" to Go.
std::string goName(const SchemaNode& node, bool qualified) {
    const auto last = node.name.rfind('.');
    if (last == std::string::npos)
        return node.name;
    const auto previous = node.name.rfind('.', last - 1);
    return node.name.substr(qualified && previous != std::string::npos ? previous + 1 : last + 1);
}

std::string goType(const SchemaNode& node) {
    switch (node.type) {
        case Type::String:
            return node.format == "byte" ? "[]uint8" : "string";
        case Type::Integer:
            return node.format.empty() ? "int64" : node.format;
        case Type::Number:
            return "float64";
        case Type::Boolean:
            return "bool";
        case Type::Array:
            return "[]" + goType(node.element());
        case Type::Object:
            return node.name.empty() && node.additional != nullptr ? "map[string]" + goType(*node.additional)
                                                                   : goName(node, true);
        default:
            return goName(node, true);
    }
}

std::string goKind(const Json& value) {
    if (value.is_string())
        return "string";
    if (value.is_bool())
        return "bool";
    if (value.is_array())
        return "array";
    if (value.is_object())
        return "object";
    return "number " + printJson(value);
}

class TypeCheck {
public:
    std::string run(const Json& value, const SchemaNode& node, const SchemaNode& parent) {
        if (value.is_null())
            return {};
        switch (node.type) {
            case Type::Any:
                return {};
            case Type::IntOrString:
                return value.is_string() || value.is_int64() ? std::string() : mismatch(value, node, parent);
            case Type::Boolean:
                return value.is_bool() ? std::string() : mismatch(value, node, parent);
            case Type::Number:
                return value.is_number() ? std::string() : mismatch(value, node, parent);
            case Type::Integer:
                return integer(value, node, parent);
            case Type::String:
                return text(value, node, parent);
            case Type::Array:
                return array(value, node, parent);
            case Type::Object:
                return object(value, node, parent);
        }
        return {};
    }

private:
    std::string mismatch(const Json& value, const SchemaNode& node, const SchemaNode& parent) const {
        std::string where =
            m_path.empty() ? " into Go value of type "
                           : " into Go struct field " + goName(parent, false) + "." + m_path + " of type ";
        std::string kind = goKind(value);
        const bool wantsNumber = node.type == Type::Integer || node.type == Type::Number;
        if (value.is_number() && !wantsNumber)
            kind = "number";
        return "json: cannot unmarshal " + kind + where + goType(node);
    }

    std::string integer(const Json& value, const SchemaNode& node, const SchemaNode& parent) const {
        if (!value.is_int64())
            return mismatch(value, node, parent);
        const auto number = value.get_int64();
        const bool fits = node.format != "int32" || (number >= std::numeric_limits<std::int32_t>::min() &&
                                                     number <= std::numeric_limits<std::int32_t>::max());
        return fits ? std::string() : mismatch(value, node, parent);
    }

    std::string text(const Json& value, const SchemaNode& node, const SchemaNode& parent) const {
        return value.is_string() || node.isQuantity ? valueProblem(value, node)
                                                    : mismatch(value, node, parent);
    }

    std::string array(const Json& value, const SchemaNode& node, const SchemaNode& parent) {
        const auto* elements = value.if_array();
        if (elements == nullptr)
            return mismatch(value, node, parent);
        for (const auto& element : *elements) {
            if (auto problem = run(element, node.element(), parent); !problem.empty())
                return problem;
        }
        return {};
    }

    std::string object(const Json& value, const SchemaNode& node, const SchemaNode& parent) {
        const auto* members = value.if_object();
        return members != nullptr ? fields(*members, node, parent) : mismatch(value, node, parent);
    }

public:
    std::string fields(const JsonObject& members, const SchemaNode& node, const SchemaNode& parent) {
        const std::size_t size = m_path.size();
        for (const auto& member : members) {
            const auto* child = node.declaredChild(keyView(member));
            if (child == nullptr)
                continue;
            // Go names struct fields only: the keys of maps are not part of its path.
            const bool field = node.properties.contains(keyView(member));
            if (field)
                appendKey(m_path, keyView(member));
            auto problem = run(member.value(), *child, field ? node : parent);
            if (!problem.empty())
                return problem;
            m_path.resize(size);
        }
        return {};
    }

private:
    std::string m_path;
};

void defaultInto(Json& value, const SchemaNode& node) {
    if (auto* object = value.if_object()) {
        for (const auto& [key, child] : node.properties) {
            Json* found = object->if_contains(key);
            // A null that may not be there is as good as absent.
            if (found != nullptr && found->is_null() && !child->nullable) {
                object->erase(key);
                found = nullptr;
            }
            if (found == nullptr && child->defaultValue)
                found = &object->emplace(key, *child->defaultValue).first->value();
            if (found != nullptr)
                defaultInto(*found, *child);
        }
        if (node.additional == nullptr)
            return;
        for (auto& member : *object) {
            if (node.properties.contains(keyView(member)))
                continue;
            if (member.value().is_null() && !node.additional->nullable && node.additional->defaultValue)
                member.value() = *node.additional->defaultValue;
            defaultInto(member.value(), *node.additional);
        }
    } else if (auto* array = value.if_array()) {
        for (auto& element : *array) {
            if (element.is_null() && !node.element().nullable && node.element().defaultValue)
                element = *node.element().defaultValue;
            defaultInto(element, node.element());
        }
    }
}

}  // namespace

std::vector<std::string> unknownFields(const JsonObject& document, const SchemaNode& schema) {
    UnknownFields out;
    std::string path;
    for (const auto& member : document) {
        path = keyView(member);
        if (const auto* child = schema.declaredChild(path))
            collectUnknown(member.value(), *child, path, out);
        else
            out.add(path);
        if (out.isFull())
            break;
    }
    return std::move(out.names);
}

void pruneUnknown(JsonObject& document, const SchemaNode& schema) {
    for (auto it = document.begin(); it != document.end();) {
        if (const auto* child = schema.declaredChild(keyView(*it))) {
            prune(it->value(), *child);
            ++it;
        } else {
            it = document.erase(it);
        }
    }
}

void applyDefaults(Json& value, const SchemaNode& schema) {
    defaultInto(value, schema);
}

std::string typeProblem(const JsonObject& document, const SchemaNode& schema) {
    return TypeCheck().fields(document, schema, schema);
}

}  // namespace kubefed::kube
