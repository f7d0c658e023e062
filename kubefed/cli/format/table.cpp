// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/table.h"

#include <algorithm>

#include "kubefed/cli/report.h"

namespace kubefed::cli {
namespace {

constexpr std::size_t kGap = 3;

std::string cellText(const kube::Json& value) {
    if (value.is_string())
        return std::string(kube::view(value.get_string()));
    if (value.is_null())
        return "<none>";
    return kube::printJson(value);
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
    return out;
}

}  // namespace

std::vector<std::size_t> Table::widths(bool withHeaders) const {
    std::vector<std::size_t> widths = leastWidths;
    widths.resize(headers.size(), 0);
    const auto measure = [&](const std::vector<std::string>& row) {
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], displayWidth(row[i]));
    };
    if (withHeaders)
        measure(headers);
    std::ranges::for_each(rows, measure);
    return widths;
}

std::string Table::text(bool withHeaders) const {
    const std::vector<std::size_t> widths = this->widths(withHeaders);
    std::string out;
    const auto print = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
            line += row[i];
            line.append(widths[i] - displayWidth(row[i]) + kGap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    if (withHeaders)
        print(headers);
    std::ranges::for_each(rows, print);
    return out;
}

std::string age(Duration duration) {
    const auto s = std::max<long long>(0, duration.count() / 1000);
    const auto two = [](long long big, const char* bigUnit, long long small, const char* smallUnit) {
        return std::to_string(big) + bigUnit + (small == 0 ? "" : std::to_string(small) + smallUnit);
    };
    const long long m = s / 60, h = m / 60, d = h / 24;
    if (s < 120)
        return std::to_string(s) + "s";
    if (m < 10)
        return two(m, "m", s % 60, "s");
    if (h < 3)
        return std::to_string(m) + "m";
    if (h < 8)
        return two(h, "h", m % 60, "m");
    if (h < 48)
        return std::to_string(h) + "h";
    if (d < 8)
        return two(d, "d", h % 24, "h");
    if (d < 365 * 2)
        return std::to_string(d) + "d";
    if (d < 365 * 8)
        return two(d / 365, "y", d % 365, "d");
    return std::to_string(d / 365) + "y";
}

std::string ageSince(std::string_view time, WallTime now) {
    WallTime then;
    if (!parseRfc3339(time, then))
        return "<unknown>";
    return age(std::chrono::duration_cast<Duration>(now - then));
}

Result<Table> readServerTable(const kube::JsonObject& document, const TableOptions& options) {
    const kube::JsonArray* columns = kube::arrayAt(document, {"columnDefinitions"});
    if (kube::stringAt(document, {"kind"}) != "Table" || columns == nullptr)
        return fail(Code::DataLoss, "the server answered no Table");
    Table table;
    std::vector<bool> shown;
    if (options.withNamespace)
        table.headers.emplace_back("NAMESPACE");
    for (const kube::Json& column : *columns) {
        const kube::JsonObject* definition = column.if_object();
        if (definition == nullptr)
            return fail(Code::DataLoss, "the server answered a malformed Table");
        shown.push_back(options.wide || kube::intAt(*definition, {"priority"}).value_or(0) == 0);
        if (shown.back())
            table.headers.push_back(upper(kube::stringAt(*definition, {"name"})));
    }
    const kube::JsonArray* rows = kube::arrayAt(document, {"rows"});
    if (rows == nullptr)
        return table;
    for (const kube::Json& item : *rows) {
        const kube::JsonObject* row = item.if_object();
        const kube::JsonArray* cells = row != nullptr ? kube::arrayAt(*row, {"cells"}) : nullptr;
        if (cells == nullptr)
            return fail(Code::DataLoss, "the server answered a malformed Table");
        std::vector<std::string> out;
        if (options.withNamespace)
            out.emplace_back(kube::stringAt(*row, {"object", "metadata", "namespace"}));
        for (std::size_t i = 0; i < cells->size() && i < shown.size(); ++i)
            if (shown[i])
                out.push_back((i == 0 ? options.namePrefix : "") + cellText((*cells)[i]));
        table.rows.push_back(std::move(out));
    }
    return table;
}

}  // namespace kubefed::cli
