// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/policy/policy_case.h"

namespace kubefed::cli {

std::string_view policyCaseSchema() {
    return R"yaml(
type: object
required: [apiVersion, kind, clusters]
properties:
  apiVersion: {type: string}
  kind: {type: string}
  metadata:
    type: object
    properties:
      name: {type: string, minLength: 1}
  description: {type: string}
  clusters:
    type: array
    items:
      type: object
      required: [name]
      properties:
        name: {type: string, minLength: 1}
        state: {type: string, enum: [Joining, Ready, Degraded, Unauthorized, Unreachable, Leaving]}
        cordoned: {type: boolean}
        labels: {type: object, additionalProperties: {type: string}}
        taints:
          type: array
          items:
            type: object
            required: [key, effect]
            properties:
              key: {type: string, minLength: 1}
              value: {type: string}
              effect: {type: string, enum: [NoSchedule, NoExecute]}
        kubernetesVersion: {type: string}
        apis: {type: array, items: {type: string}}
        nodes:
          type: object
          required: [ready, total]
          properties:
            ready: {type: integer, minimum: 0}
            total: {type: integer, minimum: 0}
        latencyMillis: {type: number, minimum: 0}
        allocatable: {type: object, additionalProperties: {x-kubernetes-int-or-string: true}}
        requested: {type: object, additionalProperties: {x-kubernetes-int-or-string: true}}
        properties: {type: object, additionalProperties: {type: number}}
  workload:
    type: object
    properties:
      apiVersion: {type: string, minLength: 1}
      kind: {type: string, minLength: 1}
      namespace: {type: string}
      name: {type: string, minLength: 1}
      labels: {type: object, additionalProperties: {type: string}}
      replicas: {type: integer, minimum: 0}
      requests: {type: object, additionalProperties: {x-kubernetes-int-or-string: true}}
      current:
        type: array
        items:
          type: object
          required: [name]
          properties:
            name: {type: string, minLength: 1}
            replicas: {type: integer, minimum: 0}
            ready: {type: integer, minimum: 0}
  config: {type: object, x-kubernetes-preserve-unknown-fields: true}
  expect:
    type: object
    properties:
      placement: {type: object, additionalProperties: {type: integer, minimum: 0}}
      unplaced: {type: integer, minimum: 0}
      reason: {type: string, enum: [Scheduled, Unplaced, NoClusterFits, PolicyError, Suspended]}
      message: {type: string}
      verdicts: {type: object, additionalProperties: {type: string}}
      scores: {type: object, additionalProperties: {type: number}}
)yaml";
}

}  // namespace kubefed::cli
