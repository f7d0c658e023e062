// SPDX-License-Identifier: Apache-2.0
//
// The rules of tests/data/kube/README.md, as the recorder (tests/kube/record) applies them.
#include <algorithm>
#include <functional>
#include <regex>
#include <utility>

#include "tests/support/recorded_case.h"

namespace kubefed::test {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;

namespace {

const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)");
const std::regex kMicroTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)");
const std::regex kUid("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
const std::regex kMount(R"(kube-api-access-[a-z0-9]{5}\b)");
const std::regex kTooOld(R"((too old resource version: \d+) \(\d+\))");
const std::regex kCurrent(R"(current: \d+)");
const std::regex kRecord(R"(in record \(\d+\))");
const std::regex kQuoted(R"((resourceVersion\\*":\\*")\d+)");
const std::regex kHash("X509SHA256=[0-9a-f]{64}");
const std::regex kAge("(\\d+[smhdy])+");
const std::regex kNodePort(R"(:(\d{5})/(TCP|UDP|SCTP))");
const std::regex kAddress(R"(\d+\.\d+\.\d+\.\d+)");

std::string replaceText(std::string text, std::string_view from, std::string_view to) {
    for (auto at = from.empty() ? std::string::npos : text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
    return text;
}

// Replaces each match by what `choose` says of it.
std::string replaceEach(const std::string& text, const std::regex& pattern,
                        const std::function<std::string(const std::smatch&)>& choose) {
    std::string result;
    auto rest = text.cbegin();
    for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
        result.append(rest, (*match)[0].first);
        result += choose(*match);
        rest = (*match)[0].second;
    }
    return result.append(rest, text.cend());
}

std::string textAt(const JsonObject& object, std::string_view key) {
    return std::string(kube::stringAt(object, {key}));
}

// Lists whose order depends on chance or on the clock, by the members named or by their elements.
void sortBy(Json& value, std::initializer_list<std::string_view> keys) {
    if (!value.is_array())
        return;
    const auto order = [&](const Json& element) {
        if (!element.is_object())
            return kube::printCanonical(element);
        std::string text;
        for (const std::string_view key : keys) {
            const Json* part = element.as_object().if_contains(key);
            text += part && part->is_string() ? std::string(kube::view(part->as_string()))
                                              : kube::printCanonical(part ? *part : Json());
            text += '\0';
        }
        return text;
    };
    std::ranges::stable_sort(value.as_array(), {}, order);
}

void keepIf(JsonObject& object, std::string_view list, const std::function<bool(JsonObject&)>& wanted) {
    Json* found = object.if_contains(list);
    if (!found || !found->is_array())
        return;
    JsonArray kept;
    for (Json& element : found->as_array()) {
        if (element.is_object() && wanted(element.as_object()))
            kept.push_back(element);
    }
    *found = std::move(kept);
}

bool bookmarkKept(JsonObject& event) {
    if (kube::stringAt(event, {"type"}) != "BOOKMARK")
        return true;
    JsonObject& metadata = kube::ensureObject(event, {"object", "metadata"});
    if (metadata.contains("resourceVersion"))
        metadata["resourceVersion"] = "<resourceVersion>";
    return !kube::stringAt(metadata, {"annotations", "k8s.io/initial-events-end"}).empty();
}

}  // namespace

std::string Replay::normaliseText(std::string text) const {
    for (std::size_t i = 0; i < m_answers.size(); ++i)
        text = replaceText(std::move(text), m_answers[i].uid, "${uid:" + std::to_string(i) + "}");
    text = replaceText(std::move(text), m_space, "${NS}");
    if (std::ranges::none_of(text, [](char c) { return '0' <= c && c <= '9'; }) &&
        text.find("kube-api-access-") == std::string::npos)
        return text;
    text = std::regex_replace(text, kUid, "<uid>");
    text = std::regex_replace(text, kMount, "kube-api-access-<random>");
    text = std::regex_replace(text, kTooOld, "$1 (<resourceVersion>)");
    text = std::regex_replace(text, kCurrent, "current: <resourceVersion>");
    text = std::regex_replace(text, kRecord, "in record (<resourceVersion>)");
    text = std::regex_replace(text, kQuoted, "$1<resourceVersion>");
    text = std::regex_replace(text, kHash, "X509SHA256=<hash>");
    return replaceEach(text, kTime, [this](const std::smatch& match) {
        return sent(match.str()) ? match.str() : std::string("<time>");
    });
}

Json Replay::normalise(Json value) const {
    normaliseValue(value);
    return value;
}

Result<JsonArray> Replay::normaliseStream(std::string_view text) const {
    JsonArray events;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0) {
            auto event = kube::parseJson(text.substr(0, end));
            if (!event)
                return std::unexpected(event.error());
            if (!event->is_object() || bookmarkKept(event->as_object()))
                events.push_back(normalise(std::move(*event)));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return events;
}

void Replay::normaliseValue(Json& value) const {
    if (value.is_object()) {
        cut(value.as_object());
        normaliseObject(value.as_object());
    } else if (value.is_array()) {
        for (Json& element : value.as_array())
            normaliseValue(element);
    } else if (value.is_string()) {
        const std::string text(kube::view(value.as_string()));
        if (std::regex_match(text, kMicroTime) && !sent(text))
            value = "<microTime>";
        else
            value = normaliseText(text);
    }
}

void Replay::normaliseObject(JsonObject& object) const {
    if (object.contains("items") || object.contains("rows")) {
        if (Json* metadata = object.if_contains("metadata"); metadata && metadata->is_object()) {
            if (metadata->as_object().contains("resourceVersion"))
                metadata->as_object()["resourceVersion"] = "<resourceVersion>";
        }
    }
    JsonObject result;
    for (auto& [key, member] : object) {
        Json value = member;
        normaliseMember(object, key, value);
        result.insert_or_assign(normaliseText(std::string(key)), std::move(value));
    }
    object = std::move(result);
}

void Replay::normaliseMember(const JsonObject& object, std::string_view key, Json& value) const {
    const bool isText = value.is_string();
    const std::string text(isText ? std::string(kube::view(value.as_string())) : std::string());
    const std::string generated = textAt(object, "generateName");
    if (key == "resourceVersion" && isText) {
        value = normaliseVersion(text);
    } else if (key == "name" && isText && !generated.empty() && text.starts_with(generated)) {
        value = normaliseText(generated) + "<random>";
    } else if (key == "continue" && !text.empty()) {
        value = "<continue>";
    } else if (key == "token" && isText && !sent(text)) {
        value = "<token>";
    } else if (key == "clusterIP" || key == "clusterIPs") {
        normaliseAddress(value);
    } else if ((key == "nodePort" || key == "healthCheckNodePort") && value.is_number()) {
        const std::string printed = kube::printJson(value);
        if (printed != "0" && !sent("\"" + std::string(key) + "\":" + printed))
            value = "<" + std::string(key) + ">";
    } else if (key == "cells") {
        normaliseCells(value);
    } else {
        normaliseValue(value);
        if (key == "managedFields")
            sortBy(value, {"operation", "manager", "subresource"});
        else if (key == "causes")
            sortBy(value, {"field", "message"});
        else if (object.contains("incomplete") && (key == "resourceRules" || key == "nonResourceRules"))
            sortBy(value, {"apiGroups", "resources", "nonResourceURLs", "verbs"});
        else if (key == "nonResourceURLs" && !object.contains("apiGroups"))
            sortBy(value, {});
    }
}

std::string Replay::normaliseVersion(std::string_view version) const {
    for (std::size_t i = 0; i < m_answers.size(); ++i) {
        if (!version.empty() && !m_answers[i].list && m_answers[i].version == version)
            return "${rv:" + std::to_string(i) + "}";
    }
    const bool stays =
        version.empty() || version == "0" || version.starts_with('<') || version.starts_with('$');
    return stays ? std::string(version) : "<resourceVersion>";
}

void Replay::normaliseAddress(Json& value) const {
    if (value.is_array()) {
        for (Json& element : value.as_array())
            normaliseAddress(element);
    } else if (value.is_string()) {
        const std::string text(kube::view(value.as_string()));
        if (!text.empty() && text != "None" && !sent("\"" + text + "\""))
            value = "<clusterIP>";
    }
}

void Replay::normaliseCells(Json& cells) const {
    if (!cells.is_array())
        return;
    for (Json& cell : cells.as_array()) {
        const std::string text(cell.is_string() ? std::string(kube::view(cell.as_string())) : std::string());
        if (std::regex_match(text, kAge)) {
            cell = "<age>";
        } else if (std::regex_match(text, kAddress)) {
            normaliseAddress(cell);
        } else if (std::regex_search(text, kNodePort)) {
            cell = replaceEach(text, kNodePort, [this](const std::smatch& match) {
                return sent(":" + match[1].str()) ? match.str() : ":<nodePort>/" + match[2].str();
            });
        } else {
            normaliseValue(cell);
        }
    }
}

// Discovery within what we serve; Tables without prose.
void Replay::cut(JsonObject& object) const {
    const std::string kind = textAt(object, "kind");
    static const std::set<std::string> kNone;
    const auto names = [this](const std::string& apiVersion) -> const std::set<std::string>& {
        const auto found = m_served.find(apiVersion);
        return found == m_served.end() ? kNone : found->second;
    };
    if (kind == "Table") {
        keepIf(object, "columnDefinitions", [](JsonObject& column) {
            column.erase("description");
            return true;
        });
    } else if (kind == "APIVersions") {
        object.erase("serverAddressByClientCIDRs");
    } else if (kind == "APIResourceList") {
        const auto& served = names(textAt(object, "groupVersion"));
        keepIf(object, "resources", [&](JsonObject& resource) {
            resource.erase("storageVersionHash");
            return served.contains(textAt(resource, "name"));
        });
    } else if (kind == "APIGroupList" || kind == "APIGroupDiscoveryList") {
        const bool aggregated = kind == "APIGroupDiscoveryList";
        keepIf(object, aggregated ? "items" : "groups", [&](JsonObject& group) {
            const std::string name =
                aggregated ? std::string(kube::stringAt(group, {"metadata", "name"})) : textAt(group, "name");
            keepIf(group, "versions", [&](JsonObject& version) {
                const auto& served = names((name.empty() ? "" : name + "/") + textAt(version, "version"));
                keepIf(version, "resources", [&](JsonObject& resource) {
                    const std::string resourceName = textAt(resource, "resource");
                    keepIf(resource, "subresources", [&](JsonObject& sub) {
                        return served.contains(resourceName + "/" + textAt(sub, "subresource"));
                    });
                    const JsonArray* subs = kube::arrayAt(resource, {"subresources"});
                    if (subs && subs->empty())
                        resource.erase("subresources");
                    return served.contains(resourceName);
                });
                return !served.empty();
            });
            const JsonArray* versions = kube::arrayAt(group, {"versions"});
            return versions && !versions->empty();
        });
    }
}

}  // namespace kubefed::test
