// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <fstream>
#include <thread>

#include <QTemporaryDir>
#include <QTest>

#include "kubefed/util/file.h"
#include "kubefed/v1/federation.grpc.pb.h"

#include "rpc_fixture.h"
#include "rpc_world.h"
#include "simulation.h"
#include <grpcpp/grpcpp.h>

using namespace kubefed;
using namespace kubefed::controller;
using namespace kubefed::controller::testing;

// How libraries of policies arrive.
class RpcUploadTest : public QObject, private RpcWorld {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { makeKeys(); }
    void takesALibrary();
    void asksWhetherItMayReplace();
    void givesUpACancelledInstall();
    void refusesBadUploads_data();
    void refusesBadUploads();
};

void RpcUploadTest::takesALibrary() {
    ManualHandler handler;
    QTemporaryDir folder;
    handler.folder = folder.path().toStdString();
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    const std::filesystem::path file = handler.folder / "nearest.so";
    const std::string bytes(1'000'000, 'x');
    QVERIFY(writeFile(file, bytes).has_value());
    std::optional<Result<client::PolicyInstalled>> installed;
    Request request = client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY2(installed->has_value(), installed->has_value() ? "" : installed->error().message.c_str());
    QCOMPARE((*installed)->plugin.name, std::string("nearest"));
    QCOMPARE(handler.library, bytes);
    QVERIFY(handler.uploads[0].trusted);
    QCOMPARE(handler.uploads[0].sha256.size(), std::size_t{64});
    QTRY_VERIFY(!std::filesystem::exists(handler.uploads[0].file));  // it is not kept
    handler.mayInstall = false;
    installed.reset();
    request = client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
    QTRY_VERIFY(installed);
    QVERIFY(installed->error().code == Code::PermissionDenied);
    QCOMPARE(handler.uploads.size(), std::size_t{1});
}

// Who may create may install; whether also in place of another one is known only when its name is.
void RpcUploadTest::asksWhetherItMayReplace() {
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    FleetFeed feed(sim.clock, {});
    QTemporaryDir folder;
    std::vector<std::optional<Error>> refusals;
    PolicyIntake intake;
    intake.folder = [&] { return std::filesystem::path(folder.path().toStdString()); };
    intake.install = [&](const PolicyUpload& upload, Callback<client::PolicyInstalled> done) {
        refusals.push_back(upload.mayNotReplace);
        return m_clock.after(Duration::zero(), [done = std::move(done)]() mutable { done({}); });
    };
    FederationService service(*sim.controller, feed, host, m_clock, {}, {}, intake);
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    host.allowed = {"ann create policyplugins", "ann update policyplugins", "bob create policyplugins"};
    const std::filesystem::path file = intake.folder() / "nearest.so";
    QVERIFY(writeFile(file, "bytes").has_value());
    for (const net::KeyPair& who : {m_ann, m_bob}) {
        client::FederationClient client(endpoint((*server)->port(), who), m_clock);
        std::optional<Result<client::PolicyInstalled>> installed;
        const Request request =
            client.installPolicy(file, true, [&](auto result) { installed = std::move(result); });
        QTRY_VERIFY(installed);
        QVERIFY2(installed->has_value(), installed->has_value() ? "" : installed->error().message.c_str());
    }
    QCOMPARE(refusals.size(), std::size_t{2});
    QVERIFY(!refusals[0]);
    QVERIFY(refusals[1] && refusals[1]->code == Code::PermissionDenied);
    QVERIFY(refusals[1]->message.find("\"bob\" may not update policyplugins") != std::string::npos);
}

void RpcUploadTest::givesUpACancelledInstall() {
    QTemporaryDir folder;
    const std::filesystem::path uploads = folder.path().toStdString() + "/uploads";
    const std::filesystem::path file = folder.path().toStdString() + "/nearest.so";
    std::filesystem::create_directory(uploads);
    QVERIFY(writeFile(file, "x").has_value());
    {
        ManualHandler handler;
        handler.folder = uploads;
        handler.holdsInstalls = true;
        auto server = RpcServer::make(config(), handler, &now);
        QVERIFY(server.has_value());
        client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
        Request request = client.installPolicy(file, true, [](auto) {});
        QTRY_COMPARE(handler.heldInstalls.size(), std::size_t{1});
        QVERIFY(std::filesystem::exists(handler.uploads[0].file));  // it may still be read
        request.cancel();
        QTRY_COMPARE(handler.givenUp, 1);
        // An answer comes all the same, when the call and its reply have gone.
        server->reset();
        client::PolicyInstalled installed;
        installed.plugin.name = std::string(1'000, 'n');
        handler.heldInstalls[0](installed);
        handler.heldInstalls.clear();
        QTRY_VERIFY(std::filesystem::is_empty(uploads));
    }
    // The service gives up what it asked for.
    struct Held final : Request::State {
        Held(int& count, Callback<client::PolicyInstalled> done) : ended(count), answer(std::move(done)) {}
        ~Held() override { ++ended; }
        int& ended;
        Callback<client::PolicyInstalled> answer;
    };
    int begun = 0;
    int ended = 0;
    Simulation sim(1);
    sim.start();
    ReviewingHost host(m_clock);
    host.allowed = {"ann create policyplugins"};
    FleetFeed feed(sim.clock, {});
    feed.start(*sim.controller);
    FederationService service(*sim.controller, feed, host, m_clock, {}, {},
                              {.folder = [&] { return uploads; },
                               .install =
                                   [&](PolicyUpload, Callback<client::PolicyInstalled> done) {
                                       ++begun;
                                       return Request(std::make_unique<Held>(ended, std::move(done)));
                                   }});
    auto server = RpcServer::make(config(), service, &now);
    QVERIFY(server.has_value());
    client::FederationClient client(endpoint((*server)->port(), m_ann), m_clock);
    Request request = client.installPolicy(file, true, [](auto) {});
    QTRY_COMPARE(begun, 1);
    QCOMPARE(ended, 0);
    request.cancel();
    QTRY_COMPARE(ended, 1);
    QTRY_VERIFY(std::filesystem::is_empty(uploads));
    feed.stop();
}

void RpcUploadTest::refusesBadUploads_data() {
    QTest::addColumn<QStringList>("messages");  // "h SIZE SHA" or "c BYTES"
    QTest::addColumn<int>("code");
    const QString hashOfX = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    const int invalid = static_cast<int>(Code::InvalidArgument);
    QTest::newRow("good") << QStringList{"h 1 " + hashOfX, "c x"} << 0;
    QTest::newRow("nothing") << QStringList{} << invalid;
    QTest::newRow("no header") << QStringList{"c x"} << invalid;
    QTest::newRow("two headers") << QStringList{"h 1 " + hashOfX, "h 1 " + hashOfX} << invalid;
    QTest::newRow("too large") << QStringList{"h 99999999999 " + hashOfX} << invalid;
    QTest::newRow("more than announced") << QStringList{"h 1 " + hashOfX, "c xx"} << invalid;
    QTest::newRow("less than announced") << QStringList{"h 2 " + hashOfX, "c x"} << invalid;
    QTest::newRow("damaged") << QStringList{"h 1 " + hashOfX, "c y"} << static_cast<int>(Code::DataLoss);
}

void RpcUploadTest::refusesBadUploads() {
    QFETCH(QStringList, messages);
    QFETCH(int, code);
    ManualHandler handler;
    QTemporaryDir folder;
    handler.folder = folder.path().toStdString();
    auto server = RpcServer::make(config(), handler, &now);
    QVERIFY(server.has_value());
    grpc::SslCredentialsOptions tls{m_ca.certPem, m_ann.keyPem, m_ann.certPem};
    const auto stub = v1::Federation::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()), grpc::SslCredentials(tls)));
    std::atomic<int> answered{-1};
    std::jthread caller([&] {  // the handler needs this thread's event loop
        grpc::ClientContext context;
        v1::InstallPolicyResponse reply;
        const auto writer = stub->InstallPolicy(&context, &reply);
        for (const QString& text : messages) {
            const QStringList words = text.split(' ');
            v1::InstallPolicyRequest message;
            if (words[0] == "h") {
                message.mutable_header()->set_size(words[1].toULongLong());
                message.mutable_header()->set_sha256(words[2].toStdString());
            } else {
                message.set_chunk(words[1].toStdString());
            }
            if (!writer->Write(message))
                break;
        }
        writer->WritesDone();
        answered = static_cast<int>(writer->Finish().error_code());
    });
    QTRY_COMPARE(answered.load(), code);
    QCOMPARE(handler.uploads.size(), code == 0 ? std::size_t{1} : std::size_t{0});
    QTRY_VERIFY(std::filesystem::is_empty(handler.folder));
}

QTEST_GUILESS_MAIN(RpcUploadTest)
#include "rpc_upload_test.moc"
