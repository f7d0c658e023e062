// SPDX-License-Identifier: Apache-2.0
//
// Documents of types_test: raw strings confuse moc in a file with Q_OBJECT and in what it includes.
#pragma once

#include <span>

namespace kubefed::fed::testing {

struct TemplateCase {
    const char* name;
    const char* json;
    bool isTemplate;
};

extern const char* const kPolicyJson;
extern const char* const kMemberJson;
extern const char* const kPodJson;
extern const char* const kServiceJson;
[[nodiscard]] std::span<const TemplateCase> templateCases();

}  // namespace kubefed::fed::testing
