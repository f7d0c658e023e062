// SPDX-License-Identifier: Apache-2.0
//
// The controller is killed (SIGKILL) at twenty random moments while objects flow; afterwards the members
// hold exactly the desired objects, each created once.
#include <QFile>
#include <QMap>
#include <QProcess>
#include <QRandomGenerator>
#include <QSet>
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class RestartTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;

    // Writes "name uid" of each Service of a member, whenever it changes, into a file until it is destroyed.
    class Recorder {
    public:
        Recorder(const Fleet& fleet, const QString& context)
            : m_path(fleet.folder() + "/seen-in-" + context) {
            m_kubectl.setProcessEnvironment(fleet.environment());
            m_kubectl.setStandardOutputFile(m_path, QIODevice::Append);
            m_kubectl.setProgram(Fleet::kubectlProgram());
            m_kubectl.setArguments({"--context", context, "get", "services", "-n", "shop", "--watch",
                                    "--no-headers", "-o",
                                    "custom-columns=NAME:.metadata.name,UID:.metadata.uid"});
            // A server may end a watch; the next one begins with what is there.
            QObject::connect(&m_kubectl, &QProcess::finished, &m_kubectl, [this] { m_kubectl.start(); });
            m_kubectl.start();
        }
        ~Recorder() {
            m_kubectl.disconnect();
            m_kubectl.kill();
            m_kubectl.waitForFinished(5'000);
        }
        Recorder(const Recorder&) = delete;
        Recorder& operator=(const Recorder&) = delete;

        QMap<QString, QSet<QString>> uidsByName() const {
            QMap<QString, QSet<QString>> uids;
            QFile file(m_path);
            if (file.open(QIODevice::ReadOnly))
                for (const QString& line : QString::fromUtf8(file.readAll()).split('\n'))
                    if (const QStringList words = line.simplified().split(' '); words.size() == 2)
                        uids[words[0]].insert(words[1]);
            return uids;
        }

    private:
        const QString m_path;
        QProcess m_kubectl;
    };

    static QByteArray manifest(int index, int port) {
        return QByteArray("{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s") +
               QByteArray::number(index) +
               "\"},\"spec\":{\"clusterIP\":\"None\",\"ports\":[{\"port\":" + QByteArray::number(port) +
               "}]}}\n";
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString placed = m_fleet->placeEverywhere({"Service"});
        QVERIFY2(placed.isEmpty(), qPrintable(placed));
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void twentyKillsLoseNothing() {
        const quint32 seed = QRandomGenerator::system()->generate();
        qInfo("seed %u", seed);
        QRandomGenerator random(seed);
        constexpr int kRounds = 20, kEach = 10;
        const Recorder first(*m_fleet, "m1"), second(*m_fleet, "m2");
        // What must stand at the end: port by index; deleted ones are absent.
        QMap<int, int> desired;
        for (int round = 0; round < kRounds; ++round) {
            QByteArray batch;
            for (int i = 0; i < kEach; ++i) {
                const int index = round * kEach + i;
                desired[index] = 80;
                batch += "---\n" + manifest(index, 80);
            }
            if (round > 0) {
                const int edited = (round - 1) * kEach;
                desired[edited] = 8000 + round;
                batch += "---\n" + manifest(edited, 8000 + round);
            }
            const Outcome apply = m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", "-"}, batch);
            QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
            if (round > 0) {
                const int gone = (round - 1) * kEach + 1;
                desired.remove(gone);
                const Outcome removed = m_fleet->kubectl(
                    "prod", {"delete", "svc", QString("s%1").arg(gone), "-n", "shop", "--wait=false"});
                QVERIFY2(removed.exitCode == 0, qPrintable(removed.text()));
            }
            QTest::qWait(static_cast<int>(random.bounded(0, 300)));
            const qint64 pid = m_fleet->controllerPid();
            QVERIFY(pid > 1);
            m_fleet->killController();
            const Outcome up = m_fleet->kubefed({"up", "prod"});
            QVERIFY2(up.exitCode == 0, qPrintable(up.text()));
            QVERIFY(m_fleet->controllerPid() != pid);
        }
        QStringList expected;
        for (auto it = desired.begin(); it != desired.end(); ++it)
            expected << QString("s%1:%2").arg(it.key()).arg(it.value());
        expected.sort();
        for (const char* context : {"prod", "m1", "m2"}) {
            QStringList present;
            const QString why = Fleet::eventually(
                [&] {
                    present.clear();
                    const kube::Json list = m_fleet->read(context, {"svc", "-n", "shop"});
                    const kube::Json* items = kube::find(list, {"items"});
                    if (items == nullptr)
                        return QString("no list");
                    for (const kube::Json& item : items->get_array()) {
                        const std::string_view name = kube::stringAt(item.get_object(), {"metadata", "name"});
                        present << QString("%1:%2")
                                       .arg(QString::fromUtf8(name.data(),
                                                              static_cast<qsizetype>(name.size())))
                                       .arg(kube::find(item, {"spec", "ports"})
                                                ->get_array()
                                                .at(0)
                                                .at("port")
                                                .to_number<int>());
                    }
                    present.sort();
                    return present == expected
                               ? QString()
                               : QString("%1 objects, not %2").arg(present.size()).arg(expected.size());
                },
                60'000);
            QVERIFY2(why.isEmpty(), qPrintable(QString(context) + ": " + why));
        }
        for (const Recorder* recorder : {&first, &second}) {
            QMap<QString, QSet<QString>> uids;
            const QString why = Fleet::eventually([&] {
                uids = recorder->uidsByName();
                for (auto it = desired.begin(); it != desired.end(); ++it)
                    if (!uids.contains(QString("s%1").arg(it.key())))
                        return QString("s%1 was not seen").arg(it.key());
                return QString();
            });
            QVERIFY2(why.isEmpty(), qPrintable(why));
            for (auto it = uids.begin(); it != uids.end(); ++it)
                QVERIFY2(it.value().size() == 1, qPrintable(it.key() + " was created " +
                                                            QString::number(it.value().size()) + " times"));
        }
    }
};

QTEST_GUILESS_MAIN(RestartTest)
#include "restart_test.moc"
