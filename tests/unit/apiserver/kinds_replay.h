// SPDX-License-Identifier: Apache-2.0
//
// Replays recorded requests (tests/data/kube) against the strategies of the kinds alone: no HTTP, no storage,
// no managedFields. What belongs to the generic server (names, labels, resourceVersion, ...) is left out of
// the comparison.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kubefed/apiserver/strategy.h"

namespace kubefed::tests {

class MemoryObjects final : public apiserver::ObjectReader {
public:
    void put(const kube::Gvr& gvr, kube::Object object);
    void remove(const kube::Gvr& gvr, const kube::ObjectKey& key);
    [[nodiscard]] kube::ObjectPtr get(const kube::Gvr& gvr, const kube::ObjectKey& key) const override;
    void forEach(const kube::Gvr& gvr, std::string_view ns,
                 const std::function<void(const kube::Object&)>& visit) const override;

private:
    std::map<kube::Gvr, std::map<kube::ObjectKey, kube::ObjectPtr>> m_objects;
};

// What came of one request: an object, or the causes of a 422 (or one cause with the message of a 403).
struct Outcome {
    int code = 0;
    kube::JsonObject object;
    apiserver::Causes causes;
    std::string message;
};

class KindsReplay {
public:
    KindsReplay();  // reads the schema data; the built-in kinds
    [[nodiscard]] const apiserver::ResourceSpec* find(std::string_view path, std::string* name,
                                                      std::string* subresource) const;
    // A request of a recorded case; code 0: not one that strategies answer.
    [[nodiscard]] Outcome send(const kube::JsonObject& request);
    [[nodiscard]] MemoryObjects& objects() { return m_objects; }
    // Differences between a recorded answer and ours, empty where they agree; "skipped" cases say why.
    [[nodiscard]] std::vector<std::string> replay(const kube::JsonObject& recorded, std::string& skipped);
    [[nodiscard]] kube::JsonObject table(const apiserver::ResourceSpec& spec) const;

private:
    [[nodiscard]] Outcome create(const apiserver::ResourceSpec& spec, kube::JsonObject object);
    [[nodiscard]] Outcome update(const apiserver::ResourceSpec& spec, const kube::Object& live,
                                 kube::JsonObject next, const std::string& subresource);

    std::vector<apiserver::ResourceSpec> m_specs;
    MemoryObjects m_objects;
    apiserver::User m_user{"admin", {}, {"system:masters"}};
};

// Does `actual` agree with a recorded value? "<...>" stands for anything but nothing; the path of the first
// difference is added to `problems`.
void compareRecorded(const kube::Json& expected, const kube::Json& actual, const std::string& path,
                     std::vector<std::string>& problems);

}  // namespace kubefed::tests
