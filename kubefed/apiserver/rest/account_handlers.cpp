// SPDX-License-Identifier: Apache-2.0
// Pod binding and service account tokens: subresources that take one kind and change or read another.
#include <utility>

#include "kubefed/apiserver/rest/body.h"
#include "kubefed/apiserver/rest/handlers.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::apiserver {
namespace {

constexpr std::int64_t kDefaultTokenSeconds = 3600;
constexpr std::int64_t kMinTokenSeconds = 600;
constexpr std::int64_t kMaxTokenSeconds = std::int64_t{1} << 32;
const kube::Gvk kBinding{"", "v1", "Binding"};
const kube::Gvk kTokenRequest{"authentication.k8s.io", "v1", "TokenRequest"};
const std::string kIssuer = "https://kubernetes.default.svc";

void setScheduled(kube::JsonObject& pod, const std::string& now) {
    kube::Json& value = kube::ensureObject(pod, {"status"})["conditions"];
    kube::JsonArray& conditions = value.is_array() ? value.get_array() : value.emplace_array();
    kube::JsonObject scheduled{{"type", "PodScheduled"},
                               {"status", "True"},
                               {"lastProbeTime", nullptr},
                               {"lastTransitionTime", now}};
    for (kube::Json& condition : conditions)
        if (condition.is_object() && kube::stringAt(condition.get_object(), {"type"}) == "PodScheduled") {
            condition = std::move(scheduled);
            return;
        }
    conditions.emplace_back(std::move(scheduled));
}

// A binding names its pod twice, and may say which pod it means.
Result<void> checkBinding(const kube::JsonObject& binding, const WriteTarget& target) {
    if (kube::stringAt(binding, {"metadata", "name"}) != target.name)
        return fail(kube::badRequest("name in URL does not match name in Binding object"));
    const std::string_view ns = kube::stringAt(binding, {"metadata", "namespace"});
    if (!ns.empty() && ns != target.ns)
        return fail(kube::badRequest(
            "the namespace of the provided object does not match the namespace sent on the request"));
    const std::string kind(kube::stringAt(binding, {"target", "kind"}));
    if (!kind.empty() && kind != "Node")
        return fail(kube::unexpected("target.kind: Unsupported value: " + kube::printJson(kube::Json(kind)) +
                                     ": supported values: \"Node\", \"<empty>\""));
    if (kube::stringAt(binding, {"target", "name"}).empty())
        return fail(kube::unexpected("target.name: Required value"));
    return {};
}

Result<void> checkBindable(const kube::JsonObject& binding, const WriteTarget& target, const Entry& head) {
    const auto unmet = [&](const std::string& what, std::string_view asked, const std::string& present) {
        return fail(kube::conflict(target.spec->gvr, target.name,
                                   "Precondition failed: " + what + " in precondition: " +
                                       std::string(asked) + ", " + what + " in object meta: " + present));
    };
    const std::string_view uid = kube::stringAt(binding, {"metadata", "uid"});
    if (!uid.empty() && uid != head.uid)
        return unmet("UID", uid, head.uid);
    const std::string_view version = kube::stringAt(binding, {"metadata", "resourceVersion"});
    if (!version.empty() && version != std::to_string(head.rv))
        return unmet("ResourceVersion", version, std::to_string(head.rv));
    const kube::Gvr bindings{"", "v1", "pods/binding"};
    if (head.deleting)
        return fail(kube::conflict(bindings, target.name,
                                   "pod " + target.name + " is being deleted, cannot be assigned to a host"));
    const kube::ObjectPtr pod = decode(head);
    const std::string bound(kube::stringAt(pod->document(), {"spec", "nodeName"}));
    if (!bound.empty())
        return fail(kube::conflict(bindings, target.name,
                                   "pod " + target.name + " is already assigned to node \"" + bound + "\""));
    const kube::JsonArray* gates = kube::arrayAt(pod->document(), {"spec", "schedulingGates"});
    if (gates != nullptr && !gates->empty())
        return fail(kube::conflict(bindings, target.name,
                                   "pod " + target.name + " has non-empty .spec.schedulingGates"));
    return {};
}

std::string createdStatus() {
    return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})";
}

// Why no token of that life is issued; empty: one is.
std::string lifeProblem(std::int64_t seconds) {
    if (seconds < kMinTokenSeconds)
        return "may not specify a duration less than 10 minutes";
    return seconds > kMaxTokenSeconds ? "may not specify a duration larger than 2^32 seconds" : "";
}

// The object that a token is to be bound to must be there, and a Pod run as the account.
Result<std::optional<TokenIssuer::BoundObject>> boundObject(const Services& services,
                                                            const Exchange& exchange,
                                                            const kube::JsonObject& request) {
    const kube::JsonObject* reference = kube::objectAt(request, {"spec", "boundObjectRef"});
    if (reference == nullptr)
        return std::nullopt;
    const std::string kind(kube::stringAt(*reference, {"kind"}));
    const std::string name(kube::stringAt(*reference, {"name"}));
    const auto version = kube::GroupVersion::parse(kube::stringAt(*reference, {"apiVersion"}));
    if (!version.group.empty() || (kind != "Pod" && kind != "Secret" && kind != "Node"))
        return fail(kube::badRequest("cannot bind token to object of type " + version.group + "/" +
                                     version.version + ", Kind=" + kind));
    const kube::Gvr gvr{"", "v1", kind == "Secret" ? "secrets" : kind == "Node" ? "nodes" : "pods"};
    const kube::ObjectPtr object = services.state.get(gvr, {kind == "Node" ? "" : exchange.info.ns, name});
    if (!object)
        return fail(kube::notFound(gvr, name));
    const std::string uid(kube::stringAt(*reference, {"uid"}));
    if (!uid.empty() && uid != object->uid())
        return fail(
            kube::conflict({"", "", kind}, name,
                           "the UID in the bound object reference (" + uid +
                               ") does not match the UID in record. The object might have been deleted "
                               "and then recreated"));
    if (kind == "Pod" &&
        kube::stringAt(object->document(), {"spec", "serviceAccountName"}) != exchange.info.name)
        return fail(kube::badRequest("cannot bind token for serviceaccount \"" + exchange.info.name +
                                     "\" to pod running with different serviceaccount name."));
    return TokenIssuer::BoundObject{kind, name, std::string(object->uid())};
}

kube::JsonArray* managedFieldsOf(kube::JsonObject& request) {
    kube::Json* managed = kube::ensureObject(request, {"metadata"}).if_contains("managedFields");
    return managed == nullptr ? nullptr : managed->if_array();
}

// Who asked for what: kept in the answer only, as the real server does.
void setOwner(const Exchange& exchange, kube::JsonObject& request) {
    const std::shared_ptr<const kube::Schema> schema = schemaOf(kTokenRequest);
    if (!schema)
        return;
    kube::updateManagedFields(
        nullptr, request, schema->root(),
        {exchange.fieldManager, "token", kTokenRequest.apiVersion(), toRfc3339(exchange.now)});
    // Go always writes it, if only as null: that it is there belongs to nobody.
    if (kube::JsonArray* managed = managedFieldsOf(request))
        for (kube::Json& entry : *managed)
            if (kube::JsonObject* owned = entry.if_object())
                kube::erase(*owned, {"fieldsV1", "f:spec", "f:boundObjectRef", "."});
}

}  // namespace

void handleBinding(Services& services, const ExchangePtr& exchange) {
    exchange->spec = services.registry.find("", "v1", "pods");
    const Result<kube::JsonObject> binding =
        readObject(*exchange, kBinding, schemaOf(kBinding).get(), FieldValidation::Ignore);
    if (!binding)
        return exchange->fail(binding.error());
    const Result<bool> dryRun = dryRunOf(exchange->info.query, "CreateOptions");
    if (!dryRun)
        return exchange->fail(dryRun.error());
    WriteTarget target = targetOf(*exchange, *dryRun);
    if (target.name.empty())
        target.name = kube::stringAt(*binding, {"metadata", "name"});
    target.subresource = "binding";
    if (Result<void> fine = checkBinding(*binding, target); !fine)
        return exchange->fail(fine.error());
    const EntryPtr head = services.writes.head(target);
    if (!head)
        return exchange->fail(kube::notFound(target.spec->gvr, target.name));
    if (Result<void> fine = checkBindable(*binding, target, *head); !fine)
        return exchange->fail(fine.error());
    kube::JsonObject pod = decode(*head)->document();
    kube::ensureObject(pod, {"spec"})["nodeName"] = kube::stringAt(*binding, {"target", "name"});
    if (const kube::JsonObject* annotations = kube::objectAt(*binding, {"metadata", "annotations"}))
        for (const auto& [key, value] : *annotations)
            kube::ensureObject(pod, {"metadata", "annotations"})[key] = value;
    setScheduled(pod, toRfc3339(exchange->now));
    // A binding is tracked in nobody's managedFields.
    services.writes.update(target, *head, std::move(pod), true, [exchange](Result<Written> written) {
        if (!written)
            return exchange->fail(written.error());
        exchange->respondJson(201, createdStatus());
    });
}

void handleTokenRequest(Services& services, const ExchangePtr& exchange) {
    Result<kube::JsonObject> request =
        readObject(*exchange, kTokenRequest, schemaOf(kTokenRequest).get(), FieldValidation::Ignore);
    if (!request)
        return exchange->fail(request.error());
    const EntryPtr account = services.registry.collection(*exchange->spec)
                                 .head(storageKey(exchange->info.ns, exchange->info.name));
    if (!account)
        return exchange->fail(kube::notFound(exchange->spec->gvr, exchange->info.name));
    const std::int64_t seconds =
        kube::intAt(*request, {"spec", "expirationSeconds"}).value_or(kDefaultTokenSeconds);
    if (const std::string problem = lifeProblem(seconds); !problem.empty())
        return exchange->fail(
            kube::invalid(kTokenRequest, "",
                          {{"FieldValueInvalid", "Invalid value: " + std::to_string(seconds) + ": " + problem,
                            "spec.expirationSeconds"}}));
    const Result<std::optional<TokenIssuer::BoundObject>> bound = boundObject(services, *exchange, *request);
    if (!bound)
        return exchange->fail(bound.error());
    const std::chrono::seconds life = std::min(std::chrono::seconds(seconds), services.maxTokenLife);
    if (life.count() < seconds)
        exchange->warnings.push_back("requested expiration of " + std::to_string(seconds) +
                                     " seconds shortened to " + std::to_string(life.count()) + " seconds");
    kube::ensureObject(*request, {"spec"})["expirationSeconds"] = life.count();
    setOwner(*exchange, *request);
    std::vector<std::string> audiences;
    if (const kube::JsonArray* given = kube::arrayAt(*request, {"spec", "audiences"}))
        for (const kube::Json& audience : *given)
            if (audience.is_string())
                audiences.emplace_back(kube::view(audience.get_string()));
    if (audiences.empty())
        audiences.push_back(kIssuer);
    const Result<TokenIssuer::Issued> issued = services.tokens.issue(account->ns, account->name, account->uid,
                                                                     audiences, life, exchange->now, *bound);
    if (!issued)
        return exchange->fail(issued.error());
    kube::JsonObject& metadata = kube::ensureObject(*request, {"metadata"});
    metadata["name"] = account->name;
    metadata["namespace"] = account->ns;
    metadata["uid"] = account->uid;
    metadata["creationTimestamp"] = toRfc3339(exchange->now);
    kube::JsonObject& spec = kube::ensureObject(*request, {"spec"});
    spec["audiences"] = kube::JsonArray(audiences.begin(), audiences.end());
    if (!spec.contains("boundObjectRef"))
        spec["boundObjectRef"] = nullptr;
    (*request)["status"] =
        kube::JsonObject{{"token", issued->token}, {"expirationTimestamp", toRfc3339(issued->expires)}};
    exchange->respondJson(201, kube::printJson(*request));
}

}  // namespace kubefed::apiserver
