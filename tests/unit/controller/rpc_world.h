// SPDX-License-Identifier: Apache-2.0
//
// What tests of the gRPC service share: a handler that answers nothing by itself, and certificates of a
// server and of two persons. A test class derives from RpcWorld, beside QObject, and makes the keys first.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <QTest>

#include "controller/rpc/federation_service.h"
#include "controller/rpc/policy_values.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/util/qt_clock.h"

namespace kubefed::controller::testing {

// Answers nothing by itself: the test does.
struct ManualHandler final : RpcHandler {
    void watch(Credentials credentials, std::vector<std::string>, FleetStreamPtr stream) override {
        last = std::move(credentials);
        streams.push_back(std::move(stream));
    }
    void resync(const FleetStream*) override { ++resyncs; }
    void gone(const FleetStream* stream) override {
        std::erase_if(streams, [stream](const auto& known) { return known.get() == stream; });
    }
    void explain(Credentials, client::ObjectId, Callback<client::Explanation> done) override {
        held.push_back(std::move(done));
    }
    void listPolicies(Credentials, Callback<std::vector<client::PolicyPlugin>> done) override {
        InstalledPolicy weighted;
        weighted.name = "weighted";
        weighted.libraryGeneration = 3;
        weighted.calls = 8;
        weighted.p50 = std::chrono::nanoseconds(2'500);
        weighted.p99 = std::chrono::milliseconds(7);
        InstalledPolicy idle;
        idle.name = "idle";
        done(toClient(std::vector{weighted, idle}));
    }
    void beginInstall(Credentials, Callback<std::filesystem::path> done) override {
        if (mayInstall)
            done(folder);
        else
            done(fail(Code::PermissionDenied, "you may not"));
    }
    void install(const void*, Credentials, PolicyUpload upload,
                 Callback<client::PolicyInstalled> done) override {
        uploads.push_back(upload);
        if (holdsInstalls)
            return heldInstalls.push_back(std::move(done));
        std::ifstream in(upload.file, std::ios::binary);
        library.assign(std::istreambuf_iterator<char>(in), {});
        client::PolicyInstalled installed;
        installed.plugin.name = "nearest";
        done(installed);
    }
    void giveUp(const void*) override { ++givenUp; }
    bool mayInstall = true;
    bool holdsInstalls = false;
    std::vector<Callback<client::PolicyInstalled>> heldInstalls;
    int givenUp = 0;
    std::filesystem::path folder;
    std::vector<PolicyUpload> uploads;
    std::string library;
    Credentials last;
    std::vector<FleetStreamPtr> streams;
    std::vector<Callback<client::Explanation>> held;
    int resyncs = 0;
};

inline std::shared_ptr<const Visibility> all() {
    return std::make_shared<const Visibility>(Visibility{.clusters = true, .allNamespaces = true});
}

class RpcWorld {
protected:
    void makeKeys() {
        m_ca = *net::makeCa("test", std::chrono::hours{24});
        m_server =
            *net::makeCertificate(m_ca, {.commonName = "s", .addresses = {"127.0.0.1"}, .server = true});
        m_ann = *net::makeCertificate(m_ca, {.commonName = "ann", .organizations = {"dev"}, .client = true});
        m_bob = *net::makeCertificate(m_ca, {.commonName = "bob", .client = true});
    }
    [[nodiscard]] RpcConfig config(std::uint16_t port = 0) const {
        return {.port = port, .certificate = m_server, .clientCaPem = m_ca.certPem};
    }
    [[nodiscard]] client::FederationEndpoint endpoint(std::uint16_t port, const net::KeyPair& who) const {
        return {.address = "127.0.0.1:" + std::to_string(port),
                .caPem = m_ca.certPem,
                .certificatePem = who.certPem,
                .keyPem = who.keyPem};
    }
    [[nodiscard]] static client::TimeMs now() { return 5'000; }

    net::KeyPair m_ca, m_server, m_ann, m_bob;
    QtClock m_clock;
};

}  // namespace kubefed::controller::testing
