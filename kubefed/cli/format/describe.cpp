// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/format/describe.h"

#include <algorithm>

#include "kubefed/cli/format/table.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::cli {
namespace {

constexpr std::size_t kColumn = 14;

std::string field(std::string_view name, std::string_view value) {
    std::string text(name);
    text += ':';
    text.append(kColumn > text.size() ? kColumn - text.size() : 1, ' ');
    text += value.empty() ? "<none>" : value;
    return text + "\n";
}

std::string pairs(std::string_view name, const kube::JsonObject* map) {
    std::vector<std::string> lines;
    if (map != nullptr)
        for (const auto& [key, value] : *map)
            if (value.is_string())
                lines.push_back(std::string(key) + "=" + std::string(kube::view(value.get_string())));
    std::ranges::sort(lines);
    if (lines.empty())
        return field(name, {});
    std::string text = field(name, lines.front());
    for (std::size_t i = 1; i < lines.size(); ++i)
        text += std::string(kColumn, ' ') + lines[i] + "\n";
    return text;
}

// A part of the document as YAML, indented. Secrets' values are not for reading.
std::string part(std::string_view name, const kube::Json& value, bool hidden) {
    std::string title(name);
    title.front() =
        title.front() >= 'a' && title.front() <= 'z' ? char(title.front() - 'a' + 'A') : title.front();
    std::string text = title + ":\n";
    if (hidden && value.is_object()) {
        for (const auto& [key, content] : value.get_object())
            text += "  " + std::string(key) + ": " +
                    std::to_string(content.is_string() ? content.get_string().size() : 0) +
                    " bytes in base64\n";
        return text;
    }
    const std::string yaml = kube::printYaml(value);
    std::size_t start = 0;
    while (start < yaml.size()) {
        const auto end = std::min(yaml.find('\n', start), yaml.size());
        text += "  " + yaml.substr(start, end - start) + "\n";
        start = end + 1;
    }
    return text;
}

}  // namespace

std::string describeText(const kube::Object& object, WallTime now) {
    const auto created = kube::stringAt(object.document(), {"metadata", "creationTimestamp"});
    std::string text = field("Name", object.name());
    if (!object.ns().empty())
        text += field("Namespace", object.ns());
    text += field("Kind", object.gvk().text());
    text += pairs("Labels", object.labels());
    text += pairs("Annotations", object.annotations());
    text += field("Created", std::string(created) + " (" + ageSince(created, now) + " ago)");
    if (object.isDeleting())
        text += field("Deleting", kube::stringAt(object.document(), {"metadata", "deletionTimestamp"}));
    std::vector<std::string_view> keys;
    for (const auto& [key, value] : object.document())
        if (key != "apiVersion" && key != "kind" && key != "metadata")
            keys.emplace_back(key.data(), key.size());
    std::ranges::sort(keys);
    for (const std::string_view key : keys)
        text += part(key, object.document().at(key), object.kind() == "Secret");
    return text;
}

std::string eventsText(const std::vector<kube::Object>& events, WallTime now) {
    if (events.empty())
        return "Events:       <none>\n";
    Table table;
    table.headers = {"  TYPE", "REASON", "AGE", "MESSAGE"};
    for (const kube::Object& event : events) {
        std::string_view seen = kube::stringAt(event.document(), {"lastTimestamp"});
        if (seen.empty())
            seen = kube::stringAt(event.document(), {"eventTime"});
        table.rows.push_back({"  " + std::string(kube::stringAt(event.document(), {"type"})),
                              std::string(kube::stringAt(event.document(), {"reason"})), ageSince(seen, now),
                              std::string(kube::stringAt(event.document(), {"message"}))});
    }
    return "Events:\n" + table.text();
}

}  // namespace kubefed::cli
