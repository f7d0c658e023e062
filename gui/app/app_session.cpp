// SPDX-License-Identifier: Apache-2.0
#include "gui/app/app_session.h"

#include <filesystem>
#include <utility>

#include "kubefed/client/locate.h"

#include "gui/model/facts.h"

namespace kubefed::gui {

using namespace client;

namespace {

class SourceControl final : public ReplayControl {
public:
    explicit SourceControl(ReplaySource& source) : m_source(source) {}
    [[nodiscard]] TimeMs begin() const override { return m_source.begin(); }
    [[nodiscard]] TimeMs end() const override { return m_source.end(); }
    [[nodiscard]] TimeMs now() const override { return m_source.now(); }
    void seek(TimeMs time) override { m_source.seek(time); }
    [[nodiscard]] double speed() const override { return m_source.speed(); }
    void setSpeed(double factor) override { m_source.setSpeed(factor); }

private:
    ReplaySource& m_source;
};

}  // namespace

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
    const auto file = m_options.kubeconfig.empty()
                          ? std::nullopt
                          : std::optional<std::filesystem::path>(m_options.kubeconfig);
    const auto config = kube::Kubeconfig::load(file);
    if (!config) {
        m_problem = Problem::BadConfiguration;
        m_problemText = text(config.error().text());
        return;
    }
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

Result<void> AppSession::connect() {
    const auto file = m_options.kubeconfig.empty()
                          ? std::nullopt
                          : std::optional<std::filesystem::path>(m_options.kubeconfig);
    const auto config = kube::Kubeconfig::load(file);
    auto resolved = config ? config->resolve(m_context.toStdString()) : fail(config.error());
    if (!resolved) {
        m_problem = Problem::BadConfiguration;
        m_problemText = text(resolved.error().text());
        return {};
    }
    auto live = std::make_unique<LiveSource>(std::move(*resolved), m_clock);
    m_live = live.get();
    m_source = std::move(live);
    if (!m_options.record.empty()) {
        auto recording = RecordingSource::make(std::move(m_source), m_options.record, m_clock);
        if (!recording) {
            m_live = nullptr;
            return std::unexpected(std::move(recording.error()));
        }
        m_source = std::move(*recording);
    }
    m_store.attach(*m_source);
    return {};
}

void AppSession::choose(const QString& context) {
    m_store.detach();
    m_live = nullptr;
    m_source.reset();
    m_options.context.clear();
    m_context = m_title = context;
    m_problem = Problem::None;
    if (const auto connected = connect(); !connected) {
        m_problem = Problem::BadConfiguration;
        m_problemText = text(connected.error().text());
    }
}

void AppSession::reconnect() {
    if (m_live != nullptr)
        m_live->reconnect();
    else if (m_problem != Problem::None) {
        readContexts();
        if (m_problem == Problem::None)
            choose(m_context);
    }
}

}  // namespace kubefed::gui
