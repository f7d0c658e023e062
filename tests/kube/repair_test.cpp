// SPDX-License-Identifier: Apache-2.0
//
// What people do inside a member is repaired, and what is not ours there is left alone.
#include <algorithm>

#include <QtTest/QTest>

#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

class RepairTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;

    QString field(const QString& context, const QStringList& what,
                  std::initializer_list<std::string_view> path) {
        const kube::Json object = m_fleet->read(context, what);
        if (!object.is_object())
            return "absent";
        const kube::Json* value = kube::find(object, path);
        return value == nullptr ? QString("none") : QString::fromStdString(kube::printJson(*value));
    }
    QString eventuallyIs(const QString& expected, const QString& context, const QStringList& what,
                         std::initializer_list<std::string_view> path) {
        const std::vector<std::string_view> keys(path);
        return Fleet::eventually([&] {
            const QString now = field(context, what, path);
            return now == expected ? QString()
                                   : context + ' ' + what.join(' ') + ": " + now + ", not " + expected;
        });
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        // A stranger's object of a name that is about to be propagated.
        QVERIFY(m_fleet->kubectl("m2", {"create", "namespace", "shop"}).exitCode == 0);
        QVERIFY(m_fleet->kubectl("m2", {"create", "service", "clusterip", "web", "--tcp=81:81", "-n", "shop"})
                    .exitCode == 0);
        const Outcome apply = m_fleet->kubectl(
            "prod", {"apply", "-n", "shop", "-f", Fleet::source("tests/kube/manifests/web.yaml")});
        QVERIFY2(apply.exitCode == 0, qPrintable(apply.text()));
        const QString settled =
            eventuallyIs("4", "prod", {"rc", "web", "-n", "shop"}, {"status", "readyReplicas"});
        QVERIFY2(settled.isEmpty(), qPrintable(settled));
    }
    void cleanupTestCase() { m_fleet.reset(); }

    void aForeignObjectOfTheSameNameIsUntouchedAndReported() {
        const QString why = Fleet::eventually([&] {
            const kube::Json placement =
                m_fleet->read("prod", {"placement", "service.core.web", "-n", "shop"});
            const QString text = QString::fromStdString(kube::printJson(placement));
            return text.contains("Conflict") ? QString() : "no conflict reported: " + text;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const kube::Json foreign = m_fleet->read("m2", {"svc", "web", "-n", "shop"});
        QVERIFY(foreign.is_object());
        QVERIFY(kube::find(foreign, {"metadata", "labels", "kubefed.io/federation"}) == nullptr);
        QCOMPARE(kube::find(foreign, {"spec", "ports"})->get_array().at(0).at("port").to_number<int>(), 81);
        QCOMPARE(field("m1", {"svc", "web", "-n", "shop"}, {"spec", "selector", "app"}), QString("\"web\""));
    }

    void deletionIsRepaired() {
        const QString before = field("m1", {"rc", "web", "-n", "shop"}, {"metadata", "uid"});
        QVERIFY(m_fleet->kubectl("m1", {"delete", "rc", "web", "-n", "shop", "--wait=false"}).exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const QString now = field("m1", {"rc", "web", "-n", "shop"}, {"metadata", "uid"});
            return now != before && now != "absent" ? QString() : QString("still ") + now;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }

    void editAndScaleAreRepaired() {
        QVERIFY(m_fleet->kubectl("m1", {"set", "image", "rc/web", "web=nginx:evil", "-n", "shop"}).exitCode ==
                0);
        QVERIFY(m_fleet->kubectl("m2", {"scale", "rc/web", "--replicas=7", "-n", "shop"}).exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const QString text =
                QString::fromStdString(kube::printJson(m_fleet->read("m1", {"rc", "web", "-n", "shop"})));
            if (text.contains("evil"))
                return QString("image not repaired");
            const QString replicas = field("m2", {"rc", "web", "-n", "shop"}, {"spec", "replicas"});
            return replicas == "2" ? QString() : "replicas " + replicas;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }

    void anEditedPortAndARenamedContainerAreRepaired() {
        // In m1, where ours stands alone; what a stranger adds beside it stays.
        QVERIFY(m_fleet
                    ->kubectl("m1", {"patch", "svc", "web", "-n", "shop", "--type=json", "-p",
                                     "[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":81}]"})
                    .exitCode == 0);
        QVERIFY(
            m_fleet
                ->kubectl("m1", {"patch", "rc", "web", "-n", "shop", "--type=json", "-p",
                                 "[{\"op\":\"replace\",\"path\":\"/spec/template/spec/containers/0/name\","
                                 "\"value\":\"renamed\"}]"})
                .exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const kube::Json service = m_fleet->read("m1", {"svc", "web", "-n", "shop"});
            const kube::Json* ports = kube::find(service, {"spec", "ports"});
            if (ports == nullptr || ports->get_array().size() != 1 ||
                ports->get_array()[0].at("port").to_number<int>() != 80)
                return "ports " + QString::fromStdString(kube::printJson(service));
            const kube::Json workload = m_fleet->read("m1", {"rc", "web", "-n", "shop"});
            const kube::Json* containers = kube::find(workload, {"spec", "template", "spec", "containers"});
            if (containers == nullptr || containers->get_array().size() != 1 ||
                containers->get_array()[0].at("name").get_string() != "web")
                return "containers " + QString::fromStdString(kube::printJson(workload));
            return QString();
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        // It is ours as before: what the template gives up goes.
        QVERIFY(m_fleet
                    ->kubectl("prod", {"patch", "svc", "web", "-n", "shop", "--type=json", "-p",
                                       "[{\"op\":\"replace\",\"path\":\"/spec/ports/0/port\",\"value\":82}]"})
                    .exitCode == 0);
        const QString moved = Fleet::eventually([&] {
            const kube::Json service = m_fleet->read("m1", {"svc", "web", "-n", "shop"});
            const kube::Json* ports = kube::find(service, {"spec", "ports"});
            return ports != nullptr && ports->get_array().size() == 1 &&
                           ports->get_array()[0].at("port").to_number<int>() == 82
                       ? QString()
                       : "ports " + QString::fromStdString(kube::printJson(service));
        });
        QVERIFY2(moved.isEmpty(), qPrintable(moved));
    }

    void aPortAddedBesideOursStaysWhateverBecomesOfOurs() {
        QVERIFY(
            m_fleet->kubectl("prod", {"create", "service", "clusterip", "named", "--tcp=80:80", "-n", "shop"})
                .exitCode == 0);
        const auto patch = [&](const QString& operation) {
            return m_fleet
                       ->kubectl("m1", {"patch", "svc", "named", "-n", "shop", "--type=json", "-p",
                                        '[' + operation + ']'})
                       .exitCode == 0;
        };
        const auto settles = [&](std::vector<int> expected) {
            return Fleet::eventually([&] {
                const kube::Json service = m_fleet->read("m1", {"svc", "named", "-n", "shop"});
                const kube::Json* ports =
                    service.is_object() ? kube::find(service, {"spec", "ports"}) : nullptr;
                std::vector<int> present;
                for (const kube::Json& port : ports != nullptr ? ports->get_array() : kube::JsonArray{})
                    present.push_back(port.at("port").to_number<int>());
                std::ranges::sort(present);
                return present == expected ? QString()
                                           : "ports " + QString::fromStdString(kube::printJson(service));
            });
        };
        const auto placeOfOurs = [&] {
            const QString first =
                field("m1", {"svc", "named", "-n", "shop"}, {"spec", "ports"}).section('}', 0, 0);
            return first.contains("\"port\":80,") ? QString("/spec/ports/0") : QString("/spec/ports/1");
        };
        QString why = settles({80});
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QVERIFY(
            patch("{\"op\":\"add\",\"path\":\"/spec/ports/-\",\"value\":"
                  "{\"name\":\"metrics\",\"port\":9090,\"targetPort\":9090}}"));
        QVERIFY(patch("{\"op\":\"replace\",\"path\":\"" + placeOfOurs() + "/port\",\"value\":81}"));
        why = settles({80, 9090});
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QVERIFY(patch("{\"op\":\"remove\",\"path\":\"" + placeOfOurs() + "\"}"));
        why = settles({80, 9090});
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }

    void anItemAddedBesideOursStays() {
        QVERIFY(
            m_fleet
                ->kubectl("m1", {"patch", "rc", "web", "-n", "shop", "--type=json", "-p",
                                 "[{\"op\":\"add\",\"path\":\"/spec/template/spec/containers/-\",\"value\":"
                                 "{\"name\":\"proxy\",\"image\":\"mesh:1\"}},{\"op\":\"replace\",\"path\":"
                                 "\"/spec/replicas\",\"value\":9}]"})
                .exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const QString replicas = field("m1", {"rc", "web", "-n", "shop"}, {"spec", "replicas"});
            return replicas == "2" ? QString() : "replicas " + replicas;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString text =
            QString::fromStdString(kube::printJson(m_fleet->read("m1", {"rc", "web", "-n", "shop"})));
        QVERIFY2(text.contains("mesh:1"), qPrintable(text));
    }

    void aScheduledPodsImageIsUpdatedInPlace() {
        QString home;
        const QString placed = Fleet::eventually([&] {
            for (const char* context : {"m1", "m2"}) {
                if (field(context, {"pod", "single", "-n", "shop"}, {"status", "phase"}) == "\"Running\"") {
                    home = context;
                    return QString();
                }
            }
            return QString("the pod runs nowhere");
        });
        QVERIFY2(placed.isEmpty(), qPrintable(placed));
        const QString uid = field(home, {"pod", "single", "-n", "shop"}, {"metadata", "uid"});
        // A toleration that somebody adds in the member must survive the update.
        QVERIFY(m_fleet
                    ->kubectl(home, {"patch", "pod", "single", "-n", "shop", "--type=json", "-p",
                                     "[{\"op\":\"add\",\"path\":\"/spec/tolerations/"
                                     "-\",\"value\":{\"key\":\"local\",\"operator\":\"Exists\"}}]"})
                    .exitCode == 0);
        QVERIFY(m_fleet->kubectl("prod", {"set", "image", "pod/single", "main=nginx:1.27", "-n", "shop"})
                    .exitCode == 0);
        const QString why = Fleet::eventually([&] {
            const QString text =
                QString::fromStdString(kube::printJson(m_fleet->read(home, {"pod", "single", "-n", "shop"})));
            return text.contains("\"image\":\"nginx:1.27\"") ? QString() : "not updated: " + text;
        });
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QCOMPARE(field(home, {"pod", "single", "-n", "shop"}, {"metadata", "uid"}), uid);
        const QString text =
            QString::fromStdString(kube::printJson(m_fleet->read(home, {"pod", "single", "-n", "shop"})));
        QVERIFY2(text.contains("\"key\":\"local\""), qPrintable(text));
    }

    void theTemplatesDeletionRemovesItEverywhere() {
        QVERIFY(m_fleet->kubectl("prod", {"delete", "rc", "web", "-n", "shop", "--timeout=30s"}).exitCode ==
                0);
        for (const char* context : {"m1", "m2"}) {
            const QString why = Fleet::eventually([&] {
                return field(context, {"rc", "web", "-n", "shop"}, {"metadata", "uid"}) == "absent"
                           ? QString()
                           : QString(context);
            });
            QVERIFY2(why.isEmpty(), qPrintable(why));
        }
    }
};

QTEST_GUILESS_MAIN(RepairTest)
#include "repair_test.moc"
