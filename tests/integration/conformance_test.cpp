// SPDX-License-Identifier: Apache-2.0
//
// The differential test: every recorded request (tests/data/kube) is put to our own API server, in this
// process, and the answer compared with what kube-apiserver 1.34 said. What differs on purpose stands with
// its reason in differences.yaml; anything else fails, and so does an acceptance that nothing needs. What is
// served must be among the recorded applies.
//   conformance_test                      all of it
//   conformance_test "answer:apply/"      QtTest's way to run the rows that match
#include <QtTest/QTest>

#include "kubefed/apiserver/server.h"
#include "kubefed/net/tls.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_response.h"
#include "tests/support/differences.h"
#include "tests/support/recorded_case.h"

using namespace kubefed;
using namespace kubefed::test;

namespace {

constexpr int kPatience = 200;  // turns of 100 ms of the clock that stands still

std::filesystem::path source(const char* path) {
    return std::filesystem::path(qEnvironmentVariable("KUBEFED_SOURCE_DIR", ".").toStdString()) / path;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += "\n  " + line;
    return text;
}

// What of a type's server-side apply a case records: "create", "conflict", "force", or "apply" for another
// that succeeds. Empty where it records none.
std::string applyOutcome(const RecordedCase& recorded) {
    const RecordedRequest& request = recorded.request;
    if (request.method != "PATCH" || request.contentType != "application/apply-patch+yaml")
        return {};
    switch (recorded.response.code) {
        case 201:
            return "create";
        case 409:
            return "conflict";
        case 200:
            return request.path.find("force=true") == std::string::npos ? "apply" : "force";
        default:
            return {};
    }
}

// "/api/v1/namespaces/x/pods/p/status?force=true" is of "/api/v1/pods/status".
std::string typeOfPath(std::string_view path) {
    const QStringList parts =
        QString::fromStdString(std::string(path.substr(0, path.find('?')))).split('/', Qt::SkipEmptyParts);
    const qsizetype prefix = parts.value(0) == "api" ? 2 : 3;
    QStringList rest = parts.mid(prefix);
    if (rest.size() > 2 && rest.front() == "namespaces" && rest[2] != "status" && rest[2] != "finalize")
        rest = rest.mid(2);
    if (rest.size() > 1)
        rest.removeAt(1);
    return "/" + (parts.mid(0, prefix) + rest).join('/').toStdString();
}

bool isWatch(const RecordedRequest& request) {
    return request.path.find("watch=") != std::string::npos;
}

// A server as the recorder had it: no controllers run (the clock stands still), its early history is gone.
class Server {
public:
    Result<void> open() {
        const Result<net::KeyPair> key = net::makeSigningKey();
        if (!key)
            return std::unexpected(key.error());
        auto server =
            apiserver::ApiServer::open({.signingKeyPem = key->keyPem, .historyEvents = 32}, m_clock);
        if (!server)
            return std::unexpected(server.error());
        m_server = std::move(*server);
        m_clock.advance(Duration(0));
        net::FakeCaller admin;
        (void)admin.ask(*m_server, "POST", "/api/v1/namespaces/default/configmaps",
                        "{\"metadata\":{\"name\":\"history\"}}");
        for (int i = 0; i < 40; ++i)
            (void)admin.ask(*m_server, "PATCH", "/api/v1/namespaces/default/configmaps/history",
                            "{\"data\":{\"n\":\"" + std::to_string(i) + "\"}}",
                            "application/merge-patch+json");
        return {};
    }
    void prepare(const std::string& space) {
        RecordedRequest post{.method = "POST",
                             .path = "/api/v1/namespaces",
                             .contentType = "application/json",
                             .accept = "application/json",
                             .body = "{\"metadata\":{\"name\":\"" + space + "\"}}"};
        (void)send(post, space);
        post.path += "/" + space + "/serviceaccounts";
        post.body = "{\"metadata\":{\"name\":\"default\"}}";
        (void)send(post, space);
    }
    std::shared_ptr<net::FakeResponse> send(const RecordedRequest& request, const std::string& space) {
        net::FakeCaller caller{.user = "kubernetes-admin"};
        net::Headers headers{{"accept", request.accept}, {"host", "127.0.0.1"}};
        if (!request.auth.empty()) {
            caller.user.clear();
            if (const std::string token = tokenFor(request.auth, space); !token.empty())
                headers.emplace_back("authorization", "Bearer " + token);
        }
        net::ServerRequest sent =
            caller.request(request.method, request.path, request.body.value_or(""), request.contentType);
        std::erase_if(sent.headers, [](const auto& header) { return header.first == "user-agent"; });
        sent.headers.insert(sent.headers.end(), headers.begin(), headers.end());
        sent.headers.emplace_back("user-agent", "record/1.0");
        auto response = std::make_shared<net::FakeResponse>();
        m_server->handle(std::move(sent), response);
        return response;
    }
    std::shared_ptr<net::FakeResponse> sendUntil(const RecordedRequest& request, const std::string& space) {
        auto response = send(request, space);
        if (request.until != 0)
            m_clock.advance(Duration(0));  // definitions are established soon, not at once
        for (int turn = 0; request.until != 0 && response->status() != request.until && turn < kPatience;
             ++turn) {
            m_clock.advance(Duration(100));
            response = send(request, space);
        }
        return response;
    }
    kube::Json get(const std::string& path) {
        return *kube::parseJson(
            send({.method = "GET", .path = path, .accept = "application/json"}, "default")->body());
    }
    FakeClock& clock() { return m_clock; }

private:
    std::string tokenFor(const std::string& auth, const std::string& space) {
        const auto colon = auth.find(':');
        const std::string kind = auth.substr(0, colon);
        const std::string value = colon == std::string::npos ? "" : auth.substr(colon + 1);
        if (kind != "serviceaccount")
            return kind == "token" ? value : "";
        const auto issued = net::FakeCaller().ask(
            *m_server, "POST", "/api/v1/namespaces/" + space + "/serviceaccounts/" + value + "/token", "{}");
        const Result<kube::Json> body = kube::parseJson(issued->body());
        return body && body->is_object()
                   ? std::string(kube::stringAt(body->get_object(), {"status", "token"}))
                   : std::string();
    }

    FakeClock m_clock;
    std::unique_ptr<apiserver::ApiServer> m_server;
};

}  // namespace

class ConformanceTest : public QObject {
    Q_OBJECT

    Server m_server;
    ServedResources m_served;
    AcceptedDifferences m_accepted;
    int m_ran = 0, m_alike = 0, m_acceptedCases = 0;

    // Replays a case; what differs, each as "PLACE: what".
    std::vector<std::string> play(const RecordedCase& recorded, const std::string& space) {
        std::vector<std::string> found;
        Replay replay(space, m_served);
        m_server.prepare(space);
        const auto step = [&](const char* what, std::size_t number, const RecordedRequest& request) {
            const auto answer = m_server.sendUntil(replay.prepare(request), space);
            replay.remember(answer->body());
            if (answer->status() != request.code)
                found.push_back(what + std::to_string(number) + ": expected " + std::to_string(request.code) +
                                ", got " + std::to_string(answer->status()) + " " + answer->body());
        };
        for (std::size_t i = 0; i < recorded.setup.size(); ++i)
            step("setup/", i, recorded.setup[i]);
        const auto answer = m_server.send(replay.prepare(recorded.request), space);
        for (std::size_t i = 0; i < recorded.during.size(); ++i)
            step("during/", i, recorded.during[i]);
        // A controller of the server would act with the clock, so what the watch saw is taken before.
        const std::string body = answer->body();
        if (isWatch(recorded.request))
            m_server.clock().advance(Duration(5000));
        if (!answer->isFinished())
            found.emplace_back("end: the answer never ended");
        std::vector<std::string> warnings;
        for (const auto& [name, value] : answer->headers())
            if (name == "warning")
                warnings.push_back(value);
        const auto more = replay.differences(recorded.response, answer->status(),
                                             net::header(answer->headers(), "content-type"), warnings, body);
        found.insert(found.end(), more.begin(), more.end());
        return found;
    }

private Q_SLOTS:
    void initTestCase() {
        auto served = readServedResources(source("kubefed/apiserver/schema"));
        QVERIFY2(served, served ? "" : served.error().text().c_str());
        m_served = std::move(*served);
        auto accepted = AcceptedDifferences::load(source("tests/data/kube/differences.yaml"));
        QVERIFY2(accepted, accepted ? "" : accepted.error().text().c_str());
        m_accepted = std::move(*accepted);
        const Result<void> opened = m_server.open();
        QVERIFY2(opened, opened ? "" : opened.error().text().c_str());
    }

    void answer_data() {
        QTest::addColumn<QString>("file");
        const auto folder = source("tests/data/kube");
        for (const auto& file : RecordedCase::find(folder)) {
            const std::filesystem::path name = std::filesystem::relative(file, folder).replace_extension();
            QTest::newRow(name.c_str()) << QString::fromStdString(file.string());
        }
    }
    void answer() {
        QFETCH(const QString, file);
        const auto recorded = RecordedCase::load(file.toStdString());
        QVERIFY2(recorded, recorded ? "" : recorded.error().text().c_str());
        const auto found = play(*recorded, "case-" + std::to_string(++m_ran));
        const auto rejected = m_accepted.rejected(recorded->name, found);
        m_alike += found.empty() ? 1 : 0;
        m_acceptedCases += !found.empty() && rejected.empty() ? 1 : 0;
        QVERIFY2(rejected.empty(), joined(rejected).c_str());
    }

    // Server-side apply of everything that is served is compared, by the kind and in its status.
    void everyTypeIsApplied_data() {
        QTest::addColumn<QString>("type");
        QTest::addColumn<bool>("created");
        for (const auto& [version, resources] : m_served) {
            const std::string root = (version.find('/') == std::string::npos ? "/api/" : "/apis/") + version;
            const kube::Json list = m_server.get(root);
            for (const kube::Json& element : list.at("resources").as_array()) {
                const kube::JsonObject& resource = element.as_object();
                const std::string name(kube::stringAt(resource, {"name"}));
                const kube::JsonArray& verbs = *kube::arrayAt(resource, {"verbs"});
                if (std::find(verbs.begin(), verbs.end(), kube::Json("patch")) != verbs.end() &&
                    !name.ends_with("/scale"))
                    QTest::newRow((root + "/" + name).c_str())
                        << QString::fromStdString(root + "/" + name) << (name.find('/') == std::string::npos);
            }
        }
    }
    void everyTypeIsApplied() {
        QFETCH(const QString, type);
        QFETCH(const bool, created);
        std::set<std::string> wanted{"conflict", "force", "apply"};
        if (created)
            wanted.insert("create");
        for (const auto& file : RecordedCase::find(source("tests/data/kube")))
            if (const auto recorded = RecordedCase::load(file);
                recorded && typeOfPath(recorded->request.path) == type.toStdString())
                wanted.erase(applyOutcome(*recorded));
        QVERIFY2(wanted.empty(), wanted.empty() ? "" : ("not recorded: " + *wanted.begin()).c_str());
    }

    void nothingIsAcceptedThatDoesNotOccur() {
        const auto stale = m_accepted.unused();
        QVERIFY2(stale.empty(), joined(stale).c_str());
    }

    void cleanupTestCase() {
        const std::string summary = std::to_string(m_ran) + " cases: " + std::to_string(m_alike) +
                                    " alike, " + std::to_string(m_acceptedCases) +
                                    " with accepted differences, " +
                                    std::to_string(m_ran - m_alike - m_acceptedCases) + " unlike";
        qInfo("%s", summary.c_str());
    }
};

QTEST_GUILESS_MAIN(ConformanceTest)
#include "conformance_test.moc"
