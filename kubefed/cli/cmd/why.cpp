// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/why.h"

#include <ostream>

#include "kubefed/cli/cmd/get.h"
#include "kubefed/cli/format/describe.h"
#include "kubefed/cli/format/explanation.h"
#include "kubefed/cli/format/why.h"
#include "kubefed/cli/member_errors.h"
#include "kubefed/client/locate.h"
#include "kubefed/fed/kinds.h"
#include "kubefed/fed/names.h"
#include "kubefed/fed/policy_plugin.h"

namespace kubefed::cli {

Why::Why(Environment& environment, WhyOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void Why::run() {
    const auto queries = readQueries(m_options.arguments);
    if (!queries)
        return fail(queries.error());
    if (queries->size() != 1 || queries->front().name.empty())
        return fail(
            {.id = "KF1008",
             .message = "exactly one object can be asked for",
             .evidence = "given: " + spaced(m_options.arguments),
             .remedy = std::string("kubefed ") + (m_options.describe ? "describe" : "why") + " TYPE/NAME",
             .changed = kNothingChanged});
    m_type = queries->front().type;
    m_name = queries->front().name;
    if (connect())
        findType();
}

void Why::findType() {
    m_request = kube::discover(client(), Duration(10'000), [this](Result<kube::Discovery> discovery) {
        if (!discovery)
            return failWith(discovery.error(), "reading what the federation serves");
        const bool cluster = m_type == "cluster" || m_type == "clusters";
        const auto resource = discovery->apis.resolve(cluster ? "memberclusters" : m_type);
        if (!resource)
            return fail(
                {.id = "KF1010",
                 .message = resource.error().text(),
                 .evidence = "federation \"" + federationName() + "\" serves " +
                             counted(static_cast<std::int64_t>(discovery->apis.resources().size()), "type"),
                 .remedy = typesRemedy(federation()),
                 .changed = kNothingChanged});
        readObject(*resource);
    });
}

void Why::readObject(const kube::ApiResource& resource) {
    const std::string& ns = m_options.ns.empty() ? federation().ns : m_options.ns;
    m_request = client().get(resource.gvr, {resource.namespaced ? ns : "", m_name},
                             [this](Result<kube::Object> object) {
                                 if (!object)
                                     return failWith(object.error(), m_type + "/" + m_name);
                                 m_object = std::move(*object);
                                 if (m_options.describe)
                                     env().out << describeText(m_object, env().clock.wallNow());
                                 readPlacement();
                             });
}

void Why::readPlacement() {
    // A Placement explains itself.
    if (m_object.kind() == fed::kPlacementKind && m_object.gvk().group == fed::kGroup)
        return onPlacement(m_object);
    m_request = client().get(fed::placements(), fed::placementKey(m_object.gvk(), m_object.key()),
                             [this](Result<kube::Object> answer) { onPlacement(std::move(answer)); });
}

void Why::onPlacement(Result<kube::Object> answer) {
    if (!answer && answer.error().status && answer.error().status->httpCode == 404)
        return m_options.describe ? readEvents() : noPlacement();
    if (!answer)
        return failWith(answer.error(), "reading the placement of " + m_type + "/" + m_name);
    const auto placement = fed::Placement::decode(*answer);
    if (!placement)
        return failWith(placement.error(), "reading the placement of " + m_type + "/" + m_name);
    if (m_options.wide && !m_options.describe) {
        m_source = placement->spec.source;
        return findController();
    }
    if (m_options.describe)
        env().out << "Placement:\n";
    env().out << whyText(*placement, env().clock.wallNow(), m_options.wide || m_options.describe)
              << std::flush;
    if (m_options.describe)
        return readEvents();
    if (const std::string hint = whyHint(*placement, command()); !hint.empty())
        env().report.line(hint);
    finish(kDone);
}

std::string Why::command() const {
    std::string text = "kubefed why " + spaced(m_options.arguments);
    if (!m_options.ns.empty())
        text += " -n " + m_options.ns;
    if (!common().context.empty())
        text += " --context " + common().context;
    if (!common().kubeconfig.empty())
        text += " --kubeconfig " + common().kubeconfig;
    return text;
}

void Why::findController() {
    m_request =
        client::locate(client(), federation().identity, [this](Result<client::FederationEndpoint> endpoint) {
            if (!endpoint)
                return fail(
                    controllerError(endpoint.error(), federation(), "explaining " + m_type + "/" + m_name));
            explain(std::move(*endpoint));
        });
}

void Why::explain(client::FederationEndpoint endpoint) {
    m_controller = env().connector.controller(std::move(endpoint));
    const client::ObjectId id{m_source.gvk.group, m_source.gvk.version, m_source.gvk.kind, m_source.key.ns,
                              m_source.key.name};
    m_request = m_controller->explain(id, [this](Result<client::Explanation> explanation) {
        if (!explanation)
            return fail(
                controllerError(explanation.error(), federation(), "explaining " + m_type + "/" + m_name));
        env().out << explanationText(*explanation, m_controller->now()) << std::flush;
        finish(kDone);
    });
}

void Why::noPlacement() {
    const fed::KindTraits* kind = fed::findKind(m_object.gvk());
    if (kind == nullptr) {
        std::vector<std::string> kinds;
        for (const fed::KindTraits& each : fed::enabledKinds())
            kinds.emplace_back(each.kind);
        return failUnplaced(m_object.gvk().text() + " is not a type that the federation propagates",
                            "ask for one of those that it does: " + nameList(kinds, kinds.size()));
    }
    if (const std::string_view reason = fed::whyNoTemplate(m_object); !reason.empty())
        return failUnplaced("it is not propagated: " + std::string(reason), remedyOfNoTemplate());
    if (kind->role == fed::Role::Namespace)
        return failUnplaced("a namespace is made in each member where something in it is placed",
                            "ask for something in it: kubefed why TYPE/NAME -n " + m_name);
    undecided();
}

void Why::failUnplaced(std::string evidence, std::string remedy) {
    fail({.id = "KF1401",
          .message = m_type + "/" + m_name + " has no placement",
          .evidence = std::move(evidence),
          .remedy = std::move(remedy),
          .changed = kNothingChanged});
}

std::string Why::remedyOfNoTemplate() const {
    const std::string ns = m_object.ns().empty() ? std::string() : " -n " + std::string(m_object.ns());
    if (m_object.annotation(fed::kPropagateAnnotation) == "false")
        return "to have it propagated: kubectl --context " + federation().context + " annotate " + m_type +
               " " + m_name + ns + " " + std::string(fed::kPropagateAnnotation) + "-";
    if (!m_object.ownerReferences().empty())
        return "ask for its owner; what that one has in the members makes its own there";
    return "leave it: each cluster has its own; what is to be propagated needs another name, type or "
           "namespace";
}

// Starting what runs changes nothing where a policy plugin hangs.
void Why::undecided() {
    m_request = client().list(fed::policyPlugins(), {}, [this](const Result<kube::ObjectList>& listed) {
        for (const kube::Object& object : listed ? listed->items : std::vector<kube::Object>())
            if (const auto plugin = fed::PolicyPlugin::decode(object);
                plugin && fed::isHanging(plugin->status))
                return failUnplaced(
                    "policy plugin \"" + plugin->name + "\" does not come back, so nothing is decided",
                    "restart the controller, which then disables it: kubefed down " + federationName() +
                        " && kubefed up " + federationName());
        failUnplaced(
            "the controller has not decided about it yet",
            "ask again; if it stays so, see whether the controller runs: kubefed up " + federationName());
    });
}

void Why::readEvents() {
    kube::ListOptions options;
    options.ns = m_object.ns();
    options.fieldSelector = "involvedObject.uid=" + std::string(m_object.uid());
    m_request =
        client().list({"", "v1", "events"}, std::move(options), [this](Result<kube::ObjectList> events) {
            if (events)
                env().out << eventsText(events->items, env().clock.wallNow()) << std::flush;
            else
                env().report.warn("its events cannot be read: " + events.error().text());
            finish(kDone);
        });
}

}  // namespace kubefed::cli
