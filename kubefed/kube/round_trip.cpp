// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/round_trip.h"

#include "kubefed/util/utf8.h"

namespace kubefed::kube {

namespace {

const char* const kNotUtf8 = "it has text that is not UTF-8";

bool isUtf8(std::string_view text) {
    return findInvalidUtf8(text) == std::string_view::npos;
}

std::string problemOf(const Json& value, int depthLeft) {
    if (const auto* text = value.if_string())
        return isUtf8(view(*text)) ? std::string() : kNotUtf8;
    if (!value.is_structured())
        return {};
    if (depthLeft == 0)
        return "it is nested too deeply";
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            if (!isUtf8({member.key().data(), member.key().size()}))
                return kNotUtf8;
            if (auto problem = problemOf(member.value(), depthLeft - 1); !problem.empty())
                return problem;
        }
        return {};
    }
    for (const auto& element : value.get_array()) {
        if (auto problem = problemOf(element, depthLeft - 1); !problem.empty())
            return problem;
    }
    return {};
}

std::size_t leastSizeOf(const Json& value) {
    if (const auto* text = value.if_string())
        return text->size() + 2;
    if (const auto* object = value.if_object())
        return leastTextSize(*object);
    std::size_t size = 1;
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            size += leastSizeOf(element) + 1;
    }
    return size;
}

}  // namespace

std::string roundTripProblem(const JsonObject& object, int maxDepth) {
    for (const auto& member : object) {
        if (!isUtf8({member.key().data(), member.key().size()}))
            return kNotUtf8;
        if (auto problem = problemOf(member.value(), maxDepth - 1); !problem.empty())
            return problem;
    }
    return {};
}

std::size_t leastTextSize(const JsonObject& object) {
    std::size_t size = 1;
    for (const auto& member : object)
        size += member.key().size() + leastSizeOf(member.value()) + 4;
    return size;
}

}  // namespace kubefed::kube
