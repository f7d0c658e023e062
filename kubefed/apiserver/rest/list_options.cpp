// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/list_options.h"

#include <algorithm>
#include <utility>

#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/util/base64.h"

namespace kubefed::apiserver {
namespace {

std::string urlEncode(std::string_view bytes) {
    std::string text = base64Encode(bytes);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    return text;
}

std::string urlDecode(std::string_view encoded) {
    std::string text(encoded);
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return base64Decode(text).value_or("");
}

Error invalidOptions(Checker checker) {
    return kube::invalid({"meta.k8s.io", "v1", "ListOptions"}, "", checker.take());
}

Error tooLarge(std::int64_t asked, std::int64_t current) {
    const std::string message =
        "Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current);
    const kube::JsonObject status{
        {"kind", "Status"},
        {"apiVersion", "v1"},
        {"metadata", kube::JsonObject()},
        {"status", "Failure"},
        {"message", "Timeout: " + message},
        {"reason", "Timeout"},
        {"details", kube::JsonObject{{"causes", kube::JsonArray{kube::JsonObject{
                                                    {"reason", "ResourceVersionTooLarge"},
                                                    {"message", "Too large resource version"}}}},
                                     {"retryAfterSeconds", 1}}},
        {"code", 504}};
    return kube::fromHttp(504, kube::printJson(status), "1");
}

Result<void> readVersion(const RequestInfo& info, std::int64_t current, ListOptions& options) {
    const std::string text(info.query.get("resourceVersion"));
    if (text.empty())
        return {};
    const std::optional<std::int64_t> version = info.query.number("resourceVersion");
    if (!version || *version < 0) {
        const std::string why = "resourceVersion: Invalid value: \"" + text +
                                "\": strconv.ParseUint: parsing \"" + text + "\": invalid syntax";
        // A real server does not foresee it for a watch.
        return fail(info.verb == "watch" ? kube::unexpected(why)
                                         : kube::badRequest("invalid resource version: " + why));
    }
    if (*version > current)
        return fail(tooLarge(*version, current));
    options.resourceVersion = *version;
    return {};
}

Result<void> checkMatch(const Query& query, bool watch, ListOptions& options) {
    const std::string_view match = query.get("resourceVersionMatch");
    Checker checker;
    const Path path("resourceVersionMatch");
    if (watch) {
        if (options.sendInitialEvents && match != "NotOlderThan")
            checker.forbidden(path,
                              "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        else if (!query.has("sendInitialEvents") && !match.empty())
            checker.forbidden(
                path, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    } else if (query.has("sendInitialEvents")) {
        checker.forbidden(Path("sendInitialEvents"), "sendInitialEvents is forbidden for list");
    } else if (!match.empty()) {
        if (query.get("resourceVersion").empty())
            checker.forbidden(path, "resourceVersionMatch is forbidden unless resourceVersion is provided");
        if (query.has("continue"))
            checker.forbidden(path, "resourceVersionMatch is forbidden when continue is provided");
        if (match != "Exact" && match != "NotOlderThan")
            checker.notSupported(path, match, {"Exact", "NotOlderThan"});
        if (match == "Exact" && query.get("resourceVersion") == "0")
            checker.forbidden(path, "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
    }
    if (!checker.clean())
        return fail(invalidOptions(std::move(checker)));
    // A limit with a version and no word on how to match means exactly, for old clients.
    options.exact =
        match == "Exact" || (match.empty() && options.limit > 0 && options.resourceVersion.value_or(0) > 0);
    return {};
}

Result<void> readNumber(const Query& query, std::string_view name, std::optional<std::int64_t>& out) {
    const std::string text(query.get(name));
    out = query.number(name);
    if (!text.empty() && !out)
        return fail(kube::badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax"));
    return {};
}

Result<void> readContinue(const Query& query, ListOptions& options) {
    const std::string_view token = query.get("continue");
    if (token.empty())
        return {};
    if (options.resourceVersion.value_or(0) != 0)
        return fail(kube::badRequest("specifying resource version is not allowed when using continue"));
    const std::string decoded = urlDecode(token);
    const Result<kube::Json> parsed = kube::parseJson(decoded);
    const kube::JsonObject* object = parsed ? parsed->if_object() : nullptr;
    const std::optional<std::int64_t> rv = object ? kube::intAt(*object, {"rv"}) : std::nullopt;
    if (!rv || kube::stringAt(*object, {"start"}).empty())
        return fail(kube::badRequest(
            "invalid continue token: continue key is not valid: " +
            (parsed || decoded.empty()
                 ? "\"" + std::string(token) + "\""
                 : "invalid character '" + decoded.substr(0, 1) + "' looking for beginning of value")));
    options.isContinued = true;
    options.startAfter = kube::stringAt(*object, {"start"});
    options.resourceVersion = *rv < 0 ? std::nullopt : rv;  // below 0: from the present state
    options.exact = options.resourceVersion.has_value();
    return {};
}

}  // namespace

Result<ListOptions> readListOptions(const RequestInfo& info, std::int64_t current) {
    ListOptions options;
    const Query& query = info.query;
    std::optional<std::int64_t> limit;
    KUBEFED_TRY(readNumber(query, "limit", limit));
    KUBEFED_TRY(readNumber(query, "timeoutSeconds", options.timeoutSeconds));
    options.limit = std::max<std::int64_t>(limit.value_or(0), 0);
    options.bookmarks = query.isTrue("allowWatchBookmarks");
    options.sendInitialEvents = query.isTrue("sendInitialEvents");
    KUBEFED_TRY(readVersion(info, current, options));
    KUBEFED_TRY(checkMatch(query, info.verb == "watch", options));
    KUBEFED_TRY(readContinue(query, options));
    return options;
}

Result<void> checkGetOptions(const RequestInfo& info, std::int64_t current) {
    ListOptions options;
    return readVersion(info, current, options);
}

std::string continueToken(std::int64_t rv, const std::string& lastKey) {
    return urlEncode(
        kube::printJson(kube::JsonObject{{"v", "meta.k8s.io/v1"}, {"rv", rv}, {"start", lastKey}}));
}

Error continueExpired(const std::string& fresh) {
    Error error = kube::expired(fresh.empty() ? "The resourceVersion for the provided list is too old."
                                              : "The provided continue parameter is too old to display a "
                                                "consistent list result. You can start a new "
                                                "list without the continue parameter, or use the continue "
                                                "token in this response to retrieve the "
                                                "remainder of the results. Continuing with the provided "
                                                "token results in an inconsistent list - "
                                                "objects that were created, modified, or deleted between the "
                                                "time the first chunk was returned and now "
                                                "may show up in the list.");
    if (!fresh.empty()) {
        kube::JsonObject status = kube::toStatus(error);
        kube::ensureObject(status, {"metadata"})["continue"] = fresh;
        error.status->body = kube::printJson(status);
    }
    return error;
}

}  // namespace kubefed::apiserver
