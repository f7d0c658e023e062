// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/exchange.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "kubefed/kube/status_error.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/util/utf8.h"

namespace kubefed::apiserver {
namespace {

// As kube-apiserver: together this long; longer ones are cut and what is beyond is left out.
constexpr std::size_t kMaxWarnings = 4096;
constexpr std::size_t kMaxCutWarning = 256;

// RFC 7234 quoted-string.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? ' ' : c;
    }
    return out + '"';
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view cut(std::string_view text) {
    std::size_t size = 0;
    for (std::size_t taken = 0; taken < kMaxCutWarning && size < text.size(); ++taken)
        size += std::max<std::size_t>(utf8SequenceLength(text.substr(size)), 1);
    return text.substr(0, size);
}

std::vector<std::string_view> shown(const std::vector<std::string>& warnings) {
    std::vector<std::string_view> all;
    std::unordered_set<std::string_view> seen;
    std::size_t total = 0;
    for (const std::string& warning : warnings)
        if (!warning.empty() && seen.insert(warning).second) {
            all.push_back(warning);
            total += characters(warning);
        }
    if (total <= kMaxWarnings)
        return all;
    total = 0;
    std::vector<std::string_view> some;
    for (const std::string_view warning : all) {
        if (total >= kMaxWarnings)
            break;
        some.push_back(cut(warning));
        total += characters(some.back());
    }
    return some;
}

}  // namespace

net::Headers Exchange::headers(std::string_view contentType) const {
    net::Headers out{{"content-type", std::string(contentType)}, {"cache-control", "no-cache, private"}};
    for (const std::string_view warning : shown(warnings))
        out.emplace_back("warning", "299 - " + quoted(warning));
    return out;
}

void Exchange::respondText(int status, std::string_view contentType, std::string body) {
    if (onAnswered)
        onAnswered(status);
    if (request.method == "HEAD")
        body.clear();
    writer->respond(status, headers(contentType), std::move(body));
}

void Exchange::respondJson(int status, std::string json) {
    if (format.yaml) {
        if (const Result<kube::Json> value = kube::parseJson(json))
            return respondText(status, "application/yaml", kube::printYaml(*value));
    }
    respondText(status, "application/json", std::move(json));
}

void Exchange::fail(const Error& error) {
    const int status = kube::toHttpCode(error);
    const kube::JsonObject document = kube::toStatus(error);
    std::string body = format.yaml ? kube::printYaml(kube::Json(document)) : kube::printJson(document);
    if (onAnswered)
        onAnswered(status);
    net::Headers out = headers(format.yaml ? "application/yaml" : "application/json");
    if (error.retryAfter)
        out.emplace_back("retry-after", std::to_string(error.retryAfter->count() / 1000));
    writer->respond(status, std::move(out), request.method == "HEAD" ? std::string() : std::move(body));
}

void Exchange::begin(int status, std::string_view contentType) {
    if (onAnswered)
        onAnswered(status);
    writer->begin(status, headers(contentType));
}

Error genericError(int status) {
    std::string reason, message;
    switch (status) {
        case 404:
            reason = "NotFound", message = "the server could not find the requested resource";
            break;
        case 405:
            reason = "MethodNotAllowed",
            message = "the server does not allow this method on the requested resource";
            break;
        case 406:
            reason = "NotAcceptable",
            message =
                "406: Not Acceptable\n\nAvailable representations: application/json, "
                "application/yaml, application/vnd.kubernetes.protobuf, "
                "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
            break;
        case 415:
            reason = "UnsupportedMediaType", message = "415: Unsupported Media Type";
            break;
        case 422:
            reason = "Invalid", message = "the server rejected our request due to an error in our request";
            break;
        default:
            reason = "BadRequest", message = "the server rejected our request for an unknown reason";
            break;
    }
    const kube::JsonObject body{
        {"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", kube::JsonObject()}, {"status", "Failure"},
        {"message", message}, {"reason", reason},   {"details", kube::JsonObject()},  {"code", status}};
    Error error = kube::fromHttp(status, kube::printJson(body), {});
    return error;
}

}  // namespace kubefed::apiserver
