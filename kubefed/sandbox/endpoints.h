// SPDX-License-Identifier: Apache-2.0
//
// The endpoints controller of a simulated member: for each Service with a selector an Endpoints object and an
// EndpointSlice with the addresses of its pods.
#pragma once

#include <set>

#include "kubefed/sandbox/controller.h"

namespace kubefed::sandbox {

class EndpointsController {
public:
    EndpointsController(LocalApi& api, Clock& clock);
    void onService(const kube::Object& service, bool deleted);
    // A pod came, went or changed: every Service of its namespace may have other endpoints.
    void onPod(const kube::Object& pod);

private:
    struct Found {
        kube::JsonArray ready, notReady;  // EndpointAddress objects
        kube::JsonArray slices;           // Endpoint objects of the slice
        kube::ObjectPtr example;          // any pod: named target ports are read from it
    };
    void sync();
    void syncOne(const kube::Object& service);
    [[nodiscard]] Found podsOf(const kube::Object& service) const;
    void put(const kube::Gvr& gvr, kube::Object wanted);

    LocalApi& m_api;
    std::set<kube::ObjectKey> m_dirty;
    std::set<std::string> m_dirtyNamespaces;
    Soon m_soon;
};

}  // namespace kubefed::sandbox
