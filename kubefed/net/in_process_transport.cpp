// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/in_process_transport.h"

#include <unordered_map>
#include <utility>
#include <vector>

#include <QObject>

#include "kubefed/net/exchange.h"
#include "kubefed/net/in_process_link.h"
#include "kubefed/net/loop.h"
#include "kubefed/net/server_connection.h"

namespace kubefed::net {
namespace {

constexpr std::string_view kName = "in-process";

// The client's side of one in-process connection.
class Client final : public ExchangeHost,
                     public ExchangeCarrier,
                     public std::enable_shared_from_this<Client> {
public:
    Client(std::shared_ptr<ServerOutlet> server, CertificateInfo user, std::size_t maxRequests,
           std::size_t reportAfter, Clock& clock)
        : m_server(std::move(server)),
          m_user(std::move(user)),
          m_maxRequests(maxRequests),
          m_reportAfter(reportAfter),
          m_loop(clock),
          m_mailbox(kUnbounded, [this](std::vector<ToClient> batch) {
              const auto keep = shared_from_this();
              m_handling = true;
              for (auto& message : batch)
                  onMessage(message);
              m_handling = false;
          }) {
        m_outlet->open(&m_mailbox);
    }

    // Silently; for the destruction of the transport.
    void close() {
        m_outlet->close();
        m_server->send({.from = m_outlet, .kind = ToServer::Kind::Gone});
        for (const auto& [id, entry] : std::exchange(m_exchanges, {}))
            entry.exchange->abandon();
        m_streams.clear();
    }
    [[nodiscard]] bool isHandling() const { return m_handling; }
    Request start(std::shared_ptr<Exchange> exchange);
    void resume(HttpStream& stream);

    void forget(Exchange& exchange) override { cancel(exchange); }
    void cancel(Exchange& exchange) override {
        if (drop(exchange))
            m_server->send({.from = m_outlet, .kind = ToServer::Kind::Cancel, .id = exchange.streamId});
    }
    void consumed(const Exchange& exchange, std::size_t bytes) override;

private:
    struct Entry {
        std::shared_ptr<Exchange> exchange;
        std::size_t taken = 0;  // and not reported yet
    };

    void onMessage(ToClient& message);
    // True if it was under way.
    bool drop(const Exchange& exchange) {
        if (const HttpStream* stream = exchange.consumer())
            m_streams.erase(stream);
        return m_exchanges.erase(exchange.streamId) > 0;
    }
    void failLater(const std::shared_ptr<Exchange>& exchange, Error error) {
        m_loop.later([exchange, error = std::move(error)] { exchange->fail(error); });
    }

    const std::shared_ptr<ServerOutlet> m_server;
    const CertificateInfo m_user;
    const std::size_t m_maxRequests;
    const std::size_t m_reportAfter;
    Loop m_loop;
    const std::shared_ptr<ClientOutlet> m_outlet = std::make_shared<ClientOutlet>();
    std::unordered_map<std::int64_t, Entry> m_exchanges;
    std::unordered_map<const HttpStream*, std::weak_ptr<Exchange>> m_streams;
    std::size_t m_pruneAt = 64;
    std::int64_t m_lastId = 0;
    bool m_handling = false;
    Mailbox<ToClient> m_mailbox;  // last: stops first
};

Request Client::start(std::shared_ptr<Exchange> exchange) {
    exchange->host = weak_from_this();
    Request handle = exchange->makeHandle();
    if (m_exchanges.size() >= m_maxRequests) {
        failLater(exchange, makeProblem(Problem::TooLarge, "too many requests under way in this process"));
        return handle;
    }
    const HttpRequest& request = exchange->request();
    ServerRequest forServer{.method = request.method,
                            .path = {},
                            .query = {},
                            .headers = request.headers,
                            .body = *exchange->body(),
                            .remoteAddress = std::string(kName),
                            .peer = m_user};
    setTarget(forServer, request.target);
    exchange->streamId = ++m_lastId;
    exchange->carrier = weak_from_this();
    exchange->watchTime(m_loop, std::string(kName));
    m_exchanges.emplace(exchange->streamId, Entry{.exchange = exchange});
    if (const HttpStream* stream = exchange->consumer()) {
        if (m_streams.size() >= m_pruneAt) {
            std::erase_if(m_streams, [](const auto& entry) { return entry.second.expired(); });
            m_pruneAt = std::max(m_pruneAt, 2 * m_streams.size());
        }
        m_streams[stream] = exchange;
    }
    if (!m_server->send({.from = m_outlet, .id = exchange->streamId, .request = std::move(forServer)})) {
        m_exchanges.erase(exchange->streamId);
        failLater(exchange, makeProblem(Problem::Reset, "the server in this process has ended"));
    }
    return handle;
}

void Client::onMessage(ToClient& message) {
    const auto found = m_exchanges.find(message.id);
    if (found == m_exchanges.end())
        return;
    const std::shared_ptr<Exchange> exchange = found->second.exchange;
    exchange->lastActivity = m_loop.now();
    switch (message.kind) {
        case ToClient::Kind::Head:
            exchange->onHead(message.status, std::move(message.headers));
            if (!message.last)
                break;
            if (!message.data.empty())
                exchange->onData(message.data);
            m_exchanges.erase(message.id);
            exchange->onEnd();
            break;
        case ToClient::Kind::Data:
            exchange->onData(message.data);
            break;
        case ToClient::Kind::End:
            m_exchanges.erase(message.id);
            exchange->onEnd();
            break;
        case ToClient::Kind::Reset:
            m_exchanges.erase(message.id);
            exchange->fail(makeProblem(Problem::Reset, "the server in this process ended the request"));
            break;
    }
}

void Client::consumed(const Exchange& exchange, std::size_t bytes) {
    const auto found = m_exchanges.find(exchange.streamId);
    if (found == m_exchanges.end() || exchange.consumer() == nullptr)
        return;
    found->second.taken += bytes;
    if (found->second.taken < m_reportAfter)
        return;
    m_server->send({.from = m_outlet,
                    .kind = ToServer::Kind::Taken,
                    .id = exchange.streamId,
                    .bytes = std::exchange(found->second.taken, 0)});
}

void Client::resume(HttpStream& stream) {
    m_loop.later([self = weak_from_this(), key = &stream] {
        const auto client = self.lock();
        if (!client)
            return;
        const auto found = client->m_streams.find(key);
        if (const auto exchange = found == client->m_streams.end() ? nullptr : found->second.lock())
            exchange->resume();
    });
}

class InProcessTransport final : public HttpTransport {
public:
    explicit InProcessTransport(std::shared_ptr<Client> client) : m_client(std::move(client)) {}
    ~InProcessTransport() override {
        m_client->close();
        if (m_client->isHandling())
            releaseLater(std::move(m_client));
    }
    [[nodiscard]] Request send(HttpRequest request, Callback<HttpResponse> done) override {
        return m_client->start(std::make_shared<Exchange>(std::move(request), std::move(done)));
    }
    [[nodiscard]] Request stream(HttpRequest request, HttpStream& stream) override {
        return m_client->start(std::make_shared<Exchange>(std::move(request), stream));
    }
    void resume(HttpStream& stream) override { m_client->resume(stream); }

private:
    std::shared_ptr<Client> m_client;
};

class Keeper final : public QObject {
public:
    explicit Keeper(std::shared_ptr<void> kept) : m_kept(std::move(kept)) { deleteLater(); }

private:
    std::shared_ptr<void> m_kept;
};

}  // namespace

void releaseLater(std::shared_ptr<void> kept) {
    new Keeper(std::move(kept));
}

std::unique_ptr<HttpTransport> makeInProcessTransport(std::shared_ptr<ServerOutlet> server,
                                                      CertificateInfo user, std::size_t maxRequests,
                                                      std::size_t reportAfter, Clock& clock) {
    return std::make_unique<InProcessTransport>(
        std::make_shared<Client>(std::move(server), std::move(user), maxRequests, reportAfter, clock));
}

}  // namespace kubefed::net
