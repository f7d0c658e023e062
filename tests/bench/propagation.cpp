// SPDX-License-Identifier: Apache-2.0
//
// How fast does what a person writes reach the members, and at what cost? Against two real members on this
// machine: latency of single writes, bursts of ReplicationControllers and Services, CPU and memory of the
// controller, drift repair; beside it the ceiling: the same objects POSTed straight to the same members.
// Objects are deleted before each run, the order alternates, figures are medians of the pairs.
//   propagation [--pairs N] [--rcs N] [--services N] [--singles 0]   (0: without that part)
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

#include <QCoreApplication>
#include <QFile>
#include <QTextStream>

#include "tests/kube/support/fleet.h"
#include "tests/kube/support/meter.h"

#include <unistd.h>

using namespace kubefed;
using namespace kubefed::test;
using namespace std::chrono_literals;

namespace {

const kube::Gvr kServices{"", "v1", "services"};
const kube::Gvr kControllers{"", "v1", "replicationcontrollers"};

kube::Object service(const std::string& name) {
    kube::Object object = kube::Object::make({"", "v1", "Service"}, "shop", name);
    object.document()["spec"] = kube::JsonObject{{"selector", kube::JsonObject{{"app", name}}},
                                                 {"ports", kube::JsonArray{kube::JsonObject{{"port", 80}}}}};
    return object;
}

kube::Object controller(const std::string& name) {
    kube::Object object = kube::Object::make({"", "v1", "ReplicationController"}, "shop", name);
    const kube::JsonObject labels{{"app", name}};
    object.document()["spec"] = kube::JsonObject{
        {"replicas", 0},
        {"selector", labels},
        {"template",
         kube::JsonObject{
             {"metadata", kube::JsonObject{{"labels", labels}}},
             {"spec", kube::JsonObject{{"containers", kube::JsonArray{kube::JsonObject{
                                                          {"name", "main"}, {"image", "nginx:1.27"}}}}}}}}};
    return object;
}

double median(std::vector<double> values) {
    if (values.empty())
        return NAN;
    std::sort(values.begin(), values.end());
    return values.size() % 2 == 1 ? values[values.size() / 2]
                                  : (values[values.size() / 2 - 1] + values[values.size() / 2]) / 2;
}

// User and system CPU seconds of a process so far.
double cpuSeconds(qint64 pid) {
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return NAN;
    const QByteArray text = file.readAll();
    const QList<QByteArray> fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return (fields.at(11).toDouble() + fields.at(12).toDouble()) /
           static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Proportional set size of a process now, MB.
double pssMb(qint64 pid) {
    QFile file(QStringLiteral("/proc/%1/smaps_rollup").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return NAN;
    for (const QByteArray& line : file.readAll().split('\n'))
        if (line.startsWith("Pss:"))
            return line.mid(4).trimmed().split(' ').first().toDouble() / 1024.0;
    return NAN;
}

// The largest PSS seen while it lives, sampled on a thread of its own.
class PeakPss {
public:
    explicit PeakPss(qint64 pid)
        : m_thread([this, pid](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  const double now = pssMb(pid);
                  if (!std::isnan(now))
                      m_peak = std::max(m_peak.load(), now);
                  std::this_thread::sleep_for(50ms);
              }
          }) {}
    [[nodiscard]] double mb() const { return m_peak; }

private:
    std::atomic<double> m_peak{0};
    std::jthread m_thread;
};

class Bench {
public:
    Bench(Fleet& fleet, Meter& meter, int pairs) : m_fleet(fleet), m_meter(meter), m_pairs(pairs) {}

    bool latency() {
        if (!clean(kServices))
            return false;
        const Burst through =
            m_meter.run("prod", {"m1", "m2"}, kServices, "shop", service, 300, 1, "lat", 120s, Pace::Present);
        if (!check(through, "latency") || !clean(kServices))
            return false;
        // A direct write: to one member, as kubectl would, the next when it is acknowledged.
        const Burst direct = m_meter.runDirect({"m1"}, kServices, "shop", service, 300, 1, "lat", 120s);
        if (!check(direct, "direct latency"))
            return false;
        std::printf(
            "latency, one Service at a time, acknowledged to present on both: p50 %.1f ms, p99 %.1f ms\n",
            through.latencyMs(0.5), through.latencyMs(0.99));
        std::printf("  a direct write to one member takes: p50 %.1f ms, p99 %.1f ms  (ratio of p50: %.2f)\n",
                    direct.writeMs(0.5), direct.writeMs(0.99), through.latencyMs(0.5) / direct.writeMs(0.5));
        std::printf("  a write to the federation API takes: p50 %.1f ms, p99 %.1f ms\n", through.writeMs(0.5),
                    through.writeMs(0.99));
        return clean(kServices);
    }

    bool burst(const char* what, const kube::Gvr& gvr,
               const std::function<kube::Object(const std::string&)>& make, int count) {
        // The best concurrency for direct writes, once.
        int best = 1;
        double bestRate = 0;
        for (const int concurrency : {1, 8, 32, 64}) {
            if (!clean(gvr))
                return false;
            const Burst direct =
                m_meter.runDirect({"m1", "m2"}, gvr, "shop", make, count, concurrency, "obj", 300s);
            if (!check(direct, "direct burst"))
                return false;
            const double rate = count / direct.untilWritten.count();
            std::printf("  ceiling at concurrency %2d: %.0f objects/s\n", concurrency, rate);
            if (rate > bestRate)
                bestRate = rate, best = concurrency;
        }
        std::vector<double> rates, ceilings, ratios, cpu, settledCpu, writes, peaks;
        for (int pair = 0; pair < m_pairs; ++pair) {
            double rate = 0, ceiling = 0;
            for (int half = 0; half < 2; ++half) {
                if (!clean(gvr))
                    return false;
                if ((half == 0) == (pair % 2 == 0)) {
                    const qint64 pid = m_fleet.controllerPid();
                    const double before = cpuSeconds(pid);
                    const double writesBefore = m_meter.writesOf("prod");
                    const PeakPss peak(pid);
                    const Burst through =
                        m_meter.run("prod", {"m1", "m2"}, gvr, "shop", make, count, 32, "obj", 300s);
                    if (!check(through, what))
                        return false;
                    rate = count / through.untilPresent.count();
                    cpu.push_back((cpuSeconds(pid) - before) / count * 1000);
                    peaks.push_back(peak.mb());
                    // Once what came later is written, too: statuses.
                    static_cast<void>(Meter::until([] { return false; }, 3s));
                    // Without the bench's own.
                    writes.push_back((m_meter.writesOf("prod") - writesBefore) / count - 1);
                    settledCpu.push_back((cpuSeconds(pid) - before) / count * 1000);
                } else {
                    const Burst direct =
                        m_meter.runDirect({"m1", "m2"}, gvr, "shop", make, count, best, "obj", 300s);
                    if (!check(direct, "direct burst"))
                        return false;
                    ceiling = count / direct.untilWritten.count();
                }
            }
            rates.push_back(rate);
            ceilings.push_back(ceiling);
            ratios.push_back(rate / ceiling);
            std::printf(
                "  pair %d: %.0f objects/s, ceiling %.0f (concurrency %d), ratio %.2f, %.2f ms CPU per "
                "object, "
                "%.2f until statuses rest, %.2f local writes\n",
                pair + 1, rate, ceiling, best, rate / ceiling, cpu.back(), settledCpu.back(), writes.back());
        }
        std::printf(
            "%s: %.0f objects/s on both, ceiling %.0f, ratio %.2f, %.2f ms CPU per object (%.2f until "
            "statuses "
            "rest), %.2f local writes per object, peak PSS %.0f MB (medians)\n",
            what, median(rates), median(ceilings), median(ratios), median(cpu), median(settledCpu),
            median(writes), *std::max_element(peaks.begin(), peaks.end()));
        return clean(gvr);
    }

    // A field of a member's object is changed there; until it is as desired again.
    bool drift() {
        if (!clean(kServices))
            return false;
        const Burst one = m_meter.run("prod", {"m1", "m2"}, kServices, "shop", service, 20, 4, "drift", 60s);
        if (!check(one, "drift"))
            return false;
        kube::Client& member = m_meter.client("m1");
        std::vector<double> times;
        for (const Sample& sample : one.samples) {
            const kube::ObjectKey key{"shop", sample.name};
            bool patched = false, ours = false;
            SteadyTime at{};
            Request patch =
                member.patch(kServices, key, kube::PatchType::Merge,
                             "{\"spec\":{\"selector\":{\"app\":\"stolen\"}}}", {}, [&](Result<kube::Object>) {
                                 patched = true;
                                 at = std::chrono::steady_clock::now();
                             });
            if (!Meter::until([&] { return patched; }, 10s))
                return false;
            while (!ours) {
                bool got = false;
                const Request get = member.get(kServices, key, [&](Result<kube::Object> object) {
                    got = true;
                    ours = object &&
                           kube::stringAt(object->document(), {"spec", "selector", "app"}) == sample.name;
                });
                if (!Meter::until([&] { return got; }, 10s) || std::chrono::steady_clock::now() - at > 20s)
                    return false;
            }
            times.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - at).count());
        }
        std::printf("drift repaired: p50 %.0f ms, worst %.0f ms\n", median(times),
                    *std::max_element(times.begin(), times.end()));
        return clean(kServices);
    }

private:
    static bool check(const Burst& burst, const char* what) {
        if (!burst.error.empty())
            std::fprintf(stderr, "%s: %s\n", what, burst.error.c_str());
        return burst.error.empty();
    }
    // The federation first, so that nothing is made anew in members.
    bool clean(const kube::Gvr& gvr) {
        const std::string why = m_meter.removeAll({"prod", "m1", "m2"}, gvr, "shop", 120s);
        if (!why.empty())
            std::fprintf(stderr, "cleaning: %s\n", why.c_str());
        return why.empty();
    }

    Fleet& m_fleet;
    Meter& m_meter;
    int m_pairs;
};

}  // namespace

int main(int argc, char** argv) {
    QCoreApplication app(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const auto option = [&](const char* name, int fallback) {
        const qsizetype i = app.arguments().indexOf(QLatin1String(name));
        return i > 0 && i + 1 < app.arguments().size() ? app.arguments().at(i + 1).toInt() : fallback;
    };
    if (const QString why = RealCluster::unavailable(); !why.isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(why));
        return 1;
    }
    Fleet fleet;
    QString why = fleet.startMembers();
    if (why.isEmpty())
        why = fleet.startFederation();
    if (!why.isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(why));
        return 1;
    }
    for (const QString& member : {QStringLiteral("m1"), QStringLiteral("m2")})
        static_cast<void>(fleet.kubectl(
            member, {QStringLiteral("create"), QStringLiteral("namespace"), QStringLiteral("shop")}));
    // What is placed nowhere else decides: everything to all clusters.
    const QByteArray policy =
        "{\"apiVersion\":\"kubefed.io/"
        "v1alpha1\",\"kind\":\"PlacementPolicy\",\"metadata\":{\"name\":\"all\"},"
        "\"spec\":{\"resourceSelectors\":[{\"apiVersion\":\"v1\",\"kind\":\"Service\"},{\"apiVersion\":"
        "\"v1\",\"kind\":\"ReplicationController\"}],"
        "\"replicas\":{\"strategy\":\"Duplicate\"}}}";
    const Outcome applied = fleet.kubectl(QStringLiteral("prod"),
                                          {QStringLiteral("apply"), QStringLiteral("-n"),
                                           QStringLiteral("shop"), QStringLiteral("-f"), QStringLiteral("-")},
                                          policy);
    if (applied.exitCode != 0) {
        std::fprintf(stderr, "%s\n", qPrintable(applied.text()));
        return 1;
    }
    Meter meter(
        {fleet.folder() + QStringLiteral("/kubeconfig"), fleet.m1().kubeconfig(), fleet.m2().kubeconfig()});
    std::printf("controller at rest: PSS %.0f MB\n", pssMb(fleet.controllerPid()));
    Bench bench(fleet, meter, option("--pairs", 3));
    const int services = option("--services", 500);
    const int controllers = option("--rcs", 1000);
    const bool done =
        (option("--singles", 1) == 0 || (bench.latency() && bench.drift())) &&
        (services == 0 || bench.burst("Services", kServices, service, services)) &&
        (controllers == 0 || bench.burst("ReplicationControllers", kControllers, controller, controllers));
    return done ? 0 : 1;
}
