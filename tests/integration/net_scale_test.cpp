// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <latch>

#include <QDir>
#include <QTest>

#include "kubefed/util/joined_thread.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/net_fixture.h"

#include <sys/resource.h>

using namespace kubefed;
using namespace kubefed::net;

namespace {

// A TLS handshake costs many times as much under a sanitizer; what is looked for shows with fewer.
#ifdef KUBEFED_SANITIZED
constexpr std::size_t kConnections = 200;
#else
constexpr std::size_t kConnections = 1000;
#endif

// A server on a thread of its own that answers with the caller's name.
class ServerThread : public JoinedThread {
public:
    explicit ServerThread(ServerConfig config) : m_config(std::move(config)) {
        start();
        m_ready.wait();
    }
    ~ServerThread() override {
        quit();
        join();
    }
    [[nodiscard]] std::uint16_t port() const { return m_port; }

protected:
    void work() override {
        QtClock clock;
        FunctionHandler handler([](const ServerRequest& r, const std::shared_ptr<ResponseWriter>& w) {
            w->respond(200, {},
                       r.peer ? r.peer->subjectCommonName : std::string(header(r.headers, "authorization")));
        });
        HttpServer server(m_config, handler, clock);
        m_port = server.listen().value();
        m_ready.count_down();
        exec();
    }

private:
    const ServerConfig m_config;
    std::uint16_t m_port = 0;
    // Not Qt's semaphore: the thread sanitizer cannot see into Qt's own locks.
    std::latch m_ready{1};
};

// A client on a thread of its own that sends `count` requests, some at a time, and ends.
class ClientThread : public JoinedThread {
public:
    ClientThread(const std::vector<std::uint16_t>& ports, const Identity& identity, std::string expected,
                 int count)
        : m_ports(ports), m_identity(identity), m_expected(std::move(expected)), m_count(count) {
        start();
    }
    ~ClientThread() override { join(); }
    std::atomic<int> good = 0;

protected:
    void work() override {
        QtClock clock;
        ConnectionCache cache(clock);
        std::vector<std::shared_ptr<HttpTransport>> transports;
        for (const auto port : m_ports)
            transports.push_back(cache.transport(loopback(port), m_identity));
        std::vector<Request> handles(16);
        int sent = 0;
        int finished = 0;
        std::function<void(std::size_t)> next = [&](std::size_t slot) {
            if (sent >= m_count)
                return;
            auto& transport = transports[static_cast<std::size_t>(sent++) % transports.size()];
            handles[slot] = transport->send(get("/"), [&, slot](const Result<HttpResponse>& r) {
                good += r && r->body == m_expected ? 1 : 0;
                if (++finished == m_count)
                    quit();
                next(slot);
            });
        };
        for (std::size_t slot = 0; slot < handles.size(); ++slot)
            next(slot);
        exec();
    }

private:
    const std::vector<std::uint16_t> m_ports;
    const Identity m_identity;
    const std::string m_expected;
    const int m_count;
};

class NetScaleTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        rlimit files{};
        ::getrlimit(RLIMIT_NOFILE, &files);
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }

    void manyCachesAndServersOnManyThreads() {
        ServerThread one(m_pki.serverConfig());
        ServerThread two(m_pki.serverConfig());
        const std::vector ports{one.port(), two.port()};
        const KeyPair bob = m_pki.client("bob", {});
        std::vector<std::unique_ptr<ClientThread>> clients;
        for (int i = 0; i < 4; ++i)
            clients.push_back(std::make_unique<ClientThread>(ports, m_pki.as(i % 2 == 0 ? m_pki.alice : bob),
                                                             i % 2 == 0 ? "alice" : "bob", 300));
        for (const auto& client : clients) {
            QTRY_VERIFY_WITH_TIMEOUT(client->isFinished(), 40'000);
            QCOMPARE(client->good.load(), 300);
        }
    }

    void aThousandConnectionsOnOneThread() {
        QtClock clock;
        // All shake hands at once, so the last waits for all before it, on a loaded machine for long.
        ServerConfig serverConfig = m_pki.serverConfig();
        serverConfig.handshake = Duration{60'000};
        ServerThread server(serverConfig);
        TransportConfig config;
        config.connectTimeout = Duration{60'000};
        ConnectionCache cache(clock, config);
        Slot<HttpResponse> warm;
        const auto warming =
            cache.transport(loopback(server.port()), m_pki.as(m_pki.alice))->send(get("/"), warm.callback());
        QTRY_VERIFY(warm.isOk());
        const auto threads = threadCount();
        std::vector<std::shared_ptr<HttpTransport>> transports;
        std::vector<Slot<HttpResponse>> slots(kConnections);
        std::vector<Request> handles;
        for (std::size_t i = 0; i < kConnections; ++i) {
            Identity identity = m_pki.anonymous();
            identity.bearerToken = "token-" + std::to_string(i);
            transports.push_back(cache.transport(loopback(server.port()), identity));
            HttpRequest request = get("/");
            request.timeout = Duration{60'000};
            handles.push_back(transports.back()->send(std::move(request), slots[i].callback()));
        }
        for (std::size_t i = 0; i < kConnections; ++i) {
            QTRY_VERIFY_WITH_TIMEOUT(slots[i].isSet(), 60'000);
            QVERIFY2(slots[i].isOk(), slots[i].isOk() ? "" : slots[i].error().text().c_str());
            QCOMPARE(slots[i].value().body, "Bearer token-" + std::to_string(i));
        }
        QCOMPARE(cache.openConnections(), kConnections + 1);
        QCOMPARE(threadCount(), threads);
    }

private:
    static qsizetype threadCount() {
        return QDir(QStringLiteral("/proc/self/task")).entryList(QDir::Dirs | QDir::NoDotAndDotDot).size();
    }

    TestPki m_pki;
};

}  // namespace

QTEST_GUILESS_MAIN(NetScaleTest)
#include "net_scale_test.moc"
