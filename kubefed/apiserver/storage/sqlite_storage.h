// SPDX-License-Identifier: Apache-2.0
//
// Storage in one SQLite file: WAL, synchronous=FULL, one transaction for all that is queued when the disk is
// free again (group commit). All of SQLite is in sqlite_storage.cpp. The thread belongs to the object: it
// starts with load() and has committed everything queued when the destructor returns. The file is locked
// for as long as it is open; a second server on it is refused.
#pragma once

#include <filesystem>
#include <memory>

#include "kubefed/apiserver/storage/storage.h"

namespace kubefed::apiserver {

class SqliteStorage final : public Storage {
public:
    explicit SqliteStorage(std::filesystem::path file);
    ~SqliteStorage() override;

    [[nodiscard]] Result<StorageContents> load(StorageListener& listener) override;
    void write(StorageWrite write) override;
    void restart() override;
    [[nodiscard]] std::uint64_t sizeBytes() const override;

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::apiserver
