// SPDX-License-Identifier: Apache-2.0
#include "controller/app/signals.h"

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

namespace kubefed::controller {

Signals::Signals(std::function<void(int)> received) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    pthread_sigmask(SIG_BLOCK, &mask, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    m_fd = ::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    m_notifier = std::make_unique<QSocketNotifier>(m_fd, QSocketNotifier::Read);
    QObject::connect(m_notifier.get(), &QSocketNotifier::activated, m_notifier.get(),
                     [this, received = std::move(received)] {
                         signalfd_siginfo info{};
                         if (::read(m_fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
                             received(static_cast<int>(info.ssi_signo));
                     });
}

Signals::~Signals() {
    m_notifier.reset();
    ::close(m_fd);
}

}  // namespace kubefed::controller
