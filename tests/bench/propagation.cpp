// SPDX-License-Identifier: Apache-2.0
//
// How fast does what a person writes reach the members, and at what cost? Against two real members on this
// machine: latency of single writes, bursts of ReplicationControllers and Services, CPU and memory of the
// controller, drift repair; beside it the ceiling: the same objects POSTed straight to the same members.
// Objects are deleted before each run, the order alternates, figures are medians of the pairs.
//   propagation --help
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <optional>

#include <CLI/CLI.hpp>
#include <QCoreApplication>

#include "tests/bench/process_figures.h"
#include "tests/kube/support/fleet.h"
#include "tests/kube/support/meter.h"

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

// CPU milliseconds per object that each part of the machine used since `before` was taken.
struct Usage {
    double federation = 0, members = 0, bench = 0;
    [[nodiscard]] Usage since(const Usage& before, int count) const {
        const auto each = [&](double now, double then) { return (now - then) / count * 1000; };
        return {each(federation, before.federation), each(members, before.members),
                each(bench, before.bench)};
    }
    [[nodiscard]] double sum() const { return federation + members + bench; }
};

class Bench {
public:
    Bench(Fleet& fleet, Meter& meter, int pairs) : m_fleet(fleet), m_meter(meter), m_pairs(pairs) {}

    bool latency() {
        if (!clean(kServices))
            return false;
        const Burst whole =
            m_meter.run("prod", {"m1", "m2"}, kServices, "shop", service, 300, 1, "lat", 120s, Pace::Present);
        if (!check(whole, "latency") || !clean(kServices))
            return false;
        // A direct write: to one member, as kubectl would, the next when it is acknowledged.
        const Burst direct = m_meter.runDirect({"m1"}, kServices, "shop", service, 300, 1, "lat", 120s);
        if (!check(direct, "direct latency"))
            return false;
        std::printf(
            "latency, one Service at a time, acknowledged to present on both: p50 %.1f ms, p99 %.1f ms\n",
            whole.latencyMs(0.5), whole.latencyMs(0.99));
        std::printf("  a direct write to one member takes: p50 %.1f ms, p99 %.1f ms  (ratio of p50: %.2f)\n",
                    direct.writeMs(0.5), direct.writeMs(0.99), whole.latencyMs(0.5) / direct.writeMs(0.5));
        std::printf("  a write to the federation API takes: p50 %.1f ms, p99 %.1f ms\n", whole.writeMs(0.5),
                    whole.writeMs(0.99));
        return clean(kServices);
    }

    bool burst(const char* what, const kube::Gvr& gvr,
               const std::function<kube::Object(const std::string&)>& make, int count) {
        // The best concurrency for direct writes, once.
        int best = 1;
        double bestRate = 0;
        for (const int concurrency : {1, 8, 32, 64}) {
            double rate = 0;
            if (!direct(gvr, make, count, concurrency, false, rate))
                return false;
            std::printf("  ceiling at concurrency %2d: %.0f objects/s\n", concurrency, rate);
            if (rate > bestRate)
                bestRate = rate, best = concurrency;
        }
        Series series;
        for (int pair = 0; pair < m_pairs; ++pair) {
            for (int half = 0; half < 2; ++half) {
                if ((half == 0) == (pair % 2 == 0)) {
                    if (!through(what, gvr, make, count, series))
                        return false;
                } else {
                    double bare = 0, watched = 0;
                    if (!direct(gvr, make, count, best, false, bare) ||
                        !direct(gvr, make, count, best, true, watched))
                        return false;
                    series.bare.push_back(bare);
                    series.watched.push_back(watched);
                }
            }
            std::printf(
                "  pair %d: %.0f objects/s; ceiling %.0f (concurrency %d), ratio %.2f; ceiling watched "
                "%.0f, ratio %.2f; %.2f ms CPU per object, %.2f until statuses rest, %.2f local "
                "writes\n",
                pair + 1, series.rates.back(), series.bare.back(), best,
                series.rates.back() / series.bare.back(), series.watched.back(),
                series.rates.back() / series.watched.back(), series.cpu.back(), series.settledCpu.back(),
                series.writes.back());
        }
        const auto ratio = [&](const std::vector<double>& ceilings) {
            std::vector<double> ratios;
            for (std::size_t i = 0; i < ceilings.size(); ++i)
                ratios.push_back(series.rates[i] / ceilings[i]);
            return median(std::move(ratios));
        };
        std::printf(
            "%s: %.0f objects/s on both, ceiling %.0f, ratio %.2f (with the same watches %.0f, %.2f), %.2f "
            "ms "
            "CPU per object (%.2f until statuses rest), %.2f local writes per object, peak PSS %.0f MB "
            "(medians)\n",
            what, median(series.rates), median(series.bare), ratio(series.bare), median(series.watched),
            ratio(series.watched), median(series.cpu), median(series.settledCpu), median(series.writes),
            *std::max_element(series.peaks.begin(), series.peaks.end()));
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
    struct Series {
        std::vector<double> rates, bare, watched, cpu, settledCpu, writes, peaks;
    };

    [[nodiscard]] Usage usage() {
        Usage usage{cpuSeconds(m_fleet.controllerPid()), 0, cpuSeconds(QCoreApplication::applicationPid())};
        for (RealCluster* member : {&m_fleet.m1(), &m_fleet.m2()})
            for (const char* part : {"etcd", "apiserver", "controller-manager", "scheduler"})
                if (const qint64 pid = member->pid(QLatin1String(part)); pid != 0)
                    usage.members += cpuSeconds(pid);
        return usage;
    }
    // Both cores are busy in either case, so the ratio is one of these sums.
    void tell(const char* what, const Usage& before, int count) {
        const Usage used = usage().since(before, count);
        std::printf("    %s: %.2f ms CPU per object: federation %.2f, members %.2f, bench %.2f\n", what,
                    used.sum(), used.federation, used.members, used.bench);
    }

    // Straight to both members; counted as written or, `watched`, as present by the watches of through().
    bool direct(const kube::Gvr& gvr, const std::function<kube::Object(const std::string&)>& make, int count,
                int concurrency, bool watched, double& rate) {
        if (!clean(gvr))
            return false;
        const Usage before = usage();
        const Burst burst =
            m_meter.runDirect({"m1", "m2"}, gvr, "shop", make, count, concurrency, "obj", 300s, watched);
        if (!check(burst, "direct burst"))
            return false;
        rate = count / burst.untilPresent.count();
        tell(watched ? "direct, watched" : "direct", before, count);
        return true;
    }

    bool through(const char* what, const kube::Gvr& gvr,
                 const std::function<kube::Object(const std::string&)>& make, int count, Series& series) {
        if (!clean(gvr))
            return false;
        const qint64 pid = m_fleet.controllerPid();
        const Usage before = usage();
        const double writesBefore = m_meter.writesOf("prod");
        PeakPss peak(pid);
        const Burst burst = m_meter.run("prod", {"m1", "m2"}, gvr, "shop", make, count, 32, "obj", 300s);
        if (!check(burst, what))
            return false;
        series.rates.push_back(count / burst.untilPresent.count());
        series.cpu.push_back(usage().since(before, count).federation);
        tell("through the federation", before, count);
        // Once what came later is written, too: statuses.
        static_cast<void>(Meter::until([] { return false; }, 3s));
        series.peaks.push_back(peak.mb());
        // Without the bench's own.
        series.writes.push_back((m_meter.writesOf("prod") - writesBefore) / count - 1);
        series.settledCpu.push_back(usage().since(before, count).federation);
        return true;
    }

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

struct Options {
    int pairs = 3;
    int services = 500;
    int rcs = 1000;
    int singles = 1;
};

// The exit code, if there is nothing to measure.
std::optional<int> readOptions(int argc, char** argv, Options& options) {
    CLI::App app("How fast what is written reaches two real members, and at what cost", "propagation");
    const auto add = [&](const char* name, int& value, int least, const char* help) {
        app.add_option(name, value, help)->check(CLI::Range(least, 100'000))->capture_default_str();
    };
    add("--pairs", options.pairs, 1, "Pairs of runs of each burst");
    add("--services", options.services, 0, "Services in a burst; 0: without it");
    add("--rcs", options.rcs, 0, "ReplicationControllers in a burst; 0: without it");
    add("--singles", options.singles, 0, "0: without single writes and repairs");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    return std::nullopt;
}

int run(int argc, char** argv) {
    Options options;
    if (const auto code = readOptions(argc, argv, options))
        return *code;
    const QCoreApplication app(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (const QString why = RealCluster::unavailable(); !why.isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(why));
        return 1;
    }
    Fleet fleet;
    QString why = fleet.startAll();
    if (why.isEmpty())
        why = fleet.placeEverywhere({"Service", "ReplicationController"});
    if (!why.isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(why));
        return 1;
    }
    // Direct writes need the namespace before the federation has brought it.
    for (const QString& member : {QStringLiteral("m1"), QStringLiteral("m2")})
        static_cast<void>(fleet.kubectl(
            member, {QStringLiteral("create"), QStringLiteral("namespace"), QStringLiteral("shop")}));
    Meter meter(
        {fleet.folder() + QStringLiteral("/kubeconfig"), fleet.m1().kubeconfig(), fleet.m2().kubeconfig()});
    std::printf("controller at rest: PSS %.0f MB\n", pssMb(fleet.controllerPid()));
    Bench bench(fleet, meter, options.pairs);
    const bool done =
        (options.singles == 0 || (bench.latency() && bench.drift())) &&
        (options.services == 0 || bench.burst("Services", kServices, service, options.services)) &&
        (options.rcs == 0 || bench.burst("ReplicationControllers", kControllers, controller, options.rcs));
    return done ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "propagation: %s\n", failure.what());
        return 1;
    }
}
