// SPDX-License-Identifier: Apache-2.0
//
// Kubernetes resource quantities ("100m", "1.5Gi", "2e3") with the canonical form that kube-apiserver
// writes back. Exact: a scaled integer, never a double. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "kubefed/util/error.h"

namespace kubefed::kube {

class Quantity {
public:
    enum class Format { DecimalSi, BinarySi, DecimalExponent };

    Quantity() = default;
    [[nodiscard]] static Result<Quantity> parse(std::string_view text);
    [[nodiscard]] static Quantity fromUnits(std::int64_t units, Format format = Format::DecimalSi);
    [[nodiscard]] static Quantity fromMilli(std::int64_t milli, Format format = Format::DecimalSi);

    [[nodiscard]] std::string canonical() const;
    [[nodiscard]] std::int64_t milli() const;  // rounded up, saturating
    [[nodiscard]] std::int64_t units() const;  // rounded up, saturating
    [[nodiscard]] double toDouble() const;
    [[nodiscard]] bool isNegative() const;
    [[nodiscard]] Quantity operator+(const Quantity& other) const;
    [[nodiscard]] Quantity operator-(const Quantity& other) const;
    [[nodiscard]] std::strong_ordering operator<=>(const Quantity& other) const;
    [[nodiscard]] bool operator==(const Quantity& other) const;

private:
    __extension__ typedef __int128 Wide;
    Wide m_nano = 0;  // the value in 10^-9 units, the finest that the API keeps
    Format m_format = Format::DecimalSi;
};

}  // namespace kubefed::kube
