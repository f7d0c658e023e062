// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/policy_values.h"

namespace kubefed::controller {

client::PolicyPlugin toClient(const InstalledPolicy& policy) {
    client::PolicyPlugin value;
    value.name = policy.name;
    value.version = policy.version;
    value.description = policy.description;
    value.abi = policy.abi;
    value.source = policy.source;
    value.sha256 = policy.sha256;
    value.state = toString(policy.state);
    value.message = policy.message;
    value.lastError = policy.lastError;
    value.configSchema = policy.configSchema;
    value.calls = policy.calls;
    value.failures = policy.failures;
    value.stages = policy.stages;
    return value;
}

std::vector<client::PolicyPlugin> toClient(const std::vector<InstalledPolicy>& policies) {
    std::vector<client::PolicyPlugin> result;
    for (const InstalledPolicy& policy : policies)
        result.push_back(toClient(policy));
    return result;
}

}  // namespace kubefed::controller
