// SPDX-License-Identifier: Apache-2.0
//
// Documents for tests of sync(): templates as a host returns them, and member objects with managedFields as
// kube-apiserver 1.34 writes them. (Apart from the tests, because moc cannot read raw strings.)
#pragma once

namespace kubefed::test {

inline constexpr const char* kTemplateRc = R"({
  "apiVersion": "v1", "kind": "ReplicationController",
  "metadata": {"name": "web", "namespace": "shop", "uid": "host-uid", "resourceVersion": "7", "generation": 3,
    "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["kubefed.io/propagation"],
    "managedFields": [{"manager": "kubectl", "operation": "Update"}],
    "labels": {"app": "web", "kubefed.io/federation": "somebody-elses"},
    "annotations": {"team": "red", "kubectl.kubernetes.io/last-applied-configuration": "{}",
      "argocd.argoproj.io/tracking-id": "x", "kubefed.io/propagate": "true"}},
  "spec": {"replicas": 6, "selector": {"app": "web"},
    "template": {"metadata": {"creationTimestamp": null, "labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}]}],
        "restartPolicy": "Always"}}},
  "status": {"replicas": 6}})";

inline constexpr const char* kMemberRc = R"({
  "apiVersion": "v1", "kind": "ReplicationController",
  "metadata": {"name": "web", "namespace": "shop", "uid": "m-uid", "resourceVersion": "41", "generation": 2,
    "labels": {"app": "web", "kubefed.io/federation": "fed-1"},
    "annotations": {"kubefed.io/applied": "0123456789abcdef"},
    "managedFields": [
      {"manager": "kubefed", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:kubefed.io/applied": {}}, "f:labels": {".": {}, "f:app": {}}},
         "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {"f:spec": {"f:containers": {
           "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {}, "f:env": {".": {}, "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}},
      {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "apiVersion": "v1",
       "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {"f:replicas": {}}}}]},
  "spec": {"replicas": 3, "selector": {"app": "web"},
    "template": {"metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}], "imagePullPolicy": "IfNotPresent"}]}}},
  "status": {"replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "observedGeneration": 2}})";

inline constexpr const char* kTemplatePod = R"({
  "apiVersion": "v1", "kind": "Pod",
  "metadata": {"name": "one", "namespace": "shop"},
  "spec": {"nodeName": "host-node", "priority": 0,
    "volumes": [{"name": "data", "emptyDir": {}}, {"name": "kube-api-access-x7f2p", "projected": {}}],
    "containers": [{"name": "c", "image": "i", "volumeMounts": [
      {"name": "data", "mountPath": "/d"}, {"name": "kube-api-access-x7f2p", "mountPath": "/var/run/secrets"}]}],
    "tolerations": [
      {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
      {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
      {"key": "mine", "operator": "Exists"}]},
  "status": {"phase": "Pending"}})";

inline constexpr const char* kTemplateService = R"({
  "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
  "spec": {"clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
    "healthCheckNodePort": 31000, "type": "LoadBalancer", "selector": {"app": "web"},
    "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30001}]}})";

inline constexpr const char* kNamedService = R"({
  "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
  "spec": {"type": "ClusterIP", "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]}})";

// Somebody has turned our port 80 into 81.
inline constexpr const char* kTakenService = R"({
  "apiVersion": "v1", "kind": "Service",
  "metadata": {"name": "web", "namespace": "shop", "uid": "s-uid", "resourceVersion": "77",
    "labels": {"kubefed.io/federation": "fed-1"},
    "managedFields": [
      {"manager": "kubefed", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:annotations": {}, "f:labels": {}}, "f:spec": {"f:type": {}, "f:ports": {}}}},
      {"manager": "kubectl-patch", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}}}}}}]},
  "spec": {"type": "ClusterIP", "ports": [{"name": "http", "port": 81, "protocol": "TCP", "targetPort": 80}]}})";

// The same, beside a port that somebody else had added.
inline constexpr const char* kCrowdedService = R"({
  "apiVersion": "v1", "kind": "Service",
  "metadata": {"name": "web", "namespace": "shop", "uid": "s-uid", "resourceVersion": "77",
    "labels": {"kubefed.io/federation": "fed-1"},
    "managedFields": [
      {"manager": "kubefed", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:annotations": {}, "f:labels": {}}, "f:spec": {"f:type": {}, "f:ports": {}}}},
      {"manager": "kubectl-patch", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:spec": {"f:ports": {
         "k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}},
         "k:{\"port\":9090,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}}}}}}]},
  "spec": {"type": "ClusterIP", "ports": [
    {"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": 9090},
    {"name": "http", "port": 81, "protocol": "TCP", "targetPort": 80}]}})";

// Somebody has added a container and a variable to ours.
inline constexpr const char* kSidecarRc = R"({
  "apiVersion": "v1", "kind": "ReplicationController",
  "metadata": {"name": "web", "namespace": "shop", "uid": "m-uid", "resourceVersion": "41",
    "managedFields": [
      {"manager": "kubefed", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}, "f:selector": {}, "f:template": {
         "f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:restartPolicy": {}, "f:containers": {
           "k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:name": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}},
      {"manager": "mesh", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
       "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
         "k:{\"name\":\"proxy\"}": {".": {}, "f:image": {}, "f:name": {}},
         "k:{\"name\":\"web\"}": {"f:env": {"k:{\"name\":\"B\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}}}]},
  "spec": {"replicas": 3, "selector": {"app": "web"}, "template": {"metadata": {"labels": {"app": "web"}},
    "spec": {"restartPolicy": "Always", "containers": [
      {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
      {"name": "proxy", "image": "mesh:1"}]}}}})";

inline constexpr const char* kHeadlessService = R"({
  "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
  "spec": {"clusterIP": "None", "clusterIPs": ["None"], "ports": [{"port": 80}]}})";

inline constexpr const char* kPodPullError = R"({
  "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
  "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}],
    "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}})";
inline constexpr const char* kPodUnschedulable = R"({
  "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
  "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
    "message": "0/1 nodes are available"}]}})";
// The message is longer than what is kept of it: 255 letters, then one of two bytes.
inline constexpr const char* kFailingRc = R"({
  "apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"}, "spec": {"replicas": 3},
  "status": {"replicas": 2, "fullyLabeledReplicas": 2, "conditions": [{"type": "ReplicaFailure", "status": "True",
    "reason": "FailedCreate", "message": "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp×"}]}})";
inline constexpr const char* kPodStarting = R"({
  "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
  "status": {"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}]}})";
inline constexpr const char* kPodReady = R"({
  "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
  "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})";

}  // namespace kubefed::test
