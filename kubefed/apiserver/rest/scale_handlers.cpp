// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/kube/managed_fields.h"
#include "kubefed/kube/patch.h"

namespace kubefed::apiserver {
namespace {

const kube::Gvk kScale{"autoscaling", "v1", "Scale"};
using Path = std::vector<std::string>;

const kube::Json* follow(const kube::JsonObject& object, const Path& path) {
    const kube::JsonObject* at = &object;
    for (std::size_t i = 0; i < path.size() && at != nullptr; ++i) {
        const kube::Json* value = at->if_contains(path[i]);
        if (value == nullptr || i + 1 == path.size())
            return value;
        at = value->if_object();
    }
    return nullptr;
}

void assign(kube::JsonObject& object, const Path& path, kube::Json value) {
    kube::JsonObject* at = &object;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
        kube::Json& next = (*at)[path[i]];
        at = next.is_object() ? &next.get_object() : &next.emplace_object();
    }
    (*at)[path.back()] = std::move(value);
}

std::string selectorText(const kube::Json* value) {
    if (value == nullptr)
        return {};
    if (value->is_string())
        return std::string(kube::view(value->get_string()));
    return value->is_object() ? kube::LabelSelector::fromMap(value->get_object()).text() : std::string();
}

kube::JsonObject scaleOf(const kube::JsonObject& object, const KindStrategy::ScalePaths& paths) {
    kube::JsonObject metadata;
    for (const char* key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
        if (const kube::Json* value = kube::find(object, {"metadata", key}))
            metadata[key] = *value;
    kube::JsonObject spec, status{{"replicas", 0}};
    const kube::Json* wanted = follow(object, paths.specReplicas);
    if (wanted != nullptr && !(*wanted == 0))
        spec["replicas"] = *wanted;
    if (const kube::Json* actual = follow(object, paths.statusReplicas))
        status["replicas"] = *actual;
    if (const std::string selector = selectorText(follow(object, paths.selector)); !selector.empty())
        status["selector"] = selector;
    return {{"kind", "Scale"},
            {"apiVersion", "autoscaling/v1"},
            {"metadata", std::move(metadata)},
            {"spec", std::move(spec)},
            {"status", std::move(status)}};
}

// What a patch of any form made of the present Scale.
Result<kube::JsonObject> patchedScale(const ExchangePtr& exchange, const kube::JsonObject& present,
                                      const kube::Schema& schema, std::vector<std::string>* duplicates) {
    const BodyType type = bodyType(net::header(exchange->request.headers, "content-type"));
    if (type == BodyType::JsonPatch || type == BodyType::MergePatch)
        return patchedDocument(*exchange, present, duplicates);
    // A Scale has no lists: a strategic patch and an apply of it merge as a merge patch does.
    if (type != BodyType::StrategicPatch && type != BodyType::ApplyPatch)
        return fail(kube::unsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types "
            "include: application/json-patch+json, application/merge-patch+json, "
            "application/strategic-merge-patch+json, application/apply-patch+yaml"));
    net::ServerRequest asJson = exchange->request;
    asJson.headers = {{"content-type", "application/yaml"}};
    const Result<kube::JsonObject> patch = readBody(asJson, false, nullptr);
    if (!patch)
        return patch;
    if (type == BodyType::ApplyPatch) {
        std::vector<kube::StatusCause> none;
        const kube::WriteContext context{exchange->fieldManager, "scale", kScale.apiVersion(), ""};
        if (auto applied = kube::serverSideApply(nullptr, *patch, schema.root(), context, true, &none);
            !applied)
            return fail(std::move(applied.error()));
    }
    return std::move(kube::applyMergePatch(kube::Json(present), kube::Json(*patch)).get_object());
}

Result<kube::JsonObject> wantedScale(const ExchangePtr& exchange, const kube::JsonObject& present) {
    const bool updates = exchange->info.verb == "update";
    const Result<FieldValidation> validation =
        fieldValidationOf(exchange->info.query, updates ? "UpdateOptions" : "PatchOptions");
    if (!validation)
        return std::unexpected(validation.error());
    const std::shared_ptr<const kube::Schema> schema = schemaOf(kScale);
    if (!schema)
        return fail(kube::internalError("the schema of Scale is missing"));
    if (updates)
        return readObject(*exchange, kScale, schema.get(), *validation);
    std::vector<std::string> duplicates;
    Result<kube::JsonObject> scale = patchedScale(exchange, present, *schema, &duplicates);
    if (!scale)
        return scale;
    if (Result<void> fine = checkObject(*exchange, kScale, schema.get(), *validation, *scale, duplicates);
        !fine)
        return fail(patchProblem(fine.error(), *scale));
    return scale;
}

// A PUT names what it scales.
Result<void> checkScaled(const Exchange& exchange, const kube::JsonObject& scale) {
    const RequestInfo& info = exchange.info;
    const std::string name(kube::stringAt(scale, {"metadata", "name"}));
    const std::string_view ns = kube::stringAt(scale, {"metadata", "namespace"});
    if (name.empty())
        return fail(kube::badRequest("the name of the object (" + info.name +
                                     " based on URL) was undeterminable: name must be provided"));
    if (name != info.name)
        return fail(kube::badRequest("the name of the object (" + name +
                                     ") does not match the name on the URL (" + info.name + ")"));
    if (!ns.empty() && ns != info.ns)
        return fail(kube::badRequest(
            "the namespace of the provided object does not match the namespace sent on the request"));
    return {};
}

Result<void> applyScale(const Exchange& exchange, const kube::JsonObject& scale,
                        const KindStrategy::ScalePaths& paths, kube::JsonObject& next) {
    const std::int64_t replicas = kube::intAt(scale, {"spec", "replicas"}).value_or(0);
    if (replicas < 0 && !exchange.spec->custom)  // a custom object says it itself
        return fail(kube::invalid(
            kScale, exchange.info.name,
            {{"FieldValueInvalid",
              "Invalid value: " + std::to_string(replicas) + ": must be greater than or equal to 0",
              "spec.replicas"}}));
    const std::string version(kube::stringAt(scale, {"metadata", "resourceVersion"}));
    if (!version.empty())
        kube::ensureObject(next, {"metadata"})["resourceVersion"] = version;
    if (const std::string_view uid = kube::stringAt(scale, {"metadata", "uid"}); !uid.empty())
        kube::ensureObject(next, {"metadata"})["uid"] = uid;
    assign(next, paths.specReplicas, replicas);
    return {};
}

// An apply of a Scale owns the replicas of the object itself: `next` becomes what that apply makes of it.
Result<void> takeReplicas(const Exchange& exchange, const kube::JsonObject& live,
                          const KindStrategy::ScalePaths& paths, kube::JsonObject& next) {
    kube::JsonObject applied{{"apiVersion", exchange.spec->gvk().apiVersion()},
                             {"kind", exchange.spec->kind},
                             {"metadata", kube::JsonObject{{"name", exchange.info.name}}}};
    assign(applied, paths.specReplicas, *follow(next, paths.specReplicas));
    std::vector<kube::StatusCause> conflicts;
    Result<kube::ApplyOutcome> outcome =
        kube::serverSideApply(&live, applied, exchange.spec->schema->root(),
                              {exchange.fieldManager, "scale", exchange.spec->gvk().apiVersion(), ""},
                              exchange.info.query.isTrue("force"), &conflicts);
    if (!outcome && !conflicts.empty())
        return fail(kube::applyConflict(exchange.spec->gvr, exchange.info.name, std::move(conflicts)));
    if (!outcome)
        return fail(std::move(outcome.error()));
    next = std::move(outcome->object);
    return {};
}

}  // namespace

void handleScale(Services& services, const ExchangePtr& exchange) {
    const std::optional<KindStrategy::ScalePaths> paths = exchange->spec->strategy->scalePaths();
    const Result<bool> dryRun = dryRunOf(exchange->info.query, "UpdateOptions");
    if (!dryRun)
        return exchange->fail(dryRun.error());
    WriteTarget target = targetOf(*exchange, *dryRun);
    const bool reads = exchange->info.verb == "get";
    const Collection& collection = services.registry.collection(*exchange->spec);
    const EntryPtr entry = reads ? collection.committed(target.key()) : collection.head(target.key());
    if (!paths || !entry)
        return exchange->fail(paths ? kube::notFound(exchange->spec->gvr, exchange->info.name)
                                    : genericError(404));
    const kube::ObjectPtr object = decode(*entry);
    const kube::JsonObject& live = object->document();
    kube::JsonObject present = scaleOf(live, *paths);
    if (reads)
        return exchange->respondJson(200, kube::printJson(present));
    const Result<kube::JsonObject> scale = wantedScale(exchange, present);
    if (!scale)
        return exchange->fail(scale.error());
    if (Result<void> fits = checkScaled(*exchange, *scale); !fits)
        return exchange->fail(fits.error());
    kube::JsonObject next = live;
    if (Result<void> applied = applyScale(*exchange, *scale, *paths, next); !applied)
        return exchange->fail(applied.error());
    const bool applies =
        bodyType(net::header(exchange->request.headers, "content-type")) == BodyType::ApplyPatch &&
        exchange->info.verb == "patch" && exchange->spec->schema;
    if (applies)
        if (Result<void> taken = takeReplicas(*exchange, live, *paths, next); !taken)
            return exchange->fail(taken.error());
    // To the kind's rules this is a write of the object itself; only the ownership names the subresource.
    services.writes.update(
        target, *entry, std::move(next), applies, [exchange, paths](Result<Written> written) {
            if (!written)
                return exchange->fail(written.error());
            std::ranges::move(written->warnings, std::back_inserter(exchange->warnings));
            const kube::JsonObject scaled =
                scaleOf(written->entry ? decode(*written->entry)->document() : written->dryRunObject, *paths);
            exchange->respondJson(200, kube::printJson(scaled));
        });
}

}  // namespace kubefed::apiserver
