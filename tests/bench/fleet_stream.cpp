// SPDX-License-Identifier: Apache-2.0
// What a client's first look at a large fleet costs: a snapshot of 1,000 clusters and 5,000 objects over TLS
// on loopback, from the call to the value in hand, and its size; then deltas as fast as they are taken.
//   fleet_stream [clusters] [objects] [clusters of each object]
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <QCoreApplication>
#include <QEventLoop>

#include "controller/rpc/rpc_server.h"
#include "kubefed/client/convert.h"
#include "kubefed/client/federation_client.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/controller/rpc_fixture.h"

using namespace kubefed;
using namespace kubefed::controller;

namespace {

constexpr int kRounds = 5;
constexpr int kDeltas = 200;
constexpr std::size_t kDeltaObjects = 100;

struct OneFleet final : RpcHandler {
    explicit OneFleet(FleetDeltaPtr fleet) : whole(std::move(fleet)) {}
    void watch(Credentials, std::vector<std::string>, FleetStreamPtr to) override {
        stream = std::move(to);
        resync(nullptr);
    }
    void resync(const FleetStream*) override {
        stream->snapshot({}, false, whole,
                         std::make_shared<const Visibility>(
                             Visibility{.clusters = true, .allNamespaces = true, .namespaces = {}}));
    }
    void gone(const FleetStream*) override {}
    void explain(Credentials, client::ObjectId, Callback<client::Explanation>) override {}
    void listPolicies(Credentials, Callback<std::vector<client::PolicyPlugin>>) override {}
    void beginInstall(Credentials, Callback<std::filesystem::path>) override {}
    void install(const void*, Credentials, PolicyUpload, Callback<client::PolicyInstalled>) override {}
    void giveUp(const void*) override {}
    FleetDeltaPtr whole;
    FleetStreamPtr stream;
};

double milliseconds(SteadyTime from) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
}

void runUntil(const std::function<bool()>& done) {
    while (!done())
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

std::size_t sizeOf(const FleetDelta& delta) {
    v1::FleetChanges message;
    for (const auto& cluster : delta.clusters)
        client::toMessage(*cluster, *message.add_clusters());
    for (const auto& object : delta.objects)
        client::toMessage(*object, *message.add_objects());
    return message.ByteSizeLong();
}

}  // namespace

int main(int argc, char** argv) {
    const QCoreApplication app(argc, argv);
    const auto argument = [&](int index, std::size_t fallback) {
        return argc > index ? static_cast<std::size_t>(std::strtoul(argv[index], nullptr, 10)) : fallback;
    };
    const auto fleet = makeFleet(argument(1, 1'000), argument(2, 5'000), argument(3, 10));
    const net::KeyPair ca = *net::makeCa("bench authority", std::chrono::hours{24});
    const net::KeyPair server =
        *net::makeCertificate(ca, {.commonName = "s", .addresses = {"127.0.0.1"}, .server = true});
    const net::KeyPair who = *net::makeCertificate(ca, {.commonName = "bench", .client = true});
    OneFleet handler(fleet);
    const auto rpc = RpcServer::make({.certificate = server, .clientCaPem = ca.certPem}, handler, [] {
        return std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    });
    if (!rpc)
        return 1;
    QtClock clock;
    std::printf("%zu clusters, %zu objects in %zu clusters each: %.1f MB\n", fleet->clusters.size(),
                fleet->objects.size(), fleet->objects.front()->shares.size(),
                static_cast<double>(sizeOf(*fleet)) / 1e6);
    for (int round = 0; round < kRounds; ++round) {
        SeenFleet seen;
        client::FederationClient client({.address = "127.0.0.1:" + std::to_string((*rpc)->port()),
                                         .caPem = ca.certPem,
                                         .certificatePem = who.certPem,
                                         .keyPem = who.keyPem},
                                        clock);
        const SteadyTime start = std::chrono::steady_clock::now();
        client.start(seen);
        runUntil([&] { return seen.resets == 1 || !seen.error.message.empty(); });
        if (seen.resets == 0) {
            std::fprintf(stderr, "fleet_stream: %s\n", seen.error.message.c_str());
            return 1;
        }
        std::printf("snapshot, connecting included: %.0f ms\n", milliseconds(start));
        if (round + 1 < kRounds)
            continue;
        auto delta = std::make_shared<FleetDelta>();
        delta->objects.assign(fleet->objects.begin(),
                              fleet->objects.begin() + static_cast<std::ptrdiff_t>(
                                                           std::min(kDeltaObjects, fleet->objects.size())));
        const SteadyTime begin = std::chrono::steady_clock::now();
        for (int i = 1; i <= kDeltas; ++i) {
            handler.stream->push(delta);
            runUntil([&] { return seen.deltas == i; });
        }
        std::printf("a delta of %zu objects, from push to value: %.2f ms\n", delta->objects.size(),
                    milliseconds(begin) / kDeltas);
    }
    return 0;
}
