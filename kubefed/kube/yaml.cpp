// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/yaml.h"

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "kubefed/kube/yaml_scalar.h"
#include "kubefed/util/utf8.h"

namespace kubefed::kube {

namespace {

// Values that aliases may add to a document: far above real use, far below a "billion laughs".
constexpr std::size_t kMaxAliasedValues = 100'000;

constexpr std::size_t kMostDuplicates = 100;

struct YamlProblem : std::runtime_error {
    YamlProblem(const YAML::Mark& at, const std::string& what) : std::runtime_error(what), mark(at) {}
    YAML::Mark mark;
};

std::size_t countValues(const Json& value) {
    std::size_t count = 1;
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array)
            count += countValues(element);
    } else if (const auto* object = value.if_object()) {
        for (const auto& member : *object)
            count += countValues(member.value());
    }
    return count;
}

// Builds JSON values from yaml-cpp's events; its Node type would lose marks and accept duplicate keys.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(bool keepsLines, std::vector<std::string>* duplicates)
        : m_keepsLines(keepsLines), m_duplicates(duplicates) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        // yaml-cpp leaves a token that begins no node, such as ",", where it is, and reads it for ever.
        if (mark.pos == m_start)
            throw YamlProblem(mark, "no value can begin here");
        m_start = mark.pos;
        m_anchors.clear();
        m_aliased = 0;
        m_document = nullptr;
        m_lines.clear();
    }
    void OnDocumentEnd() override {
        if (!m_document.is_null())
            m_documents.push_back({std::move(m_document), std::move(m_lines)});
    }
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(mark, anchor, nullptr, "null");
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = m_anchors.find(anchor);
        if (found == m_anchors.end())
            throw YamlProblem(mark, "an alias stands inside the value that it names");
        m_aliased += countValues(found->second);
        if (m_aliased > kMaxAliasedValues)
            throw YamlProblem(mark, "the document contains excessive aliasing");
        Json copy = found->second;
        put(mark, YAML::NullAnchor, std::move(copy), {});
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        m_plain = tag == "?";
        put(mark, anchor, resolve(mark, tag, text), text);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, anchor, JsonArray());
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, anchor, JsonObject());
    }
    void OnMapEnd() override { close(); }

    std::vector<YamlDocument> release() { return std::move(m_documents); }

private:
    struct Level {
        YAML::Mark mark;
        YAML::anchor_t anchor = YAML::NullAnchor;
        Json value;
        std::optional<std::string> key;  // of a map, between key and value
        int keyLine = 0;
        std::string path = {};
        bool mergeKey = false;
        std::vector<Json> merged;  // values of "<<"
    };

    static Json resolve(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
        if (tag == "!" || tag == "tag:yaml.org,2002:str" || tag == "tag:yaml.org,2002:binary")
            return Json(json::string_view(text.data(), text.size()));
        auto value = resolvePlainScalar(text);
        if (!value)
            throw YamlProblem(mark, "JSON has no number for \"" + text + "\"");
        const bool fits = tag == "tag:yaml.org,2002:int"     ? value->is_int64() || value->is_uint64()
                          : tag == "tag:yaml.org,2002:float" ? value->is_number()
                          : tag == "tag:yaml.org,2002:bool"  ? value->is_bool()
                          : tag == "tag:yaml.org,2002:null"  ? value->is_null()
                                                             : true;
        if (!fits)
            throw YamlProblem(mark, "cannot read \"" + text + "\" as \"" + tag + "\"");
        return std::move(*value);
    }

    void open(const YAML::Mark& mark, YAML::anchor_t anchor, Json value) {
        if (m_levels.size() >= static_cast<std::size_t>(kMaxJsonDepth))
            throw YamlProblem(mark, "nested too deeply");
        if (!m_levels.empty() && m_levels.back().value.is_object() && !m_levels.back().key)
            throw YamlProblem(mark, "a map key must be a scalar");
        m_levels.push_back({.mark = mark,
                            .anchor = anchor,
                            .value = std::move(value),
                            .key = {},
                            .path = pathOfNext(),
                            .merged = {}});
    }

    // Of the value that comes next; "" where nobody wants to know.
    [[nodiscard]] std::string pathOfNext() const {
        if (!m_keepsLines || m_levels.empty())
            return {};
        const Level& level = m_levels.back();
        if (const auto* array = level.value.if_array())
            return level.path + "[" + std::to_string(array->size()) + "]";
        return level.path + (level.path.empty() ? "" : ".") + level.key.value_or(std::string());
    }

    void close() {
        Level level = std::move(m_levels.back());
        m_levels.pop_back();
        // Keys that stand in the map itself win over merged ones, earlier merged maps over later ones.
        for (const auto& source : level.merged) {
            for (const auto& member : source.get_object())
                level.value.get_object().emplace(member.key(), member.value());
        }
        put(level.mark, level.anchor, std::move(level.value), {});
    }

    void put(const YAML::Mark& mark, YAML::anchor_t anchor, Json value, std::string_view keyText) {
        if (anchor != YAML::NullAnchor)
            m_anchors[anchor] = value;
        if (m_levels.empty()) {
            m_document = std::move(value);
            return;
        }
        Level& level = m_levels.back();
        if (m_keepsLines && (level.key || level.value.is_array()))
            m_lines.emplace(pathOfNext(), level.key ? level.keyLine : mark.line + 1);
        if (auto* array = level.value.if_array()) {
            array->push_back(std::move(value));
        } else if (!level.key) {
            startMember(level, mark, value, keyText);
        } else {
            endMember(level, mark, std::move(value));
        }
        m_plain = false;
    }

    void startMember(Level& level, const YAML::Mark& mark, const Json& key, std::string_view text) {
        if (key.is_structured())
            throw YamlProblem(mark, "a map key must be a scalar");
        if (key.is_null())
            throw YamlProblem(mark, "a map key must not be null");
        level.mergeKey = m_plain && text == "<<";
        level.key = key.is_string() ? std::string(view(key.get_string())) : printJson(key);
        level.keyLine = mark.line + 1;
        if (level.mergeKey || !level.value.get_object().contains(*level.key))
            return;
        const std::string what = "key \"" + *level.key + "\" already set in map";
        if (m_duplicates == nullptr)
            throw YamlProblem(mark, what);
        if (m_duplicates->size() < kMostDuplicates)
            m_duplicates->push_back("line " + std::to_string(level.keyLine) + ": " + what);
    }

    static void endMember(Level& level, const YAML::Mark& mark, Json value) {
        const std::string key = std::move(*level.key);
        level.key.reset();
        if (!level.mergeKey) {
            level.value.get_object().insert_or_assign(key, std::move(value));
            return;
        }
        JsonArray sources;
        if (value.is_array())
            sources = std::move(value.get_array());
        else
            sources.push_back(std::move(value));
        for (auto& source : sources) {
            if (!source.is_object())
                throw YamlProblem(mark, "a merge key \"<<\" needs a map or a list of maps");
            level.merged.push_back(std::move(source));
        }
    }

    const bool m_keepsLines;
    std::vector<std::string>* const m_duplicates;  // null: they are errors
    std::vector<YamlDocument> m_documents;
    Json m_document;
    YamlLines m_lines;
    std::vector<Level> m_levels;
    std::map<YAML::anchor_t, Json> m_anchors;
    std::size_t m_aliased = 0;
    int m_start = -1;  // of the document, in the text
    bool m_plain = false;
};

std::unexpected<Error> invalidYaml(const YAML::Mark& mark, std::string_view what) {
    std::string place;
    if (!mark.is_null())
        place = " at line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1);
    return fail(Code::InvalidArgument, "invalid YAML" + place + ": " + std::string(what));
}

bool isForbiddenControl(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// With `duplicates`, those are told and only the first document is read.
Result<std::vector<YamlDocument>> parse(std::string_view text, bool keepsLines,
                                        std::vector<std::string>* duplicates = nullptr) {
    // yaml-cpp passes such bytes on, and no reader of the JSON made of them would take it.
    if (const std::size_t bad = findInvalidUtf8(text); bad != std::string_view::npos)
        return invalidYaml(YAML::Mark::null_mark(), "byte " + std::to_string(bad) + " is not valid UTF-8");
    // YAML forbids them, and yaml-cpp takes zeros for a sign of UTF-16 or UTF-32.
    const auto control = std::ranges::find_if(text, isForbiddenControl);
    if (control != text.end())
        return invalidYaml(YAML::Mark::null_mark(), "byte " + std::to_string(control - text.begin()) +
                                                        " is a control character, which YAML does not allow");
    Builder builder(keepsLines, duplicates);
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder) && duplicates == nullptr) {
        }
        return builder.release();
    } catch (const YamlProblem& e) {
        return invalidYaml(e.mark, e.what());
    } catch (const YAML::Exception& e) {
        return invalidYaml(e.mark, e.msg);
    } catch (const std::exception& e) {
        return invalidYaml(YAML::Mark::null_mark(), e.what());
    }
}

// JSON has escapes (surrogate pairs, "\/") that YAML does not read.
std::optional<Json> plainJson(std::string_view text) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || text[start] != '{')
        return std::nullopt;
    auto parsed = parseStrict(text);
    return parsed && parsed->duplicates.empty() ? std::optional(std::move(parsed->value)) : std::nullopt;
}

}  // namespace

Result<StrictJson> parseFirstYaml(std::string_view text) {
    if (auto json = plainJson(text))
        return StrictJson{std::move(*json), {}};
    StrictJson first;
    auto parsed = parse(text, false, &first.duplicates);
    KUBEFED_TRY(parsed);
    if (!parsed->empty())
        first.value = std::move(parsed->front().value);
    return first;
}

Result<std::vector<Json>> parseYaml(std::string_view text) {
    std::vector<Json> documents;
    if (auto json = plainJson(text)) {
        documents.push_back(std::move(*json));
        return documents;
    }
    auto parsed = parse(text, false);
    KUBEFED_TRY(parsed);
    for (YamlDocument& document : *parsed)
        documents.push_back(std::move(document.value));
    return documents;
}

Result<std::vector<YamlDocument>> parseYamlWithLines(std::string_view text) {
    return parse(text, true);
}

}  // namespace kubefed::kube
