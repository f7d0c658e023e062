// SPDX-License-Identifier: Apache-2.0
//
// One version of one object as the server keeps it: compact JSON text plus what selectors, owners and
// deletion need, instead of a document tree (a 1.1 KB object is 5 KB as one). Immutable but for a cache of
// its decoded form; shared by state, history and watchers. Server thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/object.h"

namespace kubefed::apiserver {

class Collection;

struct Entry : std::enable_shared_from_this<Entry> {
    const Collection* collection = nullptr;
    std::string ns, name, uid;
    std::int64_t rv = 0;
    // The object's JSON after `{"kind":..,"apiVersion":..,` up to and with its closing brace, so that any
    // version and the kind-less form of lists can be put before it.
    std::string body;
    kube::JsonObject labels;
    std::vector<std::string> fields;  // values of Collection::selectable, in order
    std::vector<std::string> ownerUids;
    bool deleting = false;
    bool hasFinalizers = false;
    mutable kube::ObjectPtr decoded;

    [[nodiscard]] std::string key() const { return ns.empty() ? name : ns + "/" + name; }
};
using EntryPtr = std::shared_ptr<const Entry>;

[[nodiscard]] std::string storageKey(std::string_view ns, std::string_view name);
// Takes `document` apart; its metadata.resourceVersion becomes `rv`.
[[nodiscard]] std::shared_ptr<Entry> makeEntry(const Collection& collection, kube::JsonObject document,
                                               std::int64_t rv);
// From storage. DataLoss: the text is no object.
[[nodiscard]] Result<std::shared_ptr<Entry>> restoreEntry(const Collection& collection, std::string body,
                                                          std::int64_t rv);
// The whole document, from the cache or parsed.
[[nodiscard]] kube::ObjectPtr decode(const Entry& entry);
// {"kind":K,"apiVersion":V, + body
[[nodiscard]] std::string fullText(const Entry& entry, std::string_view apiVersion);
// As it was, but with another resourceVersion (what watchers see when an object leaves their selection).
[[nodiscard]] EntryPtr withVersion(const Entry& entry, std::int64_t rv);

}  // namespace kubefed::apiserver
