// SPDX-License-Identifier: Apache-2.0
//
// The controller's figures (docs/metrics.md) after things that happened in a simulation.
#include <cmath>
#include <map>
#include <sstream>

#include <QtTest/QTest>

#include "tests/unit/controller/simulation.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

class MetricsTest : public QObject {
    Q_OBJECT

    // By name and labels, as they are printed.
    std::map<std::string, double> m_samples;
    void scrape(Simulation& s) {
        m_samples.clear();
        std::istringstream text(s.controller->metricsText());
        for (std::string line; std::getline(text, line);) {
            if (line.starts_with("# ")) {
                QVERIFY2(line.starts_with("# HELP kubefed_") || line.starts_with("# TYPE kubefed_"),
                         line.c_str());
                continue;
            }
            const auto space = line.rfind(' ');
            QVERIFY2(m_samples.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second,
                     line.c_str());
        }
    }
    // NaN where it is absent, which equals nothing.
    double value(const std::string& sample) const {
        const auto it = m_samples.find(sample);
        return it == m_samples.end() ? std::nan("") : it->second;
    }
    double decisions() const {
        double sum = 0;
        for (const auto& [sample, count] : m_samples)
            sum += sample.starts_with("kubefed_decisions_total") ? count : 0;
        return sum;
    }
    static std::string of(const char* name, const char* cluster, const char* code = nullptr) {
        return std::string("kubefed_") + name + "{cluster=\"" + cluster + "\"" +
               (code == nullptr ? "" : std::string(",code=\"") + code + "\"") + "}";
    }

private Q_SLOTS:
    void aQuietFederation() {
        Simulation s(61);
        s.start();
        s.putRc("web", 6);
        s.putService("web", "web");
        s.run(5s);
        scrape(s);
        for (const char* cluster : {"m1", "m2", "m3"}) {
            QCOMPARE(value(of("cluster_ready", cluster)), 1.0);
            QVERIFY(value(of("cluster_last_contact_seconds", cluster)) >= 0);
            QVERIFY(value(of("cluster_last_contact_seconds", cluster)) <= 10);
            QCOMPARE(value(of("queue_depth", cluster)), 0.0);
            QCOMPARE(value(of("queue_latency_seconds", cluster)), 0.0);
            QCOMPARE(value(of("member_requests_in_flight", cluster)), 0.0);
            // Its namespace, the ReplicationController and the Service.
            QVERIFY(value(of("member_requests_total", cluster, "200")) >= 3);
        }
        QCOMPARE(value("kubefed_schedule_queue_depth"), 0.0);
        const double count = value("kubefed_propagation_seconds_count");
        const double sum = value("kubefed_propagation_seconds_sum");
        QCOMPARE(count, 6.0);
        QVERIFY(sum > 0 && sum / count < 1);
        QCOMPARE(value("kubefed_propagation_seconds_bucket{le=\"+Inf\"}"), count);
        QCOMPARE(value("kubefed_propagation_seconds_bucket{le=\"1\"}"), count);
        QVERIFY(value("kubefed_propagation_seconds_bucket{le=\"0.001\"}") < count);
        QVERIFY(value("kubefed_decisions_total{outcome=\"Scheduled\"}") >= 1);
        QVERIFY(value("kubefed_decisions_total{outcome=\"Follows\"}") >= 1);
        QVERIFY(value("kubefed_host_writes_total{what=\"placement\"}") >= 2);
        QVERIFY(value("kubefed_host_writes_total{what=\"placement\"}") <= 4);
        QVERIFY(value("kubefed_host_writes_total{what=\"finalizer\"}") >= 2);
        QVERIFY(value("kubefed_host_writes_total{what=\"placement status\"}") >= 2);
        QVERIFY(value("kubefed_host_writes_total{what=\"template status\"}") >= 1);
    }

    // A policy may depend on any cluster: everything that it governs is looked at, once where nothing moves.
    // What no decision depends on causes no look.
    void aChangeOfOneClusterIsLookedAtOnceForEachObject() {
        constexpr int kObjects = 300;
        Simulation s(64, 20);
        s.policies.fillsTheFirst = true;  // so that nothing moves
        s.start();
        for (int i = 0; i < kObjects; ++i)
            s.putRc("web" + std::to_string(i), 40);
        s.run(20s);
        scrape(s);
        const double before = decisions();
        s.label("m7", "evict", true);
        s.run(20s);
        scrape(s);
        QCOMPARE(decisions() - before, double{kObjects});
        s.setHealthCheck("m8", "timeoutSeconds", 2);
        s.run(20s);
        scrape(s);
        QCOMPARE(decisions() - before, double{kObjects});
    }

    void whatMembersRefuseIsCountedByCode() {
        Simulation s(62);
        s.start();
        s.run(1s);
        s.member("m2").throttling = 1;
        s.putRc("web", 6);
        s.run(3s);
        scrape(s);
        QVERIFY(value(of("member_requests_total", "m2", "429")) >= 1);
        QVERIFY(std::isnan(value(of("member_requests_total", "m2", "200"))));
        QVERIFY(std::isnan(value(of("member_requests_total", "m1", "429"))));
    }

    void aFrozenMemberShowsInItsOwnFiguresOnly() {
        Simulation s(63);
        s.start();
        s.run(2s);
        s.member("m3").frozen = true;
        for (int i = 0; i < 200; ++i)
            s.putRc("web" + std::to_string(i), 3);
        s.run(5s);
        scrape(s);
        QVERIFY(value(of("queue_depth", "m3")) > 100);
        QVERIFY(value(of("queue_latency_seconds", "m3")) > 3);
        QVERIFY(value(of("queue_latency_seconds", "m3")) <= 5);
        QVERIFY(value(of("member_requests_in_flight", "m3")) >= 1);
        for (const char* cluster : {"m1", "m2"}) {
            QCOMPARE(value(of("queue_depth", cluster)), 0.0);
            QCOMPARE(value(of("member_requests_in_flight", cluster)), 0.0);
            QCOMPARE(value(of("cluster_ready", cluster)), 1.0);
        }
        s.run(40s);
        scrape(s);
        QCOMPARE(value(of("cluster_ready", "m3")), 0.0);
        QVERIFY(value(of("cluster_last_contact_seconds", "m3")) >= 40);
        QVERIFY(value(of("cluster_last_contact_seconds", "m3")) <= 57);
        QVERIFY(value(of("member_requests_total", "m3", "0")) >= 1);
    }
};

QTEST_GUILESS_MAIN(MetricsTest)
#include "metrics_test.moc"
