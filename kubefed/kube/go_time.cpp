// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/go_time.h"

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace kubefed::kube {

namespace {

constexpr std::chrono::sys_seconds kZeroTime =
    std::chrono::sys_days{std::chrono::year{1} / std::chrono::January / 1};

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

// As time.ParseError quotes.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80 || c < ' ') {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
            out += hex;
        } else {
            if (c == '"' || c == '\\')
                out += '\\';
            out += c;
        }
    }
    return out + '"';
}

// Goes through the elements of a layout from left to right; the first that does not fit is the problem.
class Reader {
public:
    Reader(std::string_view text, GoTimeForm form) : m_text(text), m_rest(text), m_form(form) {}

    std::expected<std::string, std::string> run() {
        const bool read = year() && skip('-') && number("01", m_month, 1, 12, "month") && skip('-') &&
                          number("02", m_day, 0, 99, "day") && skip('T') && hour() && skip(':') &&
                          number("04", m_minute, 0, 59, "minute") && skip(':') &&
                          number("05", m_second, 0, 59, "second") && fraction() && zone();
        if (!read)
            return std::unexpected(m_problem);
        if (!m_rest.empty())
            return std::unexpected(begin() + ": extra text: " + quoted(m_rest));
        const std::chrono::year_month_day date{std::chrono::year{m_year},
                                               std::chrono::month{unsigned(m_month)},
                                               std::chrono::day{unsigned(m_day)}};
        if (!date.ok())
            return std::unexpected(begin() + ": day out of range");
        return written(date);
    }

private:
    [[nodiscard]] std::string begin() const { return "parsing time " + quoted(m_text); }
    bool doesNotFit(std::string_view element) {
        const std::string_view layout =
            m_form == GoTimeForm::Micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
        m_problem =
            begin() + " as " + quoted(layout) + ": cannot parse " + quoted(m_rest) + " as " + quoted(element);
        return false;
    }
    bool outOfRange(std::string_view what) {
        m_problem = begin() + ": " + std::string(what) + " out of range";
        return false;
    }
    [[nodiscard]] bool digitsAt(std::size_t at, std::size_t count) const {
        if (m_rest.size() < at + count)
            return false;
        for (std::size_t i = at; i < at + count; ++i)
            if (!isDigit(m_rest[i]))
                return false;
        return true;
    }
    int take(std::size_t digits) {
        int value = 0;
        for (const char c : m_rest.substr(0, digits))
            value = value * 10 + (c - '0');
        m_rest.remove_prefix(digits);
        return value;
    }

    bool skip(char literal) {
        if (!m_rest.starts_with(literal))
            return doesNotFit(std::string_view(&literal, 1));
        m_rest.remove_prefix(1);
        return true;
    }
    bool year() {
        if (!digitsAt(0, 4))
            return doesNotFit("2006");
        m_year = take(4);
        return true;
    }
    bool number(std::string_view element, int& value, int least, int most, std::string_view name) {
        if (!digitsAt(0, 2))
            return doesNotFit(element);
        value = take(2);
        return (value >= least && value <= most) || outOfRange(name);
    }
    bool hour() {
        if (!digitsAt(0, 1))
            return doesNotFit("15");
        m_hour = take(digitsAt(1, 1) ? 2 : 1);
        return m_hour < 24 || outOfRange("hour");
    }
    [[nodiscard]] bool pointThenDigits(std::size_t digits) const {
        return (m_rest.starts_with('.') || m_rest.starts_with(',')) && digitsAt(1, digits);
    }
    bool fraction() {
        if (m_form == GoTimeForm::Micro) {
            if (!pointThenDigits(6))
                return doesNotFit(".000000");
            m_rest.remove_prefix(1);
            m_micros = take(6);
        } else if (pointThenDigits(1)) {
            m_rest.remove_prefix(1);
            while (digitsAt(0, 1))
                m_rest.remove_prefix(1);
        }
        return true;
    }
    bool zone() {
        if (m_rest.starts_with('Z')) {
            m_rest.remove_prefix(1);
            return true;
        }
        const bool fits = (m_rest.starts_with('+') || m_rest.starts_with('-')) && digitsAt(1, 2) &&
                          m_rest.size() >= 6 && m_rest[3] == ':' && digitsAt(4, 2);
        if (!fits)
            return doesNotFit("Z07:00");
        const int sign = m_rest.front() == '-' ? -1 : 1;
        m_rest.remove_prefix(1);
        const int hours = take(2);
        m_rest.remove_prefix(1);
        const int minutes = take(2);
        if (minutes > 60)
            return outOfRange("time zone offset minute");
        if (hours > 24)
            return outOfRange("time zone offset hour");
        m_offsetMinutes = sign * (hours * 60 + minutes);
        return true;
    }

    [[nodiscard]] std::string written(const std::chrono::year_month_day& date) const {
        using namespace std::chrono;
        const sys_seconds time =
            sys_days{date} + hours{m_hour} + minutes{m_minute} + seconds{m_second} - minutes{m_offsetMinutes};
        if (time == kZeroTime && m_micros == 0)
            return {};
        const auto day = floor<days>(time);
        const year_month_day utc{day};
        const hh_mm_ss clock{time - day};
        char text[64];
        std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", int(utc.year()),
                      unsigned(utc.month()), unsigned(utc.day()), int(clock.hours().count()),
                      int(clock.minutes().count()), int(clock.seconds().count()));
        std::string out = text;
        if (m_form == GoTimeForm::Micro) {
            std::snprintf(text, sizeof text, ".%06d", m_micros);
            out += text;
        }
        return out + 'Z';
    }

    std::string_view m_text, m_rest;
    GoTimeForm m_form;
    std::string m_problem;
    int m_year = 0, m_month = 1, m_day = 1, m_hour = 0, m_minute = 0, m_second = 0, m_micros = 0;
    int m_offsetMinutes = 0;
};

}  // namespace

std::optional<GoTimeForm> goTimeForm(const SchemaNode& node) {
    if (node.format != "date-time" || node.type != SchemaNode::Type::String)
        return std::nullopt;
    return node.name.ends_with(".MicroTime") ? GoTimeForm::Micro : GoTimeForm::Seconds;
}

std::expected<std::string, std::string> goTime(std::string_view text, GoTimeForm form) {
    return Reader(text, form).run();
}

}  // namespace kubefed::kube
