// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/kube/patch.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::kube {

namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kElementOrder = "$setElementOrder/";
constexpr std::string_view kDeletePrimitives = "$deleteFromPrimitiveList/";

using Nothing = Result<void>;

std::string_view keyOf(const JsonObject::value_type& member) {
    return {member.key().data(), member.key().size()};
}
json::string_view boostView(std::string_view text) {
    return {text.data(), text.size()};
}

// As Go's %v, in which the server words its errors.
std::string goText(const Json& value) {
    std::string out;
    if (value.is_string())
        return std::string(view(value.get_string()));
    if (value.is_null())
        return "<nil>";
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            out += (out.empty() ? "" : " ") + goText(element);
        return "[" + out + "]";
    }
    const auto* object = value.if_object();
    if (object == nullptr)
        return printJson(value);
    std::vector<std::string> parts;
    for (const auto& member : *object)
        parts.push_back(std::string(member.key()) + ":" + goText(member.value()));
    std::sort(parts.begin(), parts.end());
    for (const auto& part : parts)
        out += (out.empty() ? "" : " ") + part;
    return "map[" + out + "]";
}

bool hasStrategy(const SchemaNode& node, std::string_view strategy) {
    return std::find(node.patchStrategy.begin(), node.patchStrategy.end(), strategy) !=
           node.patchStrategy.end();
}

const SchemaNode& childOf(const SchemaNode& node, std::string_view key) {
    const auto* child = node.child(key);
    return child != nullptr ? *child : SchemaNode::anything();
}

std::unexpected<Error> unknownDirective(const Json& directive, const JsonObject& where) {
    return fail(unexpected("unknown patch type: " + goText(directive) + " in map: " + goText(Json(where))));
}

// What stays of a patch value that has nothing to be merged into: no directives, no nulls in maps; elements
// and maps that carry a directive do not come at all.
bool stripDirectives(Json& value) {
    if (auto* object = value.if_object()) {
        if (object->contains(boostView(kPatch)))
            return false;
        for (auto it = object->begin(); it != object->end();) {
            const auto key = keyOf(*it);
            const bool directive =
                key == kRetainKeys || key.starts_with(kElementOrder) || key.starts_with(kDeletePrimitives);
            if (directive || it->value().is_null() || !stripDirectives(it->value()))
                it = object->erase(it);
            else
                ++it;
        }
    } else if (auto* array = value.if_array()) {
        for (auto it = array->begin(); it != array->end();)
            it = stripDirectives(*it) ? it + 1 : array->erase(it);
    }
    return true;
}

const Json* mergeKeyOf(const Json& element, std::string_view mergeKey) {
    const auto* object = element.if_object();
    return object != nullptr ? object->if_contains(boostView(mergeKey)) : nullptr;
}

// Equal as list members: by merge key, or by value where there is none.
bool sameElement(const Json& a, const Json& b, std::string_view mergeKey) {
    if (mergeKey.empty())
        return equal(a, b);
    const auto* left = mergeKeyOf(a, mergeKey);
    const auto* right = mergeKeyOf(b, mergeKey);
    return left != nullptr && right != nullptr && equal(*left, *right);
}

std::size_t indexIn(const JsonArray& list, const Json& element, std::string_view mergeKey) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (sameElement(list[i], element, mergeKey))
            return i;
    }
    return list.size();
}

void sortBy(std::vector<Json>& elements, const JsonArray& order, std::string_view mergeKey) {
    std::stable_sort(elements.begin(), elements.end(), [&](const Json& a, const Json& b) {
        return indexIn(order, a, mergeKey) < indexIn(order, b, mergeKey);
    });
}

// Elements that the patch names stand in the patch's order; the others keep the server's, placed before the
// first named one that followed them there.
JsonArray ordered(JsonArray merged, const JsonArray& patchOrder, const JsonArray& serverOrder,
                  std::string_view mergeKey) {
    std::vector<Json> named;
    std::vector<Json> others;
    for (auto& element : merged) {
        const bool isNamed = indexIn(patchOrder, element, mergeKey) < patchOrder.size();
        (isNamed ? named : others).push_back(std::move(element));
    }
    sortBy(named, patchOrder, mergeKey);
    sortBy(others, serverOrder, mergeKey);
    JsonArray out;
    out.reserve(named.size() + others.size());
    auto left = others.begin();
    auto right = named.begin();
    while (left != others.end() || right != named.end()) {
        bool takeLeft = right == named.end();
        if (!takeLeft && left != others.end()) {
            const auto leftIndex = indexIn(serverOrder, *left, mergeKey);
            const auto rightIndex = indexIn(serverOrder, *right, mergeKey);
            takeLeft = rightIndex < serverOrder.size() && leftIndex < rightIndex;
        }
        out.push_back(std::move(takeLeft ? *left++ : *right++));
    }
    return out;
}

Nothing mergeMap(JsonObject& target, JsonObject patch, const SchemaNode& node);
Nothing mergeList(JsonArray& target, JsonArray patch, const SchemaNode& node);

Nothing retainKeys(JsonObject& target, JsonObject& patch) {
    const auto* found = patch.if_contains(boostView(kRetainKeys));
    if (found == nullptr)
        return {};
    const auto* list = found->if_array();
    if (list == nullptr)
        return fail(badRequest("invalid patch format of retainKeys"));
    const auto listed = [&](std::string_view key) {
        return std::any_of(list->begin(), list->end(), [&](const Json& entry) {
            return entry.is_string() && view(entry.get_string()) == key;
        });
    };
    for (const auto& member : patch) {
        const auto key = keyOf(member);
        const bool exempt = member.value().is_null() || key == kRetainKeys ||
                            key.starts_with(kElementOrder) || key.starts_with(kDeletePrimitives);
        if (!exempt && !listed(key))
            return fail(badRequest("invalid patch format of retainKeys"));
    }
    for (auto it = target.begin(); it != target.end();)
        it = listed(keyOf(*it)) ? it + 1 : target.erase(it);
    patch.erase(boostView(kRetainKeys));
    return {};
}

// The elements of a patch list must come in the order in which $setElementOrder names them.
Nothing checkOrder(const JsonArray& patch, const JsonArray& order, std::string_view mergeKey) {
    if (patch.empty() || order.empty())
        return {};
    std::size_t next = 0;
    for (const auto& element : patch) {
        if (element.is_object() && element.get_object().contains(boostView(kPatch)))
            continue;
        while (next < order.size() && !sameElement(order[next], element, mergeKey))
            ++next;
        if (next == order.size())
            return fail(unexpected("The order in patch list:\n" + goText(Json(patch)) + "\n doesn't match " +
                                   "$setElementOrder list:\n" + goText(Json(order)) + "\n"));
        ++next;
    }
    return {};
}

Nothing mergeOrdered(JsonObject& target, JsonObject& patch, const std::string& key, const Json& orderValue,
                     const SchemaNode& node) {
    const auto* order = orderValue.if_array();
    if (order == nullptr)
        return fail(badRequest("invalid patch format of setElementOrder list"));
    Json* current = target.if_contains(key);
    const Json* change = patch.if_contains(key);
    if (change != nullptr && change->is_null())
        return {};  // the null is handled as any other
    if ((change != nullptr && !change->is_array()) ||
        (current != nullptr && !current->is_null() && !current->is_array()))
        return fail(badRequest("invalid patch format of setElementOrder list"));
    const bool have = current != nullptr && current->is_array();
    if (!have && change == nullptr)
        return {};
    const auto& child = childOf(node, key);
    const JsonArray before = have ? current->get_array() : JsonArray();
    JsonArray merged = before;
    if (change != nullptr) {
        KUBEFED_TRY(checkOrder(change->get_array(), *order, child.patchMergeKey));
        if (!have) {
            Json added = *change;
            stripDirectives(added);
            merged = std::move(added.get_array());
        } else if (hasStrategy(child, "merge")) {
            KUBEFED_TRY(mergeList(merged, change->get_array(), child));
        } else {
            merged = change->get_array();
        }
    }
    target[key] = ordered(std::move(merged), *order, before, child.patchMergeKey);
    patch.erase(key);
    return {};
}

Nothing applyElementOrders(JsonObject& target, JsonObject& patch, const SchemaNode& node) {
    std::vector<std::string> directives;
    for (const auto& member : patch) {
        if (keyOf(member).starts_with(kElementOrder))
            directives.emplace_back(keyOf(member));
    }
    for (const auto& directive : directives) {
        const Json order = std::move(patch[directive]);
        patch.erase(directive);
        KUBEFED_TRY(mergeOrdered(target, patch, directive.substr(kElementOrder.size()), order, node));
    }
    return {};
}

Nothing deletePrimitives(JsonObject& target, std::string_view key, const Json& values) {
    const auto* list = values.if_array();
    if (list == nullptr)
        return fail(badRequest("invalid patch format of primitive list"));
    auto* current = target.if_contains(boostView(key));
    auto* array = current != nullptr ? current->if_array() : nullptr;
    if (array == nullptr)
        return {};
    for (auto it = array->begin(); it != array->end();)
        it = indexIn(*list, *it, {}) < list->size() ? array->erase(it) : it + 1;
    return {};
}

Nothing mergeMember(JsonObject& target, std::string_view key, Json& change, const SchemaNode& node) {
    if (change.is_null()) {
        target.erase(boostView(key));
        return {};
    }
    const auto& child = childOf(node, key);
    Json* current = target.if_contains(boostView(key));
    const bool sameKind = current != nullptr && ((current->is_object() && change.is_object()) ||
                                                 (current->is_array() && change.is_array()));
    if (sameKind && change.is_object() && !hasStrategy(child, "replace"))
        return mergeMap(current->get_object(), std::move(change.get_object()), child);
    if (sameKind && change.is_array() && hasStrategy(child, "merge"))
        return mergeList(current->get_array(), std::move(change.get_array()), child);
    if (sameKind) {
        *current = std::move(change);
        return {};
    }
    // A directive for what is not there has nothing to do.
    if (const auto* object = change.if_object()) {
        if (const auto* directive = object->if_contains(boostView(kPatch));
            directive != nullptr && goText(*directive) != "delete" && goText(*directive) != "replace" &&
            goText(*directive) != "merge")
            return unknownDirective(*directive, *object);
    }
    if (stripDirectives(change))
        target[boostView(key)] = std::move(change);
    return {};
}

Nothing mergeMap(JsonObject& target, JsonObject patch, const SchemaNode& node) {
    if (const auto* directive = patch.if_contains(boostView(kPatch))) {
        const auto text = goText(*directive);
        if (text == "delete") {
            target.clear();
            return {};
        }
        if (text != "replace")
            return unknownDirective(*directive, patch);
        patch.erase(boostView(kPatch));
        target = std::move(patch);
        return {};
    }
    KUBEFED_TRY(retainKeys(target, patch));
    KUBEFED_TRY(applyElementOrders(target, patch, node));
    // Deletions before additions: a value may be in both.
    for (auto& member : patch) {
        if (keyOf(member).starts_with(kDeletePrimitives))
            KUBEFED_TRY(
                deletePrimitives(target, keyOf(member).substr(kDeletePrimitives.size()), member.value()));
    }
    for (auto& member : patch) {
        if (!keyOf(member).starts_with(kDeletePrimitives))
            KUBEFED_TRY(mergeMember(target, keyOf(member), member.value(), node));
    }
    return {};
}

// Carries out the elements that are directives and leaves the others in `patch`; true if the list is
// replaced.
Result<bool> runElementDirectives(JsonArray& target, JsonArray& patch, std::string_view mergeKey) {
    JsonArray plain;
    bool replace = false;
    for (auto& element : patch) {
        const auto* object = element.if_object();
        if (object == nullptr)
            return fail(badRequest("invalid JSON document"));
        const auto* directive = object->if_contains(boostView(kPatch));
        if (directive == nullptr) {
            plain.push_back(std::move(element));
            continue;
        }
        const auto text = goText(*directive);
        if (text == "replace") {
            replace = true;
        } else if (text == "delete") {
            if (mergeKeyOf(element, mergeKey) == nullptr)
                return fail(unexpected("map: " + goText(element) +
                                       " does not contain declared merge key: " + std::string(mergeKey)));
            for (auto it = target.begin(); it != target.end();)
                it = sameElement(*it, element, mergeKey) ? target.erase(it) : it + 1;
        } else if (text == "merge") {
            return fail(unexpected("merging lists cannot yet be specified in the patch"));
        } else {
            return unknownDirective(*directive, *object);
        }
    }
    patch = std::move(plain);
    return replace;
}

Nothing mergeList(JsonArray& target, JsonArray patch, const SchemaNode& node) {
    if (target.empty() && patch.empty())
        return {};
    const JsonArray before = target;
    const auto& mergeKey = node.patchMergeKey;
    const auto& first = patch.empty() ? target[0] : patch[0];
    if (!first.is_object()) {
        JsonArray merged;
        for (auto* list : {&target, &patch}) {
            for (const auto& element : *list) {
                if (element.is_array())
                    return fail(unexpected("lists of lists are not supported"));
                if (indexIn(merged, element, {}) == merged.size())
                    merged.push_back(element);
            }
        }
        target = ordered(std::move(merged), patch, before, {});
        return {};
    }
    if (mergeKey.empty())
        return fail(unexpected("cannot merge lists without merge key for " + node.name));
    const auto replaced = runElementDirectives(target, patch, mergeKey);
    if (!replaced)
        return fail(replaced.error());
    if (*replaced) {
        target = std::move(patch);
        return {};
    }
    for (auto& element : patch) {
        if (mergeKeyOf(element, mergeKey) == nullptr)
            return fail(
                unexpected("map: " + goText(element) + " does not contain declared merge key: " + mergeKey));
        const auto index = indexIn(target, element, mergeKey);
        if (index < target.size()) {
            KUBEFED_TRY(mergeMap(target[index].get_object(), element.get_object(), node.element()));
        } else {
            Json added = element;
            stripDirectives(added);
            target.push_back(std::move(added));
        }
    }
    target = ordered(std::move(target), patch, before, mergeKey);
    return {};
}

}  // namespace

Result<JsonObject> applyStrategicPatch(const JsonObject& document, const JsonObject& patch,
                                       const SchemaNode& schema) {
    JsonObject out = document;
    KUBEFED_TRY(mergeMap(out, patch, schema));
    return out;
}

}  // namespace kubefed::kube
