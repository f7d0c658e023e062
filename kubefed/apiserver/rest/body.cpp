// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/body.h"

#include <algorithm>
#include <utility>

#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/rest/metadata.h"
#include "kubefed/apiserver/rest/protobuf.h"
#include "kubefed/apiserver/schema_data.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kNoVersion = "couldn't get version/kind; ";

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ", ") + part;
    return text;
}

Error cannotHandle(const kube::Gvk& kind, std::string_view why) {
    return kube::badRequest(kind.kind + " in version \"" + kind.version + "\" cannot be handled as a " +
                            kind.kind + ": " + std::string(why));
}

Result<kube::JsonObject> asObject(Result<kube::Json> value) {
    if (!value) {
        const std::string& why = value.error().message;
        return fail(
            kube::badRequest(std::string(kNoVersion) + "json parse error: " +
                             (why.ends_with("incomplete JSON") ? "unexpected end of JSON input" : why)));
    }
    kube::JsonObject* object = value->if_object();
    if (object == nullptr)
        return fail(
            kube::badRequest("couldn't get version/kind; json parse error: json: cannot unmarshal " +
                             std::string(value->is_array()    ? "array"
                                         : value->is_string() ? "string"
                                                              : "value") +
                             " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,"
                             "omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"));
    return std::move(*object);
}

Result<kube::JsonObject> readYaml(const std::string& body, std::vector<std::string>* duplicates) {
    Result<kube::StrictJson> document = kube::parseFirstYaml(body);
    if (!document)
        return fail(kube::badRequest("error converting YAML to JSON: " + document.error().message));
    if (document->value.is_null())
        return kube::JsonObject();
    if (duplicates != nullptr)
        *duplicates = std::move(document->duplicates);
    return asObject(std::move(document->value));
}

Result<void> checkKind(const kube::Gvk& kind, kube::JsonObject& object) {
    const std::string given(kube::stringAt(object, {"apiVersion"}));
    const std::string givenKind(kube::stringAt(object, {"kind"}));
    if (given.empty())
        object["apiVersion"] = kind.apiVersion();
    else if (given != kind.apiVersion())
        return fail(kube::badRequest("the API version in the data (" + given +
                                     ") does not match the expected API version (" + kind.apiVersion() +
                                     ")"));
    if (givenKind.empty())
        object["kind"] = kind.kind;
    else if (givenKind != kind.kind)
        return fail(kube::badRequest(
            givenKind + " in version \"" + kind.version + "\" cannot be handled as a " + kind.kind +
            ": converting (" + kind.version + "." + givenKind + ") to (" +
            (kind.group.empty() ? "core" : kind.group) + "." + kind.kind + "): unknown conversion"));
    return {};
}

std::string metadataProblem(const kube::JsonObject& object) {
    const kube::Json* metadata = object.if_contains("metadata");
    const Result<std::shared_ptr<const SchemaData>> data = schemaData();
    const std::shared_ptr<const kube::Schema> schema =
        data ? (*data)->schemas->byName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta") : nullptr;
    if (metadata == nullptr || metadata->is_null() || !schema)
        return {};
    const kube::JsonObject* fields = metadata->if_object();
    return fields == nullptr ? "metadata must be an object" : kube::typeProblem(*fields, schema->root());
}

// Tells what the schema does not know and what was said twice, and drops the former.
Result<void> checkFields(Exchange& exchange, const kube::Gvk& kind, const kube::Schema& schema,
                         FieldValidation validation, kube::JsonObject& object,
                         const std::vector<std::string>& duplicates) {
    std::vector<std::string> problems = duplicates;
    if (validation != FieldValidation::Ignore) {
        std::vector<std::string> unknown = kube::unknownFields(object, schema.root());
        problems.insert(problems.end(), std::make_move_iterator(unknown.begin()),
                        std::make_move_iterator(unknown.end()));
        if (validation == FieldValidation::Strict && !problems.empty())
            return fail(cannotHandle(kind, "strict decoding error: " + joined(problems)));
        exchange.warnings.insert(exchange.warnings.end(), problems.begin(), problems.end());
    }
    kube::pruneUnknown(object, schema.root());
    return {};
}

}  // namespace

std::string goYamlErrors(const std::vector<std::string>& problems) {
    std::string text = "yaml: unmarshal errors:";
    for (const std::string& problem : problems)
        text += "\n  " + problem;
    return text;
}

Result<FieldValidation> fieldValidationOf(const Query& query, std::string_view optionsKind) {
    const std::string_view text = query.get("fieldValidation");
    if (text.empty() || text == "Warn")
        return FieldValidation::Warn;
    if (text == "Strict")
        return FieldValidation::Strict;
    if (text == "Ignore")
        return FieldValidation::Ignore;
    Checker checker;
    checker.notSupported(Path("fieldValidation"), text, {"", "Ignore", "Strict", "Warn"});
    return fail(kube::invalid({"meta.k8s.io", "v1", std::string(optionsKind)}, "", checker.take()));
}

Result<bool> dryRunOf(const Query& query, std::string_view optionsKind) {
    return dryRunOf(query.all("dryRun"), optionsKind);
}

Result<bool> dryRunOf(const std::vector<std::string>& values, std::string_view optionsKind) {
    if (std::all_of(values.begin(), values.end(), [](const std::string& value) { return value == "All"; }))
        return !values.empty();
    return fail(kube::invalid(
        {"meta.k8s.io", "v1", std::string(optionsKind)}, "",
        {{"FieldValueNotSupported",
          "Unsupported value: " + kube::printJson(kube::Json(kube::JsonArray(values.begin(), values.end()))) +
              ": supported values: \"All\"",
          "dryRun"}}));
}

std::shared_ptr<const kube::Schema> schemaOf(const kube::Gvk& kind) {
    const Result<std::shared_ptr<const SchemaData>> data = schemaData();
    return data ? (*data)->schemas->byKind(kind) : nullptr;
}

Result<kube::JsonObject> readBody(const net::ServerRequest& request, bool optional,
                                  std::vector<std::string>* duplicates) {
    if (optional && request.body.empty())
        return kube::JsonObject();
    switch (bodyType(net::header(request.headers, "content-type"))) {
        case BodyType::Json:
            break;
        case BodyType::Yaml:
            return readYaml(request.body, duplicates);
        case BodyType::Protobuf:
            return readProtobuf(request.body);
        default:
            return fail(
                kube::unsupportedMediaType("the body of the request was in an unknown format - accepted "
                                           "media types include: application/json, "
                                           "application/yaml, application/vnd.kubernetes.protobuf"));
    }
    Result<kube::StrictJson> parsed = kube::parseStrict(request.body);
    if (!parsed)
        return asObject(std::unexpected(std::move(parsed.error())));
    if (duplicates != nullptr)
        *duplicates = std::move(parsed->duplicates);
    return asObject(std::move(parsed->value));
}

Result<kube::JsonObject> readObject(Exchange& exchange, const kube::Gvk& kind, const kube::Schema* schema,
                                    FieldValidation validation) {
    std::vector<std::string> duplicates;
    Result<kube::JsonObject> object = readBody(exchange.request, false, &duplicates);
    if (!object && object.error().message.starts_with(kNoVersion))
        return fail(kube::badRequest("the object provided is unrecognized (must be of type " + kind.kind +
                                     "): " + object.error().message + " (" +
                                     (exchange.request.body.empty() ? "<empty>" : exchange.request.body) +
                                     ")"));
    if (!object)
        return object;
    if (Result<void> matches = checkKind(kind, *object); !matches)
        return std::unexpected(std::move(matches.error()));
    if (!duplicates.empty() && validation == FieldValidation::Strict &&
        bodyType(net::header(exchange.request.headers, "content-type")) == BodyType::Yaml)
        return fail(cannotHandle(kind, "strict decoding error: " + goYamlErrors(duplicates)));
    if (Result<void> fine = checkObject(exchange, kind, schema, validation, *object, duplicates); !fine)
        return std::unexpected(std::move(fine.error()));
    return object;
}

bool isStoredUnfit(const kube::JsonObject& live, const kube::JsonObject& next, const kube::Schema& schema) {
    const auto sameStatus = [&] {
        const kube::Json *before = live.if_contains("status"), *after = next.if_contains("status");
        return before == nullptr ? after == nullptr : after != nullptr && kube::equal(*before, *after);
    };
    return !kube::typeProblem(live, schema.root()).empty() && metadataProblem(next).empty() &&
           sameContent(next, live) && sameStatus();
}

Result<void> checkObject(Exchange& exchange, const kube::Gvk& kind, const kube::Schema* schema,
                         FieldValidation validation, kube::JsonObject& object,
                         const std::vector<std::string>& duplicates) {
    if (schema == nullptr)
        return {};
    // Of a custom type, wrong types are for its validation to tell (422), but for those of its metadata.
    const bool custom = exchange.spec && exchange.spec->custom && exchange.spec->gvk() == kind;
    if (const std::string problem =
            custom ? metadataProblem(object) : kube::typeProblem(object, schema->root());
        !problem.empty())
        return fail(cannotHandle(kind, problem));
    return checkFields(exchange, kind, *schema, validation, object, duplicates);
}

Result<void> checkMetadata(Exchange& exchange, const kube::Gvk& kind, const kube::Schema& schema,
                           FieldValidation validation, kube::JsonObject& object,
                           const std::vector<std::string>& duplicates) {
    kube::JsonObject alone;
    std::swap(alone["metadata"], object["metadata"]);
    Result<void> fine = checkFields(exchange, kind, schema, validation, alone, duplicates);
    std::swap(alone["metadata"], object["metadata"]);
    return fine;
}

}  // namespace kubefed::apiserver
