// SPDX-License-Identifier: Apache-2.0
//
// A ResponseWriter that keeps what it is given, and a few helpers to ask an HttpHandler without sockets. A
// test may play a slow client (setTaking(false)) or one that goes away (close()). Single thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/net/http_server.h"

namespace kubefed::net {

class FakeResponse final : public ResponseWriter {
public:
    void respond(int status, Headers headers, std::string body) override {
        m_status = status;
        m_headers = std::move(headers);
        m_body = std::move(body);
        m_finished = true;
    }
    void begin(int status, Headers headers) override {
        m_status = status;
        m_headers = std::move(headers);
    }
    bool write(std::string chunk) override {
        m_chunks.push_back(chunk);
        m_body += chunk;
        return m_taking;
    }
    void finish() override { m_finished = true; }
    void reset() override { m_closed = true; }
    void setOnDrained(std::function<void()> drained) override { m_drained = std::move(drained); }
    void setOnClosed(std::function<void()> closed) override { m_onClosed = std::move(closed); }
    [[nodiscard]] bool isClosed() const override { return m_closed; }

    [[nodiscard]] int status() const { return m_status; }
    [[nodiscard]] const Headers& headers() const { return m_headers; }
    [[nodiscard]] const std::string& body() const { return m_body; }
    [[nodiscard]] const std::vector<std::string>& chunks() const { return m_chunks; }
    [[nodiscard]] bool isFinished() const { return m_finished; }
    // False: the client does not read; true again: it catches up.
    void setTaking(bool taking) {
        m_taking = taking;
        if (taking && m_drained)
            m_drained();
    }
    // The client goes away.
    void close() {
        m_closed = true;
        if (auto closed = std::exchange(m_onClosed, {}))
            closed();
    }

private:
    int m_status = 0;
    Headers m_headers;
    std::string m_body;
    std::vector<std::string> m_chunks;
    bool m_finished = false;
    bool m_closed = false;
    bool m_taking = true;
    std::function<void()> m_drained, m_onClosed;
};

// Asks as system:masters (or as `user`, in `groups`; an empty user is nobody).
struct FakeCaller {
    std::string user = "admin";
    std::vector<std::string> groups = {"system:masters"};

    [[nodiscard]] ServerRequest request(std::string method, const std::string& target, std::string body = {},
                                        std::string contentType = "application/json",
                                        Headers more = {}) const {
        ServerRequest out;
        out.method = std::move(method);
        const std::size_t question = target.find('?');
        out.path = target.substr(0, question);
        out.query = question == std::string::npos ? std::string() : target.substr(question + 1);
        out.headers = std::move(more);
        out.headers.emplace_back("user-agent", "test/1.0");
        if (!body.empty())
            out.headers.emplace_back("content-type", std::move(contentType));
        out.body = std::move(body);
        out.remoteAddress = "127.0.0.1";
        if (!user.empty()) {
            CertificateInfo info;
            info.subjectCommonName = user;
            info.organizations = groups;
            out.peer = std::move(info);
        }
        return out;
    }
    std::shared_ptr<FakeResponse> ask(HttpHandler& handler, std::string method, const std::string& target,
                                      std::string body = {}, std::string contentType = "application/json",
                                      Headers more = {}) const {
        auto response = std::make_shared<FakeResponse>();
        handler.handle(
            request(std::move(method), target, std::move(body), std::move(contentType), std::move(more)),
            response);
        return response;
    }
};

}  // namespace kubefed::net
