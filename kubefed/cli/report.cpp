// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/report.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace kubefed::cli {
namespace {

constexpr std::size_t kDetailColumn = 39;
constexpr std::string_view kGreen = "\033[32m";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kPlain = "\033[0m";

}  // namespace

std::size_t displayWidth(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string shortDuration(Duration duration) {
    const auto ms = duration.count();
    char text[32];
    if (ms < 1000)
        std::snprintf(text, sizeof text, "%lld ms", static_cast<long long>(ms));
    else if (ms < 10'000)
        std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
    else if (ms < 120'000)
        std::snprintf(text, sizeof text, "%lld s", static_cast<long long>(ms / 1000));
    else
        std::snprintf(text, sizeof text, "%lld min", static_cast<long long>(ms / 60'000));
    return text;
}

std::string longDuration(Duration duration) {
    const auto minutes = duration.count() / 60'000;
    const auto hours = minutes / 60;
    const auto days = hours / 24;
    const auto unit = [](long long n, const char* name) {
        return std::to_string(n) + " " + name + (n == 1 ? "" : "s");
    };
    if (days >= 730)
        return unit(days / 365, "year");
    if (days >= 61)
        return unit(days / 30, "month");
    if (days >= 2)
        return unit(days, "day");
    if (hours >= 2)
        return unit(hours, "hour");
    return unit(std::max<long long>(minutes, 0), "minute");
}

std::string errorText(const CliError& error, bool coloured) {
    std::string text = "error " + std::string(error.id);
    if (coloured)
        text = std::string(kRed) + text + std::string(kPlain);
    return text + ": " + error.message.text() + "\n  evidence: " + error.evidence.text() +
           "\n  remedy:   " + error.remedy.text() + "\n" + error.changed.text() + "\n";
}

Report::Report(std::ostream& stream, bool terminal, Clock& clock)
    : m_stream(stream), m_terminal(terminal), m_clock(clock) {}

void Report::line(std::string_view text) {
    endDoing();
    m_stream << text << '\n' << std::flush;
}

void Report::mark(std::string_view colour, std::string_view sign, std::string_view text,
                  std::string_view detail) {
    endDoing();
    m_stream << ' ';
    if (m_terminal)
        m_stream << colour << sign << kPlain;
    else
        m_stream << sign;
    m_stream << ' ' << text;
    if (!detail.empty())
        m_stream << std::string(std::max(kDetailColumn, displayWidth(text) + 2) - displayWidth(text), ' ')
                 << detail;
    m_stream << '\n' << std::flush;
}

void Report::done(std::string_view text, std::string_view detail) {
    mark(kGreen, "✓", text, detail);
}
void Report::bad(std::string_view text) {
    mark(kRed, "✗", text, {});
}
void Report::warn(std::string_view text) {
    mark(kYellow, "!", text, {});
}

void Report::doing(std::string_view text) {
    endDoing();
    if (!m_terminal)
        return;
    m_doing = text;
    m_since = m_clock.now();
    tick();
}

void Report::tick() {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(m_clock.now() - m_since).count();
    m_stream << "\r … " << m_doing;
    if (seconds > 0)
        m_stream << " (" << seconds << " s)";
    m_stream << "\033[K" << std::flush;
    m_timer = m_clock.after(Duration(1000), [this] { tick(); });
}

void Report::endDoing() {
    if (m_doing.empty())
        return;
    m_timer.cancel();
    m_doing.clear();
    m_stream << "\r\033[K";
}

int Report::error(const CliError& error) {
    endDoing();
    m_stream << errorText(error, m_terminal) << std::flush;
    return errorKind(error.id).exitCode;
}

void Report::trace(std::string_view text) {
    if (!m_verbose)
        return;
    endDoing();
    m_stream << "   " << text << '\n' << std::flush;
}

}  // namespace kubefed::cli
