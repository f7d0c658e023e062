// SPDX-License-Identifier: Apache-2.0
//
// The ReplicationController controller of a simulated member: creates and deletes pods until there are as
// many as wanted, and keeps the status. Told of changes by the member, on its thread.
#pragma once

#include <set>

#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class ReplicationManager {
public:
    ReplicationManager(LocalApi& api, Clock& clock);
    void onController(const kube::Object& controller);
    void onPod(const kube::Object& pod);

private:
    void sync();
    void syncOne(const kube::Object& controller);
    void writeStatus(const kube::Object& controller, const std::vector<kube::Object>& pods);

    LocalApi& m_api;
    std::set<kube::ObjectKey> m_dirty;
    Soon m_soon;
};

}  // namespace kubefed::sandbox
