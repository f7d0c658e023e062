// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/version.h"

#include <ostream>

namespace kubefed::cli {

Version::Version(Environment& environment, VersionOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void Version::run() {
    env().out << "Client: kubefed v" KUBEFED_VERSION "\n" << std::flush;
    if (m_options.clientOnly)
        return finish(kDone);
    // Without a federation there is nothing more to say, and that is no mistake.
    const auto loaded = loadKubeconfig(common().kubeconfig);
    if (common().context.empty() && env().contextVariable.empty() &&
        (!loaded || loaded->federationContexts().empty()))
        return finish(kDone);
    if (!connect())
        return;
    m_request = client().version(Duration(5'000), [this](Result<kube::ServerVersion> version) {
        if (!version)
            return failWith(version.error(), "asking for the version");
        env().out << "Federation: " << federationName() << " " << version->gitVersion << "\n" << std::flush;
        finish(kDone);
    });
}

}  // namespace kubefed::cli
