// SPDX-License-Identifier: Apache-2.0
//
// How an uploaded policy library gets from gRPC to whoever installs it. Functions of the composition root,
// called on the core thread; both empty where nothing can be installed.
#pragma once

#include <filesystem>
#include <functional>

#include "controller/policies/policy_installer.h"
#include "kubefed/client/fleet_types.h"

namespace kubefed::controller {

struct PolicyIntake {
    std::function<std::filesystem::path()> folder;  // where uploads wait; mode 0700
    std::function<Request(PolicyUpload, Callback<client::PolicyInstalled>)> install;
};

}  // namespace kubefed::controller
