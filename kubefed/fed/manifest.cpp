// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/manifest.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "kubefed/fed/names.h"

namespace kubefed::fed {
namespace {

using kube::JsonObject;

bool isHostAnnotation(std::string_view key) {
    static constexpr std::array<std::string_view, 3> kPrefixes{"kubectl.kubernetes.io/",
                                                               "argocd.argoproj.io/", "kubefed.io/"};
    return std::ranges::any_of(kPrefixes, [key](std::string_view prefix) { return key.starts_with(prefix); });
}

JsonObject memberMetadata(const kube::Object& from, const KindTraits& traits, std::string_view federationId) {
    JsonObject metadata;
    metadata["name"] = from.name();
    if (!from.ns().empty())
        metadata["namespace"] = from.ns();
    JsonObject& labels = metadata["labels"].emplace_object();
    if (from.labels() != nullptr)
        labels = *from.labels();
    labels[kFederationLabel] = federationId;
    JsonObject& annotations = metadata["annotations"].emplace_object();
    if (const JsonObject* theirs = from.annotations())
        for (const auto& [key, value] : *theirs)
            if (!isHostAnnotation(key))
                annotations[key] = value;
    annotations[kTemplateAnnotation] = from.key().text();
    annotations[kTemplateKindAnnotation] = traits.gvk().text();
    return metadata;
}

// "{...}" without its opening brace, so that a first member can be written before the others.
std::string withoutBrace(const JsonObject& object) {
    const std::string text = kube::printJson(object);
    return object.empty() ? "}" : "," + text.substr(1);
}

}  // namespace

std::string hex(std::uint64_t hash) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; hash >>= 4U)
        text[i] = kDigits[hash & 15U];
    return text;
}

std::uint64_t parseHex(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return text.size() == 16 && error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::shared_ptr<const Manifest> Manifest::build(const kube::Object& templateObject, const KindTraits& traits,
                                                std::string_view federationId) {
    std::shared_ptr<Manifest> manifest(new Manifest(traits));
    JsonObject document;
    document["apiVersion"] = traits.gvk().apiVersion();
    document["kind"] = traits.kind;
    document["metadata"] = memberMetadata(templateObject, traits, federationId);
    for (const auto& [key, value] : templateObject.document())
        if (key != "apiVersion" && key != "kind" && key != "metadata" && key != "status")
            document[key] = value;
    stripHostFilled(traits, document);
    // Some servers print an empty creation time in pod templates; it means nothing.
    if (const kube::Json* time = kube::find(document, {"spec", "template", "metadata", "creationTimestamp"});
        time != nullptr && time->is_null())
        kube::erase(document, {"spec", "template", "metadata", "creationTimestamp"});
    if (traits.isReplicated())
        kube::erase(document, {"spec", "replicas"});
    manifest->m_baseHash = stableHash(kube::printCanonical(document));

    // {"apiVersion":...,"kind":...,"metadata":{ UID "annotations":{"kubefed.io/applied":"HASH" ...}...},
    //  "spec":{ REPLICAS ...}, rest}
    JsonObject metadata = *kube::objectAt(document, {"metadata"});
    const JsonObject annotations = *kube::objectAt(metadata, {"annotations"});
    metadata.erase("annotations");
    manifest->m_head = "{\"apiVersion\":" + kube::printJson(document["apiVersion"]) +
                       ",\"kind\":" + kube::printJson(document["kind"]) + ",\"metadata\":{";
    manifest->m_middle = withoutBrace(annotations) + withoutBrace(metadata);
    JsonObject rest;
    for (const auto& [key, value] : document)
        if (key != "apiVersion" && key != "kind" && key != "metadata" &&
            !(traits.isReplicated() && key == "spec"))
            rest[key] = value;
    manifest->m_tail = withoutBrace(rest);
    if (traits.isReplicated()) {
        const JsonObject* spec = kube::objectAt(document, {"spec"});
        const JsonObject empty;
        manifest->m_tail = withoutBrace(spec != nullptr ? *spec : empty) + manifest->m_tail;
    }
    return manifest;
}

bool Manifest::isSameOf(const kube::Object& a, const kube::Object& b) {
    const auto equal = [](const kube::Json* left, const kube::Json* right) {
        return left == nullptr || right == nullptr ? left == right : kube::equal(*left, *right);
    };
    const auto covers = [&equal](const JsonObject& from, const JsonObject& to) {
        return std::ranges::all_of(from, [&](const auto& member) {
            return member.key() == "status" || member.key() == "metadata" ||
                   equal(&member.value(), to.if_contains(member.key()));
        });
    };
    for (const std::string_view field : {"name", "namespace", "labels", "annotations"})
        if (!equal(a.at({"metadata", field}), b.at({"metadata", field})))
            return false;
    return covers(a.document(), b.document()) && covers(b.document(), a.document());
}

std::uint64_t Manifest::hash(std::optional<std::int64_t> replicas) const {
    return m_kind.isReplicated() ? stableHash(std::to_string(replicas.value_or(0)), m_baseHash) : m_baseHash;
}

std::string Manifest::body(std::optional<std::int64_t> replicas, std::string_view uid) const {
    std::string text;
    text.reserve(m_head.size() + m_middle.size() + m_tail.size() + 160);
    text += m_head;
    if (!uid.empty()) {
        text += "\"uid\":\"";
        text += uid;  // a UID has no character that JSON would escape
        text += "\",";
    }
    text += "\"annotations\":{\"";
    text += kAppliedAnnotation;
    text += "\":\"" + hex(hash(replicas)) + "\"";
    text += m_middle;
    if (m_kind.isReplicated())
        text += ",\"spec\":{\"replicas\":" + std::to_string(replicas.value_or(0));
    text += m_tail;
    return text;
}

JsonObject Manifest::document(std::optional<std::int64_t> replicas) const {
    Result<kube::Json> parsed = kube::parseJson(body(replicas));
    return parsed && parsed->is_object() ? std::move(parsed->get_object()) : JsonObject{};
}

}  // namespace kubefed::fed
