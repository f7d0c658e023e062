// SPDX-License-Identifier: Apache-2.0
//
// The lines of kubefed-policy-probe that the controller reads, on a descriptor of their own: what a plugin
// prints is none of them. One per process, made before a plugin is loaded; main thread.
#pragma once

#include <string>

namespace kubefed {

class ProbeAnswers {
public:
    // Takes standard output away from whoever writes there afterwards.
    ProbeAnswers();
    // At once, for the next thing may be a crash. A newline in `text` becomes a space.
    void say(const std::string& kind, std::string text) const;

private:
    const int m_file;
};

}  // namespace kubefed
