// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fed/types_data.h"

namespace kubefed::fed::testing {

const char* const kPolicyJson = R"json({
  "apiVersion": "kubefed.io/v1alpha1", "kind": "PlacementPolicy",
  "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 2, "labels": {"app": "web"}},
  "spec": {
    "priority": 7,
    "resourceSelectors": [{"apiVersion": "v1", "kind": "ReplicationController",
                           "labelSelector": {"matchLabels": {"app": "web"}}}],
    "clusters": {"names": [], "exclude": ["lab"], "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "plugins": [{"name": "spread", "config": {"topologyKey": "topology.kubernetes.io/region", "minDomains": 2}},
                {"name": "weighted", "weight": 0.5, "optional": true, "config": {"weights": {"tokyo": 3, "*": 1}}}],
    "replicas": {"strategy": "Duplicate", "perCluster": {"tokyo": {"min": 1, "max": 10}}, "rebalance": "Never"},
    "onDelete": "Orphan", "suspend": true}})json";

const char* const kMemberJson = R"json({
  "apiVersion": "kubefed.io/v1alpha1", "kind": "MemberCluster",
  "metadata": {"name": "tokyo", "uid": "u", "labels": {"topology.kubernetes.io/region": "jp"}},
  "spec": {"apiEndpoint": "https://127.0.0.1:6443", "caBundle": "QUJD", "credentials": {"secretRef": {"name": "tokyo"}},
           "tlsServerName": "api", "taints": [{"key": "a", "value": "b", "effect": "NoExecute"}, {"key": "c", "effect": "NoSchedule"}],
           "unschedulable": true,
           "healthCheck": {"periodSeconds": 20, "timeoutSeconds": 4, "failureThreshold": 5, "successThreshold": 2}},
  "status": {"observedGeneration": 3, "phase": "Degraded",
             "conditions": [{"type": "Ready", "status": "False", "reason": "X", "message": "m",
                             "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 3}],
             "clusterUID": "c", "kubernetesVersion": "v1.34.4", "nodes": {"ready": 11, "total": 12},
             "resources": {"allocatable": {"cpu": "384"}},
             "apis": ["v1/Pod"], "lastContactTime": "2026-01-01T00:00:00Z", "latencyMillis": 12,
             "credentialsExpireAt": "2026-02-01T00:00:00Z",
             "objects": {"desired": 4, "synced": 3, "failed": 1, "unclaimed": 2}}})json";

namespace {
constexpr TemplateCase kCases[] = {
    {"pod", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop"}})", true},
    {"default namespace", R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default"}})",
     true},
    {"event", R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"a","namespace":"shop"}})", false},
    {"endpoints", R"({"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"a","namespace":"shop"}})",
     false},
    {"owned",
     R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","ownerReferences":[{"apiVersion":"v1","kind":"ReplicationController","name":"x","uid":"u"}]}})",
     false},
    {"service account default",
     R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default","namespace":"shop"}})",
     false},
    {"service account",
     R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"robot","namespace":"shop"}})", true},
    {"root ca",
     R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"kube-root-ca.crt","namespace":"shop"}})",
     false},
    {"token",
     R"({"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token","metadata":{"name":"a","namespace":"shop"}})",
     false},
    {"helm",
     R"({"apiVersion":"v1","kind":"Secret","type":"helm.sh/release.v1","metadata":{"name":"a","namespace":"shop"}})",
     false},
    {"secret",
     R"({"apiVersion":"v1","kind":"Secret","type":"Opaque","metadata":{"name":"a","namespace":"shop"}})",
     true},
    {"kube-system",
     R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"kube-system"}})", false},
    {"kubefed-system",
     R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"kubefed-system"}})", false},
    {"opted out",
     R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","annotations":{"kubefed.io/propagate":"false"}}})",
     false},
    {"opted in",
     R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","annotations":{"kubefed.io/propagate":"true"}}})",
     true},
    {"namespace", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}})", true},
    {"namespace kube-public", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-public"}})",
     false},
};
}  // namespace

std::span<const TemplateCase> templateCases() {
    return kCases;
}

const char* const kPodJson = R"json({
  "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"},
  "spec": {
    "nodeName": "n", "priority": 0, "serviceAccountName": "robot", "imagePullSecrets": [{"name": "pull"}],
    "tolerations": [
      {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
      {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
      {"key": "mine", "operator": "Exists"}],
    "volumes": [
      {"name": "settings", "configMap": {"name": "settings"}}, {"name": "tls", "secret": {"secretName": "tls"}},
      {"name": "kube-api-access-x2x4f", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}},
      {"name": "p", "projected": {"sources": [{"configMap": {"name": "projected"}}]}}],
    "initContainers": [{"name": "i", "resources": {"requests": {"cpu": "300m"}}}],
    "containers": [
      {"name": "c", "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": "1"}},
       "envFrom": [{"configMapRef": {"name": "env"}}, {"configMapRef": {"name": "maybe", "optional": true}}],
       "env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "key", "key": "k"}}},
               {"name": "E", "valueFrom": {"configMapKeyRef": {"name": "env", "key": "k", "optional": true}}}],
       "volumeMounts": [{"name": "kube-api-access-x2x4f", "mountPath": "/var/run/secrets"}, {"name": "settings", "mountPath": "/s"}]},
      {"name": "d", "resources": {"limits": {"cpu": "0.1"}}}]}})json";

const char* const kServiceJson = R"json({
  "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
  "spec": {"type": "NodePort", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv4"],
           "ipFamilyPolicy": "SingleStack", "healthCheckNodePort": 30001, "selector": {"app": "web"},
           "ports": [{"port": 80, "nodePort": 30000}]}})json";

}  // namespace kubefed::fed::testing
