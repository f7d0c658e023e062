// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/reclaim.h"

#include <algorithm>
#include <array>

#include "kubefed/fed/names.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::fed {
namespace {

using kube::FieldSet;
using kube::Json;
using kube::JsonArray;
using kube::JsonObject;

std::string fieldKey(std::string_view name) {
    return "f:" + std::string(name);
}

// Metadata has no such lists that we send.
JsonObject contentOf(const JsonObject& sent) {
    JsonObject content = sent;
    for (const std::string_view key : {"apiVersion", "kind", "metadata", "status"})
        content.erase(key);
    return content;
}

// The fields by which items are told apart: {"name"}, {"port", "protocol"}. Empty: the items have no names.
std::vector<std::string> keyNames(const FieldSet& list) {
    std::vector<std::string> names;
    for (const auto& [element, child] : list.children()) {
        if (!element.starts_with("k:"))
            continue;
        const Result<Json> keys = kube::parseJson(std::string_view(element).substr(2));
        if (keys && keys->is_object())
            for (const auto& [name, value] : keys->get_object())
                names.emplace_back(name);
        return names;
    }
    return names;
}

std::string elementOf(const JsonObject& item, const std::vector<std::string>& names) {
    JsonObject keys;
    for (const std::string& name : names)
        if (const Json* value = item.if_contains(name))
            keys[name] = *value;
    return "k:" + kube::printCanonical(Json(std::move(keys)));
}

// What `sent` leaves out the member has filled in.
bool isSameItem(const JsonObject& sent, const Json& live, const std::vector<std::string>& names) {
    const JsonObject* there = live.if_object();
    return there != nullptr && std::ranges::all_of(names, [&](const std::string& name) {
               const Json* wanted = sent.if_contains(name);
               const Json* present = there->if_contains(name);
               return wanted == nullptr || (present != nullptr && kube::equal(*wanted, *present));
           });
}

// What the API server fills in alike for every item does not tell which one it was; nor does yes or no.
bool tells(std::string_view field, const Json& value) {
    static constexpr std::array<std::string_view, 4> kAlike{
        "imagePullPolicy", "protocol", "terminationMessagePath", "terminationMessagePolicy"};
    const bool isEmpty =
        (value.is_object() && value.get_object().empty()) || (value.is_array() && value.get_array().empty());
    return !isEmpty && !value.is_null() && !value.is_bool() &&
           std::ranges::find(kAlike, field) == kAlike.end();
}

// How many fields but the keys an item has of the one that has gone. Of a Service's ports no two can be
// without a name.
std::size_t resemblance(const JsonObject& gone, const JsonObject& there,
                        const std::vector<std::string>& names) {
    const auto isKey = [&](std::string_view field) { return std::ranges::find(names, field) != names.end(); };
    const auto alike = std::ranges::count_if(gone, [&](const auto& member) {
        const std::string_view field(member.key().data(), member.key().size());
        const Json* present = there.if_contains(field);
        return present != nullptr && !isKey(field) && tells(field, member.value()) &&
               kube::equal(member.value(), *present);
    });
    const bool isNameless = isKey("port") && !gone.contains("name") && !there.contains("name");
    return static_cast<std::size_t>(alike) + (isNameless ? 1 : 0);
}

class StandIns {
public:
    // Marks in `found` the items of `live` that stand where one of `sent` has gone. `owned`: by anybody.
    static void find(const JsonObject& sent, const JsonObject& live, const FieldSet& owned, FieldSet& found) {
        inObject(sent, live, owned, found);
    }

private:
    static void inValue(const Json& sent, const Json& live, const FieldSet& owned, FieldSet& found) {
        if (sent.is_object() && live.is_object())
            inObject(sent.get_object(), live.get_object(), owned, found);
        else if (sent.is_array() && live.is_array())
            inList(sent.get_array(), live.get_array(), owned, found);
    }
    static void below(const std::string& element, const Json& sent, const Json& live, const FieldSet& owned,
                      FieldSet& found) {
        const auto known = owned.children().find(element);
        if (known == owned.children().end())
            return;
        FieldSet inside;
        inValue(sent, live, known->second, inside);
        if (!inside.isEmpty())
            found.children()[element] = std::move(inside);
    }
    static void inObject(const JsonObject& sent, const JsonObject& live, const FieldSet& owned,
                         FieldSet& found) {
        for (const auto& [name, value] : sent)
            if (const Json* there = live.if_contains(name))
                below(fieldKey(name), value, *there, owned, found);
    }
    static void inList(const JsonArray& sent, const JsonArray& live, const FieldSet& owned, FieldSet& found) {
        const std::vector<std::string> names = keyNames(owned);
        if (names.empty())
            return;  // replaced as a whole by any apply
        std::vector<const JsonObject*> others;
        for (const Json& there : live)
            others.push_back(there.if_object());
        std::vector<const JsonObject*> gone;
        for (const Json& item : sent) {
            const JsonObject* wanted = item.if_object();
            if (wanted == nullptr)
                return;
            const auto at = std::ranges::find_if(
                live, [&](const Json& there) { return isSameItem(*wanted, there, names); });
            if (at == live.end()) {
                gone.push_back(wanted);
                continue;
            }
            others[static_cast<std::size_t>(at - live.begin())] = nullptr;
            below(elementOf(at->get_object(), names), item, *at, owned, found);
        }
        std::erase(others, nullptr);
        while (const JsonObject* standIn = takeClosest(gone, others, names))
            found.children()[elementOf(*standIn, names)].setMember(true);
    }
    // The pair that resembles most leaves both lists; null: none resembles at all.
    static const JsonObject* takeClosest(std::vector<const JsonObject*>& gone,
                                         std::vector<const JsonObject*>& others,
                                         const std::vector<std::string>& names) {
        std::size_t most = 0;
        auto lost = gone.end();
        auto found = others.end();
        for (auto one = gone.begin(); one != gone.end(); ++one)
            for (auto other = others.begin(); other != others.end(); ++other)
                if (const std::size_t alike = resemblance(**one, **other, names); alike > most) {
                    most = alike;
                    lost = one;
                    found = other;
                }
        if (most == 0)
            return nullptr;
        const JsonObject* standIn = *found;
        gone.erase(lost);
        others.erase(found);
        return standIn;
    }
};

// What `from` has at and below the members of `what`.
FieldSet within(const FieldSet& from, const FieldSet& what) {
    if (what.isMember())
        return from;
    FieldSet result;
    for (const auto& [element, child] : what.children())
        if (const auto known = from.children().find(element); known != from.children().end())
            if (FieldSet inside = within(known->second, child); !inside.isEmpty())
                result.children()[element] = std::move(inside);
    return result;
}

// Of an object or a list, and what our entry has of it.
bool missesBelow(const JsonObject& fields, const Json& sent) {
    if (fields.empty())
        return false;  // owned as a whole
    if (const JsonObject* object = sent.if_object()) {
        return std::ranges::any_of(*object, [&](const auto& member) {
            const Json* child = fields.if_contains(fieldKey(member.key()));
            const JsonArray* items = member.value().if_array();
            if (child == nullptr || !child->is_object())
                return items != nullptr && !items->empty() && items->front().is_object();
            return missesBelow(child->get_object(), member.value());
        });
    }
    const JsonArray* items = sent.if_array();
    return items != nullptr && std::ranges::any_of(*items, [&](const Json& item) {
               if (!item.is_object())
                   return false;
               const JsonObject* below = ownedItem(fields, item);
               return below == nullptr || missesBelow(*below, item);
           });
}

}  // namespace

bool missesItems(const MemberObject& live, const JsonObject& sent) {
    if (!live.ownedFields)
        return false;
    const Result<Json> fields = kube::parseJson(*live.ownedFields);
    return fields && fields->is_object() && missesBelow(fields->get_object(), contentOf(sent));
}

std::string reclaimPatch(const kube::Object& live, const JsonObject& sent) {
    Result<std::vector<kube::ManagedFieldsEntry>> entries = kube::readManagedFields(live.document());
    if (!entries)
        return {};
    const auto ours = std::ranges::find_if(*entries, [](const kube::ManagedFieldsEntry& entry) {
        return entry.manager == kFieldManager && entry.operation == "Apply" && entry.subresource.empty();
    });
    if (ours == entries->end())
        return {};
    FieldSet owned;
    for (const kube::ManagedFieldsEntry& entry : *entries)
        owned.insert(entry.fields);
    FieldSet found;
    StandIns::find(contentOf(sent), live.document(), owned, found);
    if (found.isEmpty())
        return {};
    FieldSet moved = within(owned, found);
    moved.insert(found);
    for (kube::ManagedFieldsEntry& entry : *entries)
        entry.fields.removeWithin(found);
    ours->fields.insert(moved);
    std::erase_if(*entries, [](const kube::ManagedFieldsEntry& entry) { return entry.fields.isEmpty(); });
    JsonObject document;
    kube::writeManagedFields(document, *entries);
    JsonObject test{{"op", "test"}, {"path", "/metadata/resourceVersion"}};
    test["value"] = live.resourceVersion();
    JsonObject replace{{"op", "replace"}, {"path", "/metadata/managedFields"}};
    replace["value"] = *kube::arrayAt(document, {"metadata", "managedFields"});
    JsonArray patch;
    patch.emplace_back(std::move(test));
    patch.emplace_back(std::move(replace));
    return kube::printJson(Json(std::move(patch)));
}

}  // namespace kubefed::fed
