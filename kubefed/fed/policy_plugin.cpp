// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/policy_plugin.h"

#include "kubefed/fed/names.h"

namespace kubefed::fed {
namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;
using kube::stringAt;

constexpr std::string_view kDisabled = "Disabled";

PolicyPluginSpec readSpec(const JsonObject& spec) {
    PolicyPluginSpec result;
    if (kube::objectAt(spec, {"source", "library"}) != nullptr)
        result.source = PolicyPluginSpec::Source::Library;
    else if (kube::objectAt(spec, {"source", "folder"}) != nullptr)
        result.source = PolicyPluginSpec::Source::Folder;
    result.sha256 = stringAt(spec, {"source", "library", "sha256"});
    result.isDisabled = stringAt(spec, {"mode"}) == kDisabled;
    return result;
}

PolicyPluginStatus readStatus(const JsonObject& status) {
    const auto text = [&](std::string_view key) { return std::string(stringAt(status, {key})); };
    const auto number = [&](std::string_view key) { return kube::intAt(status, {key}).value_or(0); };
    PolicyPluginStatus result;
    result.observedGeneration = number("observedGeneration");
    result.version = text("version");
    result.description = text("description");
    result.abi = text("abi");
    result.sha256 = text("sha256");
    result.state = text("state");
    if (const JsonArray* stages = kube::arrayAt(status, {"stages"}))
        for (const Json& stage : *stages)
            if (stage.is_string())
                result.stages.emplace_back(kube::view(stage.get_string()));
    result.calls = number("calls");
    result.failures = number("failures");
    result.lastError = text("lastError");
    result.p50Micros = kube::intAt(status, {"latencyMicros", "p50"}).value_or(0);
    result.p99Micros = kube::intAt(status, {"latencyMicros", "p99"}).value_or(0);
    result.libraryGeneration = number("libraryGeneration");
    result.conditions = decodeConditions(status);
    return result;
}

}  // namespace

Result<PolicyPlugin> PolicyPlugin::decode(const kube::Object& object) {
    if (object.kind() != kPolicyPluginKind)
        return fail(Code::InvalidArgument, "expected a PolicyPlugin, got \"" + object.gvk().text() + "\"");
    PolicyPlugin result;
    result.name = object.name();
    result.uid = object.uid();
    result.resourceVersion = object.resourceVersion();
    result.generation = object.generation();
    if (const JsonObject* spec = kube::objectAt(object.document(), {"spec"}))
        result.spec = readSpec(*spec);
    if (const JsonObject* status = kube::objectAt(object.document(), {"status"}))
        result.status = readStatus(*status);
    return result;
}

std::string_view toString(PolicyPluginSpec::Source source) {
    switch (source) {
        case PolicyPluginSpec::Source::Builtin:
            return "builtin";
        case PolicyPluginSpec::Source::Folder:
            return "folder";
        case PolicyPluginSpec::Source::Library:
            break;
    }
    return "library";
}

kube::JsonObject encode(const PolicyPluginSpec& spec) {
    JsonObject result;
    JsonObject& source = result["source"].emplace_object()[toString(spec.source)].emplace_object();
    if (spec.source == PolicyPluginSpec::Source::Library)
        source["sha256"] = spec.sha256;
    result["mode"] = spec.isDisabled ? kDisabled : std::string_view("Active");
    return result;
}

kube::JsonObject encode(const PolicyPluginStatus& status) {
    JsonObject result;
    const auto put = [&](std::string_view key, const std::string& value) {
        if (!value.empty())
            result[key] = value;
    };
    if (status.observedGeneration != 0)
        result["observedGeneration"] = status.observedGeneration;
    put("version", status.version);
    put("description", status.description);
    put("abi", status.abi);
    put("sha256", status.sha256);
    put("state", status.state);
    JsonArray stages;
    for (const std::string& stage : status.stages)
        stages.emplace_back(stage);
    if (!stages.empty())
        result["stages"] = std::move(stages);
    result["calls"] = status.calls;
    result["failures"] = status.failures;
    put("lastError", status.lastError);
    if (status.p99Micros != 0)
        result["latencyMicros"] = JsonObject{{"p50", status.p50Micros}, {"p99", status.p99Micros}};
    if (status.libraryGeneration != 0)
        result["libraryGeneration"] = status.libraryGeneration;
    if (!status.conditions.empty())
        result["conditions"] = encodeConditions(status.conditions);
    return result;
}

kube::Object makePolicyPlugin(std::string_view name, const PolicyPluginSpec& spec) {
    kube::Object object = kube::Object::make(
        {std::string(kGroup), std::string(kVersion), std::string(kPolicyPluginKind)}, {}, name);
    object.document()["spec"] = encode(spec);
    return object;
}

}  // namespace kubefed::fed
