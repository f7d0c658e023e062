// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/local_api.h"

#include "kubefed/util/log.h"

namespace kubefed::sandbox {

namespace {

// Collects one whole answer.
class Collector final : public net::ResponseWriter {
public:
    explicit Collector(LocalApi::Done done) : m_done(std::move(done)) {}
    void respond(int status, net::Headers, std::string body) override {
        m_status = status;
        m_body = std::move(body);
        finish();
    }
    void begin(int status, net::Headers) override { m_status = status; }
    bool write(std::string chunk) override {
        m_body += chunk;
        return true;
    }
    void finish() override {
        m_closed = true;
        if (LocalApi::Done done = std::exchange(m_done, {}))
            done(m_status, m_body);
    }
    void reset() override { m_closed = true; }
    void setOnDrained(std::function<void()>) override {}
    void setOnClosed(std::function<void()>) override {}
    [[nodiscard]] bool isClosed() const override { return m_closed; }

private:
    LocalApi::Done m_done;
    int m_status = 0;
    std::string m_body;
    bool m_closed = false;
};

void logRefusal(const std::string& method, const std::string& path, int status, const std::string& body) {
    // 404, 409: somebody was faster; the next event brings the controller back here.
    if (status >= 400 && status != 404 && status != 409)
        log::warning("a simulated controller's request was refused", {{"method", method},
                                                                      {"path", path},
                                                                      {"status", std::to_string(status)},
                                                                      {"body", body.substr(0, 400)}});
}

}  // namespace

void LocalApi::send(std::string method, std::string path, std::string_view contentType, std::string body,
                    Done done) {
    net::ServerRequest request;
    request.method = method;
    request.path = path;
    request.headers = {{"accept", "application/json"}, {"user-agent", "kubefed-sandbox"}};
    if (!contentType.empty())
        request.headers.emplace_back("content-type", contentType);
    request.body = std::move(body);
    request.remoteAddress = "in-process";
    request.peer.emplace();
    request.peer->subjectCommonName = "system:kube-controller-manager";
    request.peer->organizations = {"system:masters"};
    auto answered = [method = std::move(method), path = std::move(path), done = std::move(done)](
                        int status, const std::string& text) {
        logRefusal(method, path, status, text);
        if (done)
            done(status, text);
    };
    m_server.handle(std::move(request), std::make_shared<Collector>(std::move(answered)));
}

void LocalApi::create(const kube::Gvr& gvr, std::string_view ns, const kube::JsonObject& object,
                      std::string_view name, std::string_view subresource, Done done) {
    send("POST", gvr.path(ns, name, subresource), "application/json", kube::printJson(object),
         std::move(done));
}

void LocalApi::mergePatch(const kube::Gvr& gvr, const kube::ObjectKey& key, std::string_view subresource,
                          const kube::JsonObject& patch, Done done) {
    send("PATCH", gvr.path(key.ns, key.name, subresource), "application/merge-patch+json",
         kube::printJson(patch), std::move(done));
}

void LocalApi::replace(const kube::Gvr& gvr, const kube::ObjectKey& key, const kube::JsonObject& object,
                       Done done) {
    send("PUT", gvr.path(key.ns, key.name), "application/json", kube::printJson(object), std::move(done));
}

void LocalApi::remove(const kube::Gvr& gvr, const kube::ObjectKey& key, int graceSeconds, Done done) {
    kube::JsonObject options{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}};
    if (graceSeconds >= 0)
        options["gracePeriodSeconds"] = graceSeconds;
    send("DELETE", gvr.path(key.ns, key.name), "application/json", kube::printJson(options), std::move(done));
}

}  // namespace kubefed::sandbox
