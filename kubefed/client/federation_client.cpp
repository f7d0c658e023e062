// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/federation_client.h"

#include <algorithm>
#include <random>
#include <utility>

#include <QByteArray>
#include <QCryptographicHash>

#include "kubefed/client/rpc_channel.h"
#include "kubefed/util/file.h"

namespace kubefed::client {
namespace {

constexpr Duration kConnectDeadline{5'000};
constexpr Duration kStalledAfter{3'000};
// A connection of which nothing is heard is half-open: the next one may do better.
constexpr Duration kGivenUpAfter{10'000};
constexpr Duration kFirstBackOff{250};
constexpr Duration kLongestBackOff{5'000};
constexpr Duration kForbiddenRetry{60'000};
constexpr std::size_t kMaxLibrary = 64U << 20U;
// A message that was delayed by less than this does not move the controller's clock.
constexpr TimeMs kClockTolerance = 1'000;

TimeMs millis(SteadyTime time) {
    return std::chrono::floor<Duration>(time.time_since_epoch()).count();
}

bool isForbidden(const Error& error) {
    return error.code == Code::PermissionDenied || error.code == Code::Unauthenticated;
}

// A failure that is known without asking is told later as well, as every other one.
template <class T>
Request failLater(Clock& clock, Error error, Callback<T> done) {
    return clock.after(Duration::zero(), [error = std::move(error), done = std::move(done)]() mutable {
        done(fail(std::move(error)));
    });
}

}  // namespace

class FederationClient::Impl {
public:
    Impl(FederationEndpoint endpoint, Clock& clock, WatchScope scope)
        : m_endpoint(std::move(endpoint)), m_clock(clock), m_scope(scope), m_calls(m_endpoint) {
        m_offset = std::chrono::floor<Duration>(m_clock.wallNow().time_since_epoch()).count() -
                   millis(m_clock.now());
    }

    void start(FleetSink& sink) {
        m_sink = &sink;
        m_timer = m_clock.after(Duration::zero(), [this] {
            m_sink->stateChanged(m_state, {.code = Code::Ok});
            connect();
        });
    }

    void reconnect() {
        // What still comes, a long snapshot too, would only come later; what is silent may be gone.
        const bool isHeard = m_isHeard && m_clock.now() - m_heard < kStalledAfter;
        if (m_sink == nullptr || (m_watch.isActive() && isHeard))
            return;
        m_watch.cancel();
        m_backOff = kFirstBackOff;
        m_timer = m_clock.after(Duration::zero(), [this] { connect(); });
    }

    [[nodiscard]] TimeMs now() const { return millis(m_clock.now()) + m_offset; }
    [[nodiscard]] Clock& clock() { return m_clock; }
    [[nodiscard]] RpcChannel& calls() { return m_calls; }

private:
    void connect() {
        // A channel of its own for each attempt: gRPC's back-off within one is not ours.
        m_channel = std::make_unique<RpcChannel>(m_endpoint);
        m_isHeard = false;
        m_isWhole = false;
        m_heard = m_clock.now();
        WatchCallbacks callbacks{
            .heard = [this](TimeMs now, bool isPart) { heard(now, isPart); },
            .reset = [this](const FleetInfo& info, FleetChanges all) { m_sink->reset(info, std::move(all)); },
            .changed = [this](FleetChanges changes) { m_sink->changed(std::move(changes)); },
            .ended = [this](Error error) { ended(std::move(error)); },
        };
        m_watch = m_channel->watch(m_scope, std::move(callbacks));
        m_timer = m_clock.after(kConnectDeadline, [this] { listen(); });
    }

    void heard(TimeMs now, bool isPart) {
        const TimeMs offset = now - millis(m_clock.now());
        // The fastest message tells best; a slower one only when the clock over there was changed.
        if (!m_isHeard || offset > m_offset || offset < m_offset - kClockTolerance)
            m_offset = offset;
        m_heard = m_clock.now();
        if (!std::exchange(m_isHeard, true))
            m_timer = m_clock.after(kStalledAfter, [this] { listen(); });
        m_isWhole = m_isWhole || !isPart;
        if (!m_isWhole)
            return;
        m_backOff = kFirstBackOff;
        m_sink->heard(this->now());
        tell(ConnectionState::Live, {.code = Code::Ok});
    }

    // Is it still there? Comes back when silence would have lasted too long.
    void listen() {
        const auto silence = std::chrono::floor<Duration>(m_clock.now() - m_heard);
        if (!m_isHeard || silence >= kGivenUpAfter)
            return ended({.code = Code::DeadlineExceeded,
                          .message = m_isHeard ? "nothing was heard of the controller for 10 s"
                                               : "the controller at " + m_endpoint.address +
                                                     " does not answer within 5 s"});
        if (silence >= kStalledAfter && m_isWhole)
            tell(ConnectionState::Stalled, {.code = Code::Ok});
        const Duration limit = silence >= kStalledAfter ? kGivenUpAfter : kStalledAfter;
        m_timer = m_clock.after(limit - silence, [this] { listen(); });
    }

    void ended(Error error) {
        m_watch.cancel();
        const bool forbidden = isForbidden(error);
        Duration delay = kForbiddenRetry;
        if (!forbidden) {
            // Between half and the whole, so that many clients do not come back at once.
            delay = Duration(std::uniform_int_distribution<Duration::rep>(m_backOff.count() / 2,
                                                                          m_backOff.count())(m_random));
            m_backOff = std::min(m_backOff * 2, kLongestBackOff);
        }
        m_timer = m_clock.after(delay, [this] { connect(); });
        tell(forbidden ? ConnectionState::Forbidden : ConnectionState::Disconnected, error);
    }

    void tell(ConnectionState state, const Error& error) {
        if (state == m_state && error.message == m_message)
            return;
        m_state = state;
        m_message = error.message;
        m_sink->stateChanged(state, error);
    }

    const FederationEndpoint m_endpoint;
    Clock& m_clock;
    const WatchScope m_scope;
    FleetSink* m_sink = nullptr;
    ConnectionState m_state = ConnectionState::Connecting;
    std::string m_message;  // of the error that was told last
    TimeMs m_offset = 0;    // from our monotonic clock to the controller's
    SteadyTime m_heard{};
    bool m_isHeard = false;
    bool m_isWhole = false;  // a whole snapshot came on this connection; until then what is shown is old
    Duration m_backOff = kFirstBackOff;
    std::minstd_rand m_random{std::random_device{}()};
    RpcChannel m_calls;  // those that are not the watch
    std::unique_ptr<RpcChannel> m_channel;
    Request m_watch;
    Request m_timer;
};

FederationClient::FederationClient(FederationEndpoint endpoint, Clock& clock, WatchScope scope)
    : m_impl(std::make_unique<Impl>(std::move(endpoint), clock, scope)) {}
FederationClient::~FederationClient() = default;

void FederationClient::start(FleetSink& sink) {
    m_impl->start(sink);
}
TimeMs FederationClient::now() const {
    return m_impl->now();
}
Request FederationClient::explain(const ObjectId& object, Callback<Explanation> done) {
    return m_impl->calls().explain(object, std::move(done));
}
Request FederationClient::listPolicies(Callback<std::vector<PolicyPlugin>> done) {
    return m_impl->calls().listPolicies(std::move(done));
}
void FederationClient::reconnect() {
    m_impl->reconnect();
}

Request FederationClient::installPolicy(const std::filesystem::path& library, bool trust,
                                        Callback<PolicyInstalled> done) {
    Result<std::string> bytes = readFile(library);
    if (!bytes)
        return failLater(m_impl->clock(), std::move(bytes.error()), std::move(done));
    if (bytes->size() > kMaxLibrary)
        return failLater(
            m_impl->clock(),
            {.code = Code::InvalidArgument, .message = "\"" + library.string() + "\" is larger than 64 MiB"},
            std::move(done));
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QByteArrayView(bytes->data(), static_cast<qsizetype>(bytes->size())));
    return m_impl->calls().installPolicy({.bytes = std::move(*bytes),
                                          .sha256 = hash.result().toHex().toStdString(),
                                          .fileName = library.filename().string(),
                                          .trust = trust},
                                         std::move(done));
}

}  // namespace kubefed::client
