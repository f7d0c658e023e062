// SPDX-License-Identifier: Apache-2.0
//
// Which form an answer takes: JSON or YAML, the object itself, a Table or only metadata, from the Accept
// header; and which form a body has, from Content-Type. Values; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::apiserver {

enum class View { Object, Table, PartialMetadata, PartialMetadataList };

struct Format {
    View view = View::Object;
    bool yaml = false;
    bool aggregatedDiscovery = false;
    [[nodiscard]] std::string_view contentType() const {
        return yaml ? "application/yaml" : "application/json";
    }
};

// The first acceptable of the client's list; 406 if none is.
[[nodiscard]] Result<Format> negotiate(std::string_view accept);

enum class BodyType { Json, Yaml, Protobuf, JsonPatch, MergePatch, StrategicPatch, ApplyPatch, Other };
[[nodiscard]] BodyType bodyType(std::string_view contentType);

struct MediaRange {
    std::string type;  // lower case
    std::vector<std::pair<std::string, std::string>> parameters;
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
};
[[nodiscard]] std::vector<MediaRange> parseAccept(std::string_view header);

}  // namespace kubefed::apiserver
