// SPDX-License-Identifier: Apache-2.0
//
// A settled federation is silent: over three minutes no write reaches the members (their audit: the highest
// resourceVersion of our objects and the servers' own request counts) and none the federation's storage but
// Leases and the minutely cluster status, by its requests and by its versions; `kubectl diff` finds nothing.
#include <numeric>
#include <utility>

#include <QRegularExpression>
#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class SettledTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;

    // resource/verb -> count of the writing requests that a server's own metrics tell of.
    QMap<QString, qint64> writes(const QString& context) {
        const QString text = m_fleet->kubectl(context, {"get", "--raw", "/metrics"}).out;
        static const QRegularExpression line("^apiserver_request_total\\{(.*)\\} (\\S+)$",
                                             QRegularExpression::MultilineOption);
        static const QRegularExpression verb("verb=\"(\\w+)\""), resource("resource=\"([^\"]*)\""),
            sub("subresource=\"([^\"]*)\"");
        QMap<QString, qint64> out;
        auto matches = line.globalMatch(text);
        while (matches.hasNext()) {
            const auto match = matches.next();
            const QString labels = match.captured(1);
            const QString v = verb.match(labels).captured(1);
            if (v != "POST" && v != "PUT" && v != "PATCH" && v != "APPLY" && v != "DELETE" &&
                v != "DELETECOLLECTION")
                continue;
            out[resource.match(labels).captured(1) + '/' + sub.match(labels).captured(1) + ' ' + v] +=
                static_cast<qint64>(match.captured(2).toDouble());
        }
        return out;
    }
    // As of one moment, and the store's version then: each write that was counted, and no other, made it one
    // higher. (The API server's own controllers write without a request.)
    struct Writes {
        QMap<QString, qint64> counted;
        qint64 version = -1;
        [[nodiscard]] qint64 sum() const {
            return std::accumulate(counted.begin(), counted.end(), qint64{0});
        }
        bool operator==(const Writes&) const = default;
    };
    Writes hostWrites() {
        const auto look = [this] {
            const Outcome list = m_fleet->kubectl("prod", {"get", "--raw", "/api/v1/namespaces"});
            static const QRegularExpression version(
                "\"metadata\": ?\\{[^{}]*\"resourceVersion\": ?\"(\\d+)\"");
            return Writes{writes("prod"), version.match(list.out).captured(1).toLongLong()};
        };
        Writes last = look();
        const QString why = Fleet::eventually([&] {
            const Writes before = std::exchange(last, look());
            return before == last ? QString() : QString("it is written to");
        });
        return why.isEmpty() ? last : Writes();
    }
    static QStringList grown(const QMap<QString, qint64>& before, const QMap<QString, qint64>& after) {
        QStringList out;
        for (auto it = after.begin(); it != after.end(); ++it)
            if (it.value() > before.value(it.key()))
                out << QString("%1 +%2").arg(it.key()).arg(it.value() - before.value(it.key()));
        return out;
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Outcome apply =
            m_fleet->kubectl("prod", {"apply", "-n", "shop", "-f", Fleet::source("examples/guestbook")});
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void threeMinutesOfSilence() {
        // Everything is there and healthy, and then nodes, endpoints and pods come to rest.
        const QString settled = Fleet::eventually(
            [&] {
                for (const char* name : {"frontend", "redis-master", "redis-replica"}) {
                    const kube::Json rc = m_fleet->read("prod", {"rc", name, "-n", "shop"});
                    if (!rc.is_object() ||
                        kube::intAt(rc.get_object(), {"status", "readyReplicas"}).value_or(0) !=
                            kube::intAt(rc.get_object(), {"spec", "replicas"}).value_or(-1))
                        return QString(name) + " is not ready";
                }
                return QString();
            },
            60'000);
        QVERIFY2(settled.isEmpty(), qPrintable(settled));
        QTest::qWait(20'000);
        const auto member1 = writes("m1"), member2 = writes("m2");
        const Writes host = hostWrites();
        QVERIFY2(host.version > 0 && !host.counted.isEmpty(), "the federation API counts its requests");
        const QStringList objects1 = m_fleet->propagated("m1", "rc,svc,configmaps,pods");
        const QStringList objects2 = m_fleet->propagated("m2", "rc,svc,configmaps,pods");
        QTest::qWait(180'000);
        // A member's own components write Leases, node status and endpoints; of what our rights there cover,
        // nothing may be written.
        for (const auto& [context, before] :
             {std::pair{QString("m1"), member1}, std::pair{QString("m2"), member2}}) {
            for (const QString& line : grown(before, writes(context)))
                QVERIFY2(!line.startsWith("replicationcontrollers/ ") && !line.startsWith("services/ ") &&
                             !line.startsWith("configmaps/ ") && !line.startsWith("namespaces/ ") &&
                             !line.startsWith("secrets/ ") && !line.startsWith("pods/ ") &&
                             !line.startsWith("serviceaccounts/ ") &&
                             !line.startsWith("serviceaccounts/token "),
                         qPrintable(context + ": " + line));
        }
        const Writes after = hostWrites();
        const QStringList told = grown(host.counted, after.counted);
        QVERIFY2(after.version - host.version == after.sum() - host.sum(),
                 qPrintable(QString("the store grew by %1 versions, counted were: %2")
                                .arg(after.version - host.version)
                                .arg(told.join("; "))));
        for (const QString& line : told) {
            const bool expected = line.startsWith("leases/") || line.startsWith("memberclusters/status");
            QVERIFY2(expected, qPrintable("prod: " + line));
            if (line.startsWith("memberclusters/status")) {
                // At most once a minute and member: 2 × 3, and one for the edges.
                QVERIFY2(line.section('+', 1).toInt() <= 8, qPrintable(line));
            }
        }
        QCOMPARE(m_fleet->propagated("m1", "rc,svc,configmaps,pods"), objects1);
        QCOMPARE(m_fleet->propagated("m2", "rc,svc,configmaps,pods"), objects2);
        const Outcome diff =
            m_fleet->kubectl("prod", {"diff", "-n", "shop", "-f", Fleet::source("examples/guestbook")});
        QVERIFY2(diff.exitCode == 0, qPrintable(diff.text()));
    }
};

QTEST_GUILESS_MAIN(SettledTest)
#include "settled_test.moc"
