// SPDX-License-Identifier: Apache-2.0
//
// The seam between the generic API server (routing, storage, watches, patches, managedFields) and what is
// particular to one kind: defaults, canonical values, validation, immutable fields, what deletion means, and
// how it prints as a table. A KindStrategy is stateless and shared by all requests; calls come on the
// server's thread and do no I/O: other objects are read through ObjectReader (memory). The generic part owns
// metadata (name rules, uid, resourceVersion, generation, timestamps, managedFields, finalizers).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/object.h"
#include "kubefed/kube/schema.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/util/clock.h"

namespace kubefed::apiserver {

struct User {
    std::string name;  // "system:anonymous" where nobody proved anything
    std::string uid;
    std::vector<std::string> groups;  // with system:authenticated or system:unauthenticated
};

// Reads the latest accepted state (writes under way included). Null where absent.
class ObjectReader {
public:
    virtual ~ObjectReader() = default;
    [[nodiscard]] virtual kube::ObjectPtr get(const kube::Gvr& gvr, const kube::ObjectKey& key) const = 0;
    // In key order; an empty ns means all.
    virtual void forEach(const kube::Gvr& gvr, std::string_view ns,
                         const std::function<void(const kube::Object&)>& visit) const = 0;
    // Has another object than `except` this value in a field (one of its kind's selectableFields())? What
    // knows these values without decoding objects overrides it.
    [[nodiscard]] virtual bool hasField(const kube::Gvr& gvr, std::string_view field, std::string_view value,
                                        const kube::ObjectKey& except) const;
};

struct StrategyContext {
    const ObjectReader& objects;
    WallTime now;
    const User& user;
    std::string_view subresource;  // "", "status", "scale", "binding"
};

using Causes = std::vector<kube::StatusCause>;

struct TableColumn {
    std::string name;
    std::string type = "string";  // "integer", "string", "date"
    std::string format = {};
    std::string description = {};
    int priority = 0;           // 1: only with -o wide
    std::string jsonPath = {};  // CRDs
};

struct SubresourceSpec {
    std::string name;                // "status", "scale", "binding", "token"
    kube::Gvk kind;                  // what it takes and gives; Scale for "scale"
    std::vector<std::string> verbs;  // "get", "update", "patch", "create"
};

class KindStrategy {
public:
    virtual ~KindStrategy() = default;

    // API defaulting: runs on every decoded object (create, update, result of a patch or apply) and makes it
    // as kube-apiserver 1.34 stores it: defaults, canonical quantities, stringData into data.
    virtual void applyDefaults(kube::JsonObject& object) const { (void)object; }
    // What the server alone decides at creation: drops status, sets clusterIP, generated names of tokens, ...
    // An error refuses the request (403 quota-like, 422 full range).
    [[nodiscard]] virtual Result<void> prepareForCreate(kube::JsonObject& object,
                                                        const StrategyContext& context) const {
        (void)object, (void)context;
        return {};
    }
    // Carries over what this request may not change: status for the main resource, everything but status
    // for the status subresource.
    virtual void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                                  const StrategyContext& context) const {
        (void)next, (void)previous, (void)context;
    }
    // Problems in the order in which kube-apiserver reports them; metadata is checked by the generic part.
    [[nodiscard]] virtual Causes validate(const kube::JsonObject& object,
                                          const StrategyContext& context) const {
        (void)object, (void)context;
        return {};
    }
    [[nodiscard]] virtual Causes validateUpdate(const kube::JsonObject& next,
                                                const kube::JsonObject& previous,
                                                const StrategyContext& context) const {
        (void)previous;
        return validate(next, context);
    }
    // What is allowed but unwise in a written object: sent as Warning headers. `previous`: null for a
    // creation.
    [[nodiscard]] virtual std::vector<std::string> warnings(const kube::JsonObject& object,
                                                            const kube::JsonObject* previous) const {
        (void)object, (void)previous;
        return {};
    }
    // Does a change of the object outside metadata and status advance metadata.generation? (Not for
    // Services, ConfigMaps, Secrets, ...)
    [[nodiscard]] virtual bool hasGeneration() const { return false; }
    // Seconds of grace where DELETE does not say: Pod spec.terminationGracePeriodSeconds; nothing: at once.
    [[nodiscard]] virtual std::optional<std::int64_t> gracePeriod(const kube::JsonObject& object) const {
        (void)object;
        return std::nullopt;
    }
    // Name rule: "dns-subdomain" (default), "dns-label", "dns-1035-label" (Service), "path-segment" (RBAC).
    [[nodiscard]] virtual std::string_view nameRule() const { return "dns-subdomain"; }
    // Beside metadata.name and metadata.namespace: "status.phase", "spec.nodeName", "type",
    // "involvedObject.name", ...
    [[nodiscard]] virtual std::vector<std::string> selectableFields() const { return {}; }
    // The scale subresource: paths, or nothing.
    struct ScalePaths {
        std::vector<std::string> specReplicas, statusReplicas, selector;
    };
    [[nodiscard]] virtual std::optional<ScalePaths> scalePaths() const { return std::nullopt; }

    // The first column is Name; `cells` gives one JSON value per column, ages as kubectl shows them.
    [[nodiscard]] virtual std::vector<TableColumn> columns() const;
    virtual void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const;
};

// Everything the server knows of one served type. Built-in ones stand in the Registry from the start, CRDs
// come and go with their objects.
struct ResourceSpec {
    kube::Gvr gvr;
    std::string kind;
    std::string singular;
    std::string listKind;
    bool namespaced = false;
    std::vector<std::string> shortNames;
    std::vector<std::string> categories;
    std::vector<std::string> verbs;  // create, delete, deletecollection, get, list, patch, update, watch
    std::vector<SubresourceSpec> subresources;
    std::shared_ptr<const kube::Schema> schema;
    std::shared_ptr<const KindStrategy> strategy;
    bool stored = true;          // false: reviews, answered and forgotten
    bool strategicPatch = true;  // false for custom resources (415)
    bool hasStatus = false;
    bool custom = false;  // made by a CRD: prune, structural defaults
    [[nodiscard]] kube::Gvk gvk() const { return {gvr.group, gvr.version, kind}; }
};

// Built by kubefed_apiserver's kinds: every built-in ResourceSpec of the first stage.
[[nodiscard]] std::vector<ResourceSpec> builtinResources(const kube::SchemaSet& schemas);

}  // namespace kubefed::apiserver
