// SPDX-License-Identifier: Apache-2.0
//
// The ReplicationController controller of a simulated member: creates and deletes pods until there are as
// many as wanted, and keeps the status. A creation that is refused (a ServiceAccount that is not there yet, a
// quota) is told by the condition ReplicaFailure and tried again, ever more rarely. Told of changes by the
// member, on its thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class ReplicationManager {
public:
    ReplicationManager(LocalApi& api, Clock& clock);
    void onController(const kube::Object& controller);
    void onPod(const kube::Object& pod);

private:
    void sync();
    struct Refusal {
        std::string message;
        Duration pause{0};
        bool isPausing = false;
        Request timer;
    };

    void syncOne(const kube::Object& controller);
    [[nodiscard]] bool isPausing(const kube::ObjectKey& key) const;
    void createPod(const kube::Object& controller);
    void created(const kube::ObjectKey& key, int status, const std::string& body);
    void writeStatus(const kube::Object& controller, const std::vector<kube::Object>& pods);

    LocalApi& m_api;
    Clock& m_clock;
    std::set<kube::ObjectKey> m_dirty;
    std::map<kube::ObjectKey, Refusal> m_refusals;
    std::shared_ptr<ReplicationManager*> m_self = std::make_shared<ReplicationManager*>(this);
    Soon m_soon;
};

}  // namespace kubefed::sandbox
