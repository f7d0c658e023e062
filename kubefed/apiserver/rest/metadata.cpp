// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/metadata.h"

#include <algorithm>
#include <array>
#include <random>

#include "kubefed/apiserver/kinds/names.h"

namespace kubefed::apiserver {
namespace {

std::mt19937_64& randomSource() {
    thread_local std::mt19937_64 source{std::random_device{}()};
    return source;
}

const kube::JsonObject& metadataOf(const kube::JsonObject& object) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* metadata = kube::objectAt(object, {"metadata"});
    return metadata == nullptr ? kNone : *metadata;
}

void copyOrErase(kube::JsonObject& to, const kube::JsonObject& from, std::string_view key) {
    if (const kube::Json* value = from.if_contains(key))
        to[key] = *value;
    else
        to.erase(key);
}

void checkOwners(Checker& checker, const kube::JsonObject& metadata, const Path& path) {
    bool controller = false;
    forEachObject(metadata, "ownerReferences", [&](const kube::JsonObject& owner, std::size_t i) {
        (void)i;  // kube-apiserver names the list, not the element
        const Path& at = path;
        const kube::GroupVersion version = kube::GroupVersion::parse(textOf(owner, "apiVersion"));
        if (version.version.empty())
            checker.invalid(at.child("apiVersion"), kube::Json(textOf(owner, "apiVersion")),
                            "version must not be empty");
        for (const std::string_view key : {"kind", "name", "uid"})
            if (textOf(owner, key).empty())
                checker.invalid(at.child(key), kube::Json(""), "must not be empty");
        if (truthOf(owner, "controller") && std::exchange(controller, true))
            checker.invalid(path, kube::Json(owner), "Only one reference can have Controller set to true");
    });
}

// Custom resources and their definitions may have finalizers without a domain.
bool wantsDomain(const ResourceSpec& spec) {
    return !spec.custom && spec.gvr.group != "apiextensions.k8s.io";
}

void checkFinalizers(Checker& checker, const kube::JsonObject& metadata, const Path& path,
                     const ResourceSpec& spec) {
    const kube::JsonArray* finalizers = arrayOf(metadata, "finalizers");
    if (finalizers == nullptr)
        return;
    bool orphan = false, foreground = false;
    std::size_t index = 0;
    for (const kube::Json& finalizer : *finalizers) {
        const Path at = path.index(index++);
        if (!finalizer.is_string())
            continue;
        const std::string_view text = kube::view(finalizer.get_string());
        checker.invalid(path, text, qualifiedNameProblems(text));
        const bool standard = text == "orphan" || text == "foregroundDeletion" || text == "kubernetes";
        if (!standard && wantsDomain(spec) && text.find('/') == std::string_view::npos)
            checker.invalid(at, kube::Json(text),
                            "name is neither a standard finalizer name nor is it fully qualified");
        orphan = orphan || text == "orphan";
        foreground = foreground || text == "foregroundDeletion";
    }
    if (orphan && foreground)
        checker.invalid(path, kube::Json(*finalizers),
                        "finalizer orphan and foregroundDeletion cannot be both set");
}

void checkName(Checker& checker, const kube::JsonObject& metadata, const ResourceSpec& spec,
               const Path& path) {
    if (const std::string_view base = textOf(metadata, "generateName"); !base.empty())
        checker.invalid(path.child("generateName"), base,
                        nameProblems(spec.strategy->nameRule(), base, true));
    const std::string_view name = textOf(metadata, "name");
    if (name.empty())
        checker.required(path.child("name"), "name or generateName is required");
    else
        checker.invalid(path.child("name"), name, nameProblems(spec.strategy->nameRule(), name, false));
}

}  // namespace

std::string generatedName(std::string_view base) {
    static constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    std::string name(base.substr(0, 58));
    std::uniform_int_distribution<std::size_t> pick(0, kLetters.size() - 1);
    for (int i = 0; i < 5; ++i)
        name += kLetters[pick(randomSource())];
    return name;
}

std::string randomUid() {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::array<std::uint64_t, 2> bits{randomSource()(), randomSource()()};
    std::string uid;
    for (int i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            uid += '-';
        std::uint64_t nibble = (bits[static_cast<std::size_t>(i / 16)] >> (4 * (i % 16))) & 15U;
        nibble = i == 12 ? 4 : i == 16 ? 8 | (nibble & 3U) : nibble;
        uid += kHex[nibble];
    }
    return uid;
}

void stampCreated(kube::JsonObject& object, bool hasGeneration, WallTime now) {
    kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
    for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"})
        metadata.erase(key);
    metadata["uid"] = randomUid();
    metadata["creationTimestamp"] = toRfc3339(now);
    if (hasGeneration)
        metadata["generation"] = 1;
}

void carrySystemMetadata(kube::JsonObject& next, const kube::JsonObject& previous) {
    kube::JsonObject& metadata = kube::ensureObject(next, {"metadata"});
    const kube::JsonObject& before = metadataOf(previous);
    for (const char* key : {"creationTimestamp", "generation"})
        copyOrErase(metadata, before, key);
    // Whoever would begin a deletion this way is told, by validation.
    if (member(before, "deletionTimestamp") != nullptr)
        for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds"})
            copyOrErase(metadata, before, key);
    for (const char* key : {"uid", "namespace", "name"})
        if (textOf(metadata, key).empty())
            copyOrErase(metadata, before, key);
    metadata.erase("selfLink");
    copyOrErase(metadata, before, "resourceVersion");
}

bool sameContent(const kube::JsonObject& a, const kube::JsonObject& b) {
    const auto isState = [](std::string_view key) { return key == "metadata" || key == "status"; };
    for (const auto& [key, value] : a)
        if (!isState(key)) {
            const kube::Json* other = b.if_contains(key);
            if (other == nullptr || !kube::equal(value, *other))
                return false;
        }
    for (const auto& [key, value] : b)
        if (!isState(key) && !a.contains(key))
            return false;
    return true;
}

void advanceGeneration(kube::JsonObject& next, const kube::JsonObject& previous, bool statusCounts) {
    const auto status = [](const kube::JsonObject& object) {
        const kube::Json* found = object.if_contains("status");
        return found != nullptr ? *found : kube::Json();
    };
    if (!sameContent(next, previous) || (statusCounts && !kube::equal(status(next), status(previous))))
        kube::ensureObject(next, {"metadata"})["generation"] =
            kube::intAt(previous, {"metadata", "generation"}).value_or(0) + 1;
}

Causes validateMetadata(const kube::JsonObject& object, const ResourceSpec& spec) {
    Checker checker;
    const Path path("metadata");
    const kube::JsonObject& metadata = metadataOf(object);
    checkName(checker, metadata, spec, path);
    checkLabels(checker, objectOf(metadata, "labels"), path.child("labels"));
    checkAnnotations(checker, objectOf(metadata, "annotations"), path.child("annotations"));
    checkOwners(checker, metadata, path.child("ownerReferences"));
    checkFinalizers(checker, metadata, path.child("finalizers"), spec);
    return checker.take();
}

Causes validateMetadataUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                              const ResourceSpec& spec) {
    Checker checker;
    const Path path("metadata");
    const kube::JsonObject& metadata = metadataOf(next);
    const kube::JsonObject& before = metadataOf(previous);
    for (const char* key : {"name", "namespace", "uid"})
        checker.immutable(path.child(key), member(metadata, key), member(before, key));
    for (const char* key : {"deletionTimestamp", "deletionGracePeriodSeconds"})
        for (int twice = 0; twice < 2; ++twice)
            checker.immutable(path.child(key), member(metadata, key), member(before, key));
    checkLabels(checker, objectOf(metadata, "labels"), path.child("labels"));
    checkAnnotations(checker, objectOf(metadata, "annotations"), path.child("annotations"));
    checkOwners(checker, metadata, path.child("ownerReferences"));
    for (int twice = 0; twice < 2; ++twice)  // kube-apiserver checks them in two places
        checkFinalizers(checker, metadata, path.child("finalizers"), spec);
    if (member(before, "deletionTimestamp") != nullptr) {
        const kube::JsonArray* finalizers = arrayOf(metadata, "finalizers");
        const kube::JsonArray* had = arrayOf(before, "finalizers");
        for (const kube::Json& finalizer : finalizers == nullptr ? kube::JsonArray() : *finalizers)
            if (had == nullptr || std::find(had->begin(), had->end(), finalizer) == had->end())
                for (int twice = 0; twice < 2; ++twice)  // kube-apiserver checks it in two places
                    checker.forbidden(path.child("finalizers"),
                                      "no new finalizers can be added if the object is being deleted, found "
                                      "new finalizers []string{" +
                                          kube::printJson(finalizer) + "}");
    }
    return checker.take();
}

const kube::FieldSet* resetFields(const ResourceSpec& spec, std::string_view subresource) {
    static const kube::FieldSet kStatus = kube::FieldSet::fromPaths({{"f:status"}});
    static const kube::FieldSet kSpec = kube::FieldSet::fromPaths({{"f:spec"}});
    if (subresource == "status")
        return &kSpec;
    return subresource.empty() && spec.hasStatus ? &kStatus : nullptr;
}

void tidyMetadata(kube::JsonObject& object) {
    kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
    for (auto it = metadata.begin(); it != metadata.end();) {
        const kube::Json& value = it->value();
        const bool empty = value.is_null() || (value.is_object() && value.get_object().empty()) ||
                           (value.is_array() && value.get_array().empty() && it->key() != "managedFields") ||
                           (value.is_string() && value.get_string().empty());
        it = empty ? metadata.erase(it) : std::next(it);
    }
}

}  // namespace kubefed::apiserver
