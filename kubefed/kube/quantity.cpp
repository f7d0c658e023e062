// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/quantity.h"

#include <array>
#include <charconv>
#include <limits>

namespace kubefed::kube {

namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

constexpr Wide kNanoPerUnit = 1'000'000'000;
// Sums of parsed values must not overflow: a parsed value uses at most an eighth of the range.
constexpr Wide kLargest = (static_cast<Wide>(1) << 124) - 1;

struct Suffix {
    std::string_view text;
    int exponent;  // of 10
};
constexpr std::array kDecimal{Suffix{"n", -9}, Suffix{"u", -6}, Suffix{"m", -3}, Suffix{"", 0},
                              Suffix{"k", 3},  Suffix{"M", 6},  Suffix{"G", 9},  Suffix{"T", 12},
                              Suffix{"P", 15}, Suffix{"E", 18}};
constexpr std::array<std::string_view, 7> kBinary{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};  // 1024^index

struct Scale {
    Quantity::Format format = Quantity::Format::DecimalSi;
    int decimal = 0;  // power of 10
    int binary = 0;   // power of 1024
};

bool readSuffix(std::string_view text, Scale& out) {
    for (const auto& suffix : kDecimal) {
        if (suffix.text == text) {
            out = {Quantity::Format::DecimalSi, suffix.exponent, 0};
            return true;
        }
    }
    for (std::size_t i = 1; i < kBinary.size(); ++i) {
        if (kBinary[i] == text) {
            out = {Quantity::Format::BinarySi, 0, static_cast<int>(i)};
            return true;
        }
    }
    if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E'))
        return false;
    text.remove_prefix(text[1] == '+' ? 2 : 1);
    int exponent = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (ec != std::errc{} || end != text.data() + text.size())
        return false;
    out = {Quantity::Format::DecimalExponent, exponent, 0};
    return true;
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

bool multiply(Wide& value, Wide factor) {
    if (value > kLargest / factor)
        return false;
    value *= factor;
    return true;
}

// Digits and a count of them after the point, as one integer; digits that cannot matter are counted only.
struct Number {
    Wide mantissa = 0;
    int scale = 0;         // value = mantissa * 10^scale
    bool inexact = false;  // a digit other than 0 was left out below mantissa
    bool tooLarge = false;
};

Number readNumber(std::string_view whole, std::string_view fraction) {
    Number out;
    const auto digit = [&](char c, int scaleIfTaken, int scaleIfDropped) {
        if (out.mantissa <= (kLargest - 9) / 10 && out.scale <= 0 && !out.inexact) {
            out.mantissa = out.mantissa * 10 + (c - '0');
            out.scale += scaleIfTaken;
        } else {
            out.inexact = out.inexact || c != '0';
            out.scale += scaleIfDropped;
        }
    };
    while (whole.starts_with('0'))
        whole.remove_prefix(1);
    if (whole.size() > 37) {
        out.tooLarge = true;
        return out;
    }
    for (const char c : whole)
        digit(c, 0, 1);
    while (fraction.ends_with('0'))
        fraction.remove_suffix(1);
    for (const char c : fraction)
        digit(c, -1, 0);
    return out;
}

std::string toText(Wide value) {
    if (value == 0)
        return "0";
    std::string digits;
    UnsignedWide rest = value < 0 ? -static_cast<UnsignedWide>(value) : static_cast<UnsignedWide>(value);
    for (; rest != 0; rest /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    return value < 0 ? "-" + digits : digits;
}

// Away from zero, as the API rounds.
Wide divideUp(Wide value, Wide by) {
    const Wide quotient = value / by;
    if (value % by == 0)
        return quotient;
    return value < 0 ? quotient - 1 : quotient + 1;
}

std::int64_t saturate(Wide value) {
    constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
    constexpr Wide kMin = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value > kMax ? kMax : value < kMin ? kMin : value);
}

std::unexpected<Error> badQuantity(std::string_view text, std::string_view why) {
    return fail(Code::InvalidArgument,
                "\"" + std::string(text) + "\" is not a quantity: " + std::string(why));
}

constexpr std::string_view kPattern =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
    if (text.empty())
        return badQuantity(text, kPattern);
    std::string_view rest = text;
    const bool negative = rest[0] == '-';
    if (negative || rest[0] == '+')
        rest.remove_prefix(1);
    const auto digits = [&rest] {
        std::size_t count = 0;
        while (count < rest.size() && isDigit(rest[count]))
            ++count;
        const auto taken = rest.substr(0, count);
        rest.remove_prefix(count);
        return taken;
    };
    const auto whole = digits();
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = digits();
    }
    if (whole.empty() && fraction.empty())
        return badQuantity(text, kPattern);
    if (rest.find_first_not_of("eEinumkKMGTP+-0123456789") != std::string_view::npos)
        return badQuantity(text, kPattern);
    Scale scale;
    if (!readSuffix(rest, scale))
        return badQuantity(text, "unable to parse quantity's suffix");

    Number number = readNumber(whole, fraction);
    if (number.tooLarge)
        return badQuantity(text, "it is too large");
    bool roundUp = number.inexact;
    if (number.mantissa != 0) {
        for (int i = 0; i < scale.binary; ++i) {
            if (!multiply(number.mantissa, 1024))
                return badQuantity(text, "it is too large");
        }
        long exponent = static_cast<long>(number.scale) + scale.decimal + 9;
        for (; exponent > 0; --exponent) {
            if (!multiply(number.mantissa, 10))
                return badQuantity(text, "it is too large");
        }
        for (; exponent < 0 && number.mantissa != 0; ++exponent) {
            roundUp = roundUp || number.mantissa % 10 != 0;
            number.mantissa /= 10;
        }
    }
    if (roundUp)
        ++number.mantissa;
    // The API caps binary quantities at the largest int64, and writes fractions of one unit in decimal form.
    constexpr Wide kMaxBinary = static_cast<Wide>(std::numeric_limits<std::int64_t>::max()) * kNanoPerUnit;
    Quantity out;
    out.m_format = scale.format;
    if (scale.format == Format::BinarySi && number.mantissa > kMaxBinary)
        number.mantissa = kMaxBinary;
    if (scale.format == Format::BinarySi && number.mantissa < kNanoPerUnit && number.mantissa > 0)
        out.m_format = Format::DecimalSi;
    out.m_nano = negative ? -number.mantissa : number.mantissa;
    return out;
}

Quantity Quantity::fromUnits(std::int64_t units, Format format) {
    Quantity out;
    out.m_nano = static_cast<Wide>(units) * kNanoPerUnit;
    out.m_format = format;
    return out;
}

Quantity Quantity::fromMilli(std::int64_t milli, Format format) {
    Quantity out;
    out.m_nano = static_cast<Wide>(milli) * (kNanoPerUnit / 1000);
    out.m_format = format;
    return out;
}

std::string Quantity::canonical() const {
    if (m_nano == 0)
        return "0";
    const Wide size = m_nano < 0 ? -m_nano : m_nano;
    if (m_format == Format::BinarySi && size >= 1024 * kNanoPerUnit && size % kNanoPerUnit == 0) {
        Wide units = m_nano / kNanoPerUnit;
        std::size_t suffix = 0;
        while (units % 1024 == 0 && suffix + 1 < kBinary.size()) {
            units /= 1024;
            ++suffix;
        }
        return toText(units) + std::string(kBinary[suffix]);
    }
    Wide mantissa = m_nano;
    int exponent = -9;
    while (mantissa % 1000 == 0 && (m_format == Format::DecimalExponent || exponent < 18)) {
        mantissa /= 1000;
        exponent += 3;
    }
    if (m_format == Format::DecimalExponent)
        return toText(mantissa) + (exponent == 0 ? "" : "e" + std::to_string(exponent));
    return toText(mantissa) + std::string(kDecimal[static_cast<std::size_t>(exponent / 3 + 3)].text);
}

std::int64_t Quantity::milli() const {
    return saturate(divideUp(m_nano, kNanoPerUnit / 1000));
}

std::int64_t Quantity::units() const {
    return saturate(divideUp(m_nano, kNanoPerUnit));
}

double Quantity::toDouble() const {
    return static_cast<double>(m_nano) / 1e9;
}

bool Quantity::isNegative() const {
    return m_nano < 0;
}

// The sum keeps the left side's format; zero takes the other's, as in the API.
Quantity Quantity::operator+(const Quantity& other) const {
    Quantity out = *this;
    if (m_nano == 0)
        out.m_format = other.m_format;
    constexpr Wide kMax = std::numeric_limits<Wide>::max();
    if (__builtin_add_overflow(m_nano, other.m_nano, &out.m_nano))
        out.m_nano = other.m_nano < 0 ? -kMax : kMax;
    return out;
}

Quantity Quantity::operator-(const Quantity& other) const {
    Quantity negated = other;
    negated.m_nano = -other.m_nano;
    return *this + negated;
}

std::strong_ordering Quantity::operator<=>(const Quantity& other) const {
    return m_nano < other.m_nano   ? std::strong_ordering::less
           : m_nano > other.m_nano ? std::strong_ordering::greater
                                   : std::strong_ordering::equal;
}

bool Quantity::operator==(const Quantity& other) const {
    return m_nano == other.m_nano;
}

}  // namespace kubefed::kube
