// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/status_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace kubefed::kube {

namespace {

struct Row {
    int http;
    std::string_view reason;
    Code code;
};

// The first row of an HTTP code is what a body without a reason means; the first row of a Code is how an
// Error without ApiStatus is answered.
constexpr std::array kTable{
    Row{400, "BadRequest", Code::InvalidArgument},
    Row{401, "Unauthorized", Code::Unauthenticated},
    Row{403, "Forbidden", Code::PermissionDenied},
    Row{404, "NotFound", Code::NotFound},
    Row{405, "MethodNotAllowed", Code::Unimplemented},
    Row{406, "NotAcceptable", Code::InvalidArgument},
    Row{409, "Conflict", Code::Aborted},
    Row{409, "AlreadyExists", Code::AlreadyExists},
    Row{410, "Expired", Code::OutOfRange},
    Row{410, "Gone", Code::OutOfRange},
    Row{413, "RequestEntityTooLarge", Code::InvalidArgument},
    Row{415, "UnsupportedMediaType", Code::InvalidArgument},
    Row{422, "Invalid", Code::InvalidArgument},
    Row{429, "TooManyRequests", Code::ResourceExhausted},
    Row{500, "InternalError", Code::Internal},
    Row{500, "ServerTimeout", Code::Unavailable},
    Row{502, "", Code::Unavailable},
    Row{503, "ServiceUnavailable", Code::Unavailable},
    Row{504, "Timeout", Code::DeadlineExceeded},
};

const Row* rowOf(int http, std::string_view reason) {
    const Row* byHttp = nullptr;
    for (const auto& row : kTable) {
        if (row.http != http)
            continue;
        if (row.reason == reason)
            return &row;
        if (byHttp == nullptr)
            byHttp = &row;
    }
    return byHttp;
}

Code codeOf(int http, std::string_view reason) {
    if (const auto* row = rowOf(http, reason))
        return row->code;
    return http >= 500 ? Code::Unavailable : http >= 400 ? Code::InvalidArgument : Code::Unknown;
}

std::string quoted(std::string_view text) {
    return printJson(Json(json::string_view(text.data(), text.size())));
}

JsonObject statusDocument(int http, std::string_view reason, std::string_view message, JsonObject details) {
    JsonObject status;
    status["kind"] = "Status";
    status["apiVersion"] = "v1";
    status["metadata"].emplace_object();
    status["status"] = "Failure";
    status["message"] = message;
    if (!reason.empty())
        status["reason"] = reason;
    if (!details.empty())
        status["details"] = std::move(details);
    status["code"] = http;
    return status;
}

Error make(int http, std::string_view reason, std::string message, JsonObject details = {}) {
    Error error{.code = codeOf(http, reason), .message = std::move(message)};
    error.status = ApiStatus{http, std::string(reason),
                             printJson(statusDocument(http, reason, error.message, std::move(details)))};
    return error;
}

JsonObject named(std::string_view name, std::string_view group, std::string_view kind) {
    JsonObject details;
    if (!name.empty())
        details["name"] = name;
    if (!group.empty())
        details["group"] = group;
    if (!kind.empty())
        details["kind"] = kind;
    return details;
}

JsonArray causeArray(const std::vector<StatusCause>& causes) {
    JsonArray out;
    for (const auto& cause : causes) {
        JsonObject entry;
        if (!cause.reason.empty())
            entry["reason"] = cause.reason;
        if (!cause.message.empty())
            entry["message"] = cause.message;
        if (!cause.field.empty())
            entry["field"] = cause.field;
        out.emplace_back(std::move(entry));
    }
    return out;
}

std::string conflictMessage(const std::vector<StatusCause>& causes) {
    if (causes.size() == 1)
        return "Apply failed with 1 conflict: " + causes[0].message + ": " + causes[0].field;
    std::map<std::string, std::vector<std::string>> byManager;
    for (const auto& cause : causes) {
        std::string manager = cause.message;
        if (manager.starts_with("conflict with "))
            manager.insert(8, "s");
        byManager[manager].push_back(cause.field);
    }
    std::string out = "Apply failed with " + std::to_string(causes.size()) + " conflicts: ";
    bool first = true;
    for (const auto& [manager, fields] : byManager) {
        out += (first ? "" : "\n") + manager + ":";
        first = false;
        for (const auto& field : fields)
            out += "\n- " + field;
    }
    return out;
}

constexpr std::chrono::seconds kLongestRetryAfter{600};

// Nobody is kept away for longer by one answer, whoever gave it.
std::chrono::seconds believable(std::int64_t seconds) {
    return std::chrono::seconds(std::min<std::int64_t>(seconds, kLongestRetryAfter.count()));
}

// One line of plain text from whatever a proxy answered.
std::string excerpt(std::string_view body) {
    std::string out;
    for (const char c : body.substr(0, 200)) {
        const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!space)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

}  // namespace

Error notFound(const Gvr& resource, std::string_view name) {
    return make(404, "NotFound", resource.text() + " " + quoted(name) + " not found",
                named(name, resource.group, resource.resource));
}

Error alreadyExists(const Gvr& resource, std::string_view name) {
    return make(409, "AlreadyExists", resource.text() + " " + quoted(name) + " already exists",
                named(name, resource.group, resource.resource));
}

Error conflict(const Gvr& resource, std::string_view name, std::string_view why) {
    return make(
        409, "Conflict",
        "Operation cannot be fulfilled on " + resource.text() + " " + quoted(name) + ": " + std::string(why),
        named(name, resource.group, resource.resource));
}

Error invalid(const Gvk& kind, std::string_view name, std::vector<StatusCause> causes) {
    const std::string qualified = kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
    std::string message = qualified + " " + quoted(name) + " is invalid";
    std::vector<std::string> texts;
    for (const auto& cause : causes) {
        std::string text = cause.field + ": " + cause.message;
        if (std::find(texts.begin(), texts.end(), text) == texts.end())
            texts.push_back(std::move(text));
    }
    if (texts.size() == 1) {
        message += ": " + texts[0];
    } else if (!texts.empty()) {
        message += ": [";
        for (std::size_t i = 0; i < texts.size(); ++i)
            message += (i == 0 ? "" : ", ") + texts[i];
        message += "]";
    }
    auto details = named(name, kind.group, kind.kind);
    if (!causes.empty())
        details["causes"] = causeArray(causes);
    return make(422, "Invalid", std::move(message), std::move(details));
}

Error applyConflict(const Gvr& resource, std::string_view name, std::vector<StatusCause> causes) {
    // The real server names neither the resource nor the object here; who reads the error has the request.
    (void)resource, (void)name;
    JsonObject details;
    details["causes"] = causeArray(causes);
    return make(409, "Conflict", conflictMessage(causes), std::move(details));
}

Error forbidden(const Gvr& resource, std::string_view name, std::string_view why) {
    std::string message = "forbidden: ";
    if (!resource.resource.empty())
        message = resource.text() + (name.empty() ? "" : " " + quoted(name)) + " is forbidden: ";
    return make(403, "Forbidden", message + std::string(why), named(name, resource.group, resource.resource));
}

Error unauthorized() {
    return make(401, "Unauthorized", "Unauthorized");
}

Error badRequest(std::string_view why) {
    return make(400, "BadRequest", std::string(why));
}

Error methodNotAllowed(std::string_view method, std::string_view resource) {
    return make(405, "MethodNotAllowed",
                std::string(method) + " is not supported on resources of kind " + quoted(resource),
                named({}, {}, resource));
}

Error notAcceptable(std::string_view why) {
    return make(406, "NotAcceptable", std::string(why));
}

Error unsupportedMediaType(std::string_view why) {
    return make(415, "UnsupportedMediaType", std::string(why));
}

Error expired(std::string_view why) {
    return make(410, "Expired", std::string(why));
}

Error tooManyRequests(std::string_view why, int retryAfterSeconds) {
    JsonObject details;
    details["retryAfterSeconds"] = retryAfterSeconds;
    auto error = make(429, "TooManyRequests", std::string(why), std::move(details));
    error.retryAfter = std::chrono::seconds(retryAfterSeconds);
    return error;
}

Error internalError(std::string_view why) {
    JsonObject details;
    details["causes"] = causeArray({{"", std::string(why), ""}});
    return make(500, "InternalError", "Internal error occurred: " + std::string(why), std::move(details));
}

Error unexpected(std::string_view message) {
    auto error = make(500, "", std::string(message));
    error.code = Code::Internal;
    return error;
}

bool tellsMisfit(std::string_view text) {
    return text.find("failed to create typed patch object") != std::string_view::npos ||
           text.find("failed to convert new object") != std::string_view::npos;
}

Error serviceUnavailable(std::string_view why) {
    return make(503, "ServiceUnavailable", std::string(why));
}

Error tooLarge(std::string_view why) {
    return make(413, "RequestEntityTooLarge", "Request entity too large: " + std::string(why));
}

int toHttpCode(const Error& error) {
    if (error.status && error.status->httpCode != 0)
        return error.status->httpCode;
    for (const auto& row : kTable) {
        if (row.code == error.code)
            return row.http;
    }
    return error.code == Code::FailedPrecondition ? 422 : 500;
}

JsonObject toStatus(const Error& error) {
    if (error.status && !error.status->body.empty()) {
        if (auto parsed = parseJson(error.status->body); parsed && parsed->is_object())
            return std::move(parsed->get_object());
    }
    const int http = toHttpCode(error);
    std::string_view reason = error.status ? std::string_view(error.status->reason) : std::string_view{};
    if (const auto* row = rowOf(http, reason); row != nullptr && reason.empty())
        reason = row->reason;
    if (http != 500)
        return statusDocument(http, reason, error.text(), {});
    JsonObject details;
    details["causes"] = causeArray({{"", error.text(), ""}});
    return statusDocument(http, reason, "Internal error occurred: " + error.text(), std::move(details));
}

Error fromHttp(int httpCode, std::string_view body, std::string_view retryAfter) {
    Error error;
    std::string reason;
    auto parsed = parseJson(body);
    const JsonObject* status = parsed ? parsed->if_object() : nullptr;
    if (status != nullptr && stringAt(*status, {"kind"}) == "Status") {
        error.message = stringAt(*status, {"message"});
        reason = stringAt(*status, {"reason"});
        error.status = ApiStatus{httpCode, reason, std::string(body)};
        if (const auto seconds = intAt(*status, {"details", "retryAfterSeconds"}); seconds && *seconds > 0)
            error.retryAfter = believable(*seconds);
    } else {
        const auto* row = rowOf(httpCode, {});
        reason = row != nullptr ? row->reason : "";
        const std::string text = excerpt(body);
        error.message =
            "the server answered HTTP " + std::to_string(httpCode) + (text.empty() ? "" : ": ") + text;
        error.status = ApiStatus{httpCode, reason, ""};
    }
    error.code = codeOf(httpCode, reason);
    std::int64_t seconds = 0;
    const auto parsedUntil =
        std::from_chars(retryAfter.data(), retryAfter.data() + retryAfter.size(), seconds);
    if (parsedUntil.ec == std::errc::result_out_of_range && !retryAfter.starts_with('-'))
        error.retryAfter = kLongestRetryAfter;
    else if (parsedUntil.ec == std::errc{} && seconds >= 0)
        error.retryAfter = believable(seconds);
    return error;
}

}  // namespace kubefed::kube
