// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/state/entry.h"

#include <algorithm>

#include "kubefed/apiserver/state/collection.h"
#include "kubefed/util/log.h"
#include "kubefed/util/utf8.h"

namespace kubefed::apiserver {
namespace {

constexpr std::size_t kMostDecoded = 48;  // of one type; some 10 to 20 KB each

// The string form in which field selectors compare a value.
std::string fieldText(const kube::JsonObject& document, std::string_view path) {
    const kube::JsonObject* object = &document;
    while (true) {
        const std::size_t dot = path.find('.');
        const kube::Json* value = object->if_contains(path.substr(0, dot));
        if (value == nullptr)
            return {};
        if (dot == std::string_view::npos) {
            if (value->is_string())
                return std::string(kube::view(value->get_string()));
            return value->is_null() ? std::string() : kube::printJson(*value);
        }
        object = value->if_object();
        if (object == nullptr)
            return {};
        path.remove_prefix(dot + 1);
    }
}

void extract(Entry& entry, const kube::JsonObject& document) {
    entry.name = kube::stringAt(document, {"metadata", "name"});
    entry.ns = kube::stringAt(document, {"metadata", "namespace"});
    entry.uid = kube::stringAt(document, {"metadata", "uid"});
    if (const kube::JsonObject* labels = kube::objectAt(document, {"metadata", "labels"}))
        entry.labels = *labels;
    if (const kube::JsonArray* owners = kube::arrayAt(document, {"metadata", "ownerReferences"}))
        for (const kube::Json& owner : *owners)
            if (owner.is_object())
                entry.ownerUids.emplace_back(kube::stringAt(owner.get_object(), {"uid"}));
    entry.deleting = !kube::stringAt(document, {"metadata", "deletionTimestamp"}).empty();
    const kube::JsonArray* finalizers = kube::arrayAt(document, {"metadata", "finalizers"});
    entry.hasFinalizers = finalizers != nullptr && !finalizers->empty();
    for (const std::string& path : entry.collection->selectable)
        entry.fields.push_back(fieldText(document, path));
}

std::string bodyText(const kube::JsonObject& document) {
    std::string text;
    for (const auto& [key, value] : document) {
        if (key == "kind" || key == "apiVersion")
            continue;
        if (!text.empty())
            text += ',';
        text += kube::printJson(kube::Json(key));
        text += ':';
        text += kube::printJson(value);
    }
    text += '}';
    return text;
}

std::string withoutInvalidUtf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8SequenceLength(text);
        out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

kube::JsonObject nameOnly(const Entry& entry, const std::string& apiVersion) {
    kube::JsonObject metadata{
        {"name", entry.name}, {"uid", entry.uid}, {"resourceVersion", std::to_string(entry.rv)}};
    if (!entry.ns.empty())
        metadata["namespace"] = entry.ns;
    return {{"kind", entry.collection->kind}, {"apiVersion", apiVersion}, {"metadata", std::move(metadata)}};
}

}  // namespace

void RecentlyDecoded::keep(const Entry& entry, kube::ObjectPtr object) {
    entry.decoded = std::move(object);
    if (entry.collection->keepDecoded)
        return;
    m_entries.push_back(entry.weak_from_this());
    if (m_entries.size() <= kMostDecoded)
        return;
    if (const EntryPtr oldest = m_entries.front().lock())
        oldest->decoded.reset();
    m_entries.pop_front();
}

std::string storageKey(std::string_view ns, std::string_view name) {
    std::string key(ns);
    if (!ns.empty())
        key += '/';
    return key.append(name);
}

std::shared_ptr<Entry> makeEntry(const Collection& collection, kube::JsonObject document, std::int64_t rv) {
    auto entry = std::make_shared<Entry>();
    entry->collection = &collection;
    entry->rv = rv;
    kube::ensureObject(document, {"metadata"})["resourceVersion"] = std::to_string(rv);
    document["kind"] = collection.kind;
    document["apiVersion"] = kube::Gvk{collection.gvr.group, collection.gvr.version, {}}.apiVersion();
    extract(*entry, document);
    entry->body = bodyText(document);
    entry->body.shrink_to_fit();
    collection.recent.keep(*entry, std::make_shared<const kube::Object>(std::move(document)));
    return entry;
}

Result<std::shared_ptr<Entry>> restoreEntry(const Collection& collection, std::string body, std::int64_t rv) {
    auto entry = std::make_shared<Entry>();
    entry->collection = &collection;
    entry->rv = rv;
    entry->body = std::move(body);
    Result<kube::Json> document = kube::parseJson("{" + entry->body);
    if (!document && findInvalidUtf8(entry->body) != std::string::npos) {
        // Earlier versions stored such text.
        entry->body = withoutInvalidUtf8(entry->body);
        document = kube::parseJson("{" + entry->body);
    }
    if (!document || !document->is_object())
        return fail(Code::DataLoss, "an object of \"" + collection.name +
                                        "\" in the store is not readable; restore a "
                                        "backup of the store");
    extract(*entry, document->get_object());
    return entry;
}

std::string fullText(const Entry& entry, std::string_view apiVersion) {
    std::string text;
    text.reserve(entry.body.size() + entry.collection->kind.size() + apiVersion.size() + 32);
    text.append("{\"kind\":\"").append(entry.collection->kind).append("\",\"apiVersion\":\"");
    text.append(apiVersion).append("\",").append(entry.body);
    return text;
}

kube::ObjectPtr decode(const Entry& entry) {
    if (entry.decoded)
        return entry.decoded;
    const kube::Gvr& gvr = entry.collection->gvr;
    const std::string apiVersion = kube::Gvk{gvr.group, gvr.version, {}}.apiVersion();
    Result<kube::Json> document = kube::parseJson(fullText(entry, apiVersion));
    // The write pipeline lets nothing else through and restoreEntry() read it once.
    if (!document || !document->is_object()) {
        log::error("a stored object is not readable",
                   {{"type", entry.collection->name}, {"object", entry.key()}});
        document = kube::Json(nameOnly(entry, apiVersion));
    }
    auto object = std::make_shared<const kube::Object>(std::move(document->get_object()));
    entry.collection->recent.keep(entry, object);
    return object;
}

EntryPtr withVersion(const Entry& entry, std::int64_t rv) {
    return makeEntry(*entry.collection, decode(entry)->document(), rv);
}

}  // namespace kubefed::apiserver
