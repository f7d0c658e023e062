// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/go_values.h"

#include <cmath>
#include <cstdint>
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

class Conversion {
public:
    std::string members(JsonObject& object, const SchemaNode& node) {
        std::string problem;
        for (auto it = object.begin(); it != object.end() && problem.empty(); ++it)
            if (const auto* child = node.declaredChild({it->key().data(), it->key().size()}))
                problem = run(it->value(), *child);
        return problem;
    }

private:
    std::string run(Json& value, const SchemaNode& node) {
        if (value.is_null())
            return {};
        if (value.is_number() && node.type == Type::Integer)
            return integer(value, node);
        if (auto* object = value.if_object(); object != nullptr && node.type == Type::Object)
            return members(*object, node);
        if (auto* array = value.if_array(); array != nullptr && node.type == Type::Array) {
            std::string problem;
            for (auto it = array->begin(); it != array->end() && problem.empty(); ++it)
                problem = run(*it, node.element());
            return problem;
        }
        if (node.type == Type::IntOrString)
            return value.is_string() ? std::string() : port(value);
        const std::string problem = valueProblem(value, node);
        return problem.empty() || node.format != "byte" ? problem : "error decoding from json: " + problem;
    }

    static std::string port(const Json& value) {
        const std::int64_t* number = value.if_int64();
        if (number != nullptr && *number == static_cast<std::int32_t>(*number))
            return {};
        return "json: cannot unmarshal " +
               (value.is_number() ? "number " + printJson(value) : std::string("bool")) +
               " into Go value of type int32";
    }

    static std::string integer(Json& value, const SchemaNode& node) {
        const bool narrow = node.format == "int32";
        // The parser's only for what is beyond an int64, which Go reads as float64.
        if (value.is_uint64())
            value = static_cast<double>(value.get_uint64());
        if (const double* number = value.if_double()) {
            constexpr double kBeyond = 9223372036854775808.0;
            if (*number != std::trunc(*number) || *number >= kBeyond || *number < -kBeyond)
                return "cannot convert float64 to " + std::string(narrow ? "int32" : "int64");
            value = static_cast<std::int64_t>(*number);
        }
        if (const std::int64_t* number = value.if_int64(); number != nullptr && narrow)
            value = static_cast<std::int32_t>(*number);
        return {};
    }
};

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

std::string convertMerged(JsonObject& document, const SchemaNode& schema) {
    return Conversion().members(document, schema);
}

}  // namespace kubefed::kube
