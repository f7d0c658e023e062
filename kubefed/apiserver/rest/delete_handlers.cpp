// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/apiserver/rest/render.h"
#include "kubefed/apiserver/schema_data.h"

namespace kubefed::apiserver {
namespace {

// Types whose deletion is answered with the object that is gone; the others answer a Status.
bool returnsObject(const kube::Gvr& gvr) {
    return gvr.group.empty() &&
           (gvr.resource == "pods" || gvr.resource == "services" || gvr.resource == "serviceaccounts");
}

const kube::Gvr kControllers{"", "v1", "replicationcontrollers"};

struct Asked {
    DeleteOptions options;
    bool dryRun = false;
};

std::vector<std::string> textsOf(const kube::JsonObject& object, std::string_view key) {
    std::vector<std::string> values;
    if (const kube::JsonArray* array = kube::arrayAt(object, {key}))
        for (const kube::Json& value : *array)
            values.emplace_back(value.is_string() ? kube::view(value.get_string()) : std::string_view());
    return values;
}

// A deletion must not be more than what was meant: whatever is not understood is refused. The real server
// answers 500 to what does not decode.
Result<kube::JsonObject> readOptionsBody(const Exchange& exchange) {
    Result<kube::JsonObject> body = readBody(exchange.request, true, nullptr);
    if (!body)
        return body.error().isReason("BadRequest") ? fail(kube::unexpected(body.error().message)) : body;
    const std::string kind(kube::stringAt(*body, {"kind"}));
    if (!kind.empty() && kind != "DeleteOptions")
        return fail(kube::unexpected("no kind \"" + kind + "\" is registered for version \"" +
                                     std::string(kube::stringAt(*body, {"apiVersion"})) +
                                     "\" in scheme \"pkg/runtime/scheme.go:110\""));
    const Result<std::shared_ptr<const SchemaData>> data = schemaData();
    const std::shared_ptr<const kube::Schema> schema =
        data ? (*data)->schemas->byName("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions") : nullptr;
    if (!schema)
        return fail(kube::internalError("the schema of DeleteOptions is missing"));
    if (const std::string problem = kube::typeProblem(*body, schema->root()); !problem.empty())
        return fail(kube::unexpected(problem));
    return body;
}

Result<Asked> readDeleteOptions(const Exchange& exchange) {
    const Query& query = exchange.info.query;
    const Result<bool> dryRun = dryRunOf(query, "DeleteOptions");
    if (!dryRun)
        return std::unexpected(dryRun.error());
    const Result<kube::JsonObject> body = readOptionsBody(exchange);
    if (!body)
        return std::unexpected(body.error());
    const Result<bool> bodyDryRun = dryRunOf(textsOf(*body, "dryRun"), "DeleteOptions");
    if (!bodyDryRun)
        return std::unexpected(bodyDryRun.error());
    Asked asked;
    asked.dryRun = *dryRun || *bodyDryRun;
    DeleteOptions& options = asked.options;
    options.gracePeriodSeconds = kube::intAt(*body, {"gracePeriodSeconds"});
    if (const std::string_view seconds = query.get("gracePeriodSeconds");
        !options.gracePeriodSeconds && !seconds.empty()) {
        options.gracePeriodSeconds = query.number("gracePeriodSeconds");
        if (!options.gracePeriodSeconds)
            return fail(
                kube::badRequest("strconv.ParseInt: parsing " + goQuote(seconds) + ": invalid syntax"));
    }
    options.uid = kube::stringAt(*body, {"preconditions", "uid"});
    options.resourceVersion = kube::stringAt(*body, {"preconditions", "resourceVersion"});
    options.propagationPolicy = kube::stringAt(*body, {"propagationPolicy"});
    if (options.propagationPolicy.empty())
        options.propagationPolicy = query.get("propagationPolicy");
    const kube::Json* orphan = kube::find(*body, {"orphanDependents"});
    if (!options.propagationPolicy.empty() && orphan != nullptr && orphan->is_bool()) {
        Checker checker;
        checker.invalid(Path("propagationPolicy"), kube::Json(options.propagationPolicy),
                        "orphanDependents and deletionPropagation cannot be both set");
        return fail(kube::invalid({"meta.k8s.io", "v1", "DeleteOptions"}, "", checker.take()));
    }
    if (options.propagationPolicy.empty() && orphan != nullptr && orphan->is_bool())
        options.propagationPolicy = orphan->get_bool() ? "Orphan" : "Background";
    static constexpr std::array<std::string_view, 4> kPolicies{"", "Foreground", "Background", "Orphan"};
    if (std::find(kPolicies.begin(), kPolicies.end(), options.propagationPolicy) == kPolicies.end()) {
        Checker checker;
        checker.notSupported(Path("propagationPolicy"), options.propagationPolicy,
                             {"Foreground", "Background", "Orphan", "nil"});
        return fail(kube::invalid({"meta.k8s.io", "v1", "DeleteOptions"}, "", checker.take()));
    }
    return asked;
}

// A ReplicationController's pods stay where neither the client says otherwise nor an earlier deletion did: so
// it was in the beginning.
DeleteOptions optionsFor(const ResourceSpec& spec, const Entry& entry, DeleteOptions options) {
    if (!options.propagationPolicy.empty() || spec.gvr != kControllers)
        return options;
    const kube::ObjectPtr controller = decode(entry);
    if (!controller->hasFinalizer("orphan") && !controller->hasFinalizer("foregroundDeletion"))
        options.propagationPolicy = "Orphan";
    return options;
}

std::string successStatus(const ResourceSpec& spec, const Entry& entry) {
    kube::JsonObject details{{"name", entry.name}};
    if (!spec.gvr.group.empty())
        details["group"] = spec.gvr.group;
    details["kind"] = spec.gvr.resource;
    details["uid"] = entry.uid;
    return kube::printJson(kube::JsonObject{{"kind", "Status"},
                                            {"apiVersion", "v1"},
                                            {"metadata", kube::JsonObject()},
                                            {"status", "Success"},
                                            {"details", std::move(details)}});
}

void answerDeleted(const ExchangePtr& exchange, const Written& written, bool dryRun, std::int64_t rv) {
    const ResourceSpec& spec = *exchange->spec;
    if (written.removed && !returnsObject(spec.gvr) && written.entry)
        return exchange->respondText(200, exchange->format.contentType(),
                                     successStatus(spec, *written.entry));
    if (written.removed && !written.dryRunObject.empty()) {
        // The version of the deletion itself, as a watch tells it.
        kube::JsonObject last = written.dryRunObject;
        if (!dryRun)
            kube::ensureObject(last, {"metadata"})["resourceVersion"] = std::to_string(rv);
        return exchange->respondJson(200, renderDocument(*exchange, last));
    }
    exchange->respondJson(200, written.dryRunObject.empty()
                                   ? renderEntry(*exchange, *written.entry)
                                   : renderDocument(*exchange, written.dryRunObject));
}

// The deletions of a deletecollection still under way; answers when the last is done.
struct Sweep {
    ExchangePtr exchange;
    std::size_t open = 1;
    kube::JsonObject metadata;  // of the list that is answered
    std::optional<Error> error;

    void finishOne() {
        if (--open > 0)
            return;
        if (error)
            return exchange->fail(*error);
        ListRenderer renderer(*exchange);
        for (const EntryPtr& entry : entries)
            renderer.add(*entry);
        exchange->respondJson(200, std::move(renderer).finish(metadata));
    }
    std::vector<EntryPtr> entries;
};

}  // namespace

void handleDelete(Services& services, const ExchangePtr& exchange) {
    const Result<Asked> asked = readDeleteOptions(*exchange);
    if (!asked)
        return exchange->fail(asked.error());
    const WriteTarget target = targetOf(*exchange, asked->dryRun);
    const EntryPtr head = services.writes.head(target);
    const DeleteOptions options = head ? optionsFor(*exchange->spec, *head, asked->options) : asked->options;
    services.writes.remove(target, options,
                           [exchange, &services, dryRun = asked->dryRun](Result<Written> written) {
                               if (!written)
                                   return exchange->fail(written.error());
                               answerDeleted(exchange, *written, dryRun, services.state.committedRv());
                           });
}

void handleDeleteCollection(Services& services, const ExchangePtr& exchange) {
    const Result<Asked> asked = readDeleteOptions(*exchange);
    if (!asked)
        return exchange->fail(asked.error());
    auto sweep = std::make_shared<Sweep>();
    sweep->exchange = exchange;
    Result<kube::JsonObject> metadata =
        readPage(services, *exchange, [&](const EntryPtr& entry) { sweep->entries.push_back(entry); });
    if (!metadata)
        return exchange->fail(metadata.error());
    sweep->metadata = std::move(*metadata);
    const std::vector<EntryPtr> entries = sweep->entries;
    sweep->open += entries.size();
    for (const EntryPtr& entry : entries) {
        WriteTarget target = targetOf(*exchange, asked->dryRun);
        target.ns = entry->ns;
        target.name = entry->name;
        const DeleteOptions options = optionsFor(*exchange->spec, *entry, asked->options);
        services.writes.remove(target, options, [sweep](Result<Written> written) {
            if (!written && written.error().code != Code::NotFound)
                sweep->error = written.error();
            sweep->finishOne();
        });
    }
    sweep->finishOne();
}

}  // namespace kubefed::apiserver
