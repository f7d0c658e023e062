// SPDX-License-Identifier: Apache-2.0
#include "tests/kube/support/meter.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <unordered_map>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEventLoop>
#include <QTimer>

#include "kubefed/kube/kubeconfig.h"

namespace kubefed::test {
namespace {

double quantile(std::vector<double> values, double q) {
    if (values.empty())
        return NAN;
    std::sort(values.begin(), values.end());
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

double milliseconds(SteadyTime from, SteadyTime to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

// Notes the first time at which each name is seen in one API server.
class Arrivals final : public kube::WatchHandler {
public:
    bool onEvent(kube::WatchEvent event) override {
        if (event.type == kube::EventType::Added && event.object.name().starts_with(m_prefix))
            m_seen.try_emplace(std::string(event.object.name()), std::chrono::steady_clock::now());
        m_version = event.object.resourceVersion();
        return true;
    }
    // kube-apiserver sends GOAWAY now and then; the watch goes on where it was.
    void onWatchEnd(Result<void>) override { m_ended = true; }

    std::string m_prefix;
    std::unordered_map<std::string, SteadyTime> m_seen;
    std::string m_version;
    bool m_ended = false;
};

}  // namespace

double Burst::latencyMs(double q) const {
    std::vector<double> values;
    for (const Sample& sample : samples) {
        SteadyTime last = sample.acknowledged;
        for (const auto& [target, when] : sample.present)
            last = std::max(last, when);
        values.push_back(milliseconds(sample.acknowledged, last));
    }
    return quantile(std::move(values), q);
}

double Burst::writeMs(double q) const {
    std::vector<double> values;
    for (const Sample& sample : samples)
        values.push_back(milliseconds(sample.sent, sample.acknowledged));
    return quantile(std::move(values), q);
}

class Meter::Impl {
public:
    QtClock clock;
    net::ConnectionCache connections{clock};
    kube::Kubeconfig config;
    std::map<std::string, std::unique_ptr<kube::Client>> clients;
};

Meter::Meter(const QStringList& kubeconfigs) : m_impl(std::make_unique<Impl>()) {
    qputenv("KUBECONFIG", kubeconfigs.join(QLatin1Char(':')).toUtf8());
    auto config = kube::Kubeconfig::load(std::nullopt);
    if (!config) {
        std::fprintf(stderr, "kubeconfig: %s\n", config.error().text().c_str());
        std::abort();
    }
    m_impl->config = std::move(*config);
}

Meter::~Meter() = default;

kube::Client& Meter::client(const std::string& context) {
    auto& client = m_impl->clients[context];
    if (!client) {
        const auto resolved = m_impl->config.resolve(context);
        if (!resolved) {
            std::fprintf(stderr, "context %s: %s\n", context.c_str(), resolved.error().text().c_str());
            std::abort();
        }
        client = std::make_unique<kube::Client>(
            m_impl->connections.transport(resolved->endpoint, resolved->identity), "kubefed-meter");
    }
    return *client;
}

bool Meter::until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
    const QDeadlineTimer deadline(timeout.count());
    // With a time limit of its own, processEvents() does not wait but spins, on a core that others need.
    QTimer wakes;
    wakes.start(20);
    while (!done()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents);
    }
    return true;
}

namespace {

// Writes objects with bounded concurrency, noting times. Writes that were refused because the connection
// was drained under them are sent again, as any client would.
class Writer {
public:
    Writer(kube::Client& client, kube::Gvr gvr, const std::function<kube::Object(const std::string&)>& make,
           int count, int concurrency, const std::string& prefix)
        : m_client(client), m_gvr(std::move(gvr)), m_make(make), m_concurrency(concurrency) {
        m_samples.resize(static_cast<std::size_t>(count));
        m_requests.resize(m_samples.size());
        for (std::size_t i = 0; i < m_samples.size(); ++i)
            m_samples[i].name = prefix + "-" + std::to_string(i);
    }
    void start() {
        for (int i = 0; i < m_concurrency; ++i)
            next();
    }
    // Only the first `count` objects are begun until more are allowed.
    void allow(std::size_t count) {
        m_allowed = count;
        while (m_next < std::min(m_allowed, m_samples.size()) &&
               m_next - m_done < static_cast<std::size_t>(m_concurrency))
            next();
    }
    [[nodiscard]] bool isDone() const { return m_done == m_samples.size(); }
    [[nodiscard]] std::vector<Sample>& samples() { return m_samples; }

private:
    void next() {
        if (m_next < std::min(m_allowed, m_samples.size()))
            send(m_next++);
    }
    void send(std::size_t i) {
        Sample& sample = m_samples[i];
        if (sample.sent == SteadyTime{})
            sample.sent = std::chrono::steady_clock::now();
        m_requests[i] = m_client.create(m_gvr, m_make(sample.name), {.fieldManager = "kubefed-meter"},
                                        [this, i](Result<kube::Object> r) {
                                            if (!r && !r.error().status && ++m_retries < 100) {
                                                send(i);
                                                return;
                                            }
                                            m_samples[i].acknowledged = std::chrono::steady_clock::now();
                                            if (!r && !r.error().isReason("AlreadyExists"))
                                                m_samples[i].error = r.error().text();
                                            ++m_done;
                                            next();
                                        });
    }

    kube::Client& m_client;
    kube::Gvr m_gvr;
    const std::function<kube::Object(const std::string&)>& m_make;
    int m_concurrency;
    std::size_t m_allowed = std::numeric_limits<std::size_t>::max();
    std::size_t m_next = 0, m_done = 0;
    int m_retries = 0;
    std::vector<Sample> m_samples;
    std::vector<Request> m_requests;
};

std::string firstError(const std::vector<Sample>& samples) {
    for (const Sample& sample : samples)
        if (!sample.error.empty())
            return sample.name + ": " + sample.error;
    return {};
}

}  // namespace

// Notes when the objects of one run appear in each of some API servers.
class Meter::Presence {
public:
    Presence(Meter& meter, const std::vector<std::string>& targets, kube::Gvr gvr, std::string ns,
             const std::string& prefix)
        : m_meter(meter), m_gvr(std::move(gvr)), m_ns(std::move(ns)) {
        for (const std::string& target : targets)
            m_arrivals[target].m_prefix = prefix + "-";
    }
    // Watches from the version of a list made now. "" or why not.
    [[nodiscard]] std::string start() {
        std::string error;
        for (auto& [target, handler] : m_arrivals) {
            bool listed = false;
            const Request list =
                m_meter.client(target).list(m_gvr, {.ns = m_ns, .limit = 1}, [&](Result<kube::ObjectList> r) {
                    listed = true;
                    if (r)
                        handler.m_version = r->resourceVersion;
                    else
                        error = r.error().text();
                });
            if (!until([&] { return listed; }, std::chrono::seconds(10)))
                return target + " does not list";
            if (!error.empty())
                return error;
            watch(target, handler);
        }
        return {};
    }
    // How many are present everywhere, of `count`.
    [[nodiscard]] std::size_t everywhere(std::size_t count) {
        for (auto& [target, handler] : m_arrivals) {
            if (handler.m_ended)
                watch(target, handler);
            count = std::min(count, handler.m_seen.size());
        }
        return count;
    }
    // What `sample` was seen at, into it.
    void note(Sample& sample) const {
        for (const auto& [target, handler] : m_arrivals)
            if (const auto it = handler.m_seen.find(sample.name); it != handler.m_seen.end())
                sample.present[target] = it->second;
    }
    [[nodiscard]] std::string missing(std::size_t count) const {
        std::string text = "timed out: ";
        for (const auto& [target, handler] : m_arrivals)
            text += target + " has " + std::to_string(handler.m_seen.size()) + " of " +
                    std::to_string(count) + " ";
        return text;
    }

private:
    void watch(const std::string& target, Arrivals& handler) {
        handler.m_ended = false;
        m_watches[target] =
            m_meter.client(target).watch(m_gvr, {.ns = m_ns, .resourceVersion = handler.m_version}, handler);
    }

    Meter& m_meter;
    kube::Gvr m_gvr;
    std::string m_ns;
    std::map<std::string, Arrivals> m_arrivals;
    std::map<std::string, Request> m_watches;
};

namespace {

void sumUp(Burst& burst, SteadyTime begin) {
    SteadyTime present = begin, written = begin;
    for (const Sample& sample : burst.samples) {
        written = std::max(written, sample.acknowledged);
        for (const auto& [target, when] : sample.present)
            present = std::max(present, when);
    }
    burst.untilWritten = written - begin;
    burst.untilPresent = std::max(present, written) - begin;
    if (burst.error.empty())
        burst.error = firstError(burst.samples);
}

}  // namespace

Burst Meter::run(const std::string& source, const std::vector<std::string>& targets, const kube::Gvr& gvr,
                 const std::string& ns, const std::function<kube::Object(const std::string&)>& make,
                 int count, int concurrency, const std::string& prefix, std::chrono::seconds timeout,
                 Pace pace) {
    Burst burst;
    Presence presence(*this, targets, gvr, ns, prefix);
    burst.error = presence.start();
    if (!burst.error.empty())
        return burst;
    Writer writer(client(source), gvr, make, count, concurrency, prefix);
    const SteadyTime begin = std::chrono::steady_clock::now();
    if (pace == Pace::Acknowledged)
        writer.start();
    const auto all = static_cast<std::size_t>(count);
    const auto isComplete = [&] {
        const std::size_t everywhere = presence.everywhere(all);
        if (pace == Pace::Present)
            writer.allow(everywhere + static_cast<std::size_t>(concurrency));
        return writer.isDone() && everywhere >= all;
    };
    if (!until(isComplete, timeout))
        burst.error = presence.missing(all);
    burst.samples = std::move(writer.samples());
    for (Sample& sample : burst.samples)
        presence.note(sample);
    sumUp(burst, begin);
    return burst;
}

Burst Meter::runDirect(const std::vector<std::string>& sources, const kube::Gvr& gvr, const std::string& ns,
                       const std::function<kube::Object(const std::string&)>& make, int count,
                       int concurrency, const std::string& prefix, std::chrono::seconds timeout,
                       bool watched) {
    Burst burst;
    Presence presence(*this, watched ? sources : std::vector<std::string>{}, gvr, ns, prefix);
    burst.error = presence.start();
    if (!burst.error.empty())
        return burst;
    std::vector<std::unique_ptr<Writer>> writers;
    for (const std::string& source : sources)
        writers.push_back(std::make_unique<Writer>(client(source), gvr, make, count, concurrency, prefix));
    const SteadyTime begin = std::chrono::steady_clock::now();
    for (const auto& writer : writers)
        writer->start();
    const auto all = static_cast<std::size_t>(count);
    const bool done = until(
        [&] {
            const std::size_t everywhere = presence.everywhere(all);
            return everywhere >= all &&
                   std::ranges::all_of(writers, [](const auto& w) { return w->isDone(); });
        },
        timeout);
    if (!done)
        burst.error = "timed out";
    for (const auto& writer : writers) {
        for (Sample& sample : writer->samples()) {
            presence.note(sample);
            burst.samples.push_back(std::move(sample));
        }
    }
    sumUp(burst, begin);
    return burst;
}

double Meter::writesOf(const std::string& context) {
    double sum = -1;
    bool got = false;
    const Request request =
        client(context).raw("/metrics", Duration{10'000}, [&](Result<net::HttpResponse> response) {
            got = true;
            if (!response)
                return;
            sum = 0;
            for (const QByteArray& line : QByteArray::fromStdString(response->body).split('\n')) {
                const bool counts = line.startsWith("apiserver_request_total{") &&
                                    !line.contains("resource=\"leases\"") &&
                                    !line.contains("resource=\"memberclusters\"");
                const bool writes = line.contains("verb=\"POST\"") || line.contains("verb=\"PUT\"") ||
                                    line.contains("verb=\"PATCH\"") || line.contains("verb=\"APPLY\"") ||
                                    line.contains("verb=\"DELETE\"");
                if (counts && writes)
                    sum += line.mid(line.lastIndexOf(' ') + 1).toDouble();
            }
        });
    static_cast<void>(until([&] { return got; }, std::chrono::seconds(10)));
    return sum;
}

std::string Meter::removeAll(const std::vector<std::string>& contexts, const kube::Gvr& gvr,
                             const std::string& ns, std::chrono::seconds timeout) {
    for (const std::string& context : contexts) {
        kube::Client& api = client(context);
        std::vector<Request> removals;
        std::size_t open = 1;
        std::string error;
        const auto removeEach = [&](Result<kube::ObjectList> list) {
            --open;
            if (!list) {
                error = list.error().text();
                return;
            }
            for (const kube::Object& object : list->items) {
                if (object.name() == "kubernetes")
                    continue;
                ++open;
                // Left to itself, a ReplicationController's removal waits for the garbage collector, which
                // sends 20 requests a second.
                removals.push_back(api.remove(gvr, object.key(), {.propagationPolicy = "Background"},
                                              [&](Result<kube::Object>) { --open; }));
            }
        };
        const SteadyTime begin = std::chrono::steady_clock::now();
        for (;;) {
            open = 1;
            removals.clear();
            const Request list = api.list(gvr, {.ns = ns, .limit = 0}, removeEach);
            if (!until([&] { return open == 0; }, timeout) || !error.empty())
                return context + ": " + (error.empty() ? "timed out" : error);
            if (removals.empty())
                break;
            if (std::chrono::steady_clock::now() - begin > timeout)
                return context + ": objects stay";
        }
    }
    return {};
}

}  // namespace kubefed::test
