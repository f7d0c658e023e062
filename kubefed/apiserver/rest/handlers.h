// SPDX-License-Identifier: Apache-2.0
//
// One function per verb: each takes an authorised exchange whose type is known and answers it, at once or
// when its write is durable. Services are what they work on; all of it belongs to the ApiServer and outlives
// the exchanges. Server thread.
#pragma once

#include "kubefed/apiserver/auth.h"
#include "kubefed/apiserver/rest/exchange.h"
#include "kubefed/apiserver/rest/watch_hub.h"
#include "kubefed/apiserver/rest/write_pipeline.h"

namespace kubefed::apiserver {

struct Services {
    State& state;
    Registry& registry;
    WritePipeline& writes;
    WatchHub& watches;
    const TokenIssuer& tokens;
    std::chrono::seconds maxTokenLife;
};

void handleGet(Services& services, const ExchangePtr& exchange);
void handleList(Services& services, const ExchangePtr& exchange);
void handleCreate(Services& services, const ExchangePtr& exchange);
void handleUpdate(Services& services, const ExchangePtr& exchange);
void handlePatch(Services& services, const ExchangePtr& exchange);
void handleDelete(Services& services, const ExchangePtr& exchange);
void handleDeleteCollection(Services& services, const ExchangePtr& exchange);
// get, update and patch of the scale subresource.
void handleScale(Services& services, const ExchangePtr& exchange);
void handleBinding(Services& services, const ExchangePtr& exchange);
void handleTokenRequest(Services& services, const ExchangePtr& exchange);
// TokenReview, SubjectAccessReview and their like: answered and forgotten.
void handleReview(Services& services, const ExchangePtr& exchange);

// Shared by them.
// The page that a list, or deletecollection, is about: visits its entries in order and returns the list's
// metadata. Errors as of readListOptions(), 410 for a version that is forgotten; nothing is visited then.
[[nodiscard]] Result<kube::JsonObject> readPage(const Services& services, const Exchange& exchange,
                                                const std::function<void(const EntryPtr&)>& visit);
[[nodiscard]] WriteTarget targetOf(const Exchange& exchange, bool dryRun);
// Answers with what a write gave: 201 if created, else 200.
[[nodiscard]] WrittenDone respondWritten(ExchangePtr exchange);
// What checkObject() has against the result of a patch, told as a problem of the patch.
[[nodiscard]] Error patchProblem(const Error& error, const kube::JsonObject& patched);
[[nodiscard]] Result<kube::JsonObject> patchedDocument(const Exchange& exchange, kube::JsonObject live,
                                                       std::vector<std::string>* duplicates);

}  // namespace kubefed::apiserver
