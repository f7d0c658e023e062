// SPDX-License-Identifier: Apache-2.0
//
// The embedded API server and its HTTP server on a thread of their own. Made and destroyed on the core thread
// (the destructor drains, commits and joins). `listening` comes on the core thread, once; transports made of
// what it brings must be gone before the thread's owner destroys it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "controller/app/config.h"
#include "controller/app/liveness.h"
#include "kubefed/net/in_process_transport.h"
#include "kubefed/util/joined_thread.h"
#include "kubefed/util/mailbox.h"

namespace kubefed::controller {

struct Served {
    std::uint16_t port = 0;
    net::InProcessServer* local = nullptr;  // the same API without sockets; lives as long as the thread
};

class ApiThread final : public JoinedThread {
public:
    ApiThread(DaemonConfig config, std::shared_ptr<const Liveness> liveness,
              std::function<void(Result<Served>)> listening);
    ~ApiThread() override;

    // Any thread. /readyz answers 503 until it is set.
    void setReady(bool ready) { m_ready = ready; }
    // Any thread. What /metrics appends.
    void setMetrics(std::string text);

protected:
    void work() override;

private:
    const DaemonConfig m_config;
    const std::shared_ptr<const Liveness> m_liveness;
    std::atomic<bool> m_ready{false};
    std::mutex m_lock;  // of what follows
    std::string m_metrics;
    Wakeup* m_quit = nullptr;
    bool m_quitting = false;
    Mailbox<std::shared_ptr<Result<Served>>> m_listening;
};

}  // namespace kubefed::controller
