// SPDX-License-Identifier: Apache-2.0
//
// Tables as kubectl prints them: left-aligned columns, three spaces between, upper-case headers, nothing
// after the last cell; ages in its short form. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/json.h"
#include "kubefed/util/clock.h"

namespace kubefed::cli {

struct Table {
    std::vector<std::string> headers;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::size_t> leastWidths = {};  // of columns; rows that follow on an earlier table
    [[nodiscard]] std::string text(bool withHeaders = true) const;
    [[nodiscard]] std::vector<std::size_t> widths(bool withHeaders) const;
};

// "12s", "5m", "3h", "2d": as kubectl shortens ages.
[[nodiscard]] std::string age(Duration duration);
// Of an RFC 3339 time; "<unknown>" where it is none.
[[nodiscard]] std::string ageSince(std::string_view time, WallTime now);

struct TableOptions {
    bool wide = false;
    bool withNamespace = false;
    std::string namePrefix = {};  // "service/" where several types are shown
};
// A meta.k8s.io/v1 Table.
[[nodiscard]] Result<Table> readServerTable(const kube::JsonObject& document, const TableOptions& options);

}  // namespace kubefed::cli
