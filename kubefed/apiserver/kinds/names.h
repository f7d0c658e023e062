// SPDX-License-Identifier: Apache-2.0
//
// The rules for names, labels, annotations and the like, with the messages that kube-apiserver 1.34 gives.
// Each function returns what is wrong with a value, in order; empty when nothing is. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

using Problems = std::vector<std::string>;

[[nodiscard]] Problems dns1123LabelProblems(std::string_view value);
[[nodiscard]] Problems dns1123SubdomainProblems(std::string_view value);
[[nodiscard]] Problems dns1035LabelProblems(std::string_view value);
[[nodiscard]] Problems qualifiedNameProblems(std::string_view value);  // label and annotation keys
[[nodiscard]] Problems labelValueProblems(std::string_view value);
[[nodiscard]] Problems pathSegmentProblems(std::string_view value, bool prefix);
[[nodiscard]] Problems portNameProblems(std::string_view value);
[[nodiscard]] Problems envVarNameProblems(std::string_view value);
[[nodiscard]] Problems configMapKeyProblems(std::string_view value);
[[nodiscard]] Problems httpHeaderNameProblems(std::string_view value);
// By KindStrategy::nameRule(); `prefix`: the value is a generateName, where a dash may come last.
[[nodiscard]] Problems nameProblems(std::string_view rule, std::string_view value, bool prefix);

void checkLabels(Checker& checker, const kube::JsonObject* labels, const Path& path);
void checkAnnotations(Checker& checker, const kube::JsonObject* annotations, const Path& path);
// The JSON form with matchLabels and matchExpressions.
void checkLabelSelector(Checker& checker, const kube::JsonObject* selector, const Path& path);

}  // namespace kubefed::apiserver
