// SPDX-License-Identifier: Apache-2.0
//
// Replays every recorded answer of a real kube-apiserver (tests/data/kube) against our server in this
// process and names the differences: what the differential test judges. KUBEFED_SOURCE_DIR says where the
// sources are.
#include <memory>
#include <string>

#include <QtTest/QTest>

#include "kubefed/apiserver/server.h"
#include "kubefed/net/tls.h"
#include "kubefed/util/base64.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_response.h"
#include "tests/support/recorded_case.h"

using namespace kubefed;
using namespace std::chrono_literals;

namespace {

using Answer = std::shared_ptr<net::FakeResponse>;

std::filesystem::path sourceDir() {
    return std::filesystem::path(qgetenv("KUBEFED_SOURCE_DIR").toStdString());
}

class Player {
public:
    explicit Player(const test::ServedResources& served) : m_replay("play", served) {
        static const net::KeyPair kKey = net::makeSigningKey().value();
        m_server = apiserver::ApiServer::open({.signingKeyPem = kKey.keyPem}, m_clock).value();
        m_clock.advance(0ms);
        send({.method = "POST",
              .path = "/api/v1/namespaces",
              .contentType = "application/json",
              .body = "{\"metadata\":{\"name\":\"play\"}}"});
        m_clock.advance(0ms);
    }

    std::vector<std::string> play(const test::RecordedCase& recorded) {
        std::vector<std::string> problems;
        for (const test::RecordedRequest& step : recorded.setup)
            perform(step, problems);
        const Answer answer = send(m_replay.prepare(recorded.request));
        for (const test::RecordedRequest& step : recorded.during)
            perform(step, problems);
        if (recorded.response.stream)
            m_clock.advance(10s);
        std::vector<std::string> warnings;
        for (const auto& [name, value] : answer->headers())
            if (name == "warning")
                warnings.push_back(value);
        for (std::string& difference : m_replay.differences(
                 recorded.response, answer->status(),
                 std::string(net::header(answer->headers(), "content-type")), warnings, answer->body()))
            problems.push_back(std::move(difference));
        return problems;
    }

private:
    void perform(const test::RecordedRequest& step, std::vector<std::string>& problems) {
        const Answer answer = send(m_replay.prepare(step));
        m_replay.remember(answer->body());
        if (step.code != 0 && answer->status() != step.code)
            problems.push_back(step.method + " " + step.path + ": expected " + std::to_string(step.code) +
                               ", got " + std::to_string(answer->status()) + ": " +
                               answer->body().substr(0, 300));
        m_clock.advance(0ms);
    }

    Answer send(const test::RecordedRequest& request) {
        net::Headers headers{{"accept", request.accept.empty() ? "application/json" : request.accept}};
        net::FakeCaller caller;
        if (!request.auth.empty())
            caller.user.clear();
        if (request.auth.starts_with("token:"))
            headers.emplace_back("authorization", "Bearer " + request.auth.substr(6));
        if (request.auth.starts_with("serviceaccount:"))
            headers.emplace_back("authorization", "Bearer " + tokenOf(request.auth.substr(15)));
        net::ServerRequest asked = caller.request(
            request.method, request.path, request.body.value_or(""),
            request.contentType.empty() ? "application/json" : request.contentType, std::move(headers));
        for (auto& [name, value] : asked.headers)
            if (name == "user-agent")
                value = "record/1.0";
        auto response = std::make_shared<net::FakeResponse>();
        m_server->handle(std::move(asked), response);
        return response;
    }

    std::string tokenOf(const std::string& account) {
        const Answer answer = net::FakeCaller().ask(
            *m_server, "POST", "/api/v1/namespaces/play/serviceaccounts/" + account + "/token",
            "{\"spec\":{}}");
        const Result<kube::Json> body = kube::parseJson(answer->body());
        return body && body->is_object()
                   ? std::string(kube::stringAt(body->get_object(), {"status", "token"}))
                   : std::string();
    }

    FakeClock m_clock;
    std::unique_ptr<apiserver::ApiServer> m_server;
    test::Replay m_replay;
};

}  // namespace

class RecordedReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        auto served = test::readServedResources(sourceDir() / "kubefed/apiserver/schema");
        QVERIFY(served.has_value());
        m_served = std::move(*served);
    }

    void answersAsTheRealServer_data() {
        QTest::addColumn<QString>("path");
        const std::filesystem::path folder = sourceDir() / "tests/data/kube";
        for (const std::filesystem::path& file : test::RecordedCase::find(folder))
            QTest::newRow(file.lexically_relative(folder).replace_extension().c_str())
                << QString::fromStdString(file.string());
    }

    void answersAsTheRealServer() {
        QFETCH(QString, path);
        const auto recorded = test::RecordedCase::load(path.toStdString());
        QVERIFY2(recorded.has_value(), recorded ? "" : recorded.error().text().c_str());
        const std::vector<std::string> differences = Player(m_served).play(*recorded);
        std::string text;
        for (const std::string& difference : differences)
            text += "\n    " + difference;
        QVERIFY2(differences.empty(), text.c_str());
    }

private:
    test::ServedResources m_served;
};

QTEST_GUILESS_MAIN(RecordedReport)
#include "recorded_report.moc"
