// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/mailbox.h"

#include <cstdint>

#include <QSocketNotifier>

#include <sys/eventfd.h>
#include <unistd.h>

namespace kubefed {

class Wakeup::Impl {
public:
    explicit Impl(std::function<void()> wake)
        : m_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          m_wake(std::move(wake)),
          m_notifier(m_fd, QSocketNotifier::Read) {
        QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier, [this] {
            std::uint64_t count = 0;
            [[maybe_unused]] const auto n = ::read(m_fd, &count, sizeof count);
            m_wake();
        });
    }
    ~Impl() {
        m_notifier.setEnabled(false);
        ::close(m_fd);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void notify() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto n = ::write(m_fd, &one, sizeof one);
    }

private:
    int m_fd;
    std::function<void()> m_wake;
    QSocketNotifier m_notifier;
};

Wakeup::Wakeup(std::function<void()> wake) : m_impl(std::make_unique<Impl>(std::move(wake))) {}
Wakeup::~Wakeup() = default;
void Wakeup::notify() {
    m_impl->notify();
}

}  // namespace kubefed
