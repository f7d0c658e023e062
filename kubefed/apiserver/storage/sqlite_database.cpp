// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/storage/sqlite_database.h"

#include <string>
#include <string_view>
#include <unordered_map>

#include <sqlite3.h>

namespace kubefed::apiserver {
namespace {

constexpr int kApplicationId = 0x6b666564;  // "kfed"
constexpr int kSchemaVersion = 1;

void bindText(sqlite3_stmt* statement, int index, std::string_view text) {
    sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

std::string columnText(sqlite3_stmt* statement, int index) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
    return bytes == nullptr
               ? std::string()
               : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
}

int readInt(sqlite3* db, const char* sql, int fallback) {
    sqlite3_stmt* statement = nullptr;
    int value = fallback;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

}  // namespace

SqliteDatabase::~SqliteDatabase() {
    sqlite3_finalize(m_put);
    sqlite3_finalize(m_remove);
    sqlite3_finalize(m_touch);
    sqlite3_close(m_db);
}

std::unexpected<Error> SqliteDatabase::problem(const char* what) const {
    const int code = m_db == nullptr ? SQLITE_NOMEM : sqlite3_errcode(m_db);
    const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    std::string message = std::string(what) + " \"" + m_file.string() +
                          "\": " + (m_db == nullptr ? "out of memory" : sqlite3_errmsg(m_db));
    if (damaged)
        message +=
            "; the store is damaged: move it away and restore a backup, or start with an empty store and "
            "join the clusters again";
    else if (code == SQLITE_BUSY)
        message += "; another server uses this store: stop it first";
    return fail(damaged ? Code::DataLoss : Code::Unavailable, std::move(message));
}

Result<void> SqliteDatabase::execute(const char* sql) {
    if (sqlite3_exec(m_db, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return problem("store");
    return {};
}

Result<void> SqliteDatabase::open(const std::filesystem::path& file) {
    m_file = file;
    if (sqlite3_open_v2(file.c_str(), &m_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
        return problem("cannot open the store");
    // EXCLUSIVE keeps the lock for the life of the process and needs no shared memory file for the WAL.
    for (const char* sql :
         {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
          "PRAGMA wal_autocheckpoint=4000", "PRAGMA cache_size=-4096", "BEGIN IMMEDIATE; COMMIT"})
        KUBEFED_TRY(execute(sql));
    // A build of SQLite may know the word and take it for another: what is acknowledged stands on it.
    constexpr int kFull = 2;
    if (const int synchronous = readInt(m_db, "PRAGMA synchronous", -1); synchronous != kFull)
        return fail(Code::Internal, "store \"" + m_file.string() +
                                        "\" cannot be made durable: SQLite says synchronous=" +
                                        std::to_string(synchronous) + " where FULL was asked for");
    KUBEFED_TRY(checkVersion());
    return prepare();
}

Result<void> SqliteDatabase::checkVersion() {
    const int version = readInt(m_db, "PRAGMA user_version", -1);
    const int application = readInt(m_db, "PRAGMA application_id", -1);
    const int tables = readInt(m_db, "SELECT count(*) FROM sqlite_master", -1);
    if (version < 0 || application < 0 || tables < 0)
        return problem("cannot read the store");
    if (version == 0 && application == 0 && tables == 0) {
        const std::string sql =
            "BEGIN;"
            "CREATE TABLE objects(collection TEXT NOT NULL, key TEXT NOT NULL, rv INTEGER NOT NULL, body "
            "BLOB NOT "
            "NULL, PRIMARY KEY(collection, key)) WITHOUT ROWID;"
            "CREATE TABLE changes(collection TEXT PRIMARY KEY, rv INTEGER NOT NULL) WITHOUT ROWID;"
            "PRAGMA application_id=" +
            std::to_string(kApplicationId) +
            ";"
            "PRAGMA user_version=" +
            std::to_string(kSchemaVersion) + ";COMMIT";
        return execute(sql.c_str());
    }
    if (application != kApplicationId)
        return fail(Code::DataLoss, "store \"" + m_file.string() +
                                        "\" is an SQLite file of another program; "
                                        "give the path of a kubefed store or of a new file");
    if (version > kSchemaVersion)
        return fail(Code::DataLoss, "store \"" + m_file.string() + "\" has schema version " +
                                        std::to_string(version) + ", this program knows up to " +
                                        std::to_string(kSchemaVersion) +
                                        "; use the newer program that wrote it");
    sqlite3_stmt* statement = nullptr;
    std::string verdict;
    if (sqlite3_prepare_v2(m_db, "PRAGMA quick_check(1)", -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        verdict = columnText(statement, 0);
    sqlite3_finalize(statement);
    if (verdict != "ok")
        return fail(Code::DataLoss,
                    "store \"" + m_file.string() + "\" is damaged (" + verdict +
                        "); move it away and restore a backup, or start with an empty store and "
                        "join the clusters again");
    return {};
}

Result<void> SqliteDatabase::prepare() {
    const auto make = [this](const char* sql, sqlite3_stmt** statement) {
        return sqlite3_prepare_v3(m_db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr) == SQLITE_OK;
    };
    if (!make("INSERT OR REPLACE INTO objects(collection, key, rv, body) VALUES(?1, ?2, ?3, ?4)", &m_put) ||
        !make("DELETE FROM objects WHERE collection=?1 AND key=?2", &m_remove) ||
        !make("INSERT OR REPLACE INTO changes(collection, rv) VALUES(?1, ?2)", &m_touch))
        return problem("cannot use the store");
    return {};
}

Result<StorageContents> SqliteDatabase::read() {
    StorageContents contents;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(m_db, "SELECT collection, rv FROM changes", -1, &statement, nullptr) != SQLITE_OK)
        return problem("cannot read the store");
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const std::int64_t rv = sqlite3_column_int64(statement, 1);
        contents.lastChange[columnText(statement, 0)] = rv;
        contents.lastRv = std::max(contents.lastRv, rv);
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE)
        return problem("cannot read the store");
    if (sqlite3_prepare_v2(m_db, "SELECT collection, key, rv, body FROM objects", -1, &statement, nullptr) !=
        SQLITE_OK)
        return problem("cannot read the store");
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        contents.objects.push_back({columnText(statement, 0), columnText(statement, 1),
                                    columnText(statement, 3), sqlite3_column_int64(statement, 2)});
    sqlite3_finalize(statement);
    if (code != SQLITE_DONE)
        return problem("cannot read the store");
    return contents;
}

Result<void> SqliteDatabase::step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (code != SQLITE_DONE)
        return problem("cannot write to the store");
    return {};
}

Result<void> SqliteDatabase::writeAll(const std::vector<StorageWrite>& writes) {
    std::unordered_map<std::string_view, std::int64_t> touched;
    for (const StorageWrite& write : writes) {
        sqlite3_stmt* statement = write.body ? m_put : m_remove;
        bindText(statement, 1, write.collection);
        bindText(statement, 2, write.key);
        if (write.body) {
            sqlite3_bind_int64(statement, 3, write.rv);
            sqlite3_bind_blob64(statement, 4, write.body->data(), write.body->size(), SQLITE_STATIC);
        }
        KUBEFED_TRY(step(statement));
        touched[write.collection] = write.rv;
    }
    for (const auto& [collection, rv] : touched) {
        bindText(m_touch, 1, collection);
        sqlite3_bind_int64(m_touch, 2, rv);
        KUBEFED_TRY(step(m_touch));
    }
    return {};
}

Result<void> SqliteDatabase::commit(const std::vector<StorageWrite>& writes) {
    KUBEFED_TRY(execute("BEGIN IMMEDIATE"));
    Result<void> result = writeAll(writes);
    if (result)
        result = execute("COMMIT");
    if (!result && sqlite3_get_autocommit(m_db) == 0)
        sqlite3_exec(m_db, "ROLLBACK", nullptr, nullptr, nullptr);
    return result;
}

}  // namespace kubefed::apiserver
