// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM and SIGINT as an event of the main thread's loop, through a signalfd. Made before any other thread
// starts: they all inherit the blocked mask.
#pragma once

#include <functional>
#include <memory>

#include <QSocketNotifier>

namespace kubefed::controller {

class Signals {
public:
    explicit Signals(std::function<void(int)> received);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    int m_fd = -1;
    std::unique_ptr<QSocketNotifier> m_notifier;
};

}  // namespace kubefed::controller
