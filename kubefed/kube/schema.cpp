// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/schema.h"

#include <algorithm>
#include <deque>

#include "kubefed/kube/schema_meta.h"
#include "kubefed/kube/schema_pattern.h"

namespace kubefed::kube {

namespace {

constexpr std::string_view kRefPrefix = "#/components/schemas/";

struct Arena {
    std::deque<SchemaNode> nodes;  // addresses stay
};

std::vector<std::string> strings(const JsonObject& schema, std::string_view key) {
    std::vector<std::string> out;
    if (const auto* array = arrayAt(schema, {key})) {
        for (const auto& entry : *array) {
            if (entry.is_string())
                out.emplace_back(view(entry.get_string()));
        }
    }
    return out;
}

std::optional<double> numberAt(const JsonObject& schema, std::string_view key) {
    const auto* value = find(schema, {key});
    if (value == nullptr || !value->is_number())
        return std::nullopt;
    return value->to_number<double>();
}

// The name that a schema only refers to, directly or as {"allOf": [{"$ref": ...}]}.
std::string_view referenceOf(const JsonObject& schema) {
    auto text = stringAt(schema, {"$ref"});
    if (const auto* all = arrayAt(schema, {"allOf"}); text.empty() && all != nullptr && all->size() == 1) {
        if (const auto* only = (*all)[0].if_object())
            text = stringAt(*only, {"$ref"});
    }
    if (text.starts_with(kRefPrefix))
        text.remove_prefix(kRefPrefix.size());
    return text;
}

class Compiler {
public:
    Compiler(Arena& arena, bool custom) : m_arena(arena), m_custom(custom) {}

    // What the metadata of an embedded resource is.
    void setMetadata(const SchemaNode& node) { m_metadata = &node; }

    void declare(std::string name, const JsonObject& schema) {
        auto& node = m_arena.nodes.emplace_back();
        node.name = name;
        m_named.emplace(std::move(name), Named{&node, &schema});
    }

    Result<void> compileDeclared() {
        for (auto& [name, entry] : m_named) {
            m_path = name;
            KUBEFED_TRY(fill(*entry.node, *entry.schema));
        }
        return {};
    }

    // References become copies of their targets with the property's own words over them. All targets must be
    // complete, and a target that is itself a reference must come before those who refer to it.
    Result<void> resolveReferences() {
        for (auto& pending : m_pending)
            KUBEFED_TRY(resolve(pending, 0));
        return {};
    }

    Result<void> fill(SchemaNode& node, const JsonObject& schema) {
        if (const auto name = referenceOf(schema); !name.empty()) {
            m_pendingIndex[&node] = m_pending.size();
            m_pending.push_back({&node, std::string(name), &schema, m_path, false});
            return {};
        }
        KUBEFED_TRY(fillType(node, schema));
        node.preserveUnknown = boolAt(schema, {"x-kubernetes-preserve-unknown-fields"}, false);
        // Of a built-in kind, an object without properties is free-form; of a custom one it is empty.
        const bool open = node.type == SchemaNode::Type::Any || node.type == SchemaNode::Type::Object;
        if (!m_custom && open && !schema.contains("properties") && !schema.contains("additionalProperties"))
            node.preserveUnknown = true;
        fillExtensions(node, schema);
        node.builtin = !m_custom;
        if (!m_custom && node.type == SchemaNode::Type::String && node.defaultValue == Json(""))
            node.zero = SchemaNode::Zero::Text;
        fillValidation(node, schema);
        if (!node.pattern.empty()) {
            auto compiled = compilePattern(node.pattern);
            if (!compiled)
                return problem("the pattern \"" + node.pattern +
                               "\" is not a regular expression: " + compiled.error().message);
            node.compiledPattern = std::move(*compiled);
        }
        KUBEFED_TRY(fillChildren(node, schema));
        return m_custom ? fillJunctors(node, schema) : Result<void>();
    }

    [[nodiscard]] const SchemaNode* named(std::string_view name) const {
        const auto found = m_named.find(name);
        return found != m_named.end() ? found->second.node : nullptr;
    }

private:
    struct Named {
        SchemaNode* node;
        const JsonObject* schema;
    };
    struct Pending {
        SchemaNode* node;
        std::string target;
        const JsonObject* schema;
        std::string path;
        bool done;
    };

    std::unexpected<Error> problem(std::string_view what) const {
        return fail(Code::InvalidArgument, "schema " + m_path + ": " + std::string(what));
    }

    Result<void> resolve(Pending& pending, int depth) {
        if (pending.done)
            return {};
        const auto* target = named(pending.target);
        if (target == nullptr || depth > 16)
            return fail(Code::InvalidArgument,
                        "schema " + pending.path + " refers to \"" + pending.target + "\", which is unknown");
        if (const auto other = m_pendingIndex.find(target); other != m_pendingIndex.end())
            KUBEFED_TRY(resolve(m_pending[other->second], depth + 1));
        const std::string ownName = pending.node->name;
        *pending.node = *target;
        if (!ownName.empty())
            pending.node->name = ownName;
        fillExtensions(*pending.node, *pending.schema);
        const auto* object = find(*pending.schema, {"default"});
        const bool always = !m_custom && pending.node->type == SchemaNode::Type::Object &&
                            object != nullptr && object->is_object() && object->get_object().empty();
        pending.node->zero = always ? SchemaNode::Zero::Object : SchemaNode::Zero::Absent;
        pending.done = true;
        return {};
    }

    Result<void> fillType(SchemaNode& node, const JsonObject& schema) {
        using Type = SchemaNode::Type;
        const auto text = stringAt(schema, {"type"});
        node.format = stringAt(schema, {"format"});
        if (node.name == "io.k8s.apimachinery.pkg.api.resource.Quantity") {
            node.type = Type::String;
            node.isQuantity = true;
            return {};
        }
        if (node.name == "io.k8s.apimachinery.pkg.runtime.RawExtension") {
            node.type = Type::Any;
            node.atomicMap = true;
            return {};
        }
        if (node.format == "int-or-string" || boolAt(schema, {"x-kubernetes-int-or-string"}, false)) {
            node.type = Type::IntOrString;
            return {};
        }
        static constexpr std::pair<std::string_view, Type> kTypes[] = {
            {"object", Type::Object}, {"array", Type::Array},
            {"string", Type::String}, {"integer", Type::Integer},
            {"number", Type::Number}, {"boolean", Type::Boolean},
            {"", Type::Any}};
        for (const auto& [name, type] : kTypes) {
            if (name == text) {
                node.type = type;
                if (m_custom && !m_judgesOnly && type == Type::Any &&
                    !boolAt(schema, {"x-kubernetes-preserve-unknown-fields"}, false))
                    return problem("needs a type: it is not a structural schema");
                return {};
            }
        }
        return problem("unknown type \"" + std::string(text) + "\"");
    }

    void fillExtensions(SchemaNode& node, const JsonObject& schema) const {
        // Go reads a null default as none.
        if (const auto* value = find(schema, {"default"});
            value != nullptr && !(m_custom && value->is_null()))
            node.defaultValue = *value;
        if (find(schema, {"nullable"}) != nullptr)
            node.nullable = boolAt(schema, {"nullable"}, false);
        if (stringAt(schema, {"x-kubernetes-map-type"}) == "atomic")
            node.atomicMap = true;
        if (const auto text = stringAt(schema, {"description"}); !text.empty())
            node.description = text;
        if (const auto key = stringAt(schema, {"x-kubernetes-patch-merge-key"}); !key.empty())
            node.patchMergeKey = key;
        auto strategy = stringAt(schema, {"x-kubernetes-patch-strategy"});
        if (!strategy.empty())
            node.patchStrategy.clear();
        while (!strategy.empty()) {
            const auto comma = strategy.find(',');
            node.patchStrategy.emplace_back(strategy.substr(0, comma));
            strategy.remove_prefix(comma == std::string_view::npos ? strategy.size() : comma + 1);
        }
        const auto listType = stringAt(schema, {"x-kubernetes-list-type"});
        if (listType == "map") {
            node.listType = ListType::Map;
            node.listMapKeys = strings(schema, "x-kubernetes-list-map-keys");
            std::sort(node.listMapKeys.begin(), node.listMapKeys.end());
        } else if (listType == "set") {
            node.listType = ListType::Set;
        } else if (listType.empty() && node.type == SchemaNode::Type::Array &&
                   std::find(node.patchStrategy.begin(), node.patchStrategy.end(), "merge") !=
                       node.patchStrategy.end()) {
            // Older schemas say it only for strategic merge; apply follows that.
            node.listType = node.patchMergeKey.empty() ? ListType::Set : ListType::Map;
            if (!node.patchMergeKey.empty())
                node.listMapKeys = {node.patchMergeKey};
        }
    }

    static void fillValidation(SchemaNode& node, const JsonObject& schema) {
        if (const auto* values = arrayAt(schema, {"enum"}))
            node.enumValues.assign(values->begin(), values->end());
        node.required = strings(schema, "required");
        node.minimum = numberAt(schema, "minimum");
        node.maximum = numberAt(schema, "maximum");
        node.multipleOf = numberAt(schema, "multipleOf");
        node.exclusiveMinimum = boolAt(schema, {"exclusiveMinimum"}, false);
        node.exclusiveMaximum = boolAt(schema, {"exclusiveMaximum"}, false);
        node.uniqueItems = boolAt(schema, {"uniqueItems"}, false);
        node.minLength = intAt(schema, {"minLength"});
        node.maxLength = intAt(schema, {"maxLength"});
        node.minItems = intAt(schema, {"minItems"});
        node.maxItems = intAt(schema, {"maxItems"});
        node.minProperties = intAt(schema, {"minProperties"});
        node.maxProperties = intAt(schema, {"maxProperties"});
        node.pattern = stringAt(schema, {"pattern"});
    }

    Result<void> fillChildren(SchemaNode& node, const JsonObject& schema) {
        const std::string path = m_path;
        std::map<std::string, SchemaNode*, std::less<>> children;
        if (const auto* properties = objectAt(schema, {"properties"})) {
            for (const auto& [key, value] : *properties) {
                m_path = path + "." + std::string(key);
                if (!value.is_object())
                    return problem("is not an object");
                auto& child = m_arena.nodes.emplace_back();
                node.properties.emplace(std::string(key), &child);
                children[std::string(key)] = &child;
                KUBEFED_TRY(fill(child, value.get_object()));
            }
        }
        if (boolAt(schema, {"x-kubernetes-embedded-resource"}, false)) {
            node.embedded = true;
            for (const auto* key : {"apiVersion", "kind"})
                node.properties.emplace(key, &SchemaNode::anything());
            node.properties["metadata"] = m_metadata != nullptr ? m_metadata : &SchemaNode::anything();
        }
        if (const auto* values = objectAt(schema, {"additionalProperties"})) {
            m_path = path + ".*";
            auto& child = m_arena.nodes.emplace_back();
            node.additional = &child;
            KUBEFED_TRY(fill(child, *values));
        } else if (boolAt(schema, {"additionalProperties"}, false)) {
            node.additional = &SchemaNode::anything();
        }
        m_path = path;
        for (const auto& key : node.required) {
            const auto* found = objectAt(schema, {"properties", key});
            if (!m_custom && found != nullptr && stringAt(*found, {"type"}) == "array")
                children[key]->zero = SchemaNode::Zero::Null;
        }
        const auto* items = objectAt(schema, {"items"});
        if (node.type == SchemaNode::Type::Array || (m_judgesOnly && items != nullptr)) {
            if (items == nullptr)
                return problem("is an array without items");
            m_path = path + "[]";
            auto& child = m_arena.nodes.emplace_back();
            node.items = &child;
            KUBEFED_TRY(fill(child, *items));
            m_path = path;
        }
        return {};
    }

    // Schemas that a value must fulfil besides: they have no types of their own and declare nothing.
    Result<void> fillJunctors(SchemaNode& node, const JsonObject& schema) {
        const bool outer = m_judgesOnly;
        const std::string path = m_path;
        const auto add = [&](const Json& value, const std::string& where) -> Result<const SchemaNode*> {
            m_path = path + "." + where;
            if (!value.is_object())
                return problem("is not an object");
            auto& child = m_arena.nodes.emplace_back();
            KUBEFED_TRY(fill(child, value.get_object()));
            return &child;
        };
        m_judgesOnly = true;
        for (const auto& [key, nodes] : {std::pair{"allOf", &node.allOf}, std::pair{"anyOf", &node.anyOf},
                                         std::pair{"oneOf", &node.oneOf}}) {
            const auto* schemas = arrayAt(schema, {key});
            for (std::size_t i = 0; schemas != nullptr && i < schemas->size(); ++i) {
                auto child = add((*schemas)[i], std::string(key) + "[" + std::to_string(i) + "]");
                if (!child)
                    return std::unexpected(std::move(child.error()));
                nodes->push_back(*child);
            }
        }
        if (const auto* value = find(schema, {"not"})) {
            auto child = add(*value, "not");
            if (!child)
                return std::unexpected(std::move(child.error()));
            node.negated = *child;
        }
        m_judgesOnly = outer;
        m_path = path;
        return {};
    }

    Arena& m_arena;
    bool m_custom;
    bool m_judgesOnly = false;  // inside allOf, anyOf, oneOf, not
    const SchemaNode* m_metadata = nullptr;
    std::map<std::string, Named, std::less<>> m_named;
    std::vector<Pending> m_pending;
    std::map<const SchemaNode*, std::size_t> m_pendingIndex;
    std::string m_path;
};

// Gives an object that is a whole resource the fields that every resource has.
Result<void> addResourceFields(Arena& arena, SchemaNode& node, const SchemaNode& objectMeta) {
    if (node.type != SchemaNode::Type::Object)
        return fail(Code::InvalidArgument, "a resource's schema must be of type object");
    auto& text = arena.nodes.emplace_back();
    text.type = SchemaNode::Type::String;
    node.properties["apiVersion"] = &text;
    node.properties["kind"] = &text;
    node.properties["metadata"] = &objectMeta;
    return {};
}

}  // namespace

const SchemaNode& SchemaNode::anything() {
    static const SchemaNode node = [] {
        SchemaNode any;
        any.preserveUnknown = true;
        return any;
    }();
    return node;
}

const SchemaNode* SchemaNode::declaredChild(std::string_view key) const {
    if (const auto found = properties.find(key); found != properties.end())
        return found->second;
    if (additional != nullptr)
        return additional;
    return preserveUnknown ? &anything() : nullptr;
}

const SchemaNode* SchemaNode::child(std::string_view key) const {
    const auto* declared = declaredChild(key);
    return declared == nullptr && properties.empty() && type != Type::Array ? &anything() : declared;
}

const SchemaNode& SchemaNode::element() const {
    return items != nullptr ? *items : anything();
}

Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::fromCrd(const JsonObject& openApiV3Schema) {
    auto arena = std::make_shared<Arena>();
    const auto meta = parseJson(kObjectMetaSchema);
    if (!meta)
        return std::unexpected(meta.error());
    Compiler compiler(*arena, true);
    auto& metaNode = arena->nodes.emplace_back();
    KUBEFED_TRY(compiler.fill(metaNode, meta->get_object()));
    compiler.setMetadata(metaNode);
    auto& root = arena->nodes.emplace_back();
    // Structural schemas have no references: one that is there stays unresolved and is reported.
    KUBEFED_TRY(compiler.fill(root, openApiV3Schema));
    KUBEFED_TRY(compiler.resolveReferences());
    KUBEFED_TRY(addResourceFields(*arena, root, metaNode));
    return std::shared_ptr<const Schema>(new Schema(arena, &root));
}

Result<std::shared_ptr<const SchemaSet>> SchemaSet::build(const std::vector<JsonObject>& documents) {
    auto arena = std::make_shared<Arena>();
    Compiler compiler(*arena, false);
    std::vector<std::pair<std::string, const JsonObject*>> sources;
    for (const auto& document : documents) {
        const auto* schemas = objectAt(document, {"schemas"});
        if (schemas == nullptr)
            continue;
        for (const auto& [name, schema] : *schemas) {
            if (!schema.is_object())
                return fail(Code::InvalidArgument, "schema " + std::string(name) + " is not an object");
            sources.emplace_back(std::string(name), &schema.get_object());
            compiler.declare(std::string(name), schema.get_object());
        }
    }
    KUBEFED_TRY(compiler.compileDeclared());
    KUBEFED_TRY(compiler.resolveReferences());
    std::shared_ptr<SchemaSet> out(new SchemaSet());
    for (const auto& [name, source] : sources) {
        std::shared_ptr<const Schema> schema(new Schema(arena, compiler.named(name)));
        out->m_byName[name] = schema;
        const auto* kinds = arrayAt(*source, {"x-kubernetes-group-version-kind"});
        if (kinds == nullptr || kinds->size() != 1 || !(*kinds)[0].is_object())
            continue;  // several kinds: DeleteOptions and the like, which belong to every group
        const auto& kind = (*kinds)[0].get_object();
        out->m_byKind[{std::string(stringAt(kind, {"group"})), std::string(stringAt(kind, {"version"})),
                       std::string(stringAt(kind, {"kind"}))}] = schema;
    }
    return std::shared_ptr<const SchemaSet>(std::move(out));
}

std::shared_ptr<const Schema> SchemaSet::byKind(const Gvk& gvk) const {
    const auto found = m_byKind.find(gvk);
    return found != m_byKind.end() ? found->second : nullptr;
}

std::shared_ptr<const Schema> SchemaSet::byName(std::string_view name) const {
    const auto found = m_byName.find(name);
    return found != m_byName.end() ? found->second : nullptr;
}

}  // namespace kubefed::kube
