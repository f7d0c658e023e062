// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/patch.h"

#include <algorithm>
#include <charconv>

namespace kubefed::kube {

namespace {

// As kube-apiserver has them: a few short operations can otherwise make any amount of copies.
constexpr std::size_t kMaxOperations = 10'000;
constexpr std::size_t kMaxCopiedBytes = 3U << 20U;
// Of values looked at for their depth, all operations together.
constexpr std::size_t kMaxVisits = 10'000'000;

std::unexpected<Error> missing(std::string_view path) {
    return fail(Code::FailedPrecondition,
                "the JSON patch names \"" + std::string(path) + "\", which does not exist");
}

// RFC 6901: "/a~1b/0" is {"a/b", "0"}; "" is the whole document.
Result<std::vector<std::string>> parsePointer(std::string_view text) {
    std::vector<std::string> out;
    if (text.empty())
        return out;
    if (text[0] != '/')
        return fail(Code::InvalidArgument,
                    "JSON patch path \"" + std::string(text) + "\" must start with '/'");
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '/') {
            out.emplace_back();
            continue;
        }
        if (text[i] != '~') {
            out.back() += text[i];
            continue;
        }
        ++i;
        if (i == text.size() || (text[i] != '0' && text[i] != '1'))
            return fail(Code::InvalidArgument,
                        "JSON patch path \"" + std::string(text) + "\" has a '~' that is neither ~0 nor ~1");
        out.back() += text[i] == '0' ? '~' : '/';
    }
    return out;
}

// npos where the text is no index of an array of `size` elements. As in the implementation that
// kube-apiserver uses, any decimal number is one, and below zero counts from the end.
std::size_t parseIndex(std::string_view text, std::size_t size) {
    constexpr auto kNone = static_cast<std::size_t>(-1);
    if (text.starts_with('+') && !text.starts_with("+-"))
        text.remove_prefix(1);
    std::int64_t index = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (ec != std::errc{} || end != text.data() + text.size())
        return kNone;
    const auto count = static_cast<std::int64_t>(size);
    if (index < 0)
        index = index < -count ? count : index + count;
    return index < count ? static_cast<std::size_t>(index) : kNone;
}

Json* step(Json& value, std::string_view token) {
    if (auto* object = value.if_object())
        return object->if_contains({token.data(), token.size()});
    if (auto* array = value.if_array()) {
        const auto index = parseIndex(token, array->size());
        return index < array->size() ? &(*array)[index] : nullptr;
    }
    return nullptr;
}

Json* walk(Json& document, const std::vector<std::string>& tokens, std::size_t count) {
    Json* current = &document;
    for (std::size_t i = 0; i < count && current != nullptr; ++i)
        current = step(*current, tokens[i]);
    return current;
}

class JsonPatch {
public:
    explicit JsonPatch(Json document) : m_document(std::move(document)) {}

    Result<void> run(const JsonObject& operation) {
        const auto op = stringAt(operation, {"op"});
        const auto* path = operation.if_contains("path");
        if (path == nullptr || !path->is_string())
            return fail(Code::InvalidArgument, "a JSON patch operation needs a string \"path\"");
        m_path = view(path->get_string());
        auto tokens = parsePointer(m_path);
        if (!tokens)
            return std::unexpected(std::move(tokens.error()));
        if (op == "remove")
            return remove(*tokens);
        if (op == "move" || op == "copy")
            return transfer(operation, *tokens, op == "move");
        if (op != "add" && op != "replace" && op != "test")
            return fail(Code::InvalidArgument, "unknown JSON patch operation \"" + std::string(op) + "\"");
        const auto* value = operation.if_contains("value");
        if (value == nullptr && op == "test")
            return fail(Code::InvalidArgument, "JSON patch operation \"test\" needs a \"value\"");
        static const Json kNull;
        if (op == "add")
            return add(*tokens, value == nullptr ? kNull : *value);
        if (op == "replace")
            return replace(*tokens, value == nullptr ? kNull : *value);
        return test(*tokens, *value);
    }

    Json release() { return std::move(m_document); }

private:
    // How deep containers are nested in `value`, up to `limit` + 1.
    int depthOf(const Json& value, int limit) {
        ++m_visits;
        if (!value.is_structured())
            return 0;
        if (limit <= 0 || m_visits > kMaxVisits)
            return 1;
        int deepest = 0;
        if (const auto* object = value.if_object()) {
            for (const auto& member : *object)
                deepest = std::max(deepest, depthOf(member.value(), limit - 1));
        } else {
            for (const auto& element : value.get_array())
                deepest = std::max(deepest, depthOf(element, limit - 1));
        }
        return deepest + 1;
    }

    // Values nested deeper could be neither printed nor destroyed.
    Result<void> checkDepth(const std::vector<std::string>& tokens, const Json& value) {
        const int left =
            kMaxJsonDepth - static_cast<int>(std::min<std::size_t>(tokens.size(), kMaxJsonDepth + 1));
        if (left < 0 || depthOf(value, left) > left)
            return fail(Code::InvalidArgument, "the JSON patch nests values too deeply");
        if (m_visits > kMaxVisits)
            return fail(Code::InvalidArgument, "the JSON patch moves too much");
        return {};
    }

    Result<void> add(const std::vector<std::string>& tokens, Json value) {
        KUBEFED_TRY(checkDepth(tokens, value));
        if (tokens.empty()) {
            m_document = std::move(value);
            return {};
        }
        Json* parent = walk(m_document, tokens, tokens.size() - 1);
        if (parent == nullptr)
            return missing(m_path);
        const auto& last = tokens.back();
        if (auto* object = parent->if_object()) {
            (*object)[last] = std::move(value);
            return {};
        }
        auto* array = parent->if_array();
        if (array == nullptr)
            return missing(m_path);
        const auto index = last == "-" ? array->size() : parseIndex(last, array->size() + 1);
        if (index > array->size())
            return missing(m_path);
        array->insert(array->begin() + index, std::move(value));
        return {};
    }

    // A member that is absent is added.
    Result<void> replace(const std::vector<std::string>& tokens, const Json& value) {
        Json* target = walk(m_document, tokens, tokens.size());
        if (target == nullptr) {
            const Json* parent = tokens.empty() ? nullptr : walk(m_document, tokens, tokens.size() - 1);
            return parent != nullptr && parent->is_object() ? add(tokens, value) : missing(m_path);
        }
        KUBEFED_TRY(checkDepth(tokens, value));
        *target = value;
        return {};
    }

    Result<void> remove(const std::vector<std::string>& tokens) {
        Json* parent = tokens.empty() ? nullptr : walk(m_document, tokens, tokens.size() - 1);
        if (parent == nullptr || step(*parent, tokens.back()) == nullptr)
            return missing(m_path);
        if (auto* object = parent->if_object())
            object->erase(tokens.back());
        else if (auto* array = parent->if_array())
            array->erase(array->begin() + parseIndex(tokens.back(), array->size()));
        return {};
    }

    Result<void> transfer(const JsonObject& operation, const std::vector<std::string>& to, bool move) {
        const auto* from = operation.if_contains("from");
        if (from == nullptr || !from->is_string())
            return fail(Code::InvalidArgument, "JSON patch operations move and copy need a string \"from\"");
        auto tokens = parsePointer(view(from->get_string()));
        if (!tokens)
            return std::unexpected(std::move(tokens.error()));
        Json* source = walk(m_document, *tokens, tokens->size());
        if (source == nullptr)
            return missing(view(from->get_string()));
        if (!move) {
            m_copiedBytes += printJson(*source).size();
            if (m_copiedBytes > kMaxCopiedBytes)
                return fail(Code::InvalidArgument,
                            "Unable to complete the copy, the accumulated size increase "
                            "of copy is " +
                                std::to_string(m_copiedBytes) + ", exceeding the limit " +
                                std::to_string(kMaxCopiedBytes));
            return add(to, *source);
        }
        if (to.size() > tokens->size() && std::equal(tokens->begin(), tokens->end(), to.begin()))
            return fail(Code::InvalidArgument, "a JSON patch cannot move a value into itself");
        Json value = tokens->empty() ? *source : std::move(*source);
        KUBEFED_TRY(remove(*tokens));
        return add(to, std::move(value));
    }

    Result<void> test(const std::vector<std::string>& tokens, const Json& expected) {
        const Json* found = walk(m_document, tokens, tokens.size());
        // Absent counts as null, as in the implementation that kube-apiserver uses.
        const bool holds = found != nullptr ? equal(*found, expected) : expected.is_null();
        if (!holds)
            return fail(Code::FailedPrecondition, "testing path " + std::string(m_path) + " value failed");
        return {};
    }

    Json m_document;
    std::string_view m_path;
    std::size_t m_copiedBytes = 0;
    std::size_t m_visits = 0;
};

void mergeInto(JsonObject& target, const JsonObject& patch) {
    for (const auto& member : patch) {
        if (member.value().is_null()) {
            target.erase(member.key());
            continue;
        }
        Json& slot = target[member.key()];
        const auto* nested = member.value().if_object();
        if (nested == nullptr) {
            slot = member.value();
            continue;
        }
        if (!slot.is_object())
            slot.emplace_object();
        mergeInto(slot.get_object(), *nested);
    }
}

}  // namespace

Result<Json> applyJsonPatch(const Json& document, const Json& patch) {
    const auto* operations = patch.if_array();
    if (operations == nullptr)
        return fail(Code::InvalidArgument, "a JSON patch must be an array of operations");
    if (operations->size() > kMaxOperations)
        return fail(tooLarge("The allowed maximum operations in a JSON patch is " +
                             std::to_string(kMaxOperations) + ", got " + std::to_string(operations->size())));
    JsonPatch run(document);
    for (const auto& operation : *operations) {
        if (!operation.is_object())
            return fail(Code::InvalidArgument, "an operation of a JSON patch must be an object");
        KUBEFED_TRY(run.run(operation.get_object()));
    }
    return run.release();
}

Json applyMergePatch(Json document, const Json& patch) {
    const auto* object = patch.if_object();
    if (object == nullptr)
        return patch;
    Json out = document.is_object() ? std::move(document) : Json(json::object_kind);
    mergeInto(out.get_object(), *object);
    return out;
}

JsonObject makeMergePatch(const JsonObject& from, const JsonObject& to) {
    JsonObject patch;
    for (const auto& member : from) {
        if (to.if_contains(member.key()) == nullptr)
            patch[member.key()] = nullptr;
    }
    for (const auto& member : to) {
        const Json* before = from.if_contains(member.key());
        if (before != nullptr && equal(*before, member.value()))
            continue;
        if (before != nullptr && before->is_object() && member.value().is_object())
            patch[member.key()] = makeMergePatch(before->get_object(), member.value().get_object());
        else
            patch[member.key()] = member.value();
    }
    return patch;
}

}  // namespace kubefed::kube
