// SPDX-License-Identifier: Apache-2.0
//
// What tables (`kubectl get`) are made of: columns and cells as kube-apiserver 1.34 prints them. Ages are
// relative to `now`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

// "5s", "3m20s", "4d2h", ...; "<invalid>" for what lies more than a second ahead.
[[nodiscard]] std::string humanDuration(std::chrono::seconds elapsed);
// Time since an RFC 3339 text; "<unknown>" where it is empty.
[[nodiscard]] std::string ageOf(std::string_view rfc3339, WallTime now);
[[nodiscard]] std::string ageOf(const kube::JsonObject& object, WallTime now);  // metadata.creationTimestamp
// "a=b,c=d" sorted; "<none>" where empty.
[[nodiscard]] std::string labelsCell(const kube::JsonObject* labels);
[[nodiscard]] std::string_view nameOf(const kube::JsonObject& object);
[[nodiscard]] TableColumn nameColumn();
[[nodiscard]] inline TableColumn column(std::string name, int priority = 0) {
    return {.name = std::move(name), .type = "string", .priority = priority};
}
[[nodiscard]] inline std::string orNone(std::string_view text) {
    return std::string(text.empty() ? "<none>" : text);
}
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace kubefed::apiserver
