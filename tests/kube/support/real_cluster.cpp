// SPDX-License-Identifier: Apache-2.0
#include "tests/kube/support/real_cluster.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

namespace kubefed::test {

QString RealCluster::assets() {
    const QStringList places{qEnvironmentVariable("KUBEBUILDER_ASSETS"),
                             qEnvironmentVariable("KUBEFED_KUBE_CACHE")};
    for (const QString& place : places) {
        if (!place.isEmpty() && QFileInfo(place + QStringLiteral("/kube-cluster")).isExecutable())
            return place;
    }
    return {};
}

QString RealCluster::unavailable() {
    return assets().isEmpty() ? QStringLiteral("no binaries of real Kubernetes: run tools/kube-binaries")
                              : QString();
}

RealCluster::RealCluster(QString name, QString folder, QStringList arguments)
    : m_name(std::move(name)), m_folder(std::move(folder)) {
    QDir().mkpath(m_folder);
    m_runner.setProcessChannelMode(QProcess::SeparateChannels);
    m_runner.setStandardErrorFile(m_folder + QStringLiteral(".log"));
    m_runner.start(
        assets() + QStringLiteral("/kube-cluster"),
        QStringList{QStringLiteral("up"), QStringLiteral("--name"), m_name, QStringLiteral("--dir"), m_folder,
                    QStringLiteral("--assets"), assets(), QStringLiteral("--until-stdin-closes")} +
            arguments);
}

RealCluster::~RealCluster() {
    stop();
}

void RealCluster::stop() {
    if (m_runner.state() == QProcess::NotRunning)
        return;
    m_runner.closeWriteChannel();
    if (!m_runner.waitForFinished(20'000)) {
        m_runner.kill();  // its children go with it
        m_runner.waitForFinished(5'000);
    }
    m_pids.clear();
}

void RealCluster::takePids(const QJsonObject& said) {
    const QJsonObject pids = said.value(QStringLiteral("pids")).toObject();
    m_pids.clear();
    for (auto it = pids.begin(); it != pids.end(); ++it)
        m_pids.insert(it.key(), it.value().toInteger());
}

QString RealCluster::readLine(int milliseconds, QByteArray& line) {
    const QDeadlineTimer deadline(milliseconds);
    while (!m_runner.canReadLine()) {
        if (m_runner.state() == QProcess::NotRunning)
            return QStringLiteral("kube-cluster %1 ended: see %2.log").arg(m_name, m_folder);
        if (deadline.hasExpired())
            return QStringLiteral("kube-cluster %1 says nothing: see %2.log").arg(m_name, m_folder);
        m_runner.waitForReadyRead(static_cast<int>(std::min<qint64>(deadline.remainingTime(), 500)));
    }
    line = m_runner.readLine();
    return {};
}

QString RealCluster::waitReady() {
    if (!m_runner.waitForStarted(5'000))
        return QStringLiteral("cannot start kube-cluster: ") + m_runner.errorString();
    QByteArray line;
    if (QString why = readLine(120'000, line); !why.isEmpty())
        return why;
    const QJsonObject said = QJsonDocument::fromJson(line).object();
    m_server = said.value(QStringLiteral("server")).toString();
    takePids(said);
    return m_server.isEmpty() ? QStringLiteral("kube-cluster said: ") + QString::fromUtf8(line) : QString();
}

QString RealCluster::control(const QString& command) {
    m_runner.write(command.toUtf8() + '\n');
    QByteArray line;
    if (QString why = readLine(90'000, line); !why.isEmpty())
        return why;
    const QJsonObject said = QJsonDocument::fromJson(line).object();
    takePids(said);
    return said.value(QStringLiteral("ok")).toBool() ? QString() : QString::fromUtf8(line);
}

}  // namespace kubefed::test
