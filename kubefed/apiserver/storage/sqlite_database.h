// SPDX-License-Identifier: Apache-2.0
//
// The SQL behind SqliteStorage: opens and checks the file, reads it, writes batches. Used by one thread at a
// time (first the opener's, then the storage thread). Errors: DataLoss for a file that must not be used as
// it is, Unavailable for one that is locked or cannot be written.
#pragma once

#include <filesystem>
#include <vector>

#include "kubefed/apiserver/storage/storage.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kubefed::apiserver {

class SqliteDatabase {
public:
    SqliteDatabase() = default;
    ~SqliteDatabase();
    SqliteDatabase(const SqliteDatabase&) = delete;
    SqliteDatabase& operator=(const SqliteDatabase&) = delete;

    [[nodiscard]] Result<void> open(const std::filesystem::path& file);
    [[nodiscard]] Result<StorageContents> read();
    // All or nothing, durable when it returns.
    [[nodiscard]] Result<void> commit(const std::vector<StorageWrite>& writes);

private:
    [[nodiscard]] Result<void> execute(const char* sql);
    [[nodiscard]] Result<void> checkVersion();
    [[nodiscard]] Result<void> prepare();
    [[nodiscard]] Result<void> step(sqlite3_stmt* statement);
    [[nodiscard]] Result<void> writeAll(const std::vector<StorageWrite>& writes);
    [[nodiscard]] std::unexpected<Error> problem(const char* what) const;

    std::filesystem::path m_file;
    sqlite3* m_db = nullptr;
    sqlite3_stmt* m_put = nullptr;
    sqlite3_stmt* m_remove = nullptr;
    sqlite3_stmt* m_touch = nullptr;
};

}  // namespace kubefed::apiserver
