// SPDX-License-Identifier: Apache-2.0
//
// Prints what the API machinery costs per operation, in microseconds, on a typical ReplicationController:
// machinery_bench SCHEMA_DIR. CPU time, the median of several rounds.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "kubefed/kube/managed_fields.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/yaml.h"

using namespace kubefed;
using namespace kubefed::kube;

namespace {

constexpr const char* kManifest =
    R"({"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"frontend",
"namespace":"shop","labels":{"app":"web","tier":"front"},"annotations":{"team":"a","contact":"b"}},
"spec":{"replicas":3,"selector":{"app":"web","tier":"front"},"template":{"metadata":{"labels":{"app":"web","tier":"front"}},
"spec":{"containers":[{"name":"web","image":"nginx:1","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],
"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":443,"protocol":"TCP"}],
"resources":{"limits":{"cpu":"500m","memory":"128Mi"},"requests":{"cpu":"100m","memory":"64Mi"}},
"imagePullPolicy":"IfNotPresent","terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File",
"volumeMounts":[{"name":"conf","mountPath":"/etc/conf"}]}],"volumes":[{"name":"conf","configMap":{"name":"conf","defaultMode":420}}],
"restartPolicy":"Always","dnsPolicy":"ClusterFirst","schedulerName":"default-scheduler","securityContext":{},
"terminationGracePeriodSeconds":30}}}})";

double microseconds(const std::function<void()>& operation) {
    std::vector<double> rounds;
    for (int round = 0; round < 9; ++round) {
        constexpr int kTimes = 200;
        const auto start = std::clock();
        for (int i = 0; i < kTimes; ++i)
            operation();
        rounds.push_back(static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC / kTimes);
    }
    std::nth_element(rounds.begin(), rounds.begin() + rounds.size() / 2, rounds.end());
    return rounds[rounds.size() / 2];
}

void report(const char* what, const std::function<void()>& operation) {
    std::printf("%-44s %8.1f us\n", what, microseconds(operation));
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<JsonObject> documents;
    for (const auto& file :
         std::filesystem::directory_iterator(argc > 1 ? argv[1] : "kubefed/apiserver/schema")) {
        std::ifstream in(file.path());
        std::stringstream text;
        text << in.rdbuf();
        if (auto parsed = parseJson(text.str()); parsed && parsed->is_object())
            documents.push_back(std::move(parsed->get_object()));
    }
    const auto schemas = SchemaSet::build(documents);
    const auto schema = schemas ? (*schemas)->byKind({"", "v1", "ReplicationController"}) : nullptr;
    if (schema == nullptr) {
        std::fprintf(stderr, "usage: machinery_bench SCHEMA_DIR\n");
        return 2;
    }
    const auto& root = schema->root();
    const FieldSet ignored = FieldSet::fromPaths({{"f:status"}});
    const auto context = [&](const char* manager) {
        return WriteContext{.manager = manager,
                            .subresource = {},
                            .apiVersion = "v1",
                            .now = "2026-01-01T00:00:00Z",
                            .ignored = &ignored};
    };
    const JsonObject applied = parseJson(kManifest)->as_object();
    JsonObject created = applied;
    updateManagedFields(nullptr, created, root, context("kubefed"));
    JsonObject scaled = created;
    scaled["spec"].as_object()["replicas"] = 5;
    const JsonObject live =
        serverSideApply(&created, applied, root, context("kubefed-cli"), true, nullptr)->object;
    JsonObject changed = applied;
    changed["spec"].as_object()["replicas"] = 9;
    JsonObject fewer = applied;
    fewer["metadata"].as_object().erase("annotations");
    const JsonObject strategic =
        parseJson(R"({"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}}})")
            ->as_object();
    const std::string text = printJson(live);
    std::printf("ReplicationController of %zu bytes with managedFields\n", text.size());
    report("parseJson", [&] { (void)parseJson(text); });
    report("parseStrict", [&] { (void)parseStrict(text); });
    report("printJson", [&] { (void)printJson(live); });
    report("copy", [&] { (void)JsonObject(live); });
    report("parseYaml", [yaml = printYaml(applied)] { (void)parseYaml(yaml); });
    report("unknownFields + typeProblem",
           [&] { (void)unknownFields(live, root), (void)typeProblem(live, root); });
    report("updateManagedFields, create", [&] {
        JsonObject next = applied;
        updateManagedFields(nullptr, next, root, context("kubefed"));
    });
    report("updateManagedFields, replicas changed", [&] {
        JsonObject next = scaled;
        updateManagedFields(&created, next, root, context("kubectl"));
    });
    report("serverSideApply, create",
           [&] { (void)serverSideApply(nullptr, applied, root, context("a"), false, nullptr); });
    report("serverSideApply, nothing new",
           [&] { (void)serverSideApply(&live, applied, root, context("kubefed-cli"), true, nullptr); });
    report("serverSideApply, replicas changed",
           [&] { (void)serverSideApply(&live, changed, root, context("kubefed-cli"), true, nullptr); });
    report("serverSideApply, annotations given up",
           [&] { (void)serverSideApply(&live, fewer, root, context("kubefed-cli"), true, nullptr); });
    report("applyStrategicPatch, image", [&] { (void)applyStrategicPatch(live, strategic, root); });
    return 0;
}
