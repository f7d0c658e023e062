// SPDX-License-Identifier: Apache-2.0
//
// The session of the program: a context of the kubeconfig or a recording, and the store that follows it.
// Owned by main(); outlives the window. GUI thread.
#pragma once

#include <filesystem>
#include <memory>

#include <QtCore/QSettings>

#include "kubefed/client/recording.h"

#include "gui/app/live_source.h"
#include "gui/app/options.h"
#include "gui/view/session.h"

namespace kubefed::gui {

class AppSession final : public Session {
public:
    AppSession(Options options, const QSettings& settings, Clock& clock);
    ~AppSession() override;

    // Opens the recording, or the federation; what is wrong with the files is an error, what is wrong with
    // the connection a state.
    [[nodiscard]] Result<void> open();

    [[nodiscard]] FleetStore& store() override { return m_store; }
    [[nodiscard]] QString context() const override { return m_context; }
    [[nodiscard]] QString title() const override { return m_title; }
    [[nodiscard]] QStringList contexts() const override { return m_contexts; }
    [[nodiscard]] QString federation() const override;
    [[nodiscard]] QString caller() const override;
    void choose(const QString& context) override;
    void reconnect() override;
    [[nodiscard]] ReplayControl* replay() override { return m_replay.get(); }
    [[nodiscard]] Problem problem() const override { return m_problem; }
    [[nodiscard]] QString problemText() const override { return m_problemText; }

private:
    [[nodiscard]] Result<void> openRecording();
    void readContexts();
    [[nodiscard]] Result<kube::ContextConfig> resolve() const;
    [[nodiscard]] Result<void> connect();
    void setProblem(Problem problem, const Error& error);
    [[nodiscard]] std::filesystem::path nextRecording();

    Options m_options;
    Clock& m_clock;
    QString m_wanted;  // of last time
    QString m_context, m_title{"kubefed"};
    QStringList m_contexts;
    Problem m_problem = Problem::None;
    QString m_problemText;
    int m_recordings = 0;  // made so far, one for each connection
    FleetStore m_store;
    std::unique_ptr<client::FleetSource> m_source;
    LiveSource* m_live = nullptr;  // within m_source
    std::unique_ptr<ReplayControl> m_replay;
};

}  // namespace kubefed::gui
