// SPDX-License-Identifier: Apache-2.0
//
// Times in built-in kinds, as kube-apiserver reads and writes them: time.Parse of Go with the layouts of
// metav1.Time (whole seconds) and metav1.MicroTime (exactly six digits), which take some of what RFC 3339
// does not and refuse some of what it does. Errors are Go's words. Pure; any thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "kubefed/kube/schema.h"

namespace kubefed::kube {

enum class GoTimeForm { Seconds, Micro };

// Which of the two a field is; none: it is no time.
[[nodiscard]] std::optional<GoTimeForm> goTimeForm(const SchemaNode& node);

// The time as Go writes it again: UTC, in the field's own precision ("2024-01-01T00:00:00Z"), and empty for
// Go's zero time, which is written as null. Unexpected: `parsing time "x" as "…": cannot parse …`.
[[nodiscard]] std::expected<std::string, std::string> goTime(std::string_view text, GoTimeForm form);

}  // namespace kubefed::kube
