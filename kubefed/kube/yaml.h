// SPDX-License-Identifier: Apache-2.0
//
// The one YAML adapter. Scalars are read as kubectl reads them (YAML 1.1 as sigs.k8s.io/yaml does: yes/no/on/
// off are booleans, 0o17 and 017 octal, 1e3 a float, ~ null; quoted is a string; merge keys; duplicate keys
// refused). Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/json.h"

namespace kubefed::kube {

// Every document of a stream; empty ones are left out. Errors name line and column. JSON is YAML too.
[[nodiscard]] Result<std::vector<Json>> parseYaml(std::string_view text);
// The first document only, as a server reads a body: null if it is empty, what follows is not looked at. Of
// duplicate keys the last counts; each is told: `line 4: key "a" already set in map`, a hundred at most.
[[nodiscard]] Result<StrictJson> parseFirstYaml(std::string_view text);
// As parseYaml(), with the line (from 1) on which each member and each item of a document stands, by its path
// as unknownFields() spells it: "spec.ports[0].name".
using YamlLines = std::map<std::string, int, std::less<>>;
struct YamlDocument {
    Json value;
    YamlLines lines;
};
[[nodiscard]] Result<std::vector<YamlDocument>> parseYamlWithLines(std::string_view text);
// Keys sorted, as `kubectl get -o yaml` prints them.
[[nodiscard]] std::string printYaml(const Json& value);

}  // namespace kubefed::kube
