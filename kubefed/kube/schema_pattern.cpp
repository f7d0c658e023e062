// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/schema_pattern.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include <re2/re2.h>

namespace kubefed::kube {

namespace {

// Go takes (?<name>x) for (?P<name>x); RE2 does only since 2023.
std::string withOldGroups(std::string_view pattern) {
    std::string out;
    bool inClass = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const std::string_view rest = pattern.substr(i);
        if (rest.starts_with("\\Q")) {  // as it stands, up to its end
            const std::size_t size = std::min(rest.find("\\E"), rest.size());
            out += rest.substr(0, size);
            i += size - 1;
        } else if (rest.front() == '\\') {
            out += rest.substr(0, 2);
            ++i;
        } else if (inClass || !rest.starts_with("(?<")) {
            inClass = rest.front() == '[' || (inClass && rest.front() != ']');
            out += rest.front();
        } else {
            out += "(?P<";
            i += 2;
        }
    }
    return out;
}

std::string_view wordsOf(RE2::ErrorCode code) {
    switch (code) {
        case RE2::ErrorBadEscape:
            return "invalid escape sequence";
        case RE2::ErrorBadCharClass:
            return "invalid character class";
        case RE2::ErrorBadCharRange:
            return "invalid character class range";
        case RE2::ErrorMissingBracket:
            return "missing closing ]";
        case RE2::ErrorMissingParen:
            return "missing closing )";
        case RE2::ErrorUnexpectedParen:
            return "unexpected )";
        case RE2::ErrorTrailingBackslash:
            return "trailing backslash at end of expression";
        case RE2::ErrorRepeatArgument:
            return "missing argument to repetition operator";
        case RE2::ErrorRepeatSize:
            return "invalid repeat count";
        case RE2::ErrorRepeatOp:
            return "invalid nested repetition operator";
        case RE2::ErrorBadPerlOp:
            return "invalid or unsupported Perl syntax";
        case RE2::ErrorBadUTF8:
            return "invalid UTF-8";
        case RE2::ErrorBadNamedCapture:
            return "invalid named capture";
        case RE2::ErrorPatternTooLarge:
            return "expression too large";
        default:
            return "not a regular expression";
    }
}

// A class of characters is one instruction to Go and hundreds to RE2, whose 8 MiB `^\p{L}{1,512}$` breaks.
constexpr std::int64_t kMostMemory = 64LL << 20U;

std::shared_ptr<const RE2> compile(const std::string& pattern) {
    RE2::Options options;
    options.set_log_errors(false);
    const std::string text = withOldGroups(pattern);
    auto compiled = std::make_shared<const RE2>(text, options);
    if (compiled->error_code() != RE2::ErrorPatternTooLarge)
        return compiled;
    options.set_max_mem(kMostMemory);
    return std::make_shared<const RE2>(text, options);
}

// The latest of those that take long to compile (some 0.4 µs an instruction), as far as there is room: one
// write of a definition reads each of its patterns several times.
class LargePatterns {
public:
    std::shared_ptr<const RE2> find(const std::string& pattern) const {
        const std::scoped_lock lock(m_mutex);
        const auto known = std::ranges::find(m_known, pattern, &Known::pattern);
        return known == m_known.end() ? nullptr : known->compiled;
    }
    void keep(const std::string& pattern, std::shared_ptr<const RE2> compiled) {
        if (compiled->ProgramSize() < kLarge)
            return;
        const std::scoped_lock lock(m_mutex);
        m_size += compiled->ProgramSize();
        m_known.push_back({pattern, std::move(compiled)});
        while (m_size > kMost && m_known.size() > 1) {
            m_size -= m_known.front().compiled->ProgramSize();
            m_known.pop_front();
        }
    }

private:
    struct Known {
        std::string pattern;
        std::shared_ptr<const RE2> compiled;
    };
    static constexpr int kLarge = 10'000;
    static constexpr int kMost = 5'000'000;  // in instructions, of some 16 bytes

    mutable std::mutex m_mutex;
    std::deque<Known> m_known;
    int m_size = 0;
};

LargePatterns& largePatterns() {
    static LargePatterns patterns;
    return patterns;
}

}  // namespace

Result<std::shared_ptr<const void>> compilePattern(const std::string& pattern) {
    if (auto known = largePatterns().find(pattern))
        return known;
    const std::shared_ptr<const RE2> compiled = compile(pattern);
    if (compiled->ok()) {
        largePatterns().keep(pattern, compiled);
        return compiled;
    }
    std::string where = compiled->error_arg();
    if (compiled->error_code() == RE2::ErrorPatternTooLarge)
        where = pattern;  // RE2 says nothing, Go the whole
    if (where.starts_with("(?P<") && pattern.find(where) == std::string::npos)
        where.erase(2, 1);  // as it was written
    return fail(Code::InvalidArgument, std::string(wordsOf(compiled->error_code())) + ": `" + where + "`");
}

bool matchesPattern(const void* compiled, std::string_view text) {
    return RE2::PartialMatch({text.data(), text.size()}, *static_cast<const RE2*>(compiled));
}

}  // namespace kubefed::kube
