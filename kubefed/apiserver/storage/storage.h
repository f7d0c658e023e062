// SPDX-License-Identifier: Apache-2.0
//
// Where the API server's objects survive. write() only queues; the listener hears on the server's thread up
// to which resourceVersion everything is durable, or that a commit failed: then nothing queued after the
// last committed one was kept, and writes are refused until restart(). Owned by the State, used on its
// thread. Implementations: SqliteStorage (a thread of its own, group commit), MemoryStorage.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::apiserver {

struct StorageWrite {
    std::int64_t rv = 0;
    std::string collection;                   // "pods", "roles.rbac.authorization.k8s.io"
    std::string key;                          // "namespace/name" or "name"
    std::shared_ptr<const std::string> body;  // null: the object is deleted
};

struct StoredObject {
    std::string collection, key, body;
    std::int64_t rv = 0;
};

struct StorageContents {
    std::int64_t lastRv = 0;
    std::map<std::string, std::int64_t> lastChange;  // per collection, deletions included
    std::vector<StoredObject> objects;
};

class StorageListener {
public:
    virtual ~StorageListener() = default;
    // Everything up to `rv` is durable; it took `seconds` for a batch of `writes`.
    virtual void onCommitted(std::int64_t rv, double seconds, std::size_t writes) = 0;
    virtual void onFailed(Error error) = 0;
};

class Storage {
public:
    virtual ~Storage() = default;  // commits what is queued
    // Once, before the first write; blocks. DataLoss: damaged or of a newer version, with the remedy.
    [[nodiscard]] virtual Result<StorageContents> load(StorageListener& listener) = 0;
    virtual void write(StorageWrite write) = 0;
    // After onFailed: takes writes again.
    virtual void restart() = 0;
    [[nodiscard]] virtual std::uint64_t sizeBytes() const = 0;
};

}  // namespace kubefed::apiserver
