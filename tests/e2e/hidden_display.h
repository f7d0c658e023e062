// SPDX-License-Identifier: Apache-2.0
//
// An X display for tests, so that the window is drawn as it is on a desktop. Needs no application, and may be
// there before it: programs and a QApplication made afterwards are pointed to its name. Ends with its owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QProcess>
#include <QtCore/QStandardPaths>

namespace kubefed {

inline constexpr int kDisplayWait = 90'000;

// What a person would see: many colours, or a blank surface.
template <class Pixels>
[[nodiscard]] std::size_t coloursIn(const Pixels& pixels) {
    return std::set<std::uint32_t>(std::begin(pixels), std::end(pixels)).size();
}

// A display of its own, which nobody looks at; its surface is a file.
class HiddenDisplay {
public:
    explicit HiddenDisplay(const QString& folder) : m_folder(folder) { QDir().mkpath(folder); }
    ~HiddenDisplay() { end(); }

    // Empty: there; else why not.
    QString start() {
        const QString program = QStandardPaths::findExecutable("Xvfb");
        if (program.isEmpty())
            return "Xvfb is not installed (tools/deps test)";
        // It chooses a free number by itself, and says which.
        m_process.start(program, {"-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp",
                                  "-fbdir", m_folder});
        QByteArray number;
        while (!number.contains('\n') && m_process.waitForReadyRead(kDisplayWait))
            number += m_process.readAllStandardOutput();
        if (!number.contains('\n'))
            return "Xvfb does not start: " + QString::fromUtf8(m_process.readAllStandardError());
        m_name = ":" + QString::fromUtf8(number.trimmed());
        return {};
    }
    void end() {
        if (m_process.state() == QProcess::NotRunning)
            return;
        m_process.terminate();
        m_process.waitForFinished(kDisplayWait);
    }
    [[nodiscard]] const QString& name() const { return m_name; }
    // Distinct words of the surface: a window's picture has many.
    [[nodiscard]] std::size_t colours() const {
        QFile file(m_folder + "/Xvfb_screen0");
        if (!file.open(QIODevice::ReadOnly))
            return 0;
        const QByteArray bytes = file.readAll();
        std::vector<std::uint32_t> words(static_cast<std::size_t>(bytes.size()) / 4);
        std::copy_n(bytes.constData(), words.size() * 4, reinterpret_cast<char*>(words.data()));
        return coloursIn(words);
    }

private:
    QString m_folder;
    QString m_name;
    QProcess m_process;
};

}  // namespace kubefed
