// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/apiserver/rest/render.h"

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

Result<Asked> readDeleteOptions(const Exchange& exchange) {
    const Query& query = exchange.info.query;
    const Result<bool> dryRun = dryRunOf(query, "DeleteOptions");
    if (!dryRun)
        return std::unexpected(dryRun.error());
    const Result<kube::JsonObject> body = readBody(exchange.request, true, nullptr);
    if (!body)
        return std::unexpected(body.error());
    Asked asked;
    asked.dryRun = *dryRun;
    if (const kube::JsonArray* dry = kube::arrayAt(*body, {"dryRun"}))
        for (const kube::Json& value : *dry)
            asked.dryRun = asked.dryRun || value == "All";
    DeleteOptions& options = asked.options;
    options.gracePeriodSeconds = kube::intAt(*body, {"gracePeriodSeconds"});
    if (!options.gracePeriodSeconds)
        options.gracePeriodSeconds = query.number("gracePeriodSeconds");
    options.uid = kube::stringAt(*body, {"preconditions", "uid"});
    options.resourceVersion = kube::stringAt(*body, {"preconditions", "resourceVersion"});
    options.propagationPolicy = kube::stringAt(*body, {"propagationPolicy"});
    if (options.propagationPolicy.empty())
        options.propagationPolicy = query.get("propagationPolicy");
    const kube::Json* orphan = kube::find(*body, {"orphanDependents"});
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
    std::int64_t rv = 0;
    std::optional<Error> error;

    void finishOne() {
        if (--open > 0)
            return;
        if (error)
            return exchange->fail(*error);
        ListRenderer renderer(*exchange);
        for (const EntryPtr& entry : entries)
            renderer.add(*entry);
        exchange->respondJson(200, std::move(renderer).finish({{"resourceVersion", std::to_string(rv)}}));
    }
    std::vector<EntryPtr> entries;
};

}  // namespace

void handleDelete(Services& services, const ExchangePtr& exchange) {
    const Result<Asked> asked = readDeleteOptions(*exchange);
    if (!asked)
        return exchange->fail(asked.error());
    DeleteOptions options = asked->options;
    // A ReplicationController's pods stay where the client does not say: so it was in the beginning.
    if (options.propagationPolicy.empty() && exchange->spec->gvr == kControllers)
        options.propagationPolicy = "Orphan";
    services.writes.remove(targetOf(*exchange, asked->dryRun), options,
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
    const Result<Filter> filter = Filter::make(exchange->info, *exchange->spec);
    if (!filter)
        return exchange->fail(filter.error());
    auto sweep = std::make_shared<Sweep>();
    sweep->exchange = exchange;
    sweep->rv = services.state.committedRv();
    const Collection& collection = services.registry.collection(*exchange->spec);
    for (auto it = collection.slots.lower_bound(filter->prefix()); it != collection.slots.end(); ++it) {
        if (!it->first.starts_with(filter->prefix()))
            break;
        if (it->second.head && filter->matches(*it->second.head))
            sweep->entries.push_back(it->second.head);
    }
    const std::vector<EntryPtr> entries = sweep->entries;
    sweep->open += entries.size();
    for (const EntryPtr& entry : entries) {
        WriteTarget target = targetOf(*exchange, asked->dryRun);
        target.ns = entry->ns;
        target.name = entry->name;
        services.writes.remove(target, asked->options, [sweep](Result<Written> written) {
            if (!written && written.error().code != Code::NotFound)
                sweep->error = written.error();
            sweep->finishOne();
        });
    }
    sweep->finishOne();
}

}  // namespace kubefed::apiserver
