// SPDX-License-Identifier: Apache-2.0
//
// What the tests against real Kubernetes share: two real members m1 and m2, private folders, the `kubefed`
// command, kubectl, and JSON reads of any of the three API servers. Owned by a test class; the destructor
// takes the federation down and ends every process. Everything blocks, and turns the event loop while it
// waits for a command, so that what a test has under way goes on: tests only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <QProcessEnvironment>
#include <QString>
#include <QStringList>
#include <QTemporaryDir>

#include "kubefed/kube/json.h"
#include "tests/kube/support/real_cluster.h"

namespace kubefed::test {

struct Outcome {
    int exitCode = -1;
    QString out;
    QString err;
    [[nodiscard]] QString text() const {
        return QStringLiteral("exit %1\n--- stdout\n%2\n--- stderr\n%3").arg(exitCode).arg(out, err);
    }
};

class Fleet {
public:
    Fleet();
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    // The members up, kubeconfig merged, nothing joined. "" or why not.
    [[nodiscard]] QString startMembers(const QStringList& arguments = {},
                                       const QStringList& names = {QStringLiteral("m1"),
                                                                   QStringLiteral("m2")});
    // `kubefed init prod` and both joins, namespace shop. "" or why not.
    [[nodiscard]] QString startFederation(const QStringList& initArguments = {});
    // Both of the above.
    [[nodiscard]] QString startAll();
    // A policy in namespace shop that duplicates these kinds into every member. "" or why not.
    [[nodiscard]] QString placeEverywhere(const QStringList& kinds);

    Outcome kubefed(const QStringList& arguments, int timeoutMs = 60'000) const;
    Outcome kubectl(const QString& context, const QStringList& arguments, const QByteArray& input = {},
                    int timeoutMs = 60'000) const;
    // kubectl get -o json; null where that fails.
    [[nodiscard]] kube::Json read(const QString& context, const QStringList& arguments) const;
    // A file with contexts of the test's own, which kubefed and kubectl then know too.
    void addKubeconfig(const QString& file) { m_kubeconfigs << file; }
    // For a process of the test's own, such as a watch.
    [[nodiscard]] QProcessEnvironment environment() const;
    [[nodiscard]] static QString kubectlProgram();
    // Polls until `state` gives "" or the time is up; returns the last text.
    static QString eventually(const std::function<QString()>& state, int timeoutMs = 30'000);

    [[nodiscard]] RealCluster& m1() { return *m_members.at(0); }
    [[nodiscard]] RealCluster& m2() { return *m_members.at(1); }
    [[nodiscard]] QString folder() const { return m_folder.path(); }
    [[nodiscard]] QString dataFolder() const { return folder() + QStringLiteral("/data/kubefed/prod"); }
    [[nodiscard]] qint64 controllerPid() const;
    // SIGKILL to the controller of this test's federation, by pid.
    void killController() const;
    [[nodiscard]] static QString binary(const QString& name);
    [[nodiscard]] static QString source(const QString& path);
    // Objects of a member that carry our federation label, as "kind/namespace/name uid resourceVersion"
    // lines.
    [[nodiscard]] QStringList propagated(const QString& context, const QString& kinds) const;

private:
    Outcome run(const QString& program, const QStringList& arguments, const QByteArray& input,
                int timeoutMs) const;

    QTemporaryDir m_folder;
    QStringList m_kubeconfigs;
    std::vector<std::unique_ptr<RealCluster>> m_members;
};

}  // namespace kubefed::test
