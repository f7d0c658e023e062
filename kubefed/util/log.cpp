// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/log.h"

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>

#include "kubefed/util/clock.h"

namespace kubefed::log {
namespace {

std::atomic<Level> g_level{Level::Info};
std::mutex g_sinkMutex;
std::function<void(Level, std::string_view)> g_sink;

constexpr std::string_view kNames[] = {"debug", "info", "warning", "error"};

// logfmt: a value with spaces, quotes or control characters is quoted.
void appendValue(std::string& line, std::string_view value) {
    const bool plain = !value.empty() && value.find_first_of(" \"=\\\t\n\r") == std::string_view::npos;
    if (plain) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        switch (c) {
            case '"':
                line += "\\\"";
                break;
            case '\\':
                line += "\\\\";
                break;
            case '\n':
                line += "\\n";
                break;
            case '\r':
                line += "\\r";
                break;
            case '\t':
                line += "\\t";
                break;
            default:
                line += c;
        }
    }
    line += '"';
}

}  // namespace

void setLevel(Level level) {
    g_level = level;
}

void setSink(std::function<void(Level, std::string_view)> sink) {
    const std::scoped_lock lock(g_sinkMutex);
    g_sink = std::move(sink);
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    if (level < g_level.load(std::memory_order_relaxed))
        return;
    std::string line = toRfc3339Micro(std::chrono::system_clock::now());
    line += ' ';
    line += kNames[static_cast<std::size_t>(level)];
    line += ' ';
    appendValue(line, message);
    for (const auto& [key, value] : fields) {
        line += ' ';
        line += key;
        line += '=';
        appendValue(line, value);
    }
    const std::scoped_lock lock(g_sinkMutex);
    if (g_sink) {
        g_sink(level, line);
        return;
    }
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace kubefed::log
