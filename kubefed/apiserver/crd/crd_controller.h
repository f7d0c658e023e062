// SPDX-License-Identifier: Apache-2.0
//
// Serves what CustomResourceDefinitions define: the moment a definition is durable its types are in the
// registry, discovery and OpenAPI; its status says so. A deleted definition takes its instances with it
// first. One that claims a built-in type is never served and owns no instances. Owned by the server, used on
// its thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "kubefed/apiserver/controllers/internal_writer.h"
#include "kubefed/apiserver/controllers/key_queue.h"
#include "kubefed/apiserver/discovery/openapi.h"
#include "kubefed/apiserver/rest/watch_hub.h"

namespace kubefed::apiserver {

class CrdController final : public StateObserver {
public:
    CrdController(InternalWriter& writer, OpenApi& openApi, WatchHub& watches, Clock& clock);
    // Serves what is stored, then creates or updates `wanted`.
    void start(const std::vector<kube::JsonObject>& wanted);
    void onChange(const Collection& collection, const HistoryEvent& event) override;

private:
    void serve(const kube::JsonObject& crd);
    void serveVersion(const kube::JsonObject& crd, const kube::JsonObject& version);
    // A home for what is stored of a type that is not served: it must still be found to be deleted.
    void house(const kube::JsonObject& crd, const kube::JsonObject& version);
    void stopServing(const std::string& name, const std::set<kube::Gvr>& except);
    void sync(const std::string& name);
    void establish(const std::string& name, const kube::JsonObject& crd);
    void removeInstances(const std::string& name, const kube::JsonObject& crd);
    void apply(const kube::JsonObject& wanted);
    // Why its names cannot be accepted; an empty reason: they can.
    struct NameConflict {
        std::string reason, message;
    };
    [[nodiscard]] NameConflict nameConflict(const kube::JsonObject& crd) const;
    [[nodiscard]] bool isBuiltin(const kube::JsonObject& crd) const;

    InternalWriter& m_writer;
    OpenApi& m_openApi;
    WatchHub& m_watches;
    std::map<std::string, std::set<kube::Gvr>> m_served;  // by the definition's name
    std::map<std::string, kube::JsonObject> m_wanted;     // not stored yet
    KeyQueue<std::string> m_queue;
};

}  // namespace kubefed::apiserver
