// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/negotiation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "kubefed/apiserver/rest/exchange.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::apiserver {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

MediaRange parseRange(std::string_view text) {
    MediaRange range;
    range.type = cut(text, ';');
    std::transform(range.type.begin(), range.type.end(), range.type.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    while (!text.empty()) {
        std::string_view pair = cut(text, ';');
        const std::string_view name = cut(pair, '=');
        range.parameters.emplace_back(name, trim(pair));
    }
    return range;
}

// A type that a real server has a representation of, in whatever version or shape.
bool isKnown(const MediaRange& range) {
    return range.type == "application/json" || range.type == "application/yaml" || range.type == "*/*" ||
           range.type == "application/vnd.kubernetes.protobuf";
}

std::optional<Format> formatOf(const MediaRange& range) {
    Format format;
    format.yaml = range.type == "application/yaml";
    if (!format.yaml && range.type != "application/json" && range.type != "*/*")
        return std::nullopt;
    const std::string_view as = range.parameter("as");
    if (as.empty())
        return format;
    const std::string_view group = range.parameter("g");
    const std::string_view version = range.parameter("v");
    if (group == "apidiscovery.k8s.io" && version == "v2" && as == "APIGroupDiscoveryList")
        format.aggregatedDiscovery = true;
    else if (group != "meta.k8s.io" || version != "v1")
        return std::nullopt;
    else if (as == "Table")
        format.view = View::Table;
    else if (as == "PartialObjectMetadata")
        format.view = View::PartialMetadata;
    else if (as == "PartialObjectMetadataList")
        format.view = View::PartialMetadataList;
    else
        return std::nullopt;
    return format;
}

}  // namespace

std::string_view MediaRange::parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters)
        if (key == name)
            return value;
    return {};
}

std::vector<MediaRange> parseAccept(std::string_view header) {
    std::vector<MediaRange> ranges;
    while (!header.empty())
        if (const std::string_view part = cut(header, ','); !part.empty())
            ranges.push_back(parseRange(part));
    return ranges;
}

Result<Format> negotiate(std::string_view accept) {
    const std::vector<MediaRange> ranges = parseAccept(accept);
    if (ranges.empty())
        return Format{};
    for (const MediaRange& range : ranges)
        if (const std::optional<Format> format = formatOf(range))
            return *format;
    if (std::none_of(ranges.begin(), ranges.end(), isKnown))
        return fail(genericError(406));
    return fail(
        kube::notAcceptable("only the following media types are accepted: application/json, "
                            "application/yaml, application/vnd.kubernetes.protobuf"));
}

BodyType bodyType(std::string_view contentType) {
    static constexpr std::array<std::pair<std::string_view, BodyType>, 7> kTypes{{
        {"application/json", BodyType::Json},
        {"application/yaml", BodyType::Yaml},
        {"application/vnd.kubernetes.protobuf", BodyType::Protobuf},
        {"application/json-patch+json", BodyType::JsonPatch},
        {"application/merge-patch+json", BodyType::MergePatch},
        {"application/strategic-merge-patch+json", BodyType::StrategicPatch},
        {"application/apply-patch+yaml", BodyType::ApplyPatch},
    }};
    if (contentType.empty())
        return BodyType::Json;
    const std::string type = parseRange(contentType).type;
    const auto* const found =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& entry) { return entry.first == type; });
    return found == kTypes.end() ? BodyType::Other : found->second;
}

}  // namespace kubefed::apiserver
