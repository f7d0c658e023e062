// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/object.h"

namespace kubefed::kube {

Object Object::make(const Gvk& gvk, std::string_view ns, std::string_view name) {
    JsonObject metadata;
    if (!ns.empty())
        metadata["namespace"] = ns;
    metadata["name"] = name;
    JsonObject document;
    document["apiVersion"] = gvk.apiVersion();
    document["kind"] = gvk.kind;
    document["metadata"] = std::move(metadata);
    return Object(std::move(document));
}

Result<Object> Object::parse(std::string_view text) {
    auto value = parseJson(text);
    if (!value)
        return std::unexpected(std::move(value.error()));
    if (!value->is_object())
        return fail(Code::InvalidArgument, "the document is not a JSON object");
    return Object(std::move(value->get_object()));
}

std::string Object::text() const {
    return printJson(m_document);
}

Gvk Object::gvk() const {
    auto gv = GroupVersion::parse(apiVersion());
    return {std::move(gv.group), std::move(gv.version), std::string(kind())};
}

ObjectKey Object::key() const {
    return {std::string(ns()), std::string(name())};
}

std::string_view Object::apiVersion() const {
    return stringAt(m_document, {"apiVersion"});
}
std::string_view Object::kind() const {
    return stringAt(m_document, {"kind"});
}
std::string_view Object::name() const {
    return stringAt(m_document, {"metadata", "name"});
}
std::string_view Object::ns() const {
    return stringAt(m_document, {"metadata", "namespace"});
}
std::string_view Object::uid() const {
    return stringAt(m_document, {"metadata", "uid"});
}
std::string_view Object::resourceVersion() const {
    return stringAt(m_document, {"metadata", "resourceVersion"});
}

std::int64_t Object::generation() const {
    return intAt(m_document, {"metadata", "generation"}).value_or(0);
}

bool Object::isDeleting() const {
    return !stringAt(m_document, {"metadata", "deletionTimestamp"}).empty();
}

std::string_view Object::label(std::string_view key) const {
    return stringAt(m_document, {"metadata", "labels", key});
}

std::string_view Object::annotation(std::string_view key) const {
    return stringAt(m_document, {"metadata", "annotations", key});
}

const JsonObject* Object::labels() const {
    return objectAt(m_document, {"metadata", "labels"});
}

const JsonObject* Object::annotations() const {
    return objectAt(m_document, {"metadata", "annotations"});
}

bool Object::hasFinalizer(std::string_view finalizer) const {
    if (const auto* finalizers = arrayAt(m_document, {"metadata", "finalizers"})) {
        for (const auto& entry : *finalizers) {
            if (entry.is_string() && view(entry.get_string()) == finalizer)
                return true;
        }
    }
    return false;
}

std::vector<OwnerReference> Object::ownerReferences() const {
    std::vector<OwnerReference> out;
    const auto* references = arrayAt(m_document, {"metadata", "ownerReferences"});
    if (references == nullptr)
        return out;
    for (const auto& entry : *references) {
        const auto* reference = entry.if_object();
        if (reference == nullptr)
            continue;
        out.push_back({.apiVersion = std::string(stringAt(*reference, {"apiVersion"})),
                       .kind = std::string(stringAt(*reference, {"kind"})),
                       .name = std::string(stringAt(*reference, {"name"})),
                       .uid = std::string(stringAt(*reference, {"uid"})),
                       .controller = boolAt(*reference, {"controller"}, false),
                       .blockOwnerDeletion = boolAt(*reference, {"blockOwnerDeletion"}, false)});
    }
    return out;
}

JsonObject& Object::metadata() {
    return ensureObject(m_document, {"metadata"});
}

const JsonObject* Object::metadata() const {
    return objectAt(m_document, {"metadata"});
}

void Object::setLabel(std::string_view key, std::string_view value) {
    ensureObject(m_document, {"metadata", "labels"})[key] = value;
}

void Object::setAnnotation(std::string_view key, std::string_view value) {
    ensureObject(m_document, {"metadata", "annotations"})[key] = value;
}

}  // namespace kubefed::kube
