// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cache/reflector.h"

#include <algorithm>
#include <random>

namespace kubefed::cache {
namespace {

// A watch that lived this long has proved the connection; one that ends sooner counts as a failure, so that
// a server which closes at once is not asked in a tight loop.
constexpr Duration kProven{5'000};
constexpr Duration kTooShort{1'000};
// Added to the server's own time limit before silence is taken for a dead stream.
constexpr Duration kIdleReserve{30'000};

bool needsRelist(const Error& error) {
    if (!error.status)
        return false;
    if (error.status->httpCode == 410 || error.isReason("Expired") || error.isReason("Gone"))
        return true;
    // The server's storage was restored from a backup: our version lies in its future.
    return error.status->body.find("ResourceVersionTooLarge") != std::string::npos ||
           error.message.find("Too large resource version") != std::string::npos;
}

}  // namespace

class Reflector::Impl final : public kube::WatchHandler,
                              public std::enable_shared_from_this<Reflector::Impl> {
public:
    Impl(kube::Client& client, Clock& clock, ReflectorConfig config, ReflectorSink& sink, std::uint64_t seed)
        : m_client(client), m_clock(clock), m_config(std::move(config)), m_sink(&sink), m_random(seed) {}

    void start() {
        if (!m_started)
            list();
        m_started = true;
    }
    void stop() {
        m_sink = nullptr;
        m_timer.cancel();
        m_request.cancel();
    }
    void resume() { m_client.resumeWatch(*this); }
    void retryNow() {
        if (m_sink == nullptr || !m_timer.isActive())
            return;
        m_timer.cancel();
        m_failures = 0;
        next();
    }
    [[nodiscard]] const std::string& resourceVersion() const { return m_version; }

private:
    void onWatchBegin() override { m_sink->onState({}); }
    bool onEvent(kube::WatchEvent event) override;
    void onWatchEnd(Result<void> result) override;

    void next() { m_version.empty() ? list() : watch(); }
    void list();
    void askPage(std::string continueToken);
    void onPage(Result<kube::ObjectList> page, bool first);
    void watch();
    void backOff(Error error);
    [[nodiscard]] double random() { return static_cast<double>(m_random() >> 11U) * 0x1.0p-53; }

    kube::Client& m_client;
    Clock& m_clock;
    const ReflectorConfig m_config;
    ReflectorSink* m_sink;  // null once stopped
    std::mt19937_64 m_random;
    std::string m_version;  // empty: a list is needed
    bool m_started = false;
    bool m_wholeLists = false;  // pages expired under us once: ask for all at once
    int m_failures = 0;
    SteadyTime m_watchSince{};
    bool m_sawEvent = false;
    Request m_request;
    Request m_timer;
};

void Reflector::Impl::list() {
    m_version.clear();
    askPage({});
}

void Reflector::Impl::askPage(std::string continueToken) {
    const bool first = continueToken.empty();
    kube::ListOptions options;
    options.ns = m_config.ns;
    options.labelSelector = m_config.labelSelector;
    options.fieldSelector = m_config.fieldSelector;
    options.limit = m_wholeLists ? 0 : m_config.pageSize;
    options.continueToken = std::move(continueToken);
    m_request = m_client.list(m_config.gvr, std::move(options), [this, first](Result<kube::ObjectList> page) {
        const auto self = shared_from_this();
        m_request.cancel();
        onPage(std::move(page), first);
    });
}

void Reflector::Impl::onPage(Result<kube::ObjectList> page, bool first) {
    if (!page) {
        if (!first && needsRelist(page.error()))
            m_wholeLists = true;
        return backOff(std::move(page.error()));
    }
    if (first) {
        m_sink->onListBegin();
        if (m_sink == nullptr)
            return;
        m_sink->onState({});
    }
    for (kube::Object& object : page->items) {
        if (m_sink == nullptr)
            return;
        m_sink->onListed(std::move(object));
    }
    if (m_sink == nullptr)
        return;
    if (!page->continueToken.empty())
        return askPage(std::move(page->continueToken));
    m_wholeLists = false;
    m_version = std::move(page->resourceVersion);
    m_sink->onListEnd(m_version);
    if (m_sink != nullptr)
        watch();
}

void Reflector::Impl::watch() {
    kube::WatchOptions options;
    options.ns = m_config.ns;
    options.labelSelector = m_config.labelSelector;
    options.fieldSelector = m_config.fieldSelector;
    options.resourceVersion = m_version;
    // Spread over twice the time, so that the watches of many types do not all end together.
    options.serverTimeout = Duration(
        static_cast<Duration::rep>(static_cast<double>(m_config.watchTimeout.count()) * (1.0 + random())));
    options.idleTimeout = options.serverTimeout + kIdleReserve;
    m_watchSince = m_clock.now();
    m_sawEvent = false;
    m_request = m_client.watch(m_config.gvr, std::move(options), *this);
}

bool Reflector::Impl::onEvent(kube::WatchEvent event) {
    const auto self = shared_from_this();
    if (const std::string_view version = event.object.resourceVersion(); !version.empty())
        m_version = version;
    m_sawEvent = true;
    m_failures = 0;
    if (event.type == kube::EventType::Bookmark)
        return true;
    return m_sink->onChange(std::move(event));
}

void Reflector::Impl::onWatchEnd(Result<void> result) {
    const auto self = shared_from_this();
    m_request.cancel();
    const auto lived = m_clock.now() - m_watchSince;
    if (lived >= kProven)
        m_failures = 0;
    if (result) {
        if (m_sawEvent || lived >= kTooShort)
            return watch();
        return backOff(Error{.code = Code::Unavailable, .message = "the server ended the watch at once"});
    }
    if (needsRelist(result.error())) {
        m_version.clear();
        // Not an error of the connection: the first new list starts without a delay.
        if (m_failures++ == 0)
            return list();
    }
    backOff(std::move(result.error()));
}

void Reflector::Impl::backOff(Error error) {
    double delay = static_cast<double>(m_config.backoffFirst.count());
    const auto limit = static_cast<double>(m_config.backoffMax.count());
    for (int i = 0; i < m_failures && delay < limit; ++i)
        delay *= 2;
    ++m_failures;
    Duration wait(static_cast<Duration::rep>(std::min(delay, limit) * (0.5 + 0.5 * random())));
    if (error.retryAfter)
        wait = std::max(wait, *error.retryAfter);
    m_timer = m_clock.after(wait, [this] {
        const auto self = shared_from_this();
        m_timer.cancel();
        next();
    });
    m_sink->onState(fail(std::move(error)));
}

Reflector::Reflector(kube::Client& client, Clock& clock, ReflectorConfig config, ReflectorSink& sink,
                     std::uint64_t jitterSeed)
    : m_impl(std::make_shared<Impl>(client, clock, std::move(config), sink, jitterSeed)) {}
Reflector::~Reflector() {
    m_impl->stop();
}
void Reflector::start() {
    m_impl->start();
}
void Reflector::resume() {
    m_impl->resume();
}
void Reflector::retryNow() {
    m_impl->retryNow();
}
const std::string& Reflector::resourceVersion() const {
    return m_impl->resourceVersion();
}

}  // namespace kubefed::cache
