// SPDX-License-Identifier: Apache-2.0
#include "plugins/probe/probe_answers.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

namespace kubefed {

ProbeAnswers::ProbeAnswers() : m_file(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::close(nowhere);
}

void ProbeAnswers::say(const std::string& kind, std::string text) const {
    std::ranges::replace(text, '\n', ' ');
    const std::string line = kind + ' ' + text + '\n';
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t written = ::write(m_file, line.data() + done, line.size() - done);
        if (written <= 0)
            return;
        done += static_cast<std::size_t>(written);
    }
}

}  // namespace kubefed
