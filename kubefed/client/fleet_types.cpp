// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/fleet_types.h"

#include <array>

namespace kubefed::client {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 7> kPhases{"Joining",     "Ready",   "Degraded", "Unauthorized",
                                                  "Unreachable", "Leaving", "Unknown"};
constexpr std::array<std::string_view, 7> kHealths{"Healthy",     "Progressing", "Failing", "Unknown",
                                                   "Unscheduled", "Suspended",   "Deleting"};

template <class Enum>
Enum parse(const std::array<std::string_view, 7>& names, std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == text)
            return static_cast<Enum>(i);
    return Enum::Unknown;
}

}  // namespace

std::string_view toString(Phase phase) {
    return kPhases[static_cast<std::size_t>(phase)];
}
Phase parsePhase(std::string_view text) {
    return parse<Phase>(kPhases, text);
}
std::string_view toString(ObjectHealth health) {
    return kHealths[static_cast<std::size_t>(health)];
}
ObjectHealth parseObjectHealth(std::string_view text) {
    return parse<ObjectHealth>(kHealths, text);
}

}  // namespace kubefed::client
