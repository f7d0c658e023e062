// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/request_info.h"

#include <charconv>

#include "kubefed/kube/selector.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/util/utf8.h"

namespace kubefed::apiserver {
namespace {

int hexDigit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Result<std::vector<std::string>> segmentsOf(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view part = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (part.empty())
            continue;
        Result<std::string> decoded = percentDecode(part, false);
        if (!decoded)
            return std::unexpected(std::move(decoded.error()));
        segments.push_back(std::move(*decoded));
    }
    return segments;
}

std::string verbOf(std::string_view method, const RequestInfo& info) {
    if (method == "GET" || method == "HEAD") {
        if (!info.name.empty())
            return "get";
        return info.query.isTrue("watch") ? "watch" : "list";
    }
    if (method == "POST")
        return "create";
    if (method == "PUT")
        return "update";
    if (method == "PATCH")
        return "patch";
    if (method == "DELETE")
        return info.name.empty() ? "deletecollection" : "delete";
    return {};
}

// A list of one name by field selector is authorised (and answered) as for that name.
void takeNameFromSelector(RequestInfo& info) {
    const std::string_view text = info.query.get("fieldSelector");
    if (text.empty())
        return;
    const Result<kube::FieldSelector> selector = kube::FieldSelector::parse(text);
    if (!selector)
        return;
    for (const kube::FieldSelector::Term& term : selector->terms())
        if (term.path == "metadata.name" && !term.negated)
            info.name = term.value;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

}  // namespace

Result<std::string> percentDecode(std::string_view text, bool plusIsSpace) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plusIsSpace) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return fail(
                    kube::badRequest("invalid URL escape \"" + std::string(text.substr(i, 3)) + "\""));
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    if (findInvalidUtf8(out) != std::string::npos)
        return fail(kube::badRequest("the URL names something that is not UTF-8"));
    return out;
}

Result<Query> Query::parse(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (pair.empty())
            continue;
        const std::size_t equals = pair.find('=');
        Result<std::string> name = percentDecode(pair.substr(0, equals), true);
        Result<std::string> value = percentDecode(
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
        if (!name || !value)
            return std::unexpected(std::move(name ? value.error() : name.error()));
        query.m_values.emplace_back(std::move(*name), std::move(*value));
    }
    return query;
}

const std::string* Query::find(std::string_view name) const {
    for (const auto& [key, value] : m_values)
        if (key == name)
            return &value;
    return nullptr;
}

std::vector<std::string> Query::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : m_values)
        if (key == name)
            values.push_back(value);
    return values;
}

std::string_view Query::get(std::string_view name) const {
    const std::string* value = find(name);
    return value == nullptr ? std::string_view() : *value;
}

bool Query::isTrue(std::string_view name) const {
    const std::string* value = find(name);
    return value != nullptr && *value != "false" && *value != "0";
}

std::optional<std::int64_t> Query::number(std::string_view name) const {
    const std::string_view text = get(name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

Result<RequestInfo> parseRequest(std::string_view method, std::string_view path, std::string_view query) {
    RequestInfo info;
    if (findInvalidUtf8(path) != std::string_view::npos)
        return fail(kube::badRequest("the path is not UTF-8"));
    info.path = path;
    info.verb = lower(method);
    Result<Query> parsed = Query::parse(query);
    if (!parsed)
        return std::unexpected(std::move(parsed.error()));
    info.query = std::move(*parsed);
    Result<std::vector<std::string>> split = segmentsOf(path);
    if (!split)
        return std::unexpected(std::move(split.error()));
    const std::vector<std::string>& parts = *split;
    std::size_t next = 0;
    if (parts.size() >= 3 && parts[0] == "api") {
        info.version = parts[1];
        next = 2;
    } else if (parts.size() >= 4 && parts[0] == "apis") {
        info.group = parts[1];
        info.version = parts[2];
        next = 3;
    } else {
        return info;
    }
    info.isResource = true;
    // The old way to watch: /api/v1/watch/…
    const bool watches = method == "GET" && parts[next] == "watch" && parts.size() > next + 1;
    next += watches ? 1 : 0;
    if (parts[next] == "namespaces" && parts.size() > next + 1) {
        info.ns = parts[next + 1];
        const bool ofNamespace =
            parts.size() <= next + 2 || parts[next + 2] == "status" || parts[next + 2] == "finalize";
        next += ofNamespace ? 0 : 2;
    }
    info.resource = parts[next];
    if (parts.size() > next + 1)
        info.name = parts[next + 1];
    if (parts.size() > next + 2)
        info.subresource = parts[next + 2];
    if (parts.size() > next + 3)
        info.subresource += "/" + parts[next + 3];
    info.verb = watches && info.name.empty() ? "watch" : verbOf(method, info);
    if (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection")
        takeNameFromSelector(info);
    return info;
}

}  // namespace kubefed::apiserver
