// SPDX-License-Identifier: Apache-2.0
//
// What `kubefed-gui` takes on its command line. Values.
#pragma once

#include <string>
#include <variant>

namespace kubefed::gui {

struct Options {
    std::string kubeconfig;
    std::string context;     // empty: the one of last time, else the first that is found
    std::string record;      // file to write the stream to
    std::string replay;      // file to play instead of a connection
    std::string screenshot;  // write a picture once there is something to see, then end
    std::string page;        // fleet, workloads, matrix, policies, events
    std::string colours;     // system, light, dark
};

// The options, or the exit code of what was printed instead (help, version, a mistake).
[[nodiscard]] std::variant<int, Options> parseOptions(int argc, char** argv);

}  // namespace kubefed::gui
