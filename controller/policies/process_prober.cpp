// SPDX-License-Identifier: Apache-2.0
#include "controller/policies/process_prober.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>
#include <optional>

#include <QProcess>

#include <sys/prctl.h>
#include <unistd.h>

namespace kubefed::controller {
namespace {

// Much more than an honest probe has to say: of one line, and of all that one configuration makes it say.
constexpr qsizetype kMostBytes = qsizetype{64} << 10U;

std::unexpected<Error> failed(std::string what) {
    return fail(Code::FailedPrecondition, "it failed its probe: " + std::move(what));
}

class Probe final : public QObject, public Request::State {
public:
    Probe(const ProcessProber::Config& config, Clock& clock, const std::filesystem::path& library,
          const std::vector<kube::JsonObject>& configs, std::function<void(ProbeAnswer)> done)
        : m_done(std::move(done)),
          m_limit(config.limit),
          m_mostBytes(kMostBytes * std::max<qsizetype>(1, std::ssize(configs))) {
        connect(m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                end(fail(Code::Internal, "the probe \"" + m_process->program().toStdString() +
                                             "\" cannot be started; install kubefed whole"));
        });
        connect(m_process, &QProcess::readyReadStandardOutput, this, [this] { read(); });
        connect(m_process, &QProcess::started, this, [this] { m_group = m_process->processId(); });
        connect(m_process, &QProcess::finished, this, [this] {
            killAll();
            m_group = 0;
            read();
            end(judge());
        });
        m_process->setProcessChannelMode(QProcess::SeparateChannels);
        m_process->setStandardErrorFile(QProcess::nullDevice());
        // What a library starts belongs to its probe, and a probe to the controller that asked for it.
        m_process->setChildProcessModifier([parent = ::getpid()] {
            ::setsid();
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent)
                ::_exit(1);
        });
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
            killAll();
        });
    }
    ~Probe() override {
        m_process->disconnect(this);
        killAll();
        m_process->kill();
        m_process->deleteLater();
    }

private:
    // The probe with whatever its library has forked.
    void killAll() {
        if (m_group > 0)
            ::kill(-static_cast<pid_t>(m_group), SIGKILL);
    }
    // As it comes, for nothing else bounds what the process writes.
    void read() {
        const QByteArray more = m_process->readAllStandardOutput();
        m_bytes += more.size();
        if (m_isTooLoud)
            return;
        m_line += more;
        for (qsizetype end = m_line.indexOf('\n'); end >= 0; end = m_line.indexOf('\n')) {
            hear(m_line.first(end).toStdString());
            m_line.remove(0, end + 1);
        }
        if (m_bytes <= m_mostBytes && m_line.size() <= kMostBytes)
            return;
        m_isTooLoud = true;
        m_line.clear();
        killAll();
    }
    void hear(const std::string& text) {
        if (m_verdict)
            return;
        if (text.starts_with("step "))
            m_step = text.substr(5);
        else if (text.starts_with("name "))
            m_name = text.substr(5);
        else if (text.starts_with("refused "))
            m_verdict = failed(text.substr(8) + " (in " + m_step + ")");
        else if (text.starts_with("ok "))
            m_verdict = accepted(text.substr(3));
    }
    // By what it said at the end, or by how it ended in the last step that it announced.
    Result<ProbedPolicy> judge() {
        if (m_isTooLoud)
            return failed("it wrote without end to where the probe answers, in " + m_step);
        if (m_verdict)
            return *std::move(m_verdict);
        if (m_isLate)
            return failed("it did not come back from " + m_step + " within " +
                          std::to_string(m_limit.count() / 1000) + " s");
        if (m_process->exitStatus() == QProcess::CrashExit && m_process->exitCode() == SIGXCPU)
            return failed("it did not come back from " + m_step + ", but used all processor time of a probe");
        if (m_process->exitStatus() == QProcess::CrashExit)
            return failed("it crashed in " + m_step + " (" + ::strsignal(m_process->exitCode()) + ")");
        return failed("it ended the process in " + m_step + " with exit code " +
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
    qint64 m_group = 0;                        // of processes; 0: none that runs
    QByteArray m_input;
    const qsizetype m_mostBytes;
    QByteArray m_line;  // that has not ended yet
    qsizetype m_bytes = 0;
    std::string m_step = "its start";
    std::string m_name;
    std::optional<Result<ProbedPolicy>> m_verdict;
    bool m_isTooLoud = false;
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
