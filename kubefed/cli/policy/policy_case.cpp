// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/policy/policy_case.h"

#include <algorithm>

#include "kubefed/fed/crds.h"
#include "kubefed/fed/kinds.h"
#include "kubefed/kube/quantity.h"
#include "kubefed/kube/schema.h"
#include "kubefed/kube/yaml.h"

namespace kubefed::cli {
namespace {

using kube::Json;
using kube::JsonArray;
using kube::JsonObject;
constexpr std::string_view kCaseVersion = "policy.kubefed.io/v1alpha1";
constexpr std::string_view kCaseKind = "PolicyCase";

using SchemaPtr = std::shared_ptr<const kube::Schema>;

// Where something stands in a file, for errors.
class Place {
public:
    Place(const std::string& file, const kube::YamlLines& lines) : m_file(file), m_lines(lines) {}

    // The line of `path`, or of the nearest value around it.
    [[nodiscard]] std::unexpected<Error> problem(std::string_view path, std::string what) const {
        std::string_view at = path;
        auto found = m_lines.find(at);
        while (found == m_lines.end() && !at.empty()) {
            const std::size_t end = at.find_last_of(".[");
            at = at.substr(0, end == std::string_view::npos ? 0 : end);
            found = m_lines.find(at);
        }
        const int line = found == m_lines.end() ? 1 : found->second;
        return fail(Code::InvalidArgument,
                    "\"" + m_file + "\", line " + std::to_string(line) + ": " + std::move(what));
    }

private:
    const std::string& m_file;
    const kube::YamlLines& m_lines;
};

// The field of `unknown field "spec.foo"`.
std::string_view quotedPart(std::string_view text) {
    const std::size_t first = text.find('"');
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first + 1, text.rfind('"') - first - 1);
}

Result<void> check(const JsonObject& document, const kube::Schema& schema, const Place& place) {
    for (const std::string& unknown : kube::unknownFields(document, schema.root()))
        return place.problem(quotedPart(unknown), unknown);
    for (const kube::StatusCause& cause : kube::validateSchema(document, schema.root()))
        return place.problem(cause.field, cause.field + ": " + cause.message);
    return {};
}

Result<JsonObject> crdSchema(std::string_view name) {
    for (const fed::CrdDocument& crd : fed::crdDocuments()) {
        if (crd.name != name)
            continue;
        auto parsed = kube::parseYaml(crd.yaml);
        KUBEFED_TRY(parsed);
        const JsonArray* versions = kube::arrayAt(parsed->front().as_object(), {"spec", "versions"});
        return *kube::objectAt(versions->front().as_object(), {"schema", "openAPIV3Schema"});
    }
    return fail(Code::Internal, "there is no CRD " + std::string(name));
}

Result<SchemaPtr> caseSchema() {
    auto text = kube::parseYaml(policyCaseSchema());
    KUBEFED_TRY(text);
    auto policy = crdSchema("placementpolicies.kubefed.io");
    KUBEFED_TRY(policy);
    JsonObject spec = *kube::objectAt(*policy, {"properties", "spec"});
    spec.erase("required");  // what it selects does not matter here
    JsonObject& schema = text->front().as_object();
    kube::ensureObject(schema, {"properties"})["policy"] = std::move(spec);
    return kube::Schema::fromCrd(schema);
}

std::string textOf(const JsonObject& object, std::string_view key, std::string_view fallback = {}) {
    const std::string_view found = kube::stringAt(object, {key});
    return std::string(found.empty() ? fallback : found);
}

double numberOf(const Json& value) {
    boost::system::error_code error;
    return value.to_number<double>(error);
}

template <class Visit>
void forMembers(const JsonObject& object, std::string_view key, Visit visit) {
    if (const JsonObject* members = kube::objectAt(object, {key}))
        for (const auto& [name, value] : *members)
            visit(std::string(std::string_view(name)), value);
}

template <class Visit>
Result<void> forQuantities(const JsonObject& object, std::string_view key, const std::string& path,
                           const Place& place, Visit visit) {
    const JsonObject* members = kube::objectAt(object, {key});
    if (members == nullptr)
        return {};
    for (const auto& [name, value] : *members) {
        const std::string text =
            value.is_string() ? std::string(kube::view(value.get_string())) : kube::printJson(value);
        const auto quantity = kube::Quantity::parse(text);
        const std::string member = std::string(key) + "." + std::string(std::string_view(name));
        if (!quantity)
            return place.problem(path + member, "\"" + text + "\" is not a quantity such as 500m or 2Gi");
        visit(std::string(std::string_view(name)), *quantity);
    }
    return {};
}

Result<fed::ClusterInfo> readCluster(const JsonObject& object, const std::string& path, const Place& place) {
    fed::ClusterInfo info;
    info.name = textOf(object, "name");
    info.phase = fed::parsePhase(textOf(object, "state", "Ready")).value_or(fed::Phase::Ready);
    info.cordoned = kube::boolAt(object, {"cordoned"}, false);
    info.kubernetesVersion = textOf(object, "kubernetesVersion");
    forMembers(object, "labels", [&](std::string key, const Json& value) {
        info.labels.emplace_back(std::move(key), kube::view(value.get_string()));
    });
    if (const JsonArray* taints = kube::arrayAt(object, {"taints"}))
        for (const Json& taint : *taints)
            info.taints.push_back({textOf(taint.get_object(), "key"), textOf(taint.get_object(), "value"),
                                   textOf(taint.get_object(), "effect") == "NoExecute"
                                       ? fed::TaintEffect::NoExecute
                                       : fed::TaintEffect::NoSchedule});
    if (const JsonArray* apis = kube::arrayAt(object, {"apis"}))
        for (const Json& api : *apis)
            info.apis.emplace_back(kube::view(api.get_string()));
    std::ranges::sort(info.apis);
    for (const char* group : {"allocatable", "requested"})
        KUBEFED_TRY(forQuantities(object, group, path + ".", place,
                                  [&](const std::string& resource, const kube::Quantity& quantity) {
                                      info.properties.push_back(
                                          {std::string(group) + "." + resource, quantity.toDouble()});
                                  }));
    for (const char* count : {"ready", "total"})
        if (const Json* value = kube::find(object, {"nodes", count}))
            info.properties.push_back({std::string("nodes.") + count, numberOf(*value)});
    if (const Json* latency = kube::find(object, {"latencyMillis"}))
        info.properties.push_back({"latencyMillis", numberOf(*latency)});
    forMembers(object, "properties", [&](std::string key, const Json& value) {
        info.properties.push_back({std::move(key), numberOf(value)});
    });
    return info;
}

Result<void> readClusters(const JsonObject& document, const Place& place, PolicyCase& result) {
    std::vector<fed::ClusterInfo> clusters;
    const JsonArray& items = *kube::arrayAt(document, {"clusters"});
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::string path = "clusters[" + std::to_string(i) + "]";
        auto cluster = readCluster(items[i].get_object(), path, place);
        KUBEFED_TRY(cluster);
        const auto isSame = [&](const fed::ClusterInfo& other) { return other.name == cluster->name; };
        if (std::ranges::any_of(clusters, isSame))
            return place.problem(path + ".name", "cluster \"" + cluster->name + "\" is there twice");
        std::ranges::sort(cluster->properties, {}, &fed::ClusterInfo::Number::key);
        const auto twice =
            std::ranges::adjacent_find(cluster->properties, {}, &fed::ClusterInfo::Number::key);
        if (twice != cluster->properties.end())
            return place.problem(path, "the figure \"" + twice->key + "\" is given twice");
        clusters.push_back(*std::move(cluster));
    }
    result.fleet = std::make_shared<const fed::Fleet>(std::move(clusters));
    return {};
}

fed::Form formOf(const kube::Gvk& gvk, bool hasReplicas) {
    const fed::KindTraits* kind = fed::findKind(gvk);
    if (kind == nullptr)
        return hasReplicas ? fed::Form::Replicated : fed::Form::Everywhere;
    return kind->isReplicated() ? fed::Form::Replicated
           : kind->isPod        ? fed::Form::Single
                                : fed::Form::Everywhere;
}

Result<void> readWorkload(const JsonObject& document, const Place& place, PolicyCase& result) {
    static const JsonObject kNone;
    const JsonObject* given = kube::objectAt(document, {"workload"});
    const JsonObject& object = given == nullptr ? kNone : *given;
    fed::Workload& workload = result.workload;
    const auto gv = kube::GroupVersion::parse(textOf(object, "apiVersion", "v1"));
    workload.gvk = {gv.group, gv.version, textOf(object, "kind", "ReplicationController")};
    workload.key = {textOf(object, "namespace", "default"), textOf(object, "name", "frontend")};
    const auto replicas = kube::intAt(object, {"replicas"});
    workload.form = formOf(workload.gvk, replicas.has_value());
    if (replicas && workload.form != fed::Form::Replicated)
        return place.problem("workload.replicas", "a " + workload.gvk.kind + " has no replicas");
    workload.wanted = replicas.value_or(1);
    if (const JsonObject* labels = kube::objectAt(object, {"labels"})) {
        result.labels = std::make_shared<const JsonObject>(*labels);
        workload.labels = result.labels.get();
    }
    KUBEFED_TRY(forQuantities(object, "requests", "workload.", place,
                              [&](const std::string& resource, const kube::Quantity& quantity) {
                                  workload.requests.emplace_back(resource, quantity.milli());
                              }));
    std::ranges::sort(workload.requests);
    const JsonArray* current = kube::arrayAt(object, {"current"});
    for (std::size_t i = 0; current != nullptr && i < current->size(); ++i) {
        const JsonObject& share = (*current)[i].get_object();
        const std::string name = textOf(share, "name");
        const std::string path = "workload.current[" + std::to_string(i) + "]";
        if (std::ranges::any_of(workload.current, [&](const auto& c) { return c.cluster == name; }))
            return place.problem(path, "cluster \"" + name + "\" is there twice");
        const std::int64_t held = kube::intAt(share, {"replicas"}).value_or(0);
        workload.current.push_back({name, held, kube::intAt(share, {"ready"}).value_or(held)});
    }
    return {};
}

Result<void> readExpectation(const JsonObject& document, const Place& place, PolicyCase& result) {
    const JsonObject* object = kube::objectAt(document, {"expect"});
    if (object == nullptr)
        return {};
    Expectation& expect = result.expect;
    expect.unplaced = kube::intAt(*object, {"unplaced"});
    expect.reason = textOf(*object, "reason");
    expect.message = textOf(*object, "message");
    if (object->contains("placement"))
        expect.placement.emplace();
    forMembers(*object, "placement", [&](std::string name, const Json& value) {
        expect.placement->emplace(std::move(name), static_cast<std::int64_t>(numberOf(value)));
    });
    forMembers(*object, "verdicts", [&](std::string name, const Json& value) {
        expect.verdicts.emplace(std::move(name), kube::view(value.get_string()));
    });
    forMembers(*object, "scores", [&](std::string name, const Json& value) {
        expect.scores.emplace(std::move(name), numberOf(value));
    });
    const auto unknown = [&](const auto& map, std::string_view key) -> Result<void> {
        for (const auto& [name, value] : map)
            if (!result.fleet->indexOf(name))
                return place.problem("expect." + std::string(key) + "." + name,
                                     "there is no cluster \"" + name + "\" in this case");
        return {};
    };
    if (expect.placement)
        KUBEFED_TRY(unknown(*expect.placement, "placement"));
    KUBEFED_TRY(unknown(expect.verdicts, "verdicts"));
    KUBEFED_TRY(unknown(expect.scores, "scores"));
    return {};
}

Result<PolicyCase> readCase(const JsonObject& document, const std::string& file, const Place& place,
                            const kube::Schema& schema) {
    for (const auto& [key, wanted] : {std::pair("apiVersion", kCaseVersion), std::pair("kind", kCaseKind)})
        if (kube::stringAt(document, {key}) != wanted)
            return place.problem(key, std::string(key) + " must be " + std::string(wanted));
    KUBEFED_TRY(check(document, schema, place));
    PolicyCase result;
    result.file = file;
    result.name = kube::stringAt(document, {"metadata", "name"});
    if (result.name.empty())
        result.name = file.substr(file.find_last_of('/') + 1);
    KUBEFED_TRY(readClusters(document, place, result));
    KUBEFED_TRY(readWorkload(document, place, result));
    KUBEFED_TRY(readExpectation(document, place, result));
    if (const JsonObject* config = kube::objectAt(document, {"config"}))
        result.config = *config;
    if (const JsonObject* policy = kube::objectAt(document, {"policy"})) {
        if (!result.config.empty())
            return place.problem("config",
                                 "config and policy exclude each other; configure the plugin in "
                                 "policy.plugins");
        if (const auto decoded = policyOfSpec(*policy); !decoded)
            return place.problem("policy", decoded.error().text());
        result.policy = *policy;
    }
    return result;
}

Result<std::vector<kube::YamlDocument>> parseFile(const std::string& text, const std::string& file) {
    auto documents = kube::parseYamlWithLines(text);
    if (!documents)
        return fail(Code::InvalidArgument, "\"" + file + "\": " + documents.error().message);
    for (const kube::YamlDocument& document : *documents)
        if (!document.value.is_object())
            return fail(Code::InvalidArgument, "\"" + file + "\" holds something that is not a mapping");
    if (documents->empty())
        return fail(Code::InvalidArgument, "\"" + file + "\" is empty");
    return documents;
}

}  // namespace

Result<std::vector<PolicyCase>> readPolicyCases(const std::string& text, const std::string& file) {
    auto schema = caseSchema();
    KUBEFED_TRY(schema);
    auto documents = parseFile(text, file);
    KUBEFED_TRY(documents);
    std::vector<PolicyCase> cases;
    for (const kube::YamlDocument& document : *documents) {
        auto read = readCase(document.value.get_object(), file, Place(file, document.lines), **schema);
        KUBEFED_TRY(read);
        cases.push_back(*std::move(read));
    }
    return cases;
}

Result<fed::Policy> readPolicyManifest(const std::string& text, const std::string& file) {
    auto documents = parseFile(text, file);
    KUBEFED_TRY(documents);
    if (documents->size() != 1)
        return fail(Code::InvalidArgument, "\"" + file + "\" holds more than one policy; keep one in it");
    const Place place(file, documents->front().lines);
    kube::Object object(std::move(documents->front().value.get_object()));
    auto policy = fed::Policy::decode(object);
    if (!policy)
        return place.problem("spec", policy.error().text());
    auto schema = crdSchema(policy->isNamespaced() || object.kind() == "PlacementPolicy"
                                ? "placementpolicies.kubefed.io"
                                : "clusterplacementpolicies.kubefed.io");
    KUBEFED_TRY(schema);
    (*schema)["x-kubernetes-preserve-unknown-fields"] = false;
    kube::ensureObject(*schema, {"properties", "metadata"})["x-kubernetes-preserve-unknown-fields"] = true;
    auto compiled = kube::Schema::fromCrd(*schema);
    KUBEFED_TRY(compiled);
    KUBEFED_TRY(check(object.document(), **compiled, place));
    return policy;
}

Result<fed::Policy> policyOfSpec(const kube::JsonObject& spec) {
    kube::Object object;
    object.document()["apiVersion"] = "kubefed.io/v1alpha1";
    object.document()["kind"] = "PlacementPolicy";
    object.metadata()["name"] = "case";
    object.document()["spec"] = spec;
    return fed::Policy::decode(object);
}

}  // namespace kubefed::cli
