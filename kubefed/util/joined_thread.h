// SPDX-License-Identifier: Apache-2.0
//
// A QThread whose end is ordered by a standard latch: what work() did happens before join() returns, for
// thread sanitizers too, which cannot see into Qt's own locks and take what QThread::wait() orders for a
// race. A subclass calls start() once, asks its loop to quit and then calls join() in its own destructor, all
// on the thread that owns it.
#pragma once

#include <latch>

#include <QThread>

namespace kubefed {

class JoinedThread : public QThread {
protected:
    // On the new thread, once.
    virtual void work() = 0;
    // Waits until work() has returned and the thread has ended. Only after start().
    void join() {
        m_done.wait();
        wait();
    }

private:
    void run() final {
        work();
        m_done.count_down();
    }

    std::latch m_done{1};
};

}  // namespace kubefed
