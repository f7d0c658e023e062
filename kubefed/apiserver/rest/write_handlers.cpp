// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "kubefed/apiserver/rest/access.h"
#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/apiserver/rest/metadata.h"
#include "kubefed/apiserver/rest/render.h"
#include "kubefed/apiserver/rest/versions.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::apiserver {
namespace {

// PUT of an absent object creates it for these types, as on a real server.
bool createsOnUpdate(const kube::Gvr& gvr) {
    static constexpr std::array<std::string_view, 4> kCore{"endpoints", "events", "services", "limitranges"};
    return gvr.group == "rbac.authorization.k8s.io" || gvr.group == "coordination.k8s.io" ||
           (gvr.group.empty() && std::find(kCore.begin(), kCore.end(), gvr.resource) != kCore.end());
}

Result<void> checkPlace(const Exchange& exchange, const kube::JsonObject& object) {
    const std::string ns(kube::stringAt(object, {"metadata", "namespace"}));
    if (exchange.spec->namespaced && !ns.empty() && ns != exchange.info.ns)
        return fail(kube::badRequest(
            "the namespace of the provided object does not match the namespace sent on the request"));
    return {};
}

Result<void> checkName(const Exchange& exchange, const kube::JsonObject& object) {
    const std::string name(kube::stringAt(object, {"metadata", "name"}));
    if (name.empty())
        return fail(kube::badRequest("the name of the object (" + exchange.info.name +
                                     " based on URL) was undeterminable: name must be provided"));
    if (name != exchange.info.name)
        return fail(kube::badRequest("the name of the object (" + name +
                                     ") does not match the name on the URL (" + exchange.info.name + ")"));
    return checkPlace(exchange, object);
}

// Of an update or apply that found no object: who makes one must be allowed to.
void createInstead(Services& services, const ExchangePtr& exchange, const WriteTarget& target,
                   kube::JsonObject object, bool applied) {
    if (Result<void> allowed = checkAccess(*exchange, "create", services.state); !allowed)
        return exchange->fail(allowed.error());
    services.writes.create(target, std::move(object), respondWritten(exchange), applied);
}

struct Options {
    bool dryRun = false;
    FieldValidation validation = FieldValidation::Warn;
};

Result<Options> readOptions(const Query& query, std::string_view kind) {
    const Result<bool> dryRun = dryRunOf(query, kind);
    if (!dryRun)
        return std::unexpected(dryRun.error());
    const Result<FieldValidation> validation = fieldValidationOf(query, kind);
    if (!validation)
        return std::unexpected(validation.error());
    return Options{*dryRun, *validation};
}

}  // namespace

WriteTarget targetOf(const Exchange& exchange, bool dryRun) {
    return {exchange.spec,
            exchange.spec->namespaced ? exchange.info.ns : std::string(),
            exchange.info.name,
            exchange.info.subresource,
            exchange.user,
            exchange.fieldManager,
            dryRun,
            exchange.now};
}

WrittenDone respondWritten(ExchangePtr exchange) {
    return [exchange = std::move(exchange)](Result<Written> written) {
        if (!written)
            return exchange->fail(written.error());
        const int status = written->created ? 201 : 200;
        const bool stored = written->entry && !written->removed;
        std::ranges::move(written->warnings, std::back_inserter(exchange->warnings));
        exchange->respondJson(status, stored ? renderEntry(*exchange, *written->entry)
                                             : renderDocument(*exchange, written->dryRunObject));
    };
}

void handleCreate(Services& services, const ExchangePtr& exchange) {
    const Result<Options> options = readOptions(exchange->info.query, "CreateOptions");
    if (!options)
        return exchange->fail(options.error());
    Result<kube::JsonObject> object =
        readObject(*exchange, exchange->spec->gvk(), exchange->spec->schema.get(), options->validation);
    if (!object)
        return exchange->fail(object.error());
    if (Result<void> fits = checkPlace(*exchange, *object); !fits)
        return exchange->fail(fits.error());
    WriteTarget target = targetOf(*exchange, options->dryRun);
    target.name = kube::stringAt(*object, {"metadata", "name"});
    services.writes.create(target, std::move(*object), respondWritten(exchange));
}

void handleUpdate(Services& services, const ExchangePtr& exchange) {
    const Result<Options> options = readOptions(exchange->info.query, "UpdateOptions");
    if (!options)
        return exchange->fail(options.error());
    Result<kube::JsonObject> object =
        readObject(*exchange, exchange->spec->gvk(), exchange->spec->schema.get(), options->validation);
    if (!object)
        return exchange->fail(object.error());
    if (Result<void> fits = checkName(*exchange, *object); !fits)
        return exchange->fail(fits.error());
    const WriteTarget target = targetOf(*exchange, options->dryRun);
    const EntryPtr head = services.writes.head(target);
    const std::string_view version = kube::stringAt(*object, {"metadata", "resourceVersion"});
    const bool versioned = !version.empty() && version != "0";
    if (!head) {
        if (target.subresource.empty() && createsOnUpdate(exchange->spec->gvr) && !versioned) {
            kube::erase(*object, {"metadata", "resourceVersion"});
            return createInstead(services, exchange, target, std::move(*object), false);
        }
        return exchange->fail(kube::notFound(exchange->spec->gvr, exchange->info.name));
    }
    if (!versioned && exchange->spec->custom)
        return exchange->fail(
            kube::invalid({exchange->spec->gvr.group, "", exchange->spec->gvr.resource}, exchange->info.name,
                          {{"FieldValueInvalid", "Invalid value: 0: must be specified for an update",
                            "metadata.resourceVersion"}}));
    // Who finalizes a namespace takes no ownership of it.
    const bool finalizes = target.subresource == "finalize";
    if (finalizes) {
        const kube::ObjectPtr live = decode(*head);
        kube::erase(*object, {"metadata", "managedFields"});
        if (const kube::Json* managed = kube::find(live->document(), {"metadata", "managedFields"}))
            kube::ensureObject(*object, {"metadata"})["managedFields"] = *managed;
    }
    services.writes.update(target, *head, std::move(*object), finalizes, respondWritten(exchange));
}

namespace {

Error unknownPatch(bool custom) {
    if (!custom)
        return genericError(415);
    return kube::unsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

// A patch whose outermost value is of the wrong type, in Go's words.
Error notDecoded(const kube::Json& patch, std::string_view wanted) {
    const char* const is = patch.is_object()   ? "object"
                           : patch.is_array()  ? "array"
                           : patch.is_string() ? "string"
                           : patch.is_bool()   ? "bool"
                                               : "number";
    return kube::badRequest("error decoding patch: json: cannot unmarshal " + std::string(is) +
                            " into Go value of type " + std::string(wanted));
}

// A patch cannot make another kind of object of one.
Result<void> checkStillKind(const Exchange& exchange, const kube::JsonObject& patched) {
    const kube::Gvk kind = exchange.spec->gvk();
    const std::string version(kube::stringAt(patched, {"apiVersion"}));
    const std::string name(kube::stringAt(patched, {"kind"}));
    if ((version.empty() || version == kind.apiVersion()) && (name.empty() || name == kind.kind))
        return {};
    return fail(
        kube::invalid({}, "",
                      {{"FieldValueInvalid",
                        "Invalid value: " + kube::printJson(kube::Json(kube::printJson(patched))) +
                            ": the object would no longer be of " + kind.apiVersion() + ", kind " + kind.kind,
                        "patch"}}));
}

// What the operations of a JSON patch have too much, as problems of the body's fields.
Result<void> checkOperations(const kube::JsonArray& operations, std::vector<std::string>& problems) {
    static constexpr std::size_t kMost = 100;
    static constexpr std::array<std::string_view, 4> kKnown{"from", "op", "path", "value"};
    for (std::string& duplicate : problems)
        duplicate.insert(0, "json patch ");
    for (std::size_t i = 0; i < operations.size(); ++i) {
        const kube::JsonObject* operation = operations[i].if_object();
        if (operation == nullptr)
            return fail(notDecoded(operations[i], "handlers.jsonPatchOp"));
        for (const auto& [name, value] : *operation)
            if (std::find(kKnown.begin(), kKnown.end(), kube::view(name)) == kKnown.end() &&
                problems.size() < kMost)
                problems.push_back("json patch unknown field \"[" + std::to_string(i) + "]." +
                                   std::string(name) + "\"");
    }
    return {};
}

// What kube-apiserver says when a patch does not fit the object.
Error unprocessable(const std::string& why) {
    const kube::JsonObject status{
        {"kind", "Status"},
        {"apiVersion", "v1"},
        {"metadata", kube::JsonObject()},
        {"status", "Failure"},
        {"message", "the server rejected our request due to an error in our request"},
        {"reason", "Invalid"},
        {"details",
         kube::JsonObject{
             {"causes", kube::JsonArray{kube::JsonObject{
                            {"reason", "UnexpectedServerResponse"}, {"message", why}, {"field", "patch"}}}}}},
        {"code", 422}};
    return kube::fromHttp(422, kube::printJson(status), {});
}

Result<void> checkPatchOptions(const Exchange& exchange, bool apply) {
    const Query& query = exchange.info.query;
    kube::StatusCause cause{"FieldValueRequired", "Required value: is required for apply patch",
                            "fieldManager"};
    if (apply && query.get("fieldManager").empty())
        return fail(kube::invalid({"meta.k8s.io", "v1", "PatchOptions"}, "", {cause}));
    cause = {"FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"};
    if (!apply && query.has("force"))
        return fail(kube::invalid({"meta.k8s.io", "v1", "PatchOptions"}, "", {cause}));
    return {};
}

// Fields that the schema does not have are refused by the apply itself.
Result<kube::JsonObject> applyDocument(Exchange& exchange, FieldValidation validation) {
    Result<kube::StrictJson> document = kube::parseFirstYaml(exchange.request.body);
    if (!document)
        return fail(kube::badRequest("error decoding YAML: " + document.error().message));
    if (document->value.is_null())
        document->value.emplace_object();
    if (!document->value.is_object())
        return fail(kube::badRequest("error decoding YAML: the body is not an object"));
    if (!document->duplicates.empty() && validation == FieldValidation::Strict)
        return fail(kube::badRequest("error strict decoding YAML: error converting YAML to JSON: " +
                                     goYamlErrors(document->duplicates)));
    if (validation == FieldValidation::Warn)
        exchange.warnings.insert(exchange.warnings.end(), document->duplicates.begin(),
                                 document->duplicates.end());
    kube::JsonObject object = std::move(document->value.get_object());
    const ResourceSpec& spec = *exchange.spec;
    const auto given = kube::GroupVersion::parse(kube::stringAt(object, {"apiVersion"}));
    if (kube::stringAt(object, {"apiVersion"}) != spec.gvk().apiVersion() ||
        kube::stringAt(object, {"kind"}) != spec.kind)
        return fail(kube::badRequest("invalid object type: " + given.group + "/" + given.version +
                                     ", Kind=" + std::string(kube::stringAt(object, {"kind"}))));
    if (kube::find(object, {"metadata", "managedFields"}) != nullptr)
        return fail(kube::badRequest("metadata.managedFields must be nil"));
    KUBEFED_TRY(checkName(exchange, object));
    return object;
}

void handleApply(Services& services, const ExchangePtr& exchange, const Options& options) {
    Result<kube::JsonObject> applied = applyDocument(*exchange, options.validation);
    if (!applied)
        return exchange->fail(applied.error());
    const WriteTarget target = targetOf(*exchange, options.dryRun);
    const EntryPtr head = services.writes.head(target);
    const kube::ObjectPtr live = head ? decode(*head) : nullptr;
    const std::string uid(kube::stringAt(*applied, {"metadata", "uid"}));
    if (!head && !target.subresource.empty())
        return exchange->fail(kube::notFound(exchange->spec->gvr, exchange->info.name));
    if (!head && !uid.empty())
        return exchange->fail(kube::conflict(
            exchange->spec->gvr, exchange->info.name,
            "uid mismatch: the provided object specified uid " + uid + ", and no existing object was found"));
    const std::string version(kube::stringAt(*applied, {"metadata", "resourceVersion"}));
    const kube::WriteContext context{exchange->fieldManager, target.subresource,
                                     exchange->spec->gvk().apiVersion(), toRfc3339(exchange->now),
                                     resetFields(*exchange->spec, target.subresource)};
    std::vector<kube::StatusCause> conflicts;
    Result<kube::ApplyOutcome> outcome =
        kube::serverSideApply(live ? &live->document() : nullptr, *applied, exchange->spec->schema->root(),
                              context, exchange->info.query.isTrue("force"), &conflicts);
    if (!outcome && !conflicts.empty())
        return exchange->fail(
            kube::applyConflict(exchange->spec->gvr, exchange->info.name, std::move(conflicts)));
    if (!outcome)
        return exchange->fail(outcome.error());
    if (!head)
        return createInstead(services, exchange, target, std::move(outcome->object), true);
    kube::JsonObject& metadata = kube::ensureObject(outcome->object, {"metadata"});
    // Preconditions count as the applied object says them, not as the merge left them.
    metadata["uid"] = uid.empty() ? std::string(live->uid()) : uid;
    metadata["resourceVersion"] = version.empty() ? std::string(live->resourceVersion()) : version;
    services.writes.update(target, *head, std::move(outcome->object), true, respondWritten(exchange));
}

}  // namespace

Error patchProblem(const Error& error, const kube::JsonObject& patched) {
    static constexpr std::string_view kBefore = " cannot be handled as a ";
    std::size_t at = error.message.find(kBefore);
    at = at == std::string::npos ? at : error.message.find(": ", at + kBefore.size());
    if (at == std::string::npos)
        return error;
    at += 2;
    return kube::invalid({}, "",
                         {{"FieldValueInvalid",
                           "Invalid value: " + kube::printJson(kube::Json(kube::printJson(patched))) + ": " +
                               error.message.substr(at),
                           "patch"}});
}

Result<kube::JsonObject> patchedDocument(const Exchange& exchange, kube::JsonObject live,
                                         std::vector<std::string>* duplicates) {
    const BodyType type = bodyType(net::header(exchange.request.headers, "content-type"));
    Result<kube::StrictJson> patch = kube::parseStrict(exchange.request.body);
    if (!patch)
        return fail(kube::badRequest(patch.error().message));
    *duplicates = std::move(patch->duplicates);
    if (type == BodyType::JsonPatch) {
        if (!patch->value.is_array())
            return fail(notDecoded(patch->value, "[]handlers.jsonPatchOp"));
        KUBEFED_TRY(checkOperations(patch->value.get_array(), *duplicates));
        Result<kube::Json> result = kube::applyJsonPatch(kube::Json(std::move(live)), patch->value);
        if (!result)
            return fail(result.error().status ? std::move(result.error())
                                              : unprocessable(result.error().message));
        if (!result->is_object())
            return fail(unprocessable("the patch leaves no object"));
        return std::move(result->get_object());
    }
    if (!patch->value.is_object())
        return fail(notDecoded(patch->value, "map[string]interface {}"));
    if (type == BodyType::MergePatch)
        return std::move(kube::applyMergePatch(kube::Json(std::move(live)), patch->value).get_object());
    Result<kube::JsonObject> result =
        kube::applyStrategicPatch(live, patch->value.get_object(), exchange.spec->schema->root());
    if (!result && !result.error().status)
        return fail(result.error().code == Code::InvalidArgument ? kube::badRequest(result.error().message)
                                                                 : unprocessable(result.error().message));
    return result;
}

void handlePatch(Services& services, const ExchangePtr& exchange) {
    const BodyType type = bodyType(net::header(exchange->request.headers, "content-type"));
    const bool known = type == BodyType::JsonPatch || type == BodyType::MergePatch ||
                       type == BodyType::ApplyPatch ||
                       (type == BodyType::StrategicPatch && exchange->spec->strategicPatch);
    if (!known)
        return exchange->fail(unknownPatch(exchange->spec->custom));
    const Result<Options> options = readOptions(exchange->info.query, "PatchOptions");
    if (!options)
        return exchange->fail(options.error());
    if (Result<void> fine = checkPatchOptions(*exchange, type == BodyType::ApplyPatch); !fine)
        return exchange->fail(fine.error());
    if (type == BodyType::ApplyPatch)
        return handleApply(services, exchange, *options);
    const WriteTarget target = targetOf(*exchange, options->dryRun);
    const EntryPtr head = services.writes.head(target);
    if (!head)
        return exchange->fail(kube::notFound(exchange->spec->gvr, exchange->info.name));
    std::vector<std::string> duplicates;
    Result<kube::JsonObject> next =
        patchedDocument(*exchange, inVersionOf(*exchange->spec, *head), &duplicates);
    if (!next)
        return exchange->fail(next.error());
    if (Result<void> same = checkStillKind(*exchange, *next); !same)
        return exchange->fail(same.error());
    const ResourceSpec& spec = *exchange->spec;
    Result<void> fine =
        checkObject(*exchange, spec.gvk(), spec.schema.get(), options->validation, *next, duplicates);
    // What an older server stored must still be labelled and released.
    if (!fine && !spec.custom && isStoredUnfit(inVersionOf(spec, *head), *next, *spec.schema))
        fine = checkMetadata(*exchange, spec.gvk(), *spec.schema, options->validation, *next, duplicates);
    if (!fine)
        return exchange->fail(patchProblem(fine.error(), *next));
    if (Result<void> fits = checkName(*exchange, *next); !fits)
        return exchange->fail(fits.error());
    services.writes.update(target, *head, std::move(*next), false, respondWritten(exchange));
}

}  // namespace kubefed::apiserver
