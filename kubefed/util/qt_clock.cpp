// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/qt_clock.h"

#include <algorithm>

#include <QTimer>

namespace kubefed {
namespace {

class TimerState final : public Request::State {
public:
    TimerState(Duration delay, std::move_only_function<void()> fire) : m_timer(new QTimer) {
        m_timer->setSingleShot(true);
        m_timer->setTimerType(Qt::PreciseTimer);
        // The callable moves out before it runs, because running it may destroy this state.
        QObject::connect(m_timer, &QTimer::timeout, m_timer, [call = std::move(fire)]() mutable {
            auto once = std::move(call);
            once();
        });
        m_timer->start(std::max(delay, Duration::zero()));
    }
    ~TimerState() override {
        m_timer->stop();
        m_timer->disconnect();
        m_timer->deleteLater();  // it may be the one that is firing
    }

private:
    QTimer* m_timer;
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
