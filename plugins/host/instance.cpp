// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/instance.h"

#include <array>
#include <cstddef>
#include <exception>

#include "plugins/host/host_functions.h"

namespace kubefed::plugins {

namespace {

// fed's rows go across as they are.
static_assert(sizeof(fed::RoundRow) == sizeof(kubefed_row));
static_assert(offsetof(fed::RoundRow, cluster) == offsetof(kubefed_row, cluster));
static_assert(offsetof(fed::RoundRow, chosen) == offsetof(kubefed_row, chosen));
static_assert(offsetof(fed::RoundRow, out) == offsetof(kubefed_row, out));
static_assert(offsetof(fed::RoundRow, current) == offsetof(kubefed_row, current));
static_assert(offsetof(fed::RoundRow, ready) == offsetof(kubefed_row, ready));
static_assert(offsetof(fed::RoundRow, score) == offsetof(kubefed_row, score));
static_assert(offsetof(fed::RoundRow, tieBreak) == offsetof(kubefed_row, tie_break));
static_assert(offsetof(fed::RoundRow, min) == offsetof(kubefed_row, min));
static_assert(offsetof(fed::RoundRow, max) == offsetof(kubefed_row, max));
static_assert(offsetof(fed::RoundRow, points) == offsetof(kubefed_row, points));
static_assert(offsetof(fed::RoundRow, lower) == offsetof(kubefed_row, lower));
static_assert(offsetof(fed::RoundRow, upper) == offsetof(kubefed_row, upper));
static_assert(offsetof(fed::RoundRow, replicas) == offsetof(kubefed_row, replicas));
static_assert(offsetof(fed::RoundRow, reason) == offsetof(kubefed_row, reason));
static_assert(fed::kNoLimit == KUBEFED_NO_LIMIT && fed::kMaxReasonValues == KUBEFED_MAX_REASON_ARGS);
static_assert(static_cast<int>(fed::Stage::Filter) == KUBEFED_STAGE_FILTER &&
              static_cast<int>(fed::Stage::Score) == KUBEFED_STAGE_SCORE &&
              static_cast<int>(fed::Stage::Select) == KUBEFED_STAGE_SELECT &&
              static_cast<int>(fed::Stage::Limit) == KUBEFED_STAGE_LIMIT &&
              static_cast<int>(fed::Stage::Divide) == KUBEFED_STAGE_DIVIDE);

constexpr std::size_t kMaxMessageBytes = 1024;

void setMessage(void* context, kubefed_string message) {
    auto& target = *static_cast<std::string*>(context);
    for (const char c : fromAbi(message).substr(0, kMaxMessageBytes))
        target += c >= 0x20 && c < 0x7F ? c : '?';
}

// Calls into the library. Facade-built ones never throw, but a C boundary is only a promise.
template <class Call>
Result<void> contained(Call call) {
    std::string message;
    const kubefed_error error{&message, &setMessage};
    std::int32_t status = KUBEFED_FAILED;
    try {
        status = call(&error);
    } catch (const std::exception& e) {
        message = std::string("threw across the boundary: ") + e.what();
    } catch (...) {
        message = "threw something across the boundary";
    }
    if (status == KUBEFED_OK && message.empty())
        return {};
    if (message.empty())
        message = "failed with status " + std::to_string(status) + " and said no reason";
    return fail(status == KUBEFED_INVALID_CONFIG ? Code::InvalidArgument : Code::FailedPrecondition,
                std::move(message));
}

kubefed_stage_function functionOf(const kubefed_policy_manifest& manifest, fed::Stage stage) {
    const std::array functions{manifest.filter, manifest.score, manifest.select, manifest.limit,
                               manifest.divide};
    return functions[static_cast<std::size_t>(stage)];
}

Doing doingOf(fed::Stage stage) {
    return static_cast<Doing>(static_cast<std::uint32_t>(Doing::Filter) + static_cast<std::uint32_t>(stage));
}

std::uint32_t formOf(fed::Form form) {
    switch (form) {
        case fed::Form::Replicated:
            return KUBEFED_FORM_REPLICATED;
        case fed::Form::Single:
            return KUBEFED_FORM_SINGLE;
        case fed::Form::Everywhere:
            break;
    }
    return KUBEFED_FORM_EVERYWHERE;
}

std::uint32_t rebalanceOf(fed::Rebalance rebalance) {
    switch (rebalance) {
        case fed::Rebalance::Never:
            return KUBEFED_REBALANCE_NEVER;
        case fed::Rebalance::Always:
            return KUBEFED_REBALANCE_ALWAYS;
        case fed::Rebalance::WhenNeeded:
            break;
    }
    return KUBEFED_REBALANCE_WHEN_NEEDED;
}

}  // namespace

Instance::Instance(std::shared_ptr<const Plugin> plugin, kube::Json config)
    : m_plugin(std::move(plugin)), m_config(std::move(config)) {}

Instance::~Instance() {
    if (m_policy == nullptr)
        return;
    const CallMonitor::Call running(m_plugin->monitor, m_plugin->monitorName, Doing::Destroy);
    try {
        m_plugin->functions.destroy(m_policy);
    } catch (...) {
        // Nothing is left to be done with it, and nobody to be told who could do more.
    }
}

Result<std::unique_ptr<Instance>> Instance::make(std::shared_ptr<const Plugin> plugin, kube::Json config) {
    KUBEFED_TRY(checkConfig(config, plugin->manifest.configSchema, "config"));
    std::unique_ptr<Instance> instance(new Instance(std::move(plugin), std::move(config)));
    const CallMonitor::Call running(instance->m_plugin->monitor, instance->m_plugin->monitorName,
                                    Doing::Create);
    const auto made = contained([&](const kubefed_error* error) {
        return instance->m_plugin->functions.create(&hostFunctions(), toAbi(instance->m_config), error,
                                                    &instance->m_policy);
    });
    if (!made) {
        instance->m_policy = nullptr;
        return fail(made.error());
    }
    if (instance->m_policy == nullptr)
        return fail(Code::FailedPrecondition, "made no policy object and reported no failure");
    return instance;
}

Result<void> Instance::run(fed::Stage stage, const fed::RoundContext& context, std::span<fed::RoundRow> rows,
                           fed::ReasonLog* reasons) {
    CallContext call{context, reasons};
    const std::string kind = context.workload.gvk.text();
    const bool isDuplicate = context.strategy == fed::ReplicaStrategy::Duplicate;
    const kubefed_round round{.struct_size = sizeof(kubefed_round),
                              .stage = static_cast<std::uint32_t>(stage),
                              .host = &hostFunctions(),
                              .context = &call,
                              .kind = toAbi(kind),
                              .ns = toAbi(context.workload.key.ns),
                              .name = toAbi(context.workload.key.name),
                              .form = formOf(context.workload.form),
                              .strategy = isDuplicate ? KUBEFED_STRATEGY_DUPLICATE : KUBEFED_STRATEGY_DIVIDE,
                              .rebalance = rebalanceOf(context.rebalance),
                              .wants_reasons = reasons != nullptr ? 1U : 0U,
                              .wanted = context.workload.wanted,
                              .rows = reinterpret_cast<kubefed_row*>(rows.data()),
                              .row_count = rows.size(),
                              .row_stride = sizeof(fed::RoundRow)};
    const kubefed_stage_function function = functionOf(m_plugin->functions, stage);
    const auto begun = std::chrono::steady_clock::now();
    const CallMonitor::Call running(m_plugin->monitor, m_plugin->monitorName, doingOf(stage));
    auto answered = contained([&](const kubefed_error* error) { return function(m_policy, &round, error); });
    if (!answered)
        m_plugin->counters->failed(std::string(fed::toString(stage)) + ": " + answered.error().message);
    m_plugin->counters->called(std::chrono::steady_clock::now() - begun);
    return answered;
}

}  // namespace kubefed::plugins
