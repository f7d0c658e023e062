// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/apiserver/kinds_replay.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "kubefed/kube/go_values.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/util/file.h"

namespace kubefed::tests {

using apiserver::ResourceSpec;

namespace {

const std::string kNamespace = "case-ns";

std::vector<kube::JsonObject> schemaDocuments() {
    std::vector<kube::JsonObject> documents;
    const std::filesystem::path folder =
        std::filesystem::path(std::getenv("KUBEFED_SOURCE_DIR")) / "kubefed/apiserver/schema";
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".json")
            documents.push_back(kube::parseJson(*readFile(entry.path()))->get_object());
    return documents;
}

bool byFieldAndMessage(const kube::Json& a, const kube::Json& b) {
    const auto text = [](const kube::Json& cause, std::string_view key) {
        return kube::stringAt(cause.get_object(), {key});
    };
    return std::pair(text(a, "field"), text(a, "message")) < std::pair(text(b, "field"), text(b, "message"));
}

// Those of the strategies: what stands in metadata is checked by the generic server.
kube::JsonArray causesOf(const kube::JsonArray& all) {
    kube::JsonArray causes;
    for (const kube::Json& cause : all)
        if (!kube::stringAt(cause.get_object(), {"field"}).starts_with("metadata."))
            causes.push_back(cause);
    std::sort(causes.begin(), causes.end(), byFieldAndMessage);
    return causes;
}

}  // namespace

void MemoryObjects::put(const kube::Gvr& gvr, kube::Object object) {
    const kube::ObjectKey key = object.key();
    m_objects[gvr][key] = std::make_shared<const kube::Object>(std::move(object));
}

void MemoryObjects::remove(const kube::Gvr& gvr, const kube::ObjectKey& key) {
    m_objects[gvr].erase(key);
}

kube::ObjectPtr MemoryObjects::get(const kube::Gvr& gvr, const kube::ObjectKey& key) const {
    const auto type = m_objects.find(gvr);
    if (type == m_objects.end())
        return nullptr;
    const auto object = type->second.find(key);
    return object == type->second.end() ? nullptr : object->second;
}

void MemoryObjects::forEach(const kube::Gvr& gvr, std::string_view ns,
                            const std::function<void(const kube::Object&)>& visit) const {
    if (const auto type = m_objects.find(gvr); type != m_objects.end())
        for (const auto& [key, object] : type->second)
            if (ns.empty() || key.ns == ns)
                visit(*object);
}

KindsReplay::KindsReplay() {
    m_specs = apiserver::builtinResources(**kube::SchemaSet::build(schemaDocuments()));
    m_objects.put({"", "v1", "serviceaccounts"},
                  kube::Object::make({"", "v1", "ServiceAccount"}, kNamespace, "default"));
}

const ResourceSpec* KindsReplay::find(std::string_view path, std::string* name,
                                      std::string* subresource) const {
    path = path.substr(0, path.find('?'));
    const ResourceSpec* found = nullptr;
    std::size_t longest = 0;  // "/api/v1/namespaces" begins every path below a namespace
    for (const ResourceSpec& spec : m_specs) {
        const std::string base =
            spec.gvr.path(spec.namespaced ? std::string_view(kNamespace) : std::string_view());
        if (!path.starts_with(base) || base.size() < longest ||
            (path.size() > base.size() && path[base.size()] != '/'))
            continue;
        std::string_view rest = path.substr(base.size());
        if (!rest.empty())
            rest.remove_prefix(1);
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        *name = rest.substr(0, slash);
        *subresource = rest.substr(std::min(slash + 1, rest.size()));
        longest = base.size();
        found = &spec;
    }
    return found;
}

Outcome KindsReplay::create(const ResourceSpec& spec, kube::JsonObject object) {
    kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
    if (spec.namespaced)
        metadata["namespace"] = kNamespace;
    if (!metadata.contains("name"))
        metadata["name"] = std::string(kube::stringAt(metadata, {"generateName"})) + "xxxxx";
    kube::takeGoValues(object, spec.schema->root());
    spec.strategy->applyDefaults(object);
    const apiserver::StrategyContext context{m_objects, WallTime(), m_user, ""};
    if (const Result<void> prepared = spec.strategy->prepareForCreate(object, context); !prepared) {
        Outcome refused{kube::toHttpCode(prepared.error()), {}, {}, {}};
        const kube::JsonObject status = kube::toStatus(prepared.error());
        refused.message = kube::stringAt(status, {"message"});
        if (const kube::JsonArray* causes = kube::arrayAt(status, {"details", "causes"}))
            for (const kube::Json& cause : *causes)
                refused.causes.push_back({std::string(kube::stringAt(cause.get_object(), {"reason"})),
                                          std::string(kube::stringAt(cause.get_object(), {"message"})),
                                          std::string(kube::stringAt(cause.get_object(), {"field"}))});
        return refused;
    }
    if (apiserver::Causes causes = spec.strategy->validate(object, context); !causes.empty())
        return {422, {}, std::move(causes), {}};
    m_objects.put(spec.gvr, kube::Object(object));
    return {201, std::move(object), {}, {}};
}

Outcome KindsReplay::update(const ResourceSpec& spec, const kube::Object& live, kube::JsonObject next,
                            const std::string& subresource) {
    const apiserver::StrategyContext context{m_objects, WallTime(), m_user, subresource};
    kube::takeGoValues(next, spec.schema->root());
    spec.strategy->applyDefaults(next);
    spec.strategy->prepareForUpdate(next, live.document(), context);
    if (apiserver::Causes causes = spec.strategy->validateUpdate(next, live.document(), context);
        !causes.empty())
        return {422, {}, std::move(causes), {}};
    m_objects.put(spec.gvr, kube::Object(next));
    return {200, std::move(next), {}, {}};
}

Outcome KindsReplay::send(const kube::JsonObject& request) {
    std::string name, subresource;
    const std::string_view path = kube::stringAt(request, {"path"});
    const ResourceSpec* spec = find(path, &name, &subresource);
    const kube::JsonObject* body = kube::objectAt(request, {"body"});
    const std::string_view method = kube::stringAt(request, {"method"});
    if (spec == nullptr || body == nullptr || !spec->stored || !spec->schema ||
        path.find("dryRun") != std::string_view::npos ||
        !kube::typeProblem(*body, spec->schema->root()).empty() ||
        !kube::unknownFields(*body, spec->schema->root()).empty())
        return {};
    if (method == "POST" && name.empty())
        return create(*spec, *body);
    const kube::ObjectPtr live = m_objects.get(spec->gvr, {spec->namespaced ? kNamespace : "", name});
    if (live == nullptr)
        return {};
    if (method == "POST" && subresource == "binding") {
        kube::JsonObject pod = live->document();
        kube::ensureObject(pod, {"spec"})["nodeName"] = kube::stringAt(*body, {"target", "name"});
        return update(*spec, *live, std::move(pod), subresource);
    }
    if (!subresource.empty() && subresource != "status")
        return {};
    const std::string_view type = kube::stringAt(request, {"contentType"});
    if (method == "PUT") {
        kube::JsonObject next = *body;
        for (const auto& [key, value] : *live->metadata())
            if (!kube::ensureObject(next, {"metadata"}).contains(key))
                kube::ensureObject(next, {"metadata"})[key] = value;
        return update(*spec, *live, std::move(next), subresource);
    }
    if (type == "application/merge-patch+json")
        return update(*spec, *live, kube::applyMergePatch(live->document(), *body).get_object(), subresource);
    if (type == "application/strategic-merge-patch+json")
        if (Result<kube::JsonObject> next =
                kube::applyStrategicPatch(live->document(), *body, spec->schema->root()))
            return update(*spec, *live, std::move(*next), subresource);
    return {};
}

void compareRecorded(const kube::Json& expected, const kube::Json& actual, const std::string& path,
                     std::vector<std::string>& problems) {
    if (expected.is_string() && actual.is_string()) {
        const std::string want(expected.get_string());
        const std::string got(actual.get_string());
        const std::size_t hole = want.find('<');
        const std::size_t last = want.rfind('>');
        const bool placeholder = hole != std::string::npos && last != std::string::npos && last > hole &&
                                 got.size() > hole && got.starts_with(want.substr(0, hole)) &&
                                 got.ends_with(want.substr(last + 1));
        // The real server shows a diff of Go structs behind the sentence.
        const bool diffed = want.find("\n@@") != std::string::npos && want.starts_with(got);
        if (want != got && !placeholder && !diffed)
            problems.push_back(path + ": \"" + want + "\" is \"" + got + "\"");
        return;
    }
    if (expected.is_object() && actual.is_object()) {
        for (const auto& [key, value] : expected.get_object()) {
            const kube::Json* other = actual.get_object().if_contains(key);
            if (other == nullptr)
                problems.push_back(path + "." + std::string(key) + " is missing: " + kube::printJson(value));
            else
                compareRecorded(value, *other, path + "." + std::string(key), problems);
        }
        for (const auto& [key, value] : actual.get_object())
            if (!expected.get_object().contains(key))
                problems.push_back(path + "." + std::string(key) + " is too much: " + kube::printJson(value));
        return;
    }
    if (expected.is_array() && actual.is_array() &&
        expected.get_array().size() == actual.get_array().size()) {
        for (std::size_t i = 0; i < expected.get_array().size(); ++i)
            compareRecorded(expected.get_array()[i], actual.get_array()[i],
                            path + "[" + std::to_string(i) + "]", problems);
        return;
    }
    const bool numberPlaceholder =
        expected.is_string() && expected.get_string().starts_with("<") && actual.is_number();
    if (!numberPlaceholder && !kube::equal(expected, actual))
        problems.push_back(path + ": " + kube::printJson(expected) + " is " + kube::printJson(actual));
}

kube::JsonObject KindsReplay::table(const ResourceSpec& spec) const {
    kube::JsonArray columns, rows;
    for (const apiserver::TableColumn& column : spec.strategy->columns())
        columns.push_back(kube::JsonObject{{"name", column.name},
                                           {"type", column.type},
                                           {"format", column.format},
                                           {"priority", column.priority}});
    m_objects.forEach(spec.gvr, spec.namespaced ? kNamespace : "", [&](const kube::Object& object) {
        kube::JsonArray cells;
        spec.strategy->cells(object.document(), WallTime(), cells);
        rows.push_back(std::move(cells));
    });
    return {{"columns", std::move(columns)}, {"rows", std::move(rows)}};
}

std::vector<std::string> KindsReplay::replay(const kube::JsonObject& recorded, std::string& skipped) {
    std::vector<std::string> problems;
    if (const kube::JsonArray* setup = kube::arrayAt(recorded, {"setup"}))
        for (const kube::Json& request : *setup)
            if (const Outcome outcome = send(request.get_object());
                outcome.code == 0 || outcome.code >= 300) {
                skipped = "its setup needs the whole server";
                return {};
            }
    const kube::JsonObject* request = kube::objectAt(recorded, {"request"});
    const kube::JsonObject* response = kube::objectAt(recorded, {"response"});
    const Outcome outcome = send(*request);
    if (outcome.code == 0 || response == nullptr) {
        skipped = "not a request that strategies answer";
        return {};
    }
    const auto code = static_cast<int>(kube::intAt(*response, {"code"}).value_or(0));
    const kube::JsonObject* body = kube::objectAt(*response, {"body"});
    const bool generic =
        code == 500 || (code < 300 && !kube::objectAt(*request, {"body"})->contains("kind")) ||
        kube::stringAt(*request, {"path"}).find("fieldValidation=Maybe") != std::string_view::npos;
    if (generic || code == 409 || code == 404 || code == 400 || body == nullptr) {
        skipped = "answered by the generic server";
        return {};
    }
    if (code >= 400) {
        kube::JsonArray want = kube::arrayAt(*body, {"details", "causes"}) == nullptr
                                   ? kube::JsonArray{}
                                   : causesOf(*kube::arrayAt(*body, {"details", "causes"}));
        kube::JsonArray got;
        for (const kube::StatusCause& cause : outcome.causes)
            got.push_back(kube::JsonObject{
                {"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
        got = causesOf(got);
        if (code == 422 && want.empty()) {
            skipped = "only metadata is refused";
            return {};
        }
        if (code != outcome.code)
            problems.push_back("code " + std::to_string(code) + " is " + std::to_string(outcome.code));
        compareRecorded(want, got, "causes", problems);
        if (code == 403)
            compareRecorded(body->at("message"), kube::Json(outcome.message), "message", problems);
        return problems;
    }
    if (code != outcome.code)
        problems.push_back(
            "code " + std::to_string(code) + " is " + std::to_string(outcome.code) + ": " + outcome.message +
            (outcome.causes.empty() ? ""
                                    : outcome.causes.front().field + " " + outcome.causes.front().message));
    kube::JsonObject want = *body, got = outcome.object;
    for (kube::JsonObject* side : {&want, &got}) {
        const kube::Json* labels = kube::find(*side, {"metadata", "labels"});
        const kube::Json kept = labels == nullptr ? kube::Json() : *labels;
        (*side)["metadata"] = kube::JsonObject{{"labels", kept}};
    }
    compareRecorded(want, got, "", problems);
    return problems;
}

}  // namespace kubefed::tests
