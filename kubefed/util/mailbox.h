// SPDX-License-Identifier: Apache-2.0
//
// Hands values from any thread to one receiving Qt event loop: a mutex, a bounded queue, an eventfd and a
// QSocketNotifier (queued calls are avoided: thread sanitizers report false races in them with Qt's own
// futexes). Created and destroyed on the receiving thread; push() from any thread while it lives. The
// handler gets whole batches, in order. push() answers false when the queue is full or closed: the sender
// then stops reading from its source (for a connection: its HTTP/2 window) until `spaceAvailable`.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kubefed {

// The type-independent part: wakes the receiving thread's event loop.
class Wakeup {
public:
    // `wake` is called on the constructing thread, once for any number of notify() calls before it.
    explicit Wakeup(std::function<void()> wake);
    ~Wakeup();
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;
    void notify();  // any thread

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

template <class T>
class Mailbox {
public:
    using Handler = std::function<void(std::vector<T>)>;

    Mailbox(std::size_t capacity, Handler handler)
        : m_capacity(capacity), m_handler(std::move(handler)), m_wakeup([this] { drain(); }) {}

    // Any thread. False: full or closed (nothing was taken).
    [[nodiscard]] bool push(T value) {
        {
            const std::scoped_lock lock(m_mutex);
            if (m_isClosed || m_queue.size() >= m_capacity)
                return false;
            m_queue.push_back(std::move(value));
            if (m_queue.size() > 1)
                return true;  // the wake-up for the first one is still under way
        }
        m_wakeup.notify();
        return true;
    }

    // Receiving thread, not from within the handler: what waits is dropped, and the handler goes with what it
    // refers to. For one whose senders outlive the receiver.
    void close() {
        {
            const std::scoped_lock lock(m_mutex);
            m_isClosed = true;
            m_queue.clear();
        }
        m_handler = {};
        m_drained = {};
    }

    // Called on the receiving thread after each batch was handled (so there is space again). Set before use.
    void setDrained(std::function<void()> drained) { m_drained = std::move(drained); }

private:
    void drain() {
        std::vector<T> batch;
        {
            const std::scoped_lock lock(m_mutex);
            batch.swap(m_queue);
        }
        if (!batch.empty())
            m_handler(std::move(batch));
        if (m_drained)
            m_drained();
    }

    const std::size_t m_capacity;
    Handler m_handler;
    std::function<void()> m_drained;
    std::mutex m_mutex;
    std::vector<T> m_queue;
    bool m_isClosed = false;
    Wakeup m_wakeup;  // last: stops first
};

}  // namespace kubefed
