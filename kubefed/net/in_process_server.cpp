// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "kubefed/net/in_process_link.h"
#include "kubefed/net/in_process_transport.h"
#include "kubefed/net/server_connection.h"

namespace kubefed::net {

class InProcessServer::Side final : public ResponseSink, public std::enable_shared_from_this<Side> {
public:
    Side(HttpHandler& handler, InProcessConfig config)
        : m_handler(handler), m_config(config), m_mailbox(kUnbounded, [this](std::vector<ToServer> batch) {
              const auto keep = shared_from_this();
              m_handling = true;
              for (auto& message : batch)
                  onMessage(message);
              m_handling = false;
          }) {
        m_outlet->open(&m_mailbox);
    }
    [[nodiscard]] bool isHandling() const { return m_handling; }
    // Every client learns of it.
    void close() {
        m_closed = true;
        m_outlet->close();
        for (const auto& [id, request] : std::exchange(m_requests, {})) {
            request.client->send({.id = request.clientId, .kind = ToClient::Kind::Reset});
            if (const auto writer = request.writer.lock())
                writer->connectionGone();
        }
    }
    std::unique_ptr<HttpTransport> connect(CertificateInfo user, Clock& clock) {
        return makeInProcessTransport(m_outlet, std::move(user), m_config.maxRequests,
                                      m_config.maxBuffered / 4, clock);
    }

    void sendHead(std::int64_t id, int status, Headers headers, std::optional<std::string> body) override {
        const bool last = body.has_value();
        send(id, {.kind = ToClient::Kind::Head,
                  .status = status,
                  .headers = std::move(headers),
                  .data = last ? std::move(*body) : std::string(),
                  .last = last});
        if (last)
            end(id);
    }
    std::size_t sendData(std::int64_t id, std::string chunk) override {
        const auto found = m_requests.find(id);
        if (found == m_requests.end() || chunk.empty())
            return 0;
        const std::size_t unread = found->second.unread += chunk.size();
        send(id, {.kind = ToClient::Kind::Data, .data = std::move(chunk)});
        return unread;
    }
    void sendEnd(std::int64_t id) override {
        send(id, {.kind = ToClient::Kind::End});
        end(id);
    }
    void sendReset(std::int64_t id) override {
        send(id, {.kind = ToClient::Kind::Reset});
        drop(id);
    }

private:
    using ClientKey = std::pair<ClientOutlet*, std::int64_t>;
    struct Pending {
        std::shared_ptr<ClientOutlet> client;
        std::int64_t clientId = 0;
        std::size_t unread = 0;
        std::weak_ptr<ServerWriter> writer = {};
    };

    void onMessage(ToServer& message) {
        if (m_closed)
            return;
        const auto known = m_byClient.find({message.from.get(), message.id});
        switch (message.kind) {
            case ToServer::Kind::Request:
                onRequest(message);
                break;
            case ToServer::Kind::Cancel:
                if (known != m_byClient.end())
                    cancel(known->second);
                break;
            case ToServer::Kind::Taken:
                if (known != m_byClient.end())
                    onTaken(m_requests.at(known->second), message.bytes);
                break;
            case ToServer::Kind::Gone:
                for (auto at = m_byClient.lower_bound({message.from.get(), 0});
                     at != m_byClient.end() && at->first.first == message.from.get();
                     at = m_byClient.lower_bound({message.from.get(), 0}))
                    cancel(at->second);
                break;
        }
    }
    void onRequest(ToServer& message) {
        const std::int64_t id = ++m_lastId;
        const auto writer = std::make_shared<ServerWriter>(weak_from_this(), *this, id, m_config.maxBuffered);
        m_byClient.emplace(ClientKey{message.from.get(), message.id}, id);
        m_requests.emplace(
            id, Pending{.client = std::move(message.from), .clientId = message.id, .writer = writer});
        m_handler.handle(std::move(*message.request), writer);
    }
    void cancel(std::int64_t id) {
        const auto writer = m_requests.at(id).writer.lock();
        drop(id);
        if (writer)
            writer->connectionGone();
    }
    static void onTaken(Pending& request, std::size_t bytes) {
        request.unread -= std::min(bytes, request.unread);
        const std::size_t unread = request.unread;
        if (const auto writer = request.writer.lock())
            writer->connectionProgress(unread);
    }
    void send(std::int64_t id, ToClient message) {
        const auto found = m_requests.find(id);
        if (found == m_requests.end())
            return;
        message.id = found->second.clientId;
        found->second.client->send(std::move(message));
    }
    // All was said: the writer lets go of its callbacks, which may hold the writer itself.
    void end(std::int64_t id) {
        const auto found = m_requests.find(id);
        const auto writer = found == m_requests.end() ? nullptr : found->second.writer.lock();
        drop(id);
        if (writer)
            writer->connectionGone();
    }
    void drop(std::int64_t id) {
        const auto node = m_requests.extract(id);
        if (!node.empty())
            m_byClient.erase({node.mapped().client.get(), node.mapped().clientId});
    }

    HttpHandler& m_handler;
    const InProcessConfig m_config;
    std::shared_ptr<ServerOutlet> m_outlet = std::make_shared<ServerOutlet>();
    std::map<std::int64_t, Pending> m_requests;
    std::map<ClientKey, std::int64_t> m_byClient;
    std::int64_t m_lastId = 0;
    bool m_closed = false;
    bool m_handling = false;
    Mailbox<ToServer> m_mailbox;  // last: stops first
};

InProcessServer::InProcessServer(HttpHandler& handler, InProcessConfig config)
    : m_side(std::make_shared<Side>(handler, config)) {}
InProcessServer::~InProcessServer() {
    m_side->close();
}

std::unique_ptr<HttpTransport> InProcessServer::connect(CertificateInfo user, Clock& clock) {
    return m_side->connect(std::move(user), clock);
}

}  // namespace kubefed::net
