// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/apiserver/rest/render.h"

namespace kubefed::apiserver {

Result<kube::JsonObject> readPage(const Services& services, const Exchange& exchange,
                                  const std::function<void(const EntryPtr&)>& visit) {
    const Result<Filter> filter = Filter::make(exchange.info, *exchange.spec);
    if (!filter)
        return std::unexpected(filter.error());
    const std::int64_t current = services.state.committedRv();
    const Result<ListOptions> options = readListOptions(exchange.info, current);
    if (!options)
        return std::unexpected(options.error());
    const std::int64_t rv = options->exact ? options->resourceVersion.value_or(current) : current;
    const Collection& collection = services.registry.collection(*exchange.spec);
    const bool selects = filter->selects();
    std::int64_t shown = 0, left = 0;
    std::string lastKey;
    const std::string start = options->startAfter.empty() ? "" : filter->prefix() + options->startAfter;
    const bool known = collection.snapshot(rv, filter->prefix(), start, [&](const EntryPtr& entry) {
        if (!filter->matches(*entry))
            return true;
        if (options->limit > 0 && shown == options->limit) {
            ++left;
            return !selects;  // how many are left is told only without selectors
        }
        visit(entry);
        ++shown;
        lastKey = entry->key();
        return true;
    });
    if (!known)
        return fail(continueExpired(options->isContinued ? continueToken(-1, options->startAfter) : ""));
    kube::JsonObject metadata{{"resourceVersion", std::to_string(rv)}};
    if (left > 0) {
        metadata["continue"] = continueToken(rv, lastKey.substr(filter->prefix().size()));
        if (!selects)
            metadata["remainingItemCount"] = left;
    }
    return metadata;
}

void handleGet(Services& services, const ExchangePtr& exchange) {
    const RequestInfo& info = exchange->info;
    if (Result<void> fine = checkGetOptions(info, services.state.committedRv()); !fine)
        return exchange->fail(fine.error());
    const EntryPtr entry =
        services.registry.collection(*exchange->spec)
            .committed(storageKey(exchange->spec->namespaced ? info.ns : std::string(), info.name));
    if (!entry)
        return exchange->fail(kube::notFound(exchange->spec->gvr, info.name));
    exchange->respondJson(200, renderEntry(*exchange, *entry));
}

void handleList(Services& services, const ExchangePtr& exchange) {
    ListRenderer renderer(*exchange);
    const Result<kube::JsonObject> metadata =
        readPage(services, *exchange, [&](const EntryPtr& entry) { renderer.add(*entry); });
    if (!metadata)
        return exchange->fail(metadata.error());
    exchange->respondJson(200, std::move(renderer).finish(*metadata));
}

}  // namespace kubefed::apiserver
