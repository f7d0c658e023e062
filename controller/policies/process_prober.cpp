// SPDX-License-Identifier: Apache-2.0
#include "controller/policies/process_prober.h"

#include <cstring>

#include <QProcess>

namespace kubefed::controller {
namespace {

std::unexpected<Error> failed(std::string what) {
    return fail(Code::FailedPrecondition, "it failed its probe: " + std::move(what));
}

class Probe final : public QObject, public Request::State {
public:
    Probe(const ProcessProber::Config& config, Clock& clock, const std::filesystem::path& library,
          const std::vector<kube::JsonObject>& configs, std::function<void(ProbeAnswer)> done)
        : m_done(std::move(done)), m_limit(config.limit) {
        connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                end(fail(Code::Internal, "the probe \"" + m_process->program().toStdString() +
                                             "\" cannot be started; install kubefed whole"));
        });
        connect(m_process, &QProcess::finished, this, [this] { end(judge()); });
        m_process->setProcessChannelMode(QProcess::SeparateChannels);
        m_process->setStandardErrorFile(QProcess::nullDevice());
        const auto text = [](const std::filesystem::path& path) {
            return QString::fromStdString(path.string());
        };
        kube::JsonArray array(configs.begin(), configs.end());
        m_input = QByteArray::fromStdString(kube::printJson(array));
        // From the event loop: a start that fails is told at once.
        m_begin = clock.after(Duration::zero(), [this, program = text(config.program),
                                                 arguments = QStringList{text(library), text(config.builtins),
                                                                         text(config.scratch)}] {
            m_process->start(program, arguments);
            m_process->write(m_input);
            m_process->closeWriteChannel();
        });
        m_timer = clock.after(config.limit, [this] {
            m_isLate = true;
            m_process->kill();
        });
    }
    ~Probe() override {
        m_process->disconnect(this);
        m_process->kill();
        m_process->deleteLater();
    }

private:
    // The last step that it announced, and what it said at the end.
    Result<ProbedPolicy> judge() {
        std::string step = "its start";
        for (const QByteArray& line : m_process->readAllStandardOutput().split('\n')) {
            const std::string text = line.toStdString();
            if (text.starts_with("step "))
                step = text.substr(5);
            else if (text.starts_with("name "))
                m_name = text.substr(5);
            else if (text.starts_with("refused "))
                return failed(text.substr(8) + " (in " + step + ")");
            else if (text.starts_with("ok "))
                return accepted(text.substr(3));
        }
        if (m_isLate)
            return failed("it did not come back from " + step + " within " +
                          std::to_string(m_limit.count() / 1000) + " s");
        if (m_process->exitStatus() == QProcess::CrashExit)
            return failed("it crashed in " + step + " (" + ::strsignal(m_process->exitCode()) + ")");
        return failed("it ended the process in " + step + " with exit code " +
                      std::to_string(m_process->exitCode()));
    }
    static Result<ProbedPolicy> accepted(const std::string& text) {
        const auto parsed = kube::parseJson(text);
        if (!parsed || !parsed->is_object())
            return failed("the probe answered nonsense");
        const auto at = [&](std::string_view key) {
            return std::string(kube::stringAt(parsed->get_object(), {key}));
        };
        return ProbedPolicy{at("name"), at("version"), at("sha256")};
    }
    // The owner may destroy us from inside.
    void end(Result<ProbedPolicy> result) {
        m_timer.cancel();
        if (auto done = std::exchange(m_done, nullptr))
            done({.name = m_name, .policy = std::move(result)});
    }

    std::function<void(ProbeAnswer)> m_done;
    const Duration m_limit;
    QProcess* const m_process = new QProcess;  // outlives us when we go from within its signal
    QByteArray m_input;
    std::string m_name;
    bool m_isLate = false;
    Request m_begin;
    Request m_timer;
};

}  // namespace

Request ProcessProber::probe(const std::filesystem::path& library, std::vector<kube::JsonObject> configs,
                             std::function<void(ProbeAnswer)> done) {
    return Request(std::make_unique<Probe>(m_config, m_clock, library, configs, std::move(done)));
}

}  // namespace kubefed::controller
