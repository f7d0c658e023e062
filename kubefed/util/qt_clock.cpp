// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/qt_clock.h"

#include <algorithm>

#include <QTimer>

namespace kubefed {
namespace {

constexpr Duration kLongestPart = std::chrono::hours(24);

class TimerState final : public Request::State {
public:
    TimerState(Duration delay, std::move_only_function<void()> fire)
        : m_timer(new QTimer), m_left(std::max(delay, Duration::zero())) {
        m_timer->setSingleShot(true);
        m_timer->setTimerType(Qt::PreciseTimer);
        // The callable moves out before it runs, because running it may destroy this state.
        QObject::connect(m_timer, &QTimer::timeout, m_timer, [this, call = std::move(fire)]() mutable {
            if (m_left > Duration::zero())
                return startPart();
            auto once = std::move(call);
            once();
        });
        startPart();
    }
    ~TimerState() override {
        m_timer->stop();
        m_timer->disconnect();
        m_timer->deleteLater();  // it may be the one that is firing
    }

private:
    // QTimer counts in an int.
    void startPart() {
        const Duration part = std::min(m_left, kLongestPart);
        m_left -= part;
        m_timer->start(part);
    }

    QTimer* m_timer;
    Duration m_left;
};

}  // namespace

SteadyTime QtClock::now() const {
    return std::chrono::steady_clock::now();
}
WallTime QtClock::wallNow() const {
    return std::chrono::system_clock::now();
}
Request QtClock::after(Duration delay, std::move_only_function<void()> fire) {
    return Request(std::make_unique<TimerState>(delay, std::move(fire)));
}

}  // namespace kubefed
