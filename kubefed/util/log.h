// SPDX-License-Identifier: Apache-2.0
//
// Structured logging: a constant message plus key/value pairs, one line each on the sink (stderr unless a
// test or the daemon sets another). Callable from any thread. Never log secrets, tokens or keys.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace kubefed::log {

enum class Level { Debug, Info, Warning, Error };

using Field = std::pair<std::string_view, std::string>;

// Lines below `level` are dropped; Info unless set. Process-wide, for main() and tests only.
void setLevel(Level level);
// Replaces where lines go; an empty function restores stderr. Process-wide, for main() and tests only.
void setSink(std::function<void(Level, std::string_view line)> sink);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Info, m, f);
}
inline void warning(std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Warning, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
    write(Level::Error, m, f);
}

}  // namespace kubefed::log
