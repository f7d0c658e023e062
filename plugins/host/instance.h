// SPDX-License-Identifier: Apache-2.0
//
// One policy object behind the C boundary, and the calls to it: nothing that it throws or answers wrongly
// leaves here as anything but an Error. Used by one thread at a time. Internal to plugins/host.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "kubefed/fed/policy_round.h"
#include "plugins/host/call_latency.h"
#include "plugins/host/call_monitor.h"
#include "plugins/host/manifest.h"

namespace kubefed::plugins {

// How it went so far; shared by all versions of a plugin.
class CallCounters {
public:
    // When it is over. Last: who sees the count sees what belongs to it.
    void called(std::chrono::nanoseconds took) {
        m_latency.add(took);
        m_calls.fetch_add(1, std::memory_order_release);
    }
    void failed(std::string_view why) {
        m_failures.fetch_add(1, std::memory_order_relaxed);
        const std::scoped_lock lock(m_mutex);
        m_lastError = why;
    }
    [[nodiscard]] std::uint64_t calls() const { return m_calls.load(std::memory_order_acquire); }
    [[nodiscard]] std::uint64_t failures() const { return m_failures.load(std::memory_order_relaxed); }
    [[nodiscard]] const CallLatency& latency() const { return m_latency; }
    [[nodiscard]] std::string lastError() const {
        const std::scoped_lock lock(m_mutex);
        return m_lastError;
    }

private:
    std::atomic<std::uint64_t> m_calls{0};
    std::atomic<std::uint64_t> m_failures{0};
    CallLatency m_latency;
    mutable std::mutex m_mutex;
    std::string m_lastError;
};

// A loaded library; its code stays mapped for the life of the process.
struct Plugin {
    Manifest manifest;
    kubefed_policy_manifest functions{};
    std::string file;
    std::string sha256;
    std::shared_ptr<CallCounters> counters = std::make_shared<CallCounters>();
    CallMonitor* monitor = nullptr;
    std::uint32_t monitorName = 0;
};

class Instance {
public:
    // InvalidArgument: the configuration does not fit the plugin's schema, or its constructor refused it.
    [[nodiscard]] static Result<std::unique_ptr<Instance>> make(std::shared_ptr<const Plugin> plugin,
                                                                kube::Json config);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] const Plugin& plugin() const { return *m_plugin; }
    [[nodiscard]] Result<void> run(fed::Stage stage, const fed::RoundContext& context,
                                   std::span<fed::RoundRow> rows, fed::ReasonLog* reasons);

private:
    Instance(std::shared_ptr<const Plugin> plugin, kube::Json config);

    std::shared_ptr<const Plugin> m_plugin;
    kube::Json m_config;  // the policy may read it as long as it lives
    void* m_policy = nullptr;
};

}  // namespace kubefed::plugins
