// SPDX-License-Identifier: Apache-2.0
#include "tests/kube/support/fleet.h"

#include <csignal>

#include <QDeadlineTimer>
#include <QEventLoop>
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QStandardPaths>
#include <QTest>
#include <QTimer>

namespace kubefed::test {
namespace {

constexpr char kLabel[] = "kubefed.io/federation";

}  // namespace

Fleet::Fleet()
    : m_folder(qEnvironmentVariable("TMPDIR", QStringLiteral("/tmp")) + QStringLiteral("/fleet-XXXXXX")) {
    // What went wrong is read from these folders.
    m_folder.setAutoRemove(qEnvironmentVariableIsEmpty("KUBEFED_KEEP_FOLDERS"));
}

Fleet::~Fleet() {
    if (controllerPid() > 0)
        kubefed({QStringLiteral("deinit"), QStringLiteral("prod"), QStringLiteral("--yes")});
    if (const qint64 pid = controllerPid(); pid > 0)
        killController();
}

QString Fleet::binary(const QString& name) {
    return qEnvironmentVariable("KUBEFED_BIN_DIR") + QLatin1Char('/') + name;
}
QString Fleet::source(const QString& path) {
    return qEnvironmentVariable("KUBEFED_SOURCE_DIR") + QLatin1Char('/') + path;
}

QString Fleet::startMembers(const QStringList& arguments, const QStringList& names) {
    for (const QString& name : names)
        m_members.push_back(
            std::make_unique<RealCluster>(name, folder() + QLatin1Char('/') + name, arguments));
    for (const auto& member : m_members) {
        if (QString why = member->waitReady(); !why.isEmpty())
            return why;
    }
    return {};
}

QString Fleet::startFederation(const QStringList& initArguments) {
    if (const Outcome init =
            kubefed(QStringList{QStringLiteral("init"), QStringLiteral("prod")} + initArguments);
        init.exitCode != 0)
        return QStringLiteral("init: ") + init.text();
    for (const auto& member : m_members) {
        const Outcome join = kubefed(
            {QStringLiteral("join"), member->name(), QStringLiteral("--cluster-context"), member->name()});
        if (join.exitCode != 0)
            return QStringLiteral("join: ") + join.text();
    }
    const Outcome ns = kubectl(QStringLiteral("prod"), {QStringLiteral("create"), QStringLiteral("namespace"),
                                                        QStringLiteral("shop")});
    return ns.exitCode == 0 ? QString() : QStringLiteral("namespace: ") + ns.text();
}

QProcessEnvironment Fleet::environment() const {
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    QStringList configs{folder() + QStringLiteral("/kubeconfig")};
    for (const auto& member : m_members)
        configs << member->kubeconfig();
    configs << m_kubeconfigs;
    environment.insert(QStringLiteral("KUBECONFIG"), configs.join(QLatin1Char(':')));
    environment.insert(QStringLiteral("XDG_DATA_HOME"), folder() + QStringLiteral("/data"));
    environment.insert(QStringLiteral("HOME"), folder());
    return environment;
}

Outcome Fleet::run(const QString& program, const QStringList& arguments, const QByteArray& input,
                   int timeoutMs) const {
    QProcess process;
    process.setProcessEnvironment(environment());
    QEventLoop loop;
    QObject::connect(&process, &QProcess::stateChanged, &loop, [&loop](QProcess::ProcessState state) {
        if (state == QProcess::NotRunning)
            loop.quit();
    });
    QTimer::singleShot(timeoutMs, &loop, &QEventLoop::quit);
    process.start(program, arguments);
    if (!input.isEmpty())
        process.write(input);
    process.closeWriteChannel();
    if (process.state() != QProcess::NotRunning)
        loop.exec();
    Outcome outcome;
    if (process.state() != QProcess::NotRunning) {
        process.kill();
        process.waitForFinished(5'000);
        outcome.err = QStringLiteral("timed out after %1 ms\n").arg(timeoutMs);
    } else if (process.exitStatus() == QProcess::NormalExit) {
        outcome.exitCode = process.exitCode();
    }
    outcome.out += QString::fromUtf8(process.readAllStandardOutput());
    outcome.err += QString::fromUtf8(process.readAllStandardError());
    return outcome;
}

QString Fleet::startAll() {
    const QString why = startMembers();
    return why.isEmpty() ? startFederation() : why;
}

QString Fleet::placeEverywhere(const QStringList& kinds) {
    kube::JsonArray selectors;
    for (const QString& kind : kinds)
        selectors.push_back(kube::JsonObject{{"apiVersion", "v1"}, {"kind", kind.toStdString()}});
    const kube::JsonObject policy{
        {"apiVersion", "kubefed.io/v1alpha1"},
        {"kind", "PlacementPolicy"},
        {"metadata", kube::JsonObject{{"name", "all"}}},
        {"spec", kube::JsonObject{{"resourceSelectors", std::move(selectors)},
                                  {"replicas", kube::JsonObject{{"strategy", "Duplicate"}}}}}};
    const Outcome applied = kubectl("prod", {"apply", "-n", "shop", "-f", "-"},
                                    QByteArray::fromStdString(kube::printJson(policy)));
    return applied.exitCode == 0 ? QString() : applied.text();
}

Outcome Fleet::kubefed(const QStringList& arguments, int timeoutMs) const {
    return run(binary(QStringLiteral("kubefed")), arguments, {}, timeoutMs);
}

QString Fleet::kubectlProgram() {
    const QString own = RealCluster::assets() + QStringLiteral("/kubectl");
    return QFile::exists(own) ? own : QStandardPaths::findExecutable(QStringLiteral("kubectl"));
}

Outcome Fleet::kubectl(const QString& context, const QStringList& arguments, const QByteArray& input,
                       int timeoutMs) const {
    return run(kubectlProgram(), QStringList{QStringLiteral("--context"), context} + arguments, input,
               timeoutMs);
}

kube::Json Fleet::read(const QString& context, const QStringList& arguments) const {
    const Outcome got =
        kubectl(context,
                QStringList{QStringLiteral("get"), QStringLiteral("-o"), QStringLiteral("json")} + arguments);
    if (got.exitCode != 0)
        return nullptr;
    auto parsed = kube::parseJson(got.out.toStdString());
    return parsed ? std::move(*parsed) : kube::Json(nullptr);
}

QString Fleet::eventually(const std::function<QString()>& state, int timeoutMs) {
    const QDeadlineTimer deadline(timeoutMs);
    QString last = state();
    while (!last.isEmpty() && !deadline.hasExpired()) {
        QTest::qWait(50);
        last = state();
    }
    return last;
}

qint64 Fleet::controllerPid() const {
    QFile file(dataFolder() + QStringLiteral("/kubefed-controller.pid"));
    return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toLongLong() : 0;
}

void Fleet::killController() const {
    if (const qint64 pid = controllerPid(); pid > 1)
        ::kill(static_cast<pid_t>(pid), SIGKILL);
}

QStringList Fleet::propagated(const QString& context, const QString& kinds) const {
    const kube::Json list =
        read(context, {kinds, QStringLiteral("-A"), QStringLiteral("-l"), QString::fromLatin1(kLabel)});
    QStringList out;
    const kube::Json* items = kube::find(list, {"items"});
    if (items == nullptr || !items->is_array())
        return out;
    for (const kube::Json& item : items->get_array()) {
        const auto text = [&](std::initializer_list<std::string_view> path) {
            const std::string_view v = kube::stringAt(item.get_object(), path);
            return QString::fromUtf8(v.data(), static_cast<qsizetype>(v.size()));
        };
        out << QStringLiteral("%1/%2/%3 %4 %5")
                   .arg(text({"kind"}), text({"metadata", "namespace"}), text({"metadata", "name"}),
                        text({"metadata", "uid"}), text({"metadata", "resourceVersion"}));
    }
    out.sort();
    return out;
}

}  // namespace kubefed::test
