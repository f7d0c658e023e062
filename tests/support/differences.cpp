// SPDX-License-Identifier: Apache-2.0
#include "tests/support/differences.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "kubefed/kube/json.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::test {
namespace {

std::vector<std::string> texts(const kube::JsonObject& object, std::string_view key) {
    std::vector<std::string> out;
    if (const kube::JsonArray* list = kube::arrayAt(object, {key}))
        for (const kube::Json& element : *list)
            if (element.is_string())
                out.emplace_back(kube::view(element.get_string()));
    return out;
}

std::string_view placeOf(std::string_view difference) {
    return difference.substr(0, difference.find(':'));
}

std::string_view takeStep(std::string_view& path) {
    const std::size_t slash = path.find('/');
    const std::string_view step = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    return step;
}

}  // namespace

bool matchesGlob(std::string_view pattern, std::string_view text) {
    const std::size_t star = pattern.find('*');
    if (star == std::string_view::npos)
        return pattern == text;
    if (!text.starts_with(pattern.substr(0, star)))
        return false;
    const std::string_view rest = pattern.substr(star + 1);
    for (std::size_t at = star; at <= text.size(); ++at)
        if (matchesGlob(rest, text.substr(at)))
            return true;
    return false;
}

bool coversPlace(std::string_view pattern, std::string_view place) {
    while (!pattern.empty()) {
        if (place.empty())
            return false;
        const std::string_view wanted = takeStep(pattern);
        const std::string_view step = takeStep(place);
        if (wanted != "*" && wanted != step)
            return false;
    }
    return true;
}

Result<AcceptedDifferences> AcceptedDifferences::load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    const Result<std::vector<kube::Json>> documents = kube::parseYaml(content.str());
    if (!documents)
        return std::unexpected(documents.error());
    const kube::JsonArray* entries = documents->size() == 1 && documents->front().is_object()
                                         ? kube::arrayAt(documents->front().get_object(), {"differences"})
                                         : nullptr;
    if (entries == nullptr)
        return fail(Code::InvalidArgument, "\"" + file.string() + "\" has no list of differences");
    AcceptedDifferences result;
    std::set<std::string> ids;
    for (const kube::Json& element : *entries) {
        const kube::JsonObject& object = element.as_object();
        AcceptedDifference entry{std::string(kube::stringAt(object, {"id"})),
                                 std::string(kube::stringAt(object, {"reason"})), texts(object, "cases"),
                                 texts(object, "commands"), texts(object, "ignore")};
        const bool whole = !entry.id.empty() && entry.reason.size() > 20 && !entry.ignore.empty() &&
                           !(entry.cases.empty() && entry.commands.empty());
        if (!whole || !ids.insert(entry.id).second)
            return fail(Code::InvalidArgument,
                        "\"" + entry.id + "\" lacks a reason, cases or places, or is there twice");
        result.m_all.push_back(std::move(entry));
    }
    if (result.m_all.size() > kMost)
        return fail(Code::InvalidArgument, "more differences are accepted than may be");
    return result;
}

std::vector<std::string> AcceptedDifferences::rejected(std::string_view name,
                                                       const std::vector<std::string>& found) {
    std::vector<Use> uses;
    for (std::size_t i = 0; i < m_all.size(); ++i)
        for (const auto* patterns : {&m_all[i].cases, &m_all[i].commands})
            for (const std::string& pattern : *patterns)
                if (matchesGlob(pattern, name))
                    uses.push_back({i, pattern});
    m_ran.insert(uses.begin(), uses.end());
    std::vector<std::string> rest;
    for (const std::string& difference : found) {
        bool accepted = false;
        for (const Use& use : uses) {
            const std::vector<std::string>& places = m_all[use.entry].ignore;
            if (std::any_of(places.begin(), places.end(), [&](const std::string& place) {
                    return coversPlace(place, placeOf(difference));
                })) {
                accepted = true;
                m_used.insert(use);
            }
        }
        if (!accepted)
            rest.push_back(difference);
    }
    return rest;
}

std::vector<std::string> AcceptedDifferences::unused() const {
    std::vector<std::string> stale;
    for (const Use& use : m_ran)
        if (!m_used.contains(use))
            stale.push_back(m_all[use.entry].id + ": " + use.pattern);
    return stale;
}

}  // namespace kubefed::test
