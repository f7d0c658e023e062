// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/kube/selector.h"

namespace kubefed::apiserver {

namespace {

const std::vector<std::string> kAllVerbs = {"create", "delete", "deletecollection", "get",
                                            "list",   "patch",  "update",           "watch"};
const kube::Gvk kScale{"autoscaling", "v1", "Scale"};

class Catalogue {
public:
    explicit Catalogue(const kube::SchemaSet& schemas) : m_schemas(schemas) {}

    ResourceSpec& add(kube::Gvr gvr, std::string kind, std::string singular, bool namespaced,
                      StrategyPtr strategy) {
        ResourceSpec& spec = m_specs.emplace_back();
        spec.gvr = std::move(gvr);
        spec.kind = std::move(kind);
        spec.singular = std::move(singular);
        spec.listKind = spec.kind + "List";
        spec.namespaced = namespaced;
        spec.verbs = kAllVerbs;
        spec.schema = m_schemas.byKind(spec.gvk());
        spec.strategy = std::move(strategy);
        return spec;
    }
    void addReview(const std::string& group, std::string resource, std::string kind, bool namespaced) {
        std::string singular = resource.substr(0, resource.size() - 1);
        ResourceSpec& spec = add({group, "v1", std::move(resource)}, std::move(kind), std::move(singular),
                                 namespaced, makeReviewStrategy());
        spec.verbs = {"create"};
        spec.stored = false;
        spec.strategicPatch = false;
    }
    static void withStatus(ResourceSpec& spec) {
        spec.hasStatus = true;
        spec.subresources.push_back({"status", spec.gvk(), {"get", "patch", "update"}});
    }
    std::vector<ResourceSpec> take() { return std::move(m_specs); }

private:
    const kube::SchemaSet& m_schemas;
    std::vector<ResourceSpec> m_specs;
};

void addWorkloads(Catalogue& all) {
    ResourceSpec& pods = all.add({"", "v1", "pods"}, "Pod", "pod", true, makePodStrategy());
    pods.shortNames = {"po"};
    pods.categories = {"all"};
    pods.subresources.push_back({"binding", {"", "v1", "Binding"}, {"create"}});
    Catalogue::withStatus(pods);

    ResourceSpec& rcs = all.add({"", "v1", "replicationcontrollers"}, "ReplicationController",
                                "replicationcontroller", true, makeReplicationControllerStrategy());
    rcs.shortNames = {"rc"};
    rcs.categories = {"all"};
    rcs.subresources.push_back({"scale", kScale, {"get", "patch", "update"}});
    Catalogue::withStatus(rcs);

    ResourceSpec& services =
        all.add({"", "v1", "services"}, "Service", "service", true, makeServiceStrategy());
    services.shortNames = {"svc"};
    services.categories = {"all"};
    Catalogue::withStatus(services);

    all.add({"", "v1", "endpoints"}, "Endpoints", "endpoints", true, makeEndpointsStrategy()).shortNames = {
        "ep"};
    all.add({"discovery.k8s.io", "v1", "endpointslices"}, "EndpointSlice", "endpointslice", true,
            makeEndpointSliceStrategy());
}

void addCore(Catalogue& all) {
    ResourceSpec& namespaces =
        all.add({"", "v1", "namespaces"}, "Namespace", "namespace", false, makeNamespaceStrategy());
    namespaces.shortNames = {"ns"};
    namespaces.verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
    namespaces.subresources.push_back({"finalize", namespaces.gvk(), {"update"}});
    Catalogue::withStatus(namespaces);

    ResourceSpec& nodes = all.add({"", "v1", "nodes"}, "Node", "node", false, makeNodeStrategy());
    nodes.shortNames = {"no"};
    Catalogue::withStatus(nodes);

    all.add({"", "v1", "configmaps"}, "ConfigMap", "configmap", true, makeConfigMapStrategy()).shortNames = {
        "cm"};
    all.add({"", "v1", "secrets"}, "Secret", "secret", true, makeSecretStrategy());
    ResourceSpec& accounts = all.add({"", "v1", "serviceaccounts"}, "ServiceAccount", "serviceaccount", true,
                                     makeServiceAccountStrategy());
    accounts.shortNames = {"sa"};
    accounts.subresources.push_back({"token", {"authentication.k8s.io", "v1", "TokenRequest"}, {"create"}});
    all.add({"", "v1", "events"}, "Event", "event", true, makeEventStrategy()).shortNames = {"ev"};
    all.add({"coordination.k8s.io", "v1", "leases"}, "Lease", "lease", true, makeLeaseStrategy());
}

void addAccess(Catalogue& all) {
    const std::string rbac = "rbac.authorization.k8s.io";
    all.add({rbac, "v1", "clusterrolebindings"}, "ClusterRoleBinding", "clusterrolebinding", false,
            makeRoleBindingStrategy(true));
    all.add({rbac, "v1", "clusterroles"}, "ClusterRole", "clusterrole", false, makeRoleStrategy(true));
    all.add({rbac, "v1", "rolebindings"}, "RoleBinding", "rolebinding", true, makeRoleBindingStrategy(false));
    all.add({rbac, "v1", "roles"}, "Role", "role", true, makeRoleStrategy(false));
    all.addReview("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", false);
    all.addReview("authentication.k8s.io", "tokenreviews", "TokenReview", false);
    all.addReview("authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", true);
    all.addReview("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false);
    all.addReview("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false);
    all.addReview("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", false);

    ResourceSpec& crds =
        all.add({"apiextensions.k8s.io", "v1", "customresourcedefinitions"}, "CustomResourceDefinition",
                "customresourcedefinition", false, makeCrdStrategy());
    crds.shortNames = {"crd", "crds"};
    crds.categories = {"api-extensions"};
    Catalogue::withStatus(crds);
}

}  // namespace

bool ObjectReader::hasField(const kube::Gvr& gvr, std::string_view field, std::string_view value,
                            const kube::ObjectKey& except) const {
    const Result<kube::FieldSelector> selector =
        kube::FieldSelector::parse(std::string(field) + "=" + std::string(value));
    bool found = false;
    if (selector)
        forEach(gvr, {}, [&](const kube::Object& object) {
            found = found || (object.key() != except && selector->matches(object.document()));
        });
    return found;
}

std::vector<ResourceSpec> builtinResources(const kube::SchemaSet& schemas) {
    Catalogue all(schemas);
    addCore(all);
    addWorkloads(all);
    addAccess(all);
    return all.take();
}

}  // namespace kubefed::apiserver
