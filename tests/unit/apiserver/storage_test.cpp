// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest/QTest>
#include <sqlite3.h>

#include "kubefed/apiserver/state/state.h"
#include "kubefed/apiserver/storage/sqlite_storage.h"

#include <sys/syscall.h>
#include <unistd.h>

using namespace kubefed;
using namespace kubefed::apiserver;

// SQLite's calls come here first, and are counted.
namespace {
std::atomic<int> syncs{0};
}
extern "C" {
__attribute__((visibility("default"))) int fdatasync(int file) {
    ++syncs;
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}
__attribute__((visibility("default"))) int fsync(int file) {
    ++syncs;
    return static_cast<int>(::syscall(SYS_fsync, file));
}
}

namespace {

const kube::Gvr kMaps{"", "v1", "configmaps"};

kube::JsonObject configMap(const std::string& name, const std::string& value) {
    return {{"metadata", kube::JsonObject{{"name", name}, {"namespace", "ns"}, {"uid", name}}},
            {"data", kube::JsonObject{{"k", value}}}};
}

std::string valueOf(const EntryPtr& entry) {
    return entry ? std::string(kube::stringAt(decode(*entry)->document(), {"data", "k"}))
                 : std::string("(none)");
}

// Commits when told to.
class HeldStorage final : public Storage {
public:
    [[nodiscard]] Result<StorageContents> load(StorageListener& listener) override {
        m_listener = &listener;
        return StorageContents{};
    }
    void write(StorageWrite write) override { writes.push_back(std::move(write)); }
    void restart() override { restarted = true; }
    [[nodiscard]] std::uint64_t sizeBytes() const override { return 0; }
    void commit() { m_listener->onCommitted(writes.back().rv, 0, writes.size()); }
    void refuse() { m_listener->onFailed({.code = Code::Unavailable, .message = "disk full"}); }

    std::vector<StorageWrite> writes;
    bool restarted = false;

private:
    StorageListener* m_listener = nullptr;
};

void execute(const std::string& file, const std::string& sql) {
    sqlite3* db = nullptr;
    QCOMPARE(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    QCOMPARE(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
}

Result<void> load(const std::string& file) {
    State state(std::make_unique<SqliteStorage>(file), 100);
    state.bind(kMaps, "ConfigMap", true, {});
    return state.load();
}

}  // namespace

class StorageTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsCommittedComesBack() {
        const QTemporaryDir dir;
        const std::string file = dir.filePath(QStringLiteral("store.db")).toStdString();
        std::int64_t last = 0;
        {
            State state(std::make_unique<SqliteStorage>(file), 100);
            Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
            QVERIFY(state.load().has_value());
            int done = 0;
            for (int i = 0; i < 200; ++i)
                state.put(maps, configMap("m" + std::to_string(i % 50), std::to_string(i)),
                          [&](const Result<void>& result) { done += result ? 1 : 0; });
            state.remove(maps, *maps.head("ns/m7"),
                         [&](const Result<void>& result) { done += result ? 1 : 0; });
            QCOMPARE(done, 0);
            QVERIFY(maps.committed("ns/m1") == nullptr);
            QTRY_COMPARE(done, 201);
            // What is written in one turn of the event loop is one commit.
            QCOMPARE(state.statistics().commits, 1U);
            last = state.committedRv();
        }
        State state(std::make_unique<SqliteStorage>(file), 100);
        const Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        QCOMPARE(state.committedRv(), last);
        QCOMPARE(maps.slots.size(), 49U);
        QCOMPARE(valueOf(maps.committed("ns/m8")), std::string("158"));
        QCOMPARE(maps.compactedRv, last);
    }

    void nothingIsAcknowledgedBeforeItIsOnDisk() {
        const QTemporaryDir dir;
        State state(std::make_unique<SqliteStorage>(dir.filePath(QStringLiteral("store.db")).toStdString()),
                    100);
        Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        for (int i = 0; i < 20; ++i) {
            const int before = syncs;
            int atDone = -1;
            state.put(maps, configMap("a", std::to_string(i)), [&](const Result<void>& result) {
                QVERIFY(result.has_value());
                atDone = syncs;
            });
            QTRY_VERIFY(atDone >= 0);
            QVERIFY2(atDone > before, qPrintable(QString::number(i)));
        }
    }

    void historyIsBoundedInBytes() {
        auto owned = std::make_unique<HeldStorage>();
        HeldStorage& storage = *owned;
        State state(std::move(owned), 1000);
        Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        for (int i = 0; i < 20; ++i)
            state.put(maps, configMap("a", std::string(1'000'000, 'x')), nullptr);
        storage.commit();
        QVERIFY(maps.history.size() <= 5 && maps.history.size() >= 3);
        QCOMPARE(maps.history.back().rv, state.committedRv());
        QCOMPARE(maps.compactedRv, maps.history.front().rv - 1);
        state.put(maps, configMap("b", std::string(9'000'000, 'x')), nullptr);
        storage.commit();
        QCOMPARE(maps.history.size(), 1U);
        for (int i = 0; i < 2000; ++i)
            state.put(maps, configMap("b", "x"), nullptr);
        storage.commit();
        QCOMPARE(maps.history.size(), 1000U);
    }

    void onlyWhatWasUsedLastIsKeptAsADocument() {
        auto owned = std::make_unique<HeldStorage>();
        HeldStorage& storage = *owned;
        State state(std::move(owned), 10);
        Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        for (int i = 0; i < 1000; ++i)
            state.put(maps, configMap("m" + std::to_string(i), std::to_string(i)), nullptr);
        storage.commit();
        const auto documents = [&maps] {
            return std::count_if(maps.slots.begin(), maps.slots.end(),
                                 [](const auto& slot) { return slot.second.head->decoded != nullptr; });
        };
        QVERIFY(documents() >= 40 && documents() <= 60);
        QVERIFY(maps.head("ns/m999")->decoded != nullptr);
        for (int i = 0; i < 1000; ++i)
            QCOMPARE(valueOf(maps.head("ns/m" + std::to_string(i))), std::to_string(i));
        QVERIFY(documents() <= 60);
    }

    void queuedWritesAreCommittedAtTheEnd() {
        const QTemporaryDir dir;
        const std::string file = dir.filePath(QStringLiteral("store.db")).toStdString();
        {
            State state(std::make_unique<SqliteStorage>(file), 100);
            Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
            QVERIFY(state.load().has_value());
            state.put(maps, configMap("last", "1"), nullptr);
        }
        State state(std::make_unique<SqliteStorage>(file), 100);
        const Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        QCOMPARE(valueOf(maps.committed("ns/last")), std::string("1"));
    }

    void readersSeeOnlyWhatIsCommitted() {
        auto owned = std::make_unique<HeldStorage>();
        HeldStorage& storage = *owned;
        State state(std::move(owned), 100);
        Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        std::string order;
        state.put(maps, configMap("a", "1"), [&](const Result<void>&) { order += "1"; });
        state.put(maps, configMap("a", "2"), [&](const Result<void>&) { order += "2"; });
        state.afterCommit([&](const Result<void>&) { order += "3"; });
        QCOMPARE(valueOf(maps.head("ns/a")), std::string("2"));
        QVERIFY(maps.committed("ns/a") == nullptr);
        storage.commit();
        QCOMPARE(order, std::string("123"));
        QCOMPARE(valueOf(maps.committed("ns/a")), std::string("2"));
        QCOMPARE(maps.history.size(), 2U);
    }

    void aFailedCommitFailsWhatIsPendingAndIsForgotten() {
        auto owned = std::make_unique<HeldStorage>();
        HeldStorage& storage = *owned;
        State state(std::move(owned), 100);
        Collection& maps = state.bind(kMaps, "ConfigMap", true, {});
        QVERIFY(state.load().has_value());
        state.put(maps, configMap("kept", "1"), nullptr);
        storage.commit();
        int failed = 0;
        const auto count = [&](const Result<void>& result) { failed += result ? 0 : 1; };
        state.put(maps, configMap("kept", "2"), count);
        state.put(maps, configMap("new", "2"), count);
        state.remove(maps, *maps.head("ns/kept"), count);
        storage.refuse();
        QCOMPARE(failed, 3);
        QVERIFY(storage.restarted);
        QVERIFY(!state.problem().empty());
        QCOMPARE(valueOf(maps.head("ns/kept")), std::string("1"));
        QVERIFY(maps.head("ns/new") == nullptr);
        state.put(maps, configMap("kept", "3"), nullptr);
        storage.commit();
        QVERIFY(state.problem().empty());
        QCOMPARE(valueOf(maps.committed("ns/kept")), std::string("3"));
    }

    void storesThatMustNotBeUsedAreRefusedWithARemedy() {
        const QTemporaryDir dir;
        const std::string newer = dir.filePath(QStringLiteral("newer.db")).toStdString();
        QVERIFY(load(newer).has_value());
        execute(newer, "PRAGMA user_version=99");
        QVERIFY(load(newer).error().code == Code::DataLoss);
        QVERIFY(load(newer).error().message.find("schema version 99") != std::string::npos);
        const std::string other = dir.filePath(QStringLiteral("other.db")).toStdString();
        execute(other, "CREATE TABLE x(y)");
        QVERIFY(load(other).error().code == Code::DataLoss);
        const std::string damaged = dir.filePath(QStringLiteral("damaged.db")).toStdString();
        std::ofstream(damaged) << std::string(8192, 'x');
        QVERIFY(load(damaged).error().code == Code::DataLoss);
        QVERIFY(load(damaged).error().message.find("damaged") != std::string::npos);
    }

    void aStoreBelongsToOneServer() {
        const QTemporaryDir dir;
        const std::string file = dir.filePath(QStringLiteral("store.db")).toStdString();
        State state(std::make_unique<SqliteStorage>(file), 100);
        QVERIFY(state.load().has_value());
        QVERIFY(load(file).error().code == Code::Unavailable);
    }
};

QTEST_GUILESS_MAIN(StorageTest)
#include "storage_test.moc"
