// SPDX-License-Identifier: Apache-2.0
//
// Which plugin does not come back, so that nothing is decided any more: told where it is seen (a watch on a
// thread of its own) and read where it is asked (/livez, on the API server's thread; explanations). Shared;
// any thread.
#pragma once

#include <mutex>
#include <string>

namespace kubefed::controller {

class Liveness {
public:
    // Empty: all is well again.
    void setTrouble(std::string trouble) {
        const std::scoped_lock lock(m_mutex);
        m_trouble = std::move(trouble);
    }
    [[nodiscard]] std::string trouble() const {
        const std::scoped_lock lock(m_mutex);
        return m_trouble;
    }

private:
    mutable std::mutex m_mutex;
    std::string m_trouble;
};

}  // namespace kubefed::controller
