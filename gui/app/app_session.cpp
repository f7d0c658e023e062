// SPDX-License-Identifier: Apache-2.0
#include "gui/app/app_session.h"

#include <string>
#include <utility>

#include "kubefed/client/locate.h"
#include "kubefed/util/log.h"

#include "gui/app/caller.h"
#include "gui/model/facts.h"

namespace kubefed::gui {

using namespace client;

namespace {

class SourceControl final : public ReplayControl {
public:
    explicit SourceControl(ReplaySource& source) : m_source(source) {}
    [[nodiscard]] TimeMs begin() const override { return m_source.begin(); }
    [[nodiscard]] TimeMs end() const override { return m_source.end(); }
    [[nodiscard]] bool isCutOff() const override { return m_source.isCutOff(); }
    [[nodiscard]] TimeMs now() const override { return m_source.now(); }
    void seek(TimeMs time) override { m_source.seek(time); }
    [[nodiscard]] double speed() const override { return m_source.speed(); }
    void setSpeed(double factor) override { m_source.setSpeed(factor); }

private:
    ReplaySource& m_source;
};

Result<kube::Kubeconfig> load(const Options& options) {
    return kube::Kubeconfig::load(
        options.kubeconfig.empty() ? std::nullopt : std::optional<std::filesystem::path>(options.kubeconfig));
}

}  // namespace

QString AppSession::federation() const {
    return m_live != nullptr ? text(m_live->context().federation) : QString();
}

QString AppSession::caller() const {
    const QString refused = callerIn(text(m_store.error().message));
    if (!refused.isEmpty() || m_live == nullptr)
        return refused;
    return callerOf(m_live->context().identity);
}

AppSession::AppSession(Options options, const QSettings& settings, Clock& clock)
    : m_options(std::move(options)),
      m_clock(clock),
      m_wanted(settings.value("context").toString()),
      m_store(clock) {}

AppSession::~AppSession() {
    m_store.detach();
}

Result<void> AppSession::open() {
    if (!m_options.replay.empty())
        return openRecording();
    readContexts();
    if (m_problem != Problem::None)
        return {};
    return connect();
}

Result<void> AppSession::openRecording() {
    auto source = ReplaySource::make(m_options.replay, m_clock);
    if (!source)
        return std::unexpected(std::move(source.error()));
    m_title = text(std::filesystem::path(m_options.replay).stem().string());
    m_replay = std::make_unique<SourceControl>(**source);
    m_source = std::move(*source);
    m_store.attach(*m_source);
    return {};
}

void AppSession::readContexts() {
    m_problem = Problem::None;
    const auto config = load(m_options);
    if (!config)
        return setProblem(Problem::BadConfiguration, config.error());
    m_contexts.clear();
    for (const std::string& context : federationContexts(*config))
        m_contexts += text(context);
    if (!m_options.context.empty())
        m_context = text(m_options.context);
    else if (m_context.isEmpty())
        m_context = m_contexts.contains(m_wanted) ? m_wanted : m_contexts.value(0);
    if (m_context.isEmpty())
        m_problem = Problem::NoFederation;
    else
        m_title = m_context;
}

Result<kube::ContextConfig> AppSession::resolve() const {
    const auto config = load(m_options);
    return config ? config->resolve(m_context.toStdString()) : std::unexpected(config.error());
}

void AppSession::setProblem(Problem problem, const Error& error) {
    m_problem = problem;
    m_problemText = text(error.text());
}

// A recording is of one federation; what was recorded of the one before stays.
std::filesystem::path AppSession::nextRecording() {
    std::filesystem::path file = m_options.record;
    while (++m_recordings > 1) {
        const std::filesystem::path whole = m_options.record;
        file = whole.parent_path() /
               (whole.stem().string() + '-' + std::to_string(m_recordings) + whole.extension().string());
        if (!std::filesystem::exists(file))
            break;
    }
    return file;
}

Result<void> AppSession::connect() {
    auto context = resolve();
    if (!context) {
        setProblem(Problem::BadConfiguration, context.error());
        return {};
    }
    auto live = std::make_unique<LiveSource>(std::move(*context), [this] { return resolve(); }, m_clock);
    LiveSource* source = live.get();
    m_source = std::move(live);
    if (!m_options.record.empty()) {
        const std::filesystem::path file = nextRecording();
        auto recording = RecordingSource::make(std::move(m_source), file, m_clock);
        if (!recording)
            return std::unexpected(std::move(recording.error()));
        m_source = std::move(*recording);
        log::info("recording", {{"federation", m_context.toStdString()}, {"file", file.string()}});
    }
    m_live = source;
    m_store.attach(*m_source);
    return {};
}

void AppSession::choose(const QString& context) {
    m_options.context.clear();
    m_context = m_title = context;
    m_problem = Problem::None;
    m_live = nullptr;
    m_store.detach();
    m_source.reset();
    if (const auto connected = connect(); !connected)
        setProblem(Problem::BadRecording, connected.error());
    if (m_problem != Problem::None)
        m_store.detach();  // tells it: nothing else will be told
}

void AppSession::reconnect() {
    if (m_live != nullptr) {
        m_live->reconnect();
    } else if (m_problem != Problem::None) {
        readContexts();
        m_problem == Problem::None ? choose(m_context) : m_store.detach();
    }
}

}  // namespace kubefed::gui
