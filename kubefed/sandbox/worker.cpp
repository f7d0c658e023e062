// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/worker.h"

#include <future>
#include <limits>

#include "kubefed/util/joined_thread.h"
#include "kubefed/util/mailbox.h"
#include "kubefed/util/qt_clock.h"

namespace kubefed::sandbox {

class Worker::Thread final : public JoinedThread {
public:
    void begin() {
        start();
        m_ready.get_future().wait();
    }
    void post(Task task) { (void)m_mailbox->push(std::move(task)); }
    void end() {
        post([this](Members& members, Clock&) {
            members.clear();
            exit(0);
        });
        join();
    }

protected:
    void work() override {
        QtClock clock;
        Members members;
        // Tasks come from one owner that waits for their answers: no bound is needed.
        Mailbox<Task> mailbox(std::numeric_limits<std::size_t>::max(), [&](std::vector<Task> tasks) {
            for (Task& task : tasks)
                task(members, clock);
        });
        m_mailbox = &mailbox;
        m_ready.set_value();
        exec();
        members.clear();
    }

private:
    Mailbox<Task>* m_mailbox = nullptr;
    std::promise<void> m_ready;
};

Worker::Worker() : m_thread(std::make_unique<Thread>()) {
    m_thread->begin();
}
Worker::~Worker() {
    m_thread->end();
}
void Worker::post(Task task) {
    m_thread->post(std::move(task));
}

}  // namespace kubefed::sandbox
