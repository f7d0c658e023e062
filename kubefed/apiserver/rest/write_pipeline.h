// SPDX-License-Identifier: Apache-2.0
//
// What every write goes through, whoever asks (a request, a controller of the server itself): defaults,
// metadata, validation, managedFields, then the State. Decisions are taken at once against the head; `done`
// runs when the result is durable. Server thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/apiserver/registry.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::apiserver {

struct WriteTarget {
    SpecPtr spec;
    std::string ns, name, subresource;
    User user;
    std::string fieldManager;
    bool dryRun = false;
    WallTime now;
    [[nodiscard]] std::string key() const { return storageKey(ns, name); }
};

// The object as it is now: `entry`, or for a dry run the document that would have been stored.
struct Written {
    EntryPtr entry;
    kube::JsonObject dryRunObject;  // of what was removed: as it was last
    bool created = false;
    bool removed = false;  // the update took the last finalizer of a deleted object
    std::vector<std::string> warnings;
};
using WrittenDone = std::move_only_function<void(Result<Written>)>;

struct DeleteOptions {
    std::optional<std::int64_t> gracePeriodSeconds;
    std::string uid, resourceVersion;  // preconditions; empty: none
    std::string propagationPolicy;
};

class WritePipeline {
public:
    struct Settings {
        bool podsVanishOnDelete = true;
    };
    WritePipeline(State& state, Registry& registry, Settings settings)
        : m_state(state), m_registry(registry), m_settings(settings) {}

    // Defaults and canonical values of a decoded object, as they are stored.
    void normalise(const ResourceSpec& spec, kube::JsonObject& object) const;

    // With `applied`, managedFields are already right.
    void create(const WriteTarget& target, kube::JsonObject object, WrittenDone done, bool applied = false);
    // `next`: the whole new object (normalised here); `head`: what it was made from.
    void update(const WriteTarget& target, const Entry& head, kube::JsonObject next, bool applied,
                WrittenDone done);
    void remove(const WriteTarget& target, const DeleteOptions& options, WrittenDone done);

    [[nodiscard]] EntryPtr head(const WriteTarget& target) const {
        return m_registry.collection(*target.spec).head(target.key());
    }
    [[nodiscard]] Registry& registry() { return m_registry; }
    [[nodiscard]] State& state() { return m_state; }

private:
    [[nodiscard]] Result<void> admitNamespace(const WriteTarget& target) const;
    [[nodiscard]] Result<void> prepareCreate(const WriteTarget& target, kube::JsonObject& object) const;
    [[nodiscard]] Result<void> checkIdentity(const WriteTarget& target, const kube::JsonObject& previous,
                                             const kube::JsonObject& next, bool applied) const;
    // `seen`: what is stored, as the version that is written says it.
    [[nodiscard]] Result<void> prepareUpdate(const WriteTarget& target, const kube::JsonObject& previous,
                                             const kube::JsonObject& seen, kube::JsonObject& next) const;
    // Leaves of the causes only what this request is to blame for, where it changes metadata alone: what an
    // older server stored may be what this one refuses, and must still be labelled, released and deleted.
    void forgiveStored(const ResourceSpec& spec, const kube::JsonObject& previous,
                       const kube::JsonObject& next, const StrategyContext& context, Causes& causes) const;
    // `previous`: null for a creation.
    [[nodiscard]] Result<void> checkEscalation(const WriteTarget& target, const kube::JsonObject* previous,
                                               const kube::JsonObject& object) const;
    [[nodiscard]] kube::WriteContext writeContext(const WriteTarget& target) const;
    void store(const WriteTarget& target, kube::JsonObject object, bool created, WrittenDone done);
    void erase(const WriteTarget& target, const Entry& head, kube::JsonObject last, WrittenDone done);

    State& m_state;
    Registry& m_registry;
    const Settings m_settings;
};

[[nodiscard]] Error namespaceTerminating(const kube::Gvr& gvr, std::string_view name, std::string_view ns);

}  // namespace kubefed::apiserver
