// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/manifest.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace kubefed::plugins {

namespace {

constexpr std::uint32_t kAllStages = (1U << (KUBEFED_STAGE_DIVIDE + 1)) - 1;
constexpr std::uint64_t kMaxTextBytes = 65536;

std::string versions(const kubefed_policy_manifest& manifest) {
    return "its policy ABI is " + std::to_string(manifest.abi_major) + "." +
           std::to_string(manifest.abi_minor) + ", this kubefed speaks " +
           std::to_string(KUBEFED_POLICY_ABI_MAJOR) + "." + std::to_string(KUBEFED_POLICY_ABI_MINOR);
}

std::unexpected<Error> refused(std::string why) {
    return fail(Code::InvalidArgument, std::move(why));
}

Result<std::string> text(kubefed_string value, std::string_view what) {
    if (value.size == 0)
        return std::string();
    if (value.data == nullptr || value.size > kMaxTextBytes)
        return refused("its " + std::string(what) + " is not a text; build it with the macro KUBEFED_POLICY");
    return std::string(value.data, value.size);
}

bool isName(std::string_view name) {
    const auto isPlain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= 63 && isPlain(name.front()) && isPlain(name.back()) &&
           std::ranges::all_of(name, [&](char c) { return isPlain(c) || c == '-'; });
}

Result<void> checkVersion(const kubefed_policy_manifest& manifest) {
    // Size and magic first: nothing else may be believed before.
    if (manifest.magic != KUBEFED_POLICY_MAGIC)
        return refused("its manifest does not begin as one; build it with the macro KUBEFED_POLICY");
    if (manifest.abi_major != KUBEFED_POLICY_ABI_MAJOR || manifest.abi_minor > KUBEFED_POLICY_ABI_MINOR)
        return refused(versions(manifest) +
                       (manifest.abi_major < KUBEFED_POLICY_ABI_MAJOR
                            ? "; build it against this kubefed's SDK"
                            : "; update kubefed, or build it against this kubefed's SDK"));
    if (manifest.struct_size < KUBEFED_MANIFEST_SIZE_1_0)
        return refused(versions(manifest) + ", but its manifest has " + std::to_string(manifest.struct_size) +
                       " bytes and at least " + std::to_string(KUBEFED_MANIFEST_SIZE_1_0) +
                       " are needed; build it against this kubefed's SDK");
    return {};
}

Result<void> checkFunctions(const kubefed_policy_manifest& manifest) {
    const auto missing = [](std::string_view function) {
        return refused("the entry point \"" + std::string(function) +
                       "\" is missing; build it with the macro KUBEFED_POLICY");
    };
    if (manifest.create == nullptr)
        return missing("create");
    if (manifest.destroy == nullptr)
        return missing("destroy");
    if (manifest.stages == 0 || (manifest.stages & ~kAllStages) != 0)
        return refused("it names no stage that this kubefed knows; override at least one");
    const std::pair<std::string_view, kubefed_stage_function> functions[] = {{"filter", manifest.filter},
                                                                             {"score", manifest.score},
                                                                             {"select", manifest.select},
                                                                             {"limit", manifest.limit},
                                                                             {"divide", manifest.divide}};
    for (std::uint32_t stage = 0; stage <= KUBEFED_STAGE_DIVIDE; ++stage)
        if (((manifest.stages >> stage) & 1U) != 0 && functions[stage].second == nullptr)
            return missing(functions[stage].first);
    return {};
}

// ---- Configuration

std::string_view typeName(const kube::Json& value) {
    switch (value.kind()) {
        case kube::json::kind::null:
            return "null";
        case kube::json::kind::bool_:
            return "boolean";
        case kube::json::kind::string:
            return "string";
        case kube::json::kind::array:
            return "array";
        case kube::json::kind::object:
            return "object";
        default:
            return "number";
    }
}

std::unexpected<Error> wrong(const std::string& path, std::string what) {
    return fail(Code::InvalidArgument, path + " " + std::move(what));
}

double asNumber(const kube::Json& value) {
    boost::system::error_code error;
    return value.to_number<double>(error);
}

Result<void> checkType(const kube::Json& value, std::string_view type, const std::string& path) {
    const std::string_view actual = typeName(value);
    boost::system::error_code error;
    const bool isWhole = actual == "number" &&
                         (!value.is_double() ||
                          value.get_double() == static_cast<double>(value.to_number<std::int64_t>(error)));
    if (type == actual || (type == "integer" && isWhole && !error))
        return {};
    return wrong(path, "must be of type " + std::string(type) + ", got " + std::string(actual));
}

Result<void> checkNumber(const kube::Json& value, const kube::JsonObject& schema, const std::string& path) {
    const kube::Json* minimum = schema.if_contains("minimum");
    if (minimum != nullptr && minimum->is_number() && asNumber(value) < asNumber(*minimum))
        return wrong(path,
                     "must be at least " + kube::printJson(*minimum) + ", got " + kube::printJson(value));
    const kube::Json* maximum = schema.if_contains("maximum");
    if (maximum != nullptr && maximum->is_number() && asNumber(value) > asNumber(*maximum))
        return wrong(path,
                     "must be at most " + kube::printJson(*maximum) + ", got " + kube::printJson(value));
    return {};
}

Result<void> checkArray(const kube::JsonArray& items, const kube::JsonObject& schema,
                        const std::string& path) {
    const auto size = static_cast<std::int64_t>(items.size());
    if (const auto least = kube::intAt(schema, {"minItems"}); least && size < *least)
        return wrong(path, "must have at least " + std::to_string(*least) + " items");
    if (const auto most = kube::intAt(schema, {"maxItems"}); most && size > *most)
        return wrong(path, "must have at most " + std::to_string(*most) + " items");
    if (const kube::Json* itemSchema = schema.if_contains("items"))
        for (std::size_t i = 0; i < items.size(); ++i)
            KUBEFED_TRY(checkConfig(items[i], *itemSchema, path + "[" + std::to_string(i) + "]"));
    return {};
}

std::string knownNames(const kube::JsonObject* properties) {
    std::string names;
    if (properties != nullptr)
        for (const auto& [name, schema] : *properties)
            names.append(names.empty() ? "" : ", ").append(std::string_view(name));
    return names.empty() ? "none is known" : "known are " + names;
}

Result<void> checkObject(const kube::JsonObject& object, const kube::JsonObject& schema,
                         const std::string& path) {
    if (const kube::JsonArray* required = kube::arrayAt(schema, {"required"}))
        for (const kube::Json& name : *required)
            if (name.is_string() && !object.contains(kube::view(name.get_string())))
                return wrong(path, "lacks \"" + std::string(kube::view(name.get_string())) + "\"");
    const kube::JsonObject* properties = kube::objectAt(schema, {"properties"});
    const kube::Json* additional = schema.if_contains("additionalProperties");
    for (const auto& [key, value] : object) {
        const std::string where = path + "." + std::string(std::string_view(key));
        const kube::Json* known = properties == nullptr ? nullptr : properties->if_contains(key);
        if (known != nullptr)
            KUBEFED_TRY(checkConfig(value, *known, where));
        else if (additional != nullptr && additional->is_object())
            KUBEFED_TRY(checkConfig(value, *additional, where));
        else if (additional != nullptr && additional->is_bool() && !additional->get_bool())
            return wrong(where, "is not a setting of this plugin; " + knownNames(properties));
    }
    return {};
}

}  // namespace

Result<void> checkConfig(const kube::Json& config, const kube::Json& schema, const std::string& path) {
    const kube::JsonObject* rules = schema.if_object();
    if (rules == nullptr)
        return {};
    if (const std::string_view type = kube::stringAt(*rules, {"type"}); !type.empty())
        KUBEFED_TRY(checkType(config, type, path));
    if (const kube::JsonArray* allowed = kube::arrayAt(*rules, {"enum"});
        allowed != nullptr &&
        std::ranges::none_of(*allowed, [&](const auto& v) { return kube::equal(v, config); }))
        return wrong(path,
                     "must be one of " + kube::printJson(*allowed) + ", got " + kube::printJson(config));
    if (config.is_number())
        return checkNumber(config, *rules, path);
    if (config.is_string()) {
        const auto least = kube::intAt(*rules, {"minLength"});
        if (least && static_cast<std::int64_t>(config.get_string().size()) < *least)
            return wrong(path, "must have at least " + std::to_string(*least) + " characters");
    }
    if (config.is_array())
        return checkArray(config.get_array(), *rules, path);
    if (config.is_object())
        return checkObject(config.get_object(), *rules, path);
    return {};
}

std::string nameIn(const kubefed_policy_manifest& manifest) {
    // Within one major version structs only grow at their end: it stands where we know it.
    if (manifest.magic != KUBEFED_POLICY_MAGIC || manifest.abi_major != KUBEFED_POLICY_ABI_MAJOR ||
        manifest.struct_size < KUBEFED_SIZE_TO(kubefed_policy_manifest, name))
        return {};
    const auto name = text(manifest.name, "name");
    return name && isName(*name) ? *name : std::string();
}

Result<kubefed_policy_manifest> readManifest(const kubefed_policy_manifest& exported) {
    KUBEFED_TRY(checkVersion(exported));
    kubefed_policy_manifest manifest{};
    std::memcpy(&manifest, &exported, std::min<std::size_t>(exported.struct_size, sizeof manifest));
    return manifest;
}

Result<Manifest> checkManifest(const kubefed_policy_manifest& manifest) {
    KUBEFED_TRY(checkFunctions(manifest));
    Manifest result{
        .abiMajor = manifest.abi_major, .abiMinor = manifest.abi_minor, .stages = manifest.stages};
    const std::tuple<std::string Manifest::*, kubefed_string, std::string_view> texts[] = {
        {&Manifest::name, manifest.name, "name"},
        {&Manifest::version, manifest.version, "version"},
        {&Manifest::description, manifest.description, "description"},
        {&Manifest::author, manifest.author, "author"},
        {&Manifest::licence, manifest.licence, "licence"}};
    for (const auto& [member, value, what] : texts) {
        auto read = text(value, what);
        KUBEFED_TRY(read);
        result.*member = *std::move(read);
    }
    if (!isName(result.name))
        return refused("its name \"" + result.name.substr(0, 64) +
                       "\" is not one; use up to 63 lower-case letters, digits and '-'");
    auto schema = text(manifest.config_schema, "configuration schema");
    KUBEFED_TRY(schema);
    if (!schema->empty()) {
        auto parsed = kube::parseJson(*schema);
        if (!parsed || !parsed->is_object())
            return refused("its configuration schema is not a JSON object" +
                           (parsed ? std::string() : ": " + parsed.error().message) +
                           "; correct kConfigSchema");
        result.configSchema = *std::move(parsed);
    }
    return result;
}

}  // namespace kubefed::plugins
