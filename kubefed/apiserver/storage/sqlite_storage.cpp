// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/storage/sqlite_storage.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "kubefed/apiserver/storage/sqlite_database.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::apiserver {

class SqliteStorage::Impl {
public:
    explicit Impl(std::filesystem::path file)
        : m_file(std::move(file)), m_wakeup([this] { deliver(); }), m_turnEnd([this] { handOver(); }) {}

    ~Impl() {
        if (!m_thread.joinable())
            return;
        handOver();
        {
            const std::scoped_lock lock(m_mutex);
            m_closing = true;
        }
        m_ready.notify_one();
        m_thread.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<StorageContents> load(StorageListener& listener) {
        m_listener = &listener;
        KUBEFED_TRY(m_database.open(m_file));
        Result<StorageContents> contents = m_database.read();
        if (contents)
            m_thread = std::thread([this] { run(); });
        return contents;
    }

    // What is written in one turn of the server's event loop becomes one commit: a first write alone would
    // make those right behind it wait for a second one.
    void write(StorageWrite write) {
        m_turn.push_back(std::move(write));
        if (m_turn.size() == 1)
            m_turnEnd.notify();
    }

    void restart() {
        m_turn.clear();
        const std::scoped_lock lock(m_mutex);
        m_failed = false;
    }

    std::uint64_t sizeBytes() const {
        std::uint64_t total = 0;
        for (const char* suffix : {"", "-wal"}) {
            std::error_code error;
            const auto size = std::filesystem::file_size(m_file.string() + suffix, error);
            total += error ? 0 : size;
        }
        return total;
    }

private:
    struct Outcome {
        std::int64_t rv = 0;
        double seconds = 0;
        std::size_t writes = 0;
        std::optional<Error> error = {};
    };

    void run() {
        std::unique_lock lock(m_mutex);
        while (true) {
            m_ready.wait(lock, [this] { return m_closing || !m_queue.empty(); });
            if (m_queue.empty())
                return;
            std::vector<StorageWrite> batch;
            batch.swap(m_queue);
            lock.unlock();
            const auto begin = std::chrono::steady_clock::now();
            Result<void> result = m_database.commit(batch);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            lock.lock();
            Outcome outcome{batch.back().rv, took.count(), batch.size()};
            if (!result) {
                outcome.error = std::move(result.error());
                m_failed = true;
                m_queue.clear();
            }
            m_outcomes.push_back(std::move(outcome));
            m_wakeup.notify();
        }
    }

    // On the server's thread.
    void handOver() {
        std::vector<StorageWrite> turn = std::exchange(m_turn, {});
        if (turn.empty())
            return;
        {
            const std::scoped_lock lock(m_mutex);
            if (m_failed)
                return;  // decided on a state that was never stored; onFailed is on its way
            m_queue.insert(m_queue.end(), std::make_move_iterator(turn.begin()),
                           std::make_move_iterator(turn.end()));
        }
        m_ready.notify_one();
    }

    // On the server's thread.
    void deliver() {
        std::vector<Outcome> outcomes;
        {
            const std::scoped_lock lock(m_mutex);
            outcomes.swap(m_outcomes);
        }
        for (Outcome& outcome : outcomes) {
            if (outcome.error)
                m_listener->onFailed(std::move(*outcome.error));
            else
                m_listener->onCommitted(outcome.rv, outcome.seconds, outcome.writes);
        }
    }

    const std::filesystem::path m_file;
    SqliteDatabase m_database;  // the storage thread's once it runs
    StorageListener* m_listener = nullptr;
    std::vector<StorageWrite> m_turn;  // the server thread's
    std::mutex m_mutex;
    std::condition_variable m_ready;
    std::vector<StorageWrite> m_queue;
    std::vector<Outcome> m_outcomes;
    bool m_closing = false;
    bool m_failed = false;
    Wakeup m_wakeup;
    Wakeup m_turnEnd;
    std::thread m_thread;
};

SqliteStorage::SqliteStorage(std::filesystem::path file) : m_impl(std::make_unique<Impl>(std::move(file))) {}
SqliteStorage::~SqliteStorage() = default;
Result<StorageContents> SqliteStorage::load(StorageListener& listener) {
    return m_impl->load(listener);
}
void SqliteStorage::write(StorageWrite write) {
    m_impl->write(std::move(write));
}
void SqliteStorage::restart() {
    m_impl->restart();
}
std::uint64_t SqliteStorage::sizeBytes() const {
    return m_impl->sizeBytes();
}

}  // namespace kubefed::apiserver
