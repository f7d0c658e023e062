// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/schema_data.h"

#include <array>
#include <utility>

// The build appends a zero byte after each file and gives the list of begin and end symbols.
#define KUBEFED_SCHEMA_FILE(name)                  \
    extern "C" const char kubefed_schema_##name[]; \
    extern "C" const char kubefed_schema_##name##_end[];
#include "kubefed/apiserver/schema_files.inc"
#undef KUBEFED_SCHEMA_FILE

namespace kubefed::apiserver {
namespace {

std::vector<std::string_view> embedded() {
    std::vector<std::string_view> files;
#define KUBEFED_SCHEMA_FILE(name)             \
    files.emplace_back(kubefed_schema_##name, \
                       static_cast<std::size_t>(kubefed_schema_##name##_end - kubefed_schema_##name));
#include "kubefed/apiserver/schema_files.inc"
#undef KUBEFED_SCHEMA_FILE
    return files;
}

Result<std::shared_ptr<const SchemaData>> parse() {
    auto data = std::make_shared<SchemaData>();
    for (const std::string_view file : embedded()) {
        Result<kube::Json> document = kube::parseJson(file);
        if (!document || !document->is_object())
            return fail(Code::Internal, "the embedded schema data is broken");
        data->documents.push_back(std::move(document->get_object()));
    }
    Result<std::shared_ptr<const kube::SchemaSet>> schemas = kube::SchemaSet::build(data->documents);
    if (!schemas)
        return std::unexpected(std::move(schemas.error()));
    data->schemas = std::move(*schemas);
    return data;
}

}  // namespace

Result<std::shared_ptr<const SchemaData>> schemaData() {
    static const Result<std::shared_ptr<const SchemaData>> kData = parse();
    return kData;
}

}  // namespace kubefed::apiserver
