// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/crd/crd_controller.h"

#include <algorithm>
#include <utility>

#include "kubefed/apiserver/crd/custom_strategy.h"
#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/util/log.h"

namespace kubefed::apiserver {
namespace {

const kube::Gvr kCrds{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
constexpr const char* kCleanup = "customresourcecleanup.apiextensions.k8s.io";

std::vector<std::string> stringsOf(const kube::JsonObject& object, std::string_view key) {
    std::vector<std::string> out;
    if (const kube::JsonArray* array = arrayOf(object, key))
        for (const kube::Json& value : *array)
            if (value.is_string())
                out.emplace_back(kube::view(value.get_string()));
    return out;
}

kube::Gvr gvrOf(const kube::JsonObject& crd, std::string_view version) {
    return {std::string(kube::stringAt(crd, {"spec", "group"})), std::string(version),
            std::string(kube::stringAt(crd, {"spec", "names", "plural"}))};
}

kube::JsonObject condition(const char* type, bool status, const char* reason, const std::string& message,
                           const std::string& now) {
    return {{"type", type},
            {"status", status ? "True" : "False"},
            {"lastTransitionTime", now},
            {"reason", reason},
            {"message", message}};
}

bool isEstablished(const kube::JsonObject& crd) {
    bool established = false;
    if (const kube::JsonObject* status = objectOf(crd, "status"))
        forEachObject(*status, "conditions", [&](const kube::JsonObject& c, std::size_t) {
            established =
                established || (textOf(c, "type") == "Established" && textOf(c, "status") == "True");
        });
    return established;
}

// Whether the status says already that it is not established, and why.
bool isRefused(const kube::JsonObject& crd, std::string_view message) {
    bool refused = false;
    if (const kube::JsonObject* status = objectOf(crd, "status"))
        forEachObject(*status, "conditions", [&](const kube::JsonObject& c, std::size_t) {
            refused = refused || (textOf(c, "status") == "False" && textOf(c, "message") == message);
        });
    return refused && !isEstablished(crd);
}

// Why a served version cannot be served; empty: all can. Validation refuses such schemas, but a store may
// hold one from before it did.
std::string schemaProblem(const kube::JsonObject& crd) {
    std::string problem;
    forEachObject(
        *kube::objectAt(crd, {"spec"}), "versions", [&](const kube::JsonObject& version, std::size_t) {
            const kube::JsonObject* schema = kube::objectAt(version, {"schema", "openAPIV3Schema"});
            const auto compiled = kube::Schema::fromCrd(schema ? *schema : kube::JsonObject());
            if (truthOf(version, "served") && !compiled)
                problem = "version " + std::string(textOf(version, "name")) + ": " + compiled.error().message;
        });
    return problem;
}

ResourceSpec specOf(const kube::JsonObject& crd, const kube::JsonObject& version,
                    std::shared_ptr<const kube::Schema> schema) {
    const kube::JsonObject& names = *kube::objectAt(crd, {"spec", "names"});
    auto strategy = std::make_shared<CustomStrategy>(version, schema);
    ResourceSpec spec;
    spec.gvr = gvrOf(crd, textOf(version, "name"));
    spec.kind = textOf(names, "kind");
    spec.singular = textOf(names, "singular");
    spec.listKind = textOf(names, "listKind");
    spec.namespaced = kube::stringAt(crd, {"spec", "scope"}) == "Namespaced";
    spec.shortNames = stringsOf(names, "shortNames");
    spec.categories = stringsOf(names, "categories");
    spec.verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
    if (strategy->hasStatus())
        spec.subresources.push_back({"status", spec.gvk(), {"get", "patch", "update"}});
    if (strategy->scalePaths())
        spec.subresources.push_back({"scale", {"autoscaling", "v1", "Scale"}, {"get", "patch", "update"}});
    spec.hasStatus = strategy->hasStatus();
    spec.schema = std::move(schema);
    spec.strategy = std::move(strategy);
    spec.strategicPatch = false;
    spec.custom = true;
    return spec;
}

}  // namespace

CrdController::CrdController(InternalWriter& writer, OpenApi& openApi, WatchHub& watches, Clock& clock)
    : m_writer(writer),
      m_openApi(openApi),
      m_watches(watches),
      m_queue(clock, [this](const std::string& name) { sync(name); }) {}

void CrdController::start(const std::vector<kube::JsonObject>& wanted) {
    m_writer.pipeline().state().forEach(kCrds, "", [this](const kube::Object& crd) {
        if (isEstablished(crd.document()) && !isBuiltin(crd.document()))
            serve(crd.document());
        else if (!isBuiltin(crd.document()))
            forEachObject(
                *kube::objectAt(crd.document(), {"spec"}), "versions",
                [&](const kube::JsonObject& version, std::size_t) { house(crd.document(), version); });
        m_queue.add(std::string(crd.name()));
    });
    for (const kube::JsonObject& crd : wanted) {
        m_wanted[std::string(kube::stringAt(crd, {"metadata", "name"}))] = crd;
        apply(crd);
    }
}

void CrdController::apply(const kube::JsonObject& wanted) {
    const std::string name(kube::stringAt(wanted, {"metadata", "name"}));
    const auto outcome = [this, name, told = m_queue.outcomeOf(name)](bool done) {
        if (done) {
            m_wanted.erase(name);
            m_queue.add(name);
        }
        told(done);
    };
    if (!m_writer.pipeline().state().get(kCrds, {"", name}))
        return m_writer.create(kCrds, wanted, outcome);
    m_writer.modify(
        kCrds, "", name, "",
        [&](kube::JsonObject& crd) {
            crd["spec"] = wanted.at("spec");
            for (const char* map : {"labels", "annotations"})
                if (const kube::JsonObject* values = kube::objectAt(wanted, {"metadata", map}))
                    for (const auto& [key, value] : *values)
                        kube::ensureObject(crd, {"metadata", map})[key] = value;
        },
        outcome);
}

void CrdController::onChange(const Collection& collection, const HistoryEvent& event) {
    if (collection.gvr == kCrds) {
        const kube::ObjectPtr crd = decode(*event.now);
        if (event.kind == EventKind::Deleted)
            stopServing(event.now->name, {});
        else if (nameConflict(crd->document()).reason.empty())
            serve(crd->document());
        m_queue.add(event.now->name);
        return;
    }
    // The last instance of a type that is being removed, whose definition has the collection's name.
    if (event.kind == EventKind::Deleted)
        if (const EntryPtr crd = m_writer.pipeline().state().find(kCrds)->head(collection.name);
            crd && crd->deleting)
            m_queue.add(collection.name);
}

bool CrdController::isBuiltin(const kube::JsonObject& crd) const {
    const std::vector<SpecPtr> all = m_writer.pipeline().registry().all();
    return std::any_of(all.begin(), all.end(), [&](const SpecPtr& spec) {
        return !spec->custom && spec->gvr.group == kube::stringAt(crd, {"spec", "group"}) &&
               spec->gvr.resource == kube::stringAt(crd, {"spec", "names", "plural"});
    });
}

CrdController::NameConflict CrdController::nameConflict(const kube::JsonObject& crd) const {
    const std::string plural(kube::stringAt(crd, {"spec", "names", "plural"}));
    if (isBuiltin(crd))
        return {"PluralConflict", "\"" + plural + "\" is already in use"};
    const std::string kind(kube::stringAt(crd, {"spec", "names", "kind"}));
    for (const SpecPtr& spec : m_writer.pipeline().registry().all())
        if (spec->gvr.group == kube::stringAt(crd, {"spec", "group"}) && spec->gvr.resource != plural &&
            spec->kind == kind)
            return {"KindConflict", "\"" + kind + "\" is already in use"};
    return {};
}

void CrdController::serve(const kube::JsonObject& crd) {
    const std::string name(kube::stringAt(crd, {"metadata", "name"}));
    std::set<kube::Gvr> served;
    forEachObject(*kube::objectAt(crd, {"spec"}), "versions",
                  [&](const kube::JsonObject& version, std::size_t) {
                      serveVersion(crd, version);
                      if (truthOf(version, "served"))
                          served.insert(gvrOf(crd, textOf(version, "name")));
                  });
    stopServing(name, served);
    m_served[name] = std::move(served);
}

void CrdController::serveVersion(const kube::JsonObject& crd, const kube::JsonObject& version) {
    const kube::JsonObject* schema = kube::objectAt(version, {"schema", "openAPIV3Schema"});
    Result<std::shared_ptr<const kube::Schema>> compiled =
        kube::Schema::fromCrd(schema ? *schema : kube::JsonObject());
    if (!compiled)
        log::warning("a custom resource definition has a schema that cannot be served",
                     {{"crd", std::string(kube::stringAt(crd, {"metadata", "name"}))},
                      {"error", compiled.error().text()}});
    if (!compiled || !truthOf(version, "served"))
        return house(crd, version);
    ResourceSpec spec = specOf(crd, version, std::move(*compiled));
    m_openApi.setCustom(spec.gvk(), schema ? *schema : kube::JsonObject());
    m_writer.pipeline().registry().add(std::move(spec), truthOf(version, "storage"));
}

void CrdController::house(const kube::JsonObject& crd, const kube::JsonObject& version) {
    if (truthOf(version, "storage"))
        m_writer.pipeline().state().bind(
            gvrOf(crd, textOf(version, "name")), std::string(kube::stringAt(crd, {"spec", "names", "kind"})),
            kube::stringAt(crd, {"spec", "scope"}) == "Namespaced", CustomStrategy::selectableOf(version));
}

void CrdController::stopServing(const std::string& name, const std::set<kube::Gvr>& except) {
    Registry& registry = m_writer.pipeline().registry();
    const auto found = m_served.find(name);
    if (found == m_served.end())
        return;
    for (const kube::Gvr& gvr : found->second) {
        const SpecPtr spec = registry.find(gvr);
        if (except.contains(gvr) || !spec)
            continue;
        if (except.empty())
            m_watches.endAll(registry.collection(*spec));
        m_openApi.removeCustom(spec->gvk());
        registry.remove(gvr);
    }
    m_served.erase(found);
}

void CrdController::sync(const std::string& name) {
    if (const auto wanted = m_wanted.find(name); wanted != m_wanted.end())
        return apply(kube::JsonObject(wanted->second));
    const kube::ObjectPtr crd = m_writer.pipeline().state().get(kCrds, {"", name});
    if (!crd)
        return;
    if (crd->isDeleting()) {
        if (crd->hasFinalizer(kCleanup))
            removeInstances(name, crd->document());
        return;
    }
    establish(name, crd->document());
}

void CrdController::establish(const std::string& name, const kube::JsonObject& crd) {
    const NameConflict conflict = nameConflict(crd);
    const std::string problem = conflict.reason.empty() ? schemaProblem(crd) : "";
    const std::string& refusal = problem.empty() ? conflict.message : problem;
    const kube::Json* accepted = kube::find(crd, {"status", "acceptedNames"});
    const kube::Json* names = kube::find(crd, {"spec", "names"});
    if (refusal.empty() && isEstablished(crd) && accepted != nullptr && kube::equal(*accepted, *names))
        return;
    if (!refusal.empty() && isRefused(crd, refusal))
        return;
    const std::string now = toRfc3339(m_writer.clock().wallNow());
    m_writer.modify(
        kCrds, "", name, "status",
        [&](kube::JsonObject& object) {
            kube::JsonObject& status = kube::ensureObject(object, {"status"});
            kube::JsonArray conditions;
            if (conflict.reason.empty()) {
                status["acceptedNames"] = *names;
                conditions.push_back(
                    condition("NamesAccepted", true, "NoConflicts", "no conflicts found", now));
                conditions.push_back(problem.empty()
                                         ? condition("Established", true, "InitialNamesAccepted",
                                                     "the initial names have been accepted", now)
                                         : condition("Established", false, "NotServed", problem, now));
            } else {
                conditions.push_back(
                    condition("NamesAccepted", false, conflict.reason.c_str(), conflict.message, now));
                conditions.push_back(
                    condition("Established", false, "NotAccepted", "not all names are accepted", now));
            }
            status["conditions"] = std::move(conditions);
        },
        m_queue.outcomeOf(name));
}

void CrdController::removeInstances(const std::string& name, const kube::JsonObject& crd) {
    const std::string collectionName = gvrOf(crd, "").text();
    Collection* collection = isBuiltin(crd) ? nullptr : m_writer.pipeline().state().find(collectionName);
    std::vector<EntryPtr> left;
    bool waiting = false;
    if (collection != nullptr)
        for (const auto& [key, slot] : collection->slots) {
            waiting = waiting || slot.head || slot.committed;
            if (slot.head && !slot.head->deleting)
                left.push_back(slot.head);
        }
    if (waiting) {
        for (const EntryPtr& entry : left)
            m_writer.remove(collection->gvr, entry->ns, entry->name, {.propagationPolicy = "Background"},
                            m_queue.outcomeOf(name));
        return;
    }
    m_writer.modify(
        kCrds, "", name, "",
        [](kube::JsonObject& object) {
            kube::Json* value = kube::ensureObject(object, {"metadata"}).if_contains("finalizers");
            if (value == nullptr || !value->is_array())
                return;
            kube::JsonArray& finalizers = value->get_array();
            for (auto it = finalizers.begin(); it != finalizers.end();)
                it = it->is_string() && kube::view(it->get_string()) == kCleanup ? finalizers.erase(it)
                                                                                 : std::next(it);
        },
        m_queue.outcomeOf(name));
}

}  // namespace kubefed::apiserver
