// SPDX-License-Identifier: Apache-2.0
//
// What other processes of this machine have used, from /proc. Any thread; NAN where a process is gone.
#pragma once

#include <algorithm>
#include <cmath>

#include <QFile>
#include <QTimer>

#include <unistd.h>

namespace kubefed::test {

// User and system CPU seconds of a process so far.
inline double cpuSeconds(qint64 pid) {
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return NAN;
    const QByteArray text = file.readAll();
    const QList<QByteArray> fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return (fields.at(11).toDouble() + fields.at(12).toDouble()) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Proportional set size of a process now, MB.
inline double pssMb(qint64 pid) {
    QFile file(QStringLiteral("/proc/%1/smaps_rollup").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return NAN;
    for (const QByteArray& line : file.readAll().split('\n'))
        if (line.startsWith("Pss:"))
            return line.mid(4).trimmed().split(' ').first().toDouble() / 1024.0;
    return NAN;
}

// The largest PSS seen while it lives, sampled every 50 ms by this thread's event loop.
class PeakPss {
public:
    explicit PeakPss(qint64 pid) : m_pid(pid) {
        m_timer.callOnTimeout([this] { sample(); });
        m_timer.start(50);
    }
    [[nodiscard]] double mb() {
        sample();
        return m_peak;
    }

private:
    void sample() {
        if (const double now = pssMb(m_pid); !std::isnan(now))
            m_peak = std::max(m_peak, now);
    }
    const qint64 m_pid;
    double m_peak = 0;
    QTimer m_timer;
};

}  // namespace kubefed::test
