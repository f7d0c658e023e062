// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/go_values.h"

#include <utility>

#include "kubefed/kube/go_time.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::kube {

namespace {

using Type = SchemaNode::Type;

void fillHeld(Json& value, const SchemaNode& node) {
    if (!value.is_null())
        return takeGoValues(value, node);
    switch (node.type) {
        case Type::String:
            value = node.isQuantity ? "0" : "";
            return;
        case Type::Integer:
            value = 0;
            return;
        case Type::Number:
            value = 0.0;
            return;
        case Type::Boolean:
            value = false;
            return;
        case Type::Object:
            value.emplace_object();
            return;
        default:
            return;
    }
}

std::size_t badBase64At(std::string_view text) {
    constexpr auto kGood = std::string_view::npos;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '+' || c == '/';
        if (c == '\r' || c == '\n')
            continue;
        if (digit) {
            ++digits;
        } else {
            const auto rest = text.substr(i);
            const bool padded = (digits % 4 == 2 && rest == "==") || (digits % 4 == 3 && rest == "=");
            return padded ? kGood : i;
        }
    }
    return digits % 4 == 0 ? kGood : text.size() - digits % 4;
}

}  // namespace

void takeGoValues(JsonObject& document, const SchemaNode& schema) {
    for (auto& member : document) {
        const std::string_view key(member.key().data(), member.key().size());
        if (const auto property = schema.properties.find(key); property != schema.properties.end())
            takeGoValues(member.value(), *property->second);
        else if (schema.additional != nullptr)
            fillHeld(member.value(), *schema.additional);
    }
}

void takeGoValues(Json& value, const SchemaNode& schema) {
    if (schema.type == Type::Any)
        return;
    if (const json::string* text = value.if_string()) {
        const std::optional<GoTimeForm> form = goTimeForm(schema);
        if (const auto time = form ? goTime(view(*text), *form) : std::expected<std::string, std::string>();
            form && time && time->empty())
            value = nullptr;
        else if (form && time && *time != view(*text))
            value = *time;
        return;
    }
    if (auto* object = value.if_object()) {
        takeGoValues(*object, schema);
    } else if (auto* array = value.if_array(); array != nullptr && schema.type == Type::Array) {
        for (auto& element : *array)
            fillHeld(element, schema.element());
    }
}

std::string valueProblem(const Json& value, const SchemaNode& node) {
    if (node.isQuantity) {
        const std::string quantity =
            value.is_string() ? std::string(view(value.get_string())) : printJson(value);
        const auto parsed = Quantity::parse(quantity);
        if (parsed)
            return {};
        // Without the text, which the decoder does not repeat: `"1x" is not a quantity: why`.
        static constexpr std::string_view kBetween = "\" is not a quantity: ";
        return parsed.error().message.substr(1 + quantity.size() + kBetween.size());
    }
    const std::optional<GoTimeForm> time = goTimeForm(node);
    if (!value.is_string())
        return time ? std::string("json: cannot unmarshal ") + (value.is_bool() ? "bool" : "number") +
                          " into Go value of type string"
                    : std::string();
    const std::string_view content = view(value.get_string());
    if (time) {
        auto read = goTime(content, *time);
        return read ? std::string() : std::move(read.error());
    }
    const std::size_t at = node.format == "byte" ? badBase64At(content) : std::string_view::npos;
    return at == std::string_view::npos ? std::string()
                                        : "illegal base64 data at input byte " + std::to_string(at);
}

}  // namespace kubefed::kube
