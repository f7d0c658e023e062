// SPDX-License-Identifier: Apache-2.0
#include "tests/support/recorded_case.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "kubefed/util/base64.h"

namespace kubefed::test {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;

namespace {

std::string text(const JsonObject& object, std::string_view key) {
    return std::string(kube::stringAt(object, {key}));
}

int number(const JsonObject& object, std::string_view key) {
    return static_cast<int>(kube::intAt(object, {key}).value_or(0));
}

Result<std::string> readFile(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return fail(Code::NotFound, "cannot read \"" + file.string() + "\"");
    std::ostringstream content;
    content << in.rdbuf();
    return std::move(content).str();
}

Result<JsonObject> readObject(const std::filesystem::path& file) {
    auto content = readFile(file);
    if (!content)
        return std::unexpected(content.error());
    auto document = kube::parseJson(*content);
    if (!document)
        return fail(std::move(document.error()).withContext("reading \"" + file.string() + "\""));
    if (!document->is_object())
        return fail(Code::InvalidArgument, "\"" + file.string() + "\" holds no object");
    return std::move(document->as_object());
}

Result<RecordedRequest> readRequest(const JsonObject& object) {
    RecordedRequest request{.method = text(object, "method"),
                            .path = text(object, "path"),
                            .contentType = text(object, "contentType"),
                            .accept = text(object, "accept"),
                            .auth = text(object, "auth"),
                            .until = number(object, "until"),
                            .code = number(object, "code")};
    if (const Json* body = object.if_contains("body")) {
        request.body = kube::printJson(*body);
    } else if (object.contains("text")) {
        request.body = text(object, "text");
    } else if (object.contains("base64")) {
        auto bytes = base64Decode(text(object, "base64"));
        if (!bytes)
            return fail(Code::InvalidArgument, "a request's base64 is not base64");
        request.body = std::move(*bytes);
    }
    if (request.body && request.contentType.empty())
        request.contentType = "application/json";
    if (request.accept.empty())
        request.accept = "application/json";
    return request;
}

Result<std::vector<RecordedRequest>> readRequests(const JsonObject& object, std::string_view key) {
    std::vector<RecordedRequest> requests;
    if (const JsonArray* list = kube::arrayAt(object, {key})) {
        for (const Json& element : *list) {
            auto request = readRequest(element.as_object());
            if (!request)
                return std::unexpected(request.error());
            requests.push_back(std::move(*request));
        }
    }
    return requests;
}

RecordedResponse readResponse(const JsonObject& object) {
    RecordedResponse response{.code = number(object, "code"),
                              .contentType = text(object, "contentType"),
                              .text = text(object, "text")};
    if (const JsonArray* warnings = kube::arrayAt(object, {"warnings"})) {
        for (const Json& warning : *warnings)
            response.warnings.emplace_back(kube::view(warning.as_string()));
    }
    if (const Json* body = object.if_contains("body"))
        response.body = *body;
    if (const JsonArray* stream = kube::arrayAt(object, {"stream"}))
        response.stream = *stream;
    return response;
}

std::string_view mediaType(std::string_view contentType) {
    return contentType.substr(0, contentType.find(';'));
}

std::string escapePointer(std::string_view key) {
    std::string escaped;
    for (const char c : key) {
        if (c == '~')
            escaped += "~0";
        else if (c == '/')
            escaped += "~1";
        else
            escaped += c;
    }
    return escaped;
}

}  // namespace

Result<RecordedCase> RecordedCase::load(const std::filesystem::path& file) {
    auto object = readObject(file);
    if (!object)
        return std::unexpected(object.error());
    const JsonObject* request = kube::objectAt(*object, {"request"});
    const JsonObject* response = kube::objectAt(*object, {"response"});
    if (!request || !response)
        return fail(Code::InvalidArgument, "\"" + file.string() + "\" lacks request or response");
    auto setup = readRequests(*object, "setup");
    auto main = readRequest(*request);
    auto during = readRequests(*object, "during");
    for (const Error* error : {setup ? nullptr : &setup.error(), main ? nullptr : &main.error(),
                               during ? nullptr : &during.error()}) {
        if (error)
            return fail(Error(*error).withContext("reading \"" + file.string() + "\""));
    }
    return RecordedCase{.name = text(*object, "name"),
                        .about = text(*object, "about"),
                        .setup = std::move(*setup),
                        .request = std::move(*main),
                        .during = std::move(*during),
                        .response = readResponse(*response)};
}

std::vector<std::filesystem::path> RecordedCase::find(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
        if (entry.path().extension() == ".json")
            files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

Result<ServedResources> readServedResources(const std::filesystem::path& folder) {
    ServedResources served;
    for (const auto& file : RecordedCase::find(folder)) {
        auto object = readObject(file);
        if (!object)
            return std::unexpected(object.error());
        const JsonArray* resources = kube::arrayAt(*object, {"resources"});
        const std::string stem = file.stem().string();
        const auto split = stem.rfind('_');
        if (!resources || resources->empty() || split == std::string::npos)
            continue;
        const std::string group = stem.substr(0, split), version = stem.substr(split + 1);
        auto& names = served[group == "core" ? version : group + "/" + version];
        for (const Json& element : *resources) {
            const JsonObject& resource = element.as_object();
            names.insert(text(resource, "name"));
            if (const JsonArray* subresources = kube::arrayAt(resource, {"subresources"})) {
                for (const Json& sub : *subresources)
                    names.insert(text(resource, "name") + "/" + text(sub.as_object(), "name"));
            }
        }
    }
    if (served.empty())
        return fail(Code::NotFound, "no schema files in \"" + folder.string() + "\"");
    return served;
}

Replay::Replay(std::string space, const ServedResources& served)
    : m_space(std::move(space)), m_served(served) {}

RecordedRequest Replay::prepare(const RecordedRequest& request) {
    RecordedRequest prepared = request;
    prepared.path = expand(request.path);
    if (request.body)
        prepared.body = expand(*request.body);
    m_sent += prepared.path + " " + prepared.body.value_or("") + "\n";
    return prepared;
}

void Replay::remember(std::string_view body) {
    Answer answer;
    if (const auto document = kube::parseJson(body); document && document->is_object()) {
        const JsonObject& object = document->as_object();
        answer.uid = kube::stringAt(object, {"metadata", "uid"});
        answer.version = kube::stringAt(object, {"metadata", "resourceVersion"});
        answer.next = kube::stringAt(object, {"metadata", "continue"});
        answer.list = object.contains("items");
    }
    m_answers.push_back(std::move(answer));
}

std::string Replay::expand(std::string_view source) const {
    std::string result;
    for (std::size_t at = 0; at < source.size();) {
        const auto end = source.substr(at).starts_with("${") ? source.find('}', at) : std::string_view::npos;
        if (end == std::string_view::npos) {
            result += source[at++];
            continue;
        }
        const std::string_view name = source.substr(at + 2, end - at - 2);
        const auto colon = name.find(':');
        const std::string_view kind = name.substr(0, colon);
        const std::string index(colon == std::string_view::npos ? "" : name.substr(colon + 1));
        const bool known = kind == "uid" || kind == "rv" || kind == "continue";
        if (name == "NS") {
            result += m_space;
        } else if (known && !index.empty() &&
                   std::ranges::all_of(index, [](char c) { return '0' <= c && c <= '9'; }) &&
                   std::stoul(index) < m_answers.size()) {
            const Answer& answer = m_answers[std::stoul(index)];
            result += kind == "uid" ? answer.uid : kind == "rv" ? answer.version : answer.next;
        } else {
            result += source.substr(at, end + 1 - at);
        }
        at = end + 1;
    }
    return result;
}

std::vector<std::string> Replay::differences(const RecordedResponse& expected, int code,
                                             std::string_view contentType,
                                             const std::vector<std::string>& warnings,
                                             std::string_view body) const {
    std::vector<std::string> found;
    if (code != expected.code)
        found.push_back("code: expected " + std::to_string(expected.code) + ", got " + std::to_string(code));
    if (mediaType(contentType) != mediaType(expected.contentType)) {
        found.push_back("content type: expected \"" + expected.contentType + "\", got \"" +
                        std::string(contentType) + "\"");
    }
    JsonArray wanted, got;
    for (const std::string& warning : expected.warnings)
        wanted.emplace_back(warning);
    for (const std::string& warning : warnings)
        got.emplace_back(normaliseText(warning));
    compareJson("/warnings", wanted, got, found);
    if (expected.stream) {
        if (auto events = normaliseStream(body))
            compareJson("/stream", Json(*expected.stream), Json(std::move(*events)), found);
        else
            found.push_back("/stream: " + events.error().text());
    } else if (expected.body) {
        if (auto document = kube::parseJson(body))
            compareJson("/body", *expected.body, normalise(std::move(*document)), found);
        else
            found.push_back("/body: " + document.error().text());
    } else if (std::string plain = normaliseText(std::string(body)); plain != expected.text) {
        found.push_back("text: expected \"" + expected.text + "\", got \"" + plain + "\"");
    }
    return found;
}

void compareJson(const std::string& where, const Json& expected, const Json& actual,
                 std::vector<std::string>& differences) {
    if (expected.is_object() && actual.is_object()) {
        for (const auto& [key, value] : expected.as_object()) {
            const std::string below = where + "/" + escapePointer(key);
            if (const Json* other = actual.as_object().if_contains(key))
                compareJson(below, value, *other, differences);
            else
                differences.push_back(below + ": expected " + kube::printJson(value) + ", got nothing");
        }
        for (const auto& [key, value] : actual.as_object()) {
            if (!expected.as_object().contains(key)) {
                differences.push_back(where + "/" + escapePointer(key) + ": expected nothing, got " +
                                      kube::printJson(value));
            }
        }
        return;
    }
    if (expected.is_array() && actual.is_array()) {
        const JsonArray& wanted = expected.as_array();
        const JsonArray& got = actual.as_array();
        for (std::size_t i = 0; i < std::max(wanted.size(), got.size()); ++i) {
            const std::string below = where + "/" + std::to_string(i);
            if (i >= got.size())
                differences.push_back(below + ": expected " + kube::printJson(wanted[i]) + ", got nothing");
            else if (i >= wanted.size())
                differences.push_back(below + ": expected nothing, got " + kube::printJson(got[i]));
            else
                compareJson(below, wanted[i], got[i], differences);
        }
        return;
    }
    if (!kube::equal(expected, actual)) {
        differences.push_back(where + ": expected " + kube::printJson(expected) + ", got " +
                              kube::printJson(actual));
    }
}

}  // namespace kubefed::test
