// SPDX-License-Identifier: Apache-2.0
//
// A Kubernetes object: a JSON document with typed access to what every object has. A value type over
// boost::json::object (copying copies the document: share it as std::shared_ptr<const Object>). Views that
// accessors return live as long as the document is unchanged. Any thread, as any value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/gvk.h"
#include "kubefed/kube/json.h"

namespace kubefed::kube {

struct OwnerReference {
    std::string apiVersion, kind, name, uid;
    bool controller = false;
    bool blockOwnerDeletion = false;
};

class Object {
public:
    Object() = default;
    explicit Object(JsonObject document) : m_document(std::move(document)) {}
    // Makes {apiVersion, kind, metadata:{namespace,name}}; an empty ns is left out.
    static Object make(const Gvk& gvk, std::string_view ns, std::string_view name);
    // InvalidArgument unless the text is one JSON object.
    static Result<Object> parse(std::string_view text);

    [[nodiscard]] JsonObject& document() { return m_document; }
    [[nodiscard]] const JsonObject& document() const { return m_document; }
    [[nodiscard]] std::string text() const;

    [[nodiscard]] Gvk gvk() const;
    [[nodiscard]] ObjectKey key() const;
    [[nodiscard]] std::string_view apiVersion() const;
    [[nodiscard]] std::string_view kind() const;
    [[nodiscard]] std::string_view name() const;
    [[nodiscard]] std::string_view ns() const;
    [[nodiscard]] std::string_view uid() const;
    [[nodiscard]] std::string_view resourceVersion() const;
    [[nodiscard]] std::int64_t generation() const;  // 0 where absent (Services have none)
    [[nodiscard]] bool isDeleting() const;          // deletionTimestamp is set
    [[nodiscard]] std::string_view label(std::string_view key) const;
    [[nodiscard]] std::string_view annotation(std::string_view key) const;
    [[nodiscard]] const JsonObject* labels() const;  // nullptr where none
    [[nodiscard]] const JsonObject* annotations() const;
    [[nodiscard]] bool hasFinalizer(std::string_view finalizer) const;
    [[nodiscard]] std::vector<OwnerReference> ownerReferences() const;

    [[nodiscard]] JsonObject& metadata();
    [[nodiscard]] const JsonObject* metadata() const;
    void setLabel(std::string_view key, std::string_view value);
    void setAnnotation(std::string_view key, std::string_view value);

    [[nodiscard]] const Json* at(std::initializer_list<std::string_view> path) const {
        return find(m_document, path);
    }

private:
    JsonObject m_document;
};

using ObjectPtr = std::shared_ptr<const Object>;

}  // namespace kubefed::kube
