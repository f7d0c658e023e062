// SPDX-License-Identifier: Apache-2.0
//
// What a person reads while a command works: steps with their outcome, what is being waited for and for how
// long, and errors with evidence and remedy. Everything goes to one stream (stderr); colour and the moving
// line only on a terminal. One per program, on the main thread.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "kubefed/cli/errors.h"
#include "kubefed/util/clock.h"

namespace kubefed::cli {

class Report {
public:
    Report(std::ostream& stream, bool terminal, Clock& clock);

    void line(std::string_view text);
    // " ✓ text                                  detail"
    void done(std::string_view text, std::string_view detail = {});
    void bad(std::string_view text);
    void warn(std::string_view text);
    // On a terminal: "… text (3 s)", until anything else is said.
    void doing(std::string_view text);
    void endDoing();
    // The whole error; answers its exit code.
    int error(const CliError& error);
    // With -v: each request.
    void trace(std::string_view text);
    void setVerbose(bool verbose) { m_verbose = verbose; }
    [[nodiscard]] bool isVerbose() const { return m_verbose; }

private:
    void tick();
    void mark(std::string_view colour, std::string_view sign, std::string_view text, std::string_view detail);

    std::ostream& m_stream;
    const bool m_terminal;
    Clock& m_clock;
    bool m_verbose = false;
    std::string m_doing;
    SteadyTime m_since{};
    Request m_timer;
};

// The whole error, as it is printed.
[[nodiscard]] std::string errorText(const CliError& error, bool coloured);
// "12 ms", "1.3 s", "2 min"; "30 days", "11 months"
[[nodiscard]] std::string shortDuration(Duration duration);
[[nodiscard]] std::string longDuration(Duration duration);
// Terminal width of UTF-8 text: its code points (enough for the signs that we print).
[[nodiscard]] std::size_t displayWidth(std::string_view text);

}  // namespace kubefed::cli
