// SPDX-License-Identifier: Apache-2.0
//
// One real Kubernetes cluster as plain processes, through the runner `kube-cluster` (tests/kube/README.md).
// Owned by a test; the destructor ends every process. Calls block: this is for tests only. Errors are
// texts: empty means done.
#pragma once

#include <memory>

#include <QHash>
#include <QJsonObject>
#include <QProcess>
#include <QString>
#include <QStringList>

namespace kubefed::test {

class RealCluster {
public:
    // Starts in the background; the folder must be new or empty. `arguments` go to `kube-cluster up`.
    RealCluster(QString name, QString folder, QStringList arguments = {});
    ~RealCluster();
    RealCluster(const RealCluster&) = delete;
    RealCluster& operator=(const RealCluster&) = delete;

    // Why there is nothing to start ("": there is): the tier is then skipped, but never under CI=true.
    static QString unavailable();
    // Where kube-cluster, kubectl and the others are; empty where there are none.
    static QString assets();

    [[nodiscard]] QString waitReady();  // up to 120 s
    // Ends every process of it; the destructor does the same.
    void stop();
    // One line command to the runner: "freeze", "thaw", "kill", "start", "restart apiserver". The last two
    // return when the API server is ready again.
    [[nodiscard]] QString control(const QString& command);

    [[nodiscard]] const QString& name() const { return m_name; }
    [[nodiscard]] QString kubeconfig() const { return m_folder + QStringLiteral("/kubeconfig"); }
    [[nodiscard]] QString server() const { return m_server; }
    // Of etcd, apiserver, controller-manager, scheduler, kwok, as of the last answer; 0: does not run.
    [[nodiscard]] qint64 pid(const QString& component) const { return m_pids.value(component); }

private:
    void takePids(const QJsonObject& said);
    QString readLine(int milliseconds, QByteArray& line);

    QString m_name;
    QString m_folder;
    QString m_server;
    QHash<QString, qint64> m_pids;
    QProcess m_runner;
};

}  // namespace kubefed::test

// For initTestCase(): skips the program where the binaries are missing, but fails under CI=true.
#define KUBEFED_REQUIRE_REAL_KUBERNETES()                                                    \
    do {                                                                                     \
        if (const QString why = kubefed::test::RealCluster::unavailable(); !why.isEmpty()) { \
            if (qEnvironmentVariable("CI") == QLatin1String("true"))                         \
                QFAIL(qPrintable(why));                                                      \
            QSKIP(qPrintable(why));                                                          \
        }                                                                                    \
    } while (false)
