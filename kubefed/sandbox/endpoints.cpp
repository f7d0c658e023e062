// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/endpoints.h"

#include <algorithm>

#include "kubefed/kube/selector.h"

namespace kubefed::sandbox {

namespace {

std::int64_t targetPort(const kube::JsonObject& port, const kube::ObjectPtr& pod) {
    const std::string_view name = kube::stringAt(port, {"targetPort"});
    if (name.empty())
        return kube::intAt(port, {"targetPort"}).value_or(kube::intAt(port, {"port"}).value_or(0));
    const kube::JsonArray* containers =
        pod == nullptr ? nullptr : kube::arrayAt(pod->document(), {"spec", "containers"});
    if (containers != nullptr)
        for (const kube::Json& container : *containers)
            if (const kube::JsonArray* ports = kube::arrayAt(container.get_object(), {"ports"}))
                for (const kube::Json& candidate : *ports)
                    if (kube::stringAt(candidate.get_object(), {"name"}) == name)
                        return kube::intAt(candidate.get_object(), {"containerPort"}).value_or(0);
    return 0;
}

kube::JsonArray portsOf(const kube::Object& service, const kube::ObjectPtr& pod) {
    kube::JsonArray ports;
    if (const kube::JsonArray* given = kube::arrayAt(service.document(), {"spec", "ports"}))
        for (const kube::Json& json : *given) {
            const kube::JsonObject& port = json.get_object();
            const std::int64_t number = targetPort(port, pod);
            if (number == 0)
                continue;
            kube::JsonObject target{{"port", number}, {"protocol", kube::stringAt(port, {"protocol"})}};
            if (const std::string_view name = kube::stringAt(port, {"name"}); !name.empty())
                target["name"] = name;
            ports.push_back(std::move(target));
        }
    return ports;
}

bool sameContent(const kube::JsonObject& a, const kube::JsonObject& b,
                 std::initializer_list<std::string_view> keys) {
    return std::ranges::all_of(keys, [&](std::string_view key) {
        const kube::Json* left = a.if_contains(key);
        const kube::Json* right = b.if_contains(key);
        const auto none = [](const kube::Json* value) {
            return value == nullptr || value->is_null() || (value->is_array() && value->get_array().empty());
        };
        return none(left) || none(right) ? none(left) && none(right) : kube::equal(*left, *right);
    });
}

}  // namespace

EndpointsController::EndpointsController(LocalApi& api, Clock& clock)
    : m_api(api), m_soon(clock, [this] { sync(); }) {}

void EndpointsController::onService(const kube::Object& service, bool deleted) {
    if (deleted) {
        m_api.remove(kEndpoints, service.key(), -1);
        return;
    }
    m_dirty.insert(service.key());
    m_soon.poke();
}

void EndpointsController::onPod(const kube::Object& pod) {
    m_dirtyNamespaces.emplace(pod.ns());
    m_soon.poke();
}

void EndpointsController::sync() {
    std::set<kube::ObjectKey> dirty = std::exchange(m_dirty, {});
    for (const std::string& ns : std::exchange(m_dirtyNamespaces, {}))
        m_api.objects().forEach(kServices, ns,
                                [&](const kube::Object& service) { dirty.insert(service.key()); });
    for (const kube::ObjectKey& key : dirty)
        if (const kube::ObjectPtr service = m_api.objects().get(kServices, key);
            service && !service->isDeleting())
            syncOne(*service);
}

EndpointsController::Found EndpointsController::podsOf(const kube::Object& service) const {
    Found found;
    const kube::LabelSelector selector =
        kube::LabelSelector::fromMap(*kube::objectAt(service.document(), {"spec", "selector"}));
    m_api.objects().forEach(kPods, service.ns(), [&](const kube::Object& pod) {
        const std::string_view ip = kube::stringAt(pod.document(), {"status", "podIP"});
        if (ip.empty() || isTerminal(pod) || pod.isDeleting() || !selector.matches(pod.labels()))
            return;
        const bool ready = isPodReady(pod);
        const kube::JsonObject target{
            {"kind", "Pod"}, {"namespace", pod.ns()}, {"name", pod.name()}, {"uid", pod.uid()}};
        const std::string_view node = kube::stringAt(pod.document(), {"spec", "nodeName"});
        (ready ? found.ready : found.notReady)
            .push_back(kube::JsonObject{{"ip", ip}, {"nodeName", node}, {"targetRef", target}});
        found.slices.push_back(kube::JsonObject{
            {"addresses", kube::JsonArray{ip}},
            {"nodeName", node},
            {"targetRef", target},
            {"conditions", kube::JsonObject{{"ready", ready}, {"serving", ready}, {"terminating", false}}}});
        found.example = std::make_shared<const kube::Object>(pod);
    });
    return found;
}

void EndpointsController::syncOne(const kube::Object& service) {
    const kube::JsonObject* selector = kube::objectAt(service.document(), {"spec", "selector"});
    if (selector == nullptr || selector->empty())
        return;
    const Found found = podsOf(service);
    const kube::JsonArray ports = portsOf(service, found.example);

    kube::Object endpoints = kube::Object::make({"", "v1", "Endpoints"}, service.ns(), service.name());
    if (const kube::JsonObject* labels = service.labels())
        endpoints.metadata()["labels"] = *labels;
    endpoints.setLabel("endpoints.kubernetes.io/managed-by", "endpoint-controller");
    if (!found.ready.empty() || !found.notReady.empty()) {
        kube::JsonObject subset;
        if (!found.ready.empty())
            subset["addresses"] = found.ready;
        if (!found.notReady.empty())
            subset["notReadyAddresses"] = found.notReady;
        subset["ports"] = ports;
        endpoints.document()["subsets"] = kube::JsonArray{std::move(subset)};
    }
    put(kEndpoints, std::move(endpoints));

    // One slice per Service, of a name that a restart finds again.
    kube::Object slice =
        kube::Object::make({"discovery.k8s.io", "v1", "EndpointSlice"}, service.ns(),
                           std::string(service.name()) + "-" + std::string(service.uid().substr(0, 5)));
    slice.setLabel("kubernetes.io/service-name", service.name());
    slice.setLabel("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
    slice.metadata()["ownerReferences"] = kube::JsonArray{ownerReference(service)};
    slice.document()["addressType"] = "IPv4";
    slice.document()["endpoints"] = found.slices;
    kube::JsonArray slicePorts = ports;
    for (kube::Json& port : slicePorts)
        if (!port.get_object().contains("name"))
            port.get_object()["name"] = "";
    slice.document()["ports"] = std::move(slicePorts);
    put(kEndpointSlices, std::move(slice));
}

void EndpointsController::put(const kube::Gvr& gvr, kube::Object wanted) {
    const kube::ObjectPtr live = m_api.objects().get(gvr, wanted.key());
    if (live == nullptr)
        m_api.create(gvr, wanted.ns(), wanted.document());
    else if (!sameContent(live->document(), wanted.document(), {"subsets", "endpoints", "ports"}))
        m_api.replace(gvr, wanted.key(), wanted.document());
}

}  // namespace kubefed::sandbox
