// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/apiserver/rest/render.h"

namespace kubefed::apiserver {
namespace {

struct Page {
    std::string lastKey;
    std::int64_t shown = 0, left = 0;
};

void answerList(const ExchangePtr& exchange, std::int64_t rv, const Page& page, bool selects,
                ListRenderer renderer) {
    kube::JsonObject metadata{{"resourceVersion", std::to_string(rv)}};
    if (page.left > 0) {
        metadata["continue"] = continueToken(rv, page.lastKey);
        if (!selects)
            metadata["remainingItemCount"] = page.left;
    }
    exchange->respondJson(200, std::move(renderer).finish(metadata));
}

}  // namespace

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
    const Result<Filter> filter = Filter::make(exchange->info, *exchange->spec);
    if (!filter)
        return exchange->fail(filter.error());
    const std::int64_t current = services.state.committedRv();
    const Result<ListOptions> options = readListOptions(exchange->info, current);
    if (!options)
        return exchange->fail(options.error());
    const std::int64_t rv = options->exact ? options->resourceVersion.value_or(current) : current;
    const Collection& collection = services.registry.collection(*exchange->spec);
    ListRenderer renderer(*exchange);
    Page page;
    const bool selects = filter->selects();
    const bool known =
        collection.snapshot(rv, filter->prefix(), options->startAfter, [&](const EntryPtr& entry) {
            if (!filter->matches(*entry))
                return true;
            if (options->limit > 0 && page.shown == options->limit) {
                ++page.left;
                return !selects;  // how many are left is told only without selectors
            }
            renderer.add(*entry);
            ++page.shown;
            page.lastKey = entry->key();
            return true;
        });
    if (!known)
        return exchange->fail(
            continueExpired(options->isContinued ? continueToken(-1, options->startAfter) : ""));
    answerList(exchange, rv, page, selects, std::move(renderer));
}

}  // namespace kubefed::apiserver
