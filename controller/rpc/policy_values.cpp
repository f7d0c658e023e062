// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/policy_values.h"

#include <map>

namespace kubefed::controller {
namespace {

double millisOf(std::chrono::nanoseconds took) {
    return std::chrono::duration<double, std::milli>(took).count();
}

}  // namespace

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
    value.generation = policy.libraryGeneration;
    if (policy.calls != 0) {
        value.p50Millis = millisOf(policy.p50);
        value.p99Millis = millisOf(policy.p99);
    }
    return value;
}

std::vector<client::PolicyPlugin> toClient(const std::vector<InstalledPolicy>& policies) {
    std::vector<client::PolicyPlugin> result;
    for (const InstalledPolicy& policy : policies)
        result.push_back(toClient(policy));
    return result;
}

PolicyIntake intakeOf(PolicyInstaller& installer) {
    return {.folder = [&installer] { return installer.uploadFolder(); },
            .install =
                [&installer](PolicyUpload upload, Callback<client::PolicyInstalled> done) {
                    std::map<std::string, std::string> before;  // what stood under each name
                    for (InstalledPolicy& policy : installer.list())
                        before[std::move(policy.name)] = std::move(policy.sha256);
                    return installer.install(
                        std::move(upload), [before = std::move(before),
                                            done = std::move(done)](Result<InstalledPolicy> policy) mutable {
                            if (!policy)
                                return done(fail(std::move(policy.error())));
                            client::PolicyInstalled installed{.plugin = toClient(*policy)};
                            if (const auto known = before.find(policy->name); known != before.end()) {
                                installed.isUnchanged = known->second == policy->sha256;
                                if (!installed.isUnchanged)
                                    installed.replacedSha256 = known->second;
                            }
                            done(std::move(installed));
                        });
                }};
}

}  // namespace kubefed::controller
