// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduling/placement_keeper.h"

#include <algorithm>

#include "kubefed/fed/names.h"

namespace kubefed::controller {
namespace {

constexpr std::size_t kMaxRequests = 64;  // under way
constexpr int kMaxPerTurn = 100;          // then the event loop has its turn

}  // namespace

PlacementKeeper::PlacementKeeper(HostApi& host, HostMirror& mirror, Clock& clock, Metrics& metrics)
    : m_host(host),
      m_mirror(mirror),
      m_clock(clock),
      m_metrics(metrics),
      m_queue(clock, {}, [](const TemplateId& id) { return id.key.ns; }, [this] { pump(); }) {}

const PlacementRecord* PlacementKeeper::held(const TemplateId& id) const {
    const PlacementRecord* placement = m_mirror.findPlacement(id);
    const bool holds =
        placement != nullptr && placement->isDeleting &&
        std::ranges::find(placement->finalizers, fed::kPropagationFinalizer) != placement->finalizers.end();
    return holds ? placement : nullptr;
}

void PlacementKeeper::look(const TemplateId& id) {
    if (held(id) != nullptr)
        m_queue.add(id);
}

void PlacementKeeper::pump() {
    for (int i = 0; i < kMaxPerTurn && m_requests.size() < kMaxRequests; ++i) {
        const std::optional<TemplateId> id = m_queue.take();
        if (!id)
            return;
        if (process(*id))
            m_queue.done(*id);
    }
    if (m_requests.size() < kMaxRequests)
        pumpSoon();
}

void PlacementKeeper::pumpSoon() {
    if (!m_turn.isActive())
        m_turn = m_clock.after(Duration::zero(), [this] {
            m_turn.cancel();
            pump();
        });
}

bool PlacementKeeper::process(const TemplateId& id) {
    const PlacementRecord* placement = held(id);
    if (placement == nullptr)
        return true;
    if (m_mirror.inForce(id) == nullptr) {
        release(id, *placement);
        return false;
    }
    if (m_mirror.findTemplate(id)->object->isDeleting())
        return true;  // its end comes back here
    askForNamespace(id);
    return false;
}

void PlacementKeeper::askForNamespace(const TemplateId& id) {
    // Asked and not looked up: the mirror of namespaces may be behind that of Placements, and a Placement
    // that is let go too early cannot be made again in a namespace that ends.
    m_requests[id] =
        m_host.get({"", "v1", "namespaces"}, {{}, id.key.ns}, [this, id](Result<kube::Object> ns) {
            const bool isGone = !ns && ns.error().code == Code::NotFound;
            if (!ns && !isGone)
                return finished(id, &ns.error());
            const PlacementRecord* placement = held(id);
            if (placement == nullptr || isGone || ns->isDeleting())
                return finished(id, nullptr);
            release(id, *placement);
        });
}

void PlacementKeeper::release(const TemplateId& id, const PlacementRecord& placement) {
    kube::JsonArray left;
    for (const std::string& finalizer : placement.finalizers)
        if (finalizer != fed::kPropagationFinalizer)
            left.push_back(kube::Json(finalizer));
    kube::JsonObject body;
    body["metadata"] = kube::JsonObject{{"resourceVersion", placement.placement.resourceVersion},
                                        {"finalizers", std::move(left)}};
    ++m_metrics.hostWrites["placement-finalizer"];
    m_requests[id] = m_host.patch(fed::placements(), placement.placement.key, kube::printJson(body), {},
                                  [this, id](Result<kube::Object> result) {
                                      if (!result && result.error().code != Code::NotFound)
                                          return finished(id, &result.error());
                                      finished(id, nullptr);
                                  });
}

void PlacementKeeper::finished(const TemplateId& id, const Error* error) {
    const Request mine = std::move(m_requests[id]);
    m_requests.erase(id);
    m_queue.done(id);
    if (error == nullptr)
        m_queue.forget(id);
    else
        m_queue.addRateLimited(id, error->retryAfter.value_or(Duration{0}));
    pumpSoon();
}

}  // namespace kubefed::controller
