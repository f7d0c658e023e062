// SPDX-License-Identifier: Apache-2.0
//
// DIR/control.sock: a Unix socket that only its owner may use; one command per line, one line of JSON per
// answer. Main thread.
#pragma once

#include <memory>
#include <string>

#include "kubefed/sandbox/sandbox.h"

namespace kubefed::sandbox {

class ControlSocket {
public:
    ControlSocket(Sandbox& sandbox, std::filesystem::path path);
    ~ControlSocket();
    // Unavailable: the path cannot be used.
    [[nodiscard]] Result<void> listen();
    // Gives a line to whoever listens there, without waiting for the answer; false: nobody does.
    static bool tell(const std::filesystem::path& path, std::string_view line);

private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

}  // namespace kubefed::sandbox
