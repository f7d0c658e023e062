// SPDX-License-Identifier: Apache-2.0
//
// /openapi/v3: the index and one document per group version, with the schemas that kubectl explain reads and
// the paths that its field validation and dry-run checks look at. Built-in schemas come from the schema data,
// custom ones from their definitions. Documents are made on request and kept until the Registry changes.
// Server thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "kubefed/apiserver/registry.h"
#include "kubefed/apiserver/schema_data.h"

namespace kubefed::apiserver {

class OpenApi {
public:
    OpenApi(const Registry& registry, std::shared_ptr<const SchemaData> data)
        : m_registry(registry), m_data(std::move(data)) {}

    // openAPIV3Schema of a custom kind, described; replaces what was known.
    void setCustom(const kube::Gvk& kind, kube::JsonObject schema);
    void removeCustom(const kube::Gvk& kind);

    [[nodiscard]] std::string index();
    // `path`: "api/v1", "apis/GROUP/VERSION"; empty where not served.
    [[nodiscard]] const std::string& document(std::string_view path);

private:
    void refresh();
    [[nodiscard]] std::string make(std::string_view group, std::string_view version) const;
    void addSchema(const std::string& name, kube::JsonObject& schemas) const;
    [[nodiscard]] const kube::JsonObject* builtinSchema(std::string_view name) const;
    [[nodiscard]] std::string builtinName(const kube::Gvk& kind) const;

    const Registry& m_registry;
    const std::shared_ptr<const SchemaData> m_data;
    std::map<kube::Gvk, kube::JsonObject> m_custom;
    std::map<std::string, std::string, std::less<>> m_documents;
    std::uint64_t m_revision = 0;
};

}  // namespace kubefed::apiserver
