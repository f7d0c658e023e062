// SPDX-License-Identifier: Apache-2.0
//
// What a verb under test sees of the world: virtual time, a federation that answers, where it prints, and a
// kubeconfig that knows that federation as "prod". A test's own World adds to it.
#pragma once

#include <sstream>

#include <QTemporaryDir>

#include "tests/fakes/fake_clock.h"
#include "tests/unit/cli/fake_cluster.h"

namespace kubefed::cli {

inline const char* kProdKubeconfig =
    "clusters:\n"
    "- {name: prod, cluster: {server: 'https://fed:1', certificate-authority-data: Q0E=}}\n"
    "users:\n"
    "- {name: me, user: {token: secret}}\n"
    "contexts:\n"
    "- {name: prod, context: {cluster: prod, user: me, extensions: [{name: kubefed.io/federation, extension: "
    "{name: prod}}]}}\n";

struct CliWorld {
    QTemporaryDir folder;
    FakeClock clock;
    FakeConnector connector{clock};
    FakeProcesses processes;
    std::ostringstream out, err;
    std::istringstream in;
    Report report{err, false, clock};
    FakeCluster federation{"fed-uid"};
    Environment env{clock, connector, processes, report, out, in, false, "", "", ""};
};

}  // namespace kubefed::cli
