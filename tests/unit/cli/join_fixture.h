// SPDX-License-Identifier: Apache-2.0
//
// A federation "prod" and a cluster "tokyo" that may join it, both fakes, with a kubeconfig that leads to
// them. A test derives from it and calls makeWorld() first.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/cli/cmd/join.h"
#include "tests/fakes/fake_clock.h"
#include "tests/unit/cli/cli_world.h"

namespace kubefed::cli {

using namespace std::chrono_literals;

inline const char* kKubeconfig =
    "clusters:\n"
    "- {name: prod, cluster: {server: 'https://fed:1', certificate-authority-data: Q0E=}}\n"
    "- {name: tokyo, cluster: {server: 'https://10.1.0.4:6443', certificate-authority-data: Q0E=}}\n"
    "- {name: again, cluster: {server: 'https://again:6443', certificate-authority-data: Q0E=}}\n"
    "users:\n"
    "- {name: me, user: {token: secret}}\n"
    "contexts:\n"
    "- {name: prod, context: {cluster: prod, user: me, extensions: [{name: kubefed.io/federation, extension: "
    "{name: prod}}]}}\n"
    "- {name: plainprod, context: {cluster: prod, user: me}}\n"
    "- {name: tokyo, context: {cluster: tokyo, user: me}}\n"
    "- {name: again, context: {cluster: again, user: me}}\n";

inline const char* kMemberPath = "/apis/kubefed.io/v1alpha1/memberclusters/tokyo";

class JoinFixture {
protected:
    struct World : CliWorld {
        FakeCluster member{"tokyo-uid"};
        std::unique_ptr<Verb> verb;
        std::optional<int> exitCode;
        JoinOptions options;

        std::string text() const { return err.str(); }
    };
    std::unique_ptr<World> w;

    void run(std::unique_ptr<Verb> verb, Duration atMost = 200s) {
        w->verb = std::move(verb);
        w->verb->start([this](int code) { w->exitCode = code; });
        for (Duration waited{0}; !w->exitCode && waited < atMost; waited += 1ms)
            w->clock.advance(1ms);
        QVERIFY(w->exitCode.has_value());
    }
    void join() { run(std::make_unique<Join>(w->env, w->options)); }

    // The controller: a member that is written becomes Ready.
    void becomesReady() {
        w->federation.changed = [this] {
            const auto it = w->federation.objects.find(kMemberPath);
            if (it == w->federation.objects.end())
                return;
            kube::ensureObject(it->second, {"status"})["clusterUID"] = "tokyo-uid";
            kube::ensureObject(it->second, {"status", "nodes"})["total"] = 12;
            kube::ensureObject(it->second, {"status", "nodes"})["ready"] = 12;
            kube::ensureObject(it->second, {"status", "resources", "allocatable"})["cpu"] = "384";
            kube::ensureObject(it->second, {"status"})["conditions"] =
                kube::JsonArray{kube::JsonObject{{"type", "Ready"}, {"status", "True"}, {"reason", "Ready"}}};
        };
    }

    kube::Object memberCluster() const { return kube::Object(w->federation.objects.at(kMemberPath)); }

    void makeWorld() {
        w = std::make_unique<World>();
        const std::string path = w->folder.filePath(QStringLiteral("config")).toStdString();
        std::ofstream(path) << kKubeconfig;
        w->options.common.kubeconfig = path;
        w->options.name = "tokyo";
        w->connector.clusters = {{"fed", &w->federation}, {"10.1.0.4", &w->member}, {"again", &w->member}};
        w->federation.objects["/api/v1/namespaces/kube-public/configmaps/kubefed-info"] = kube::JsonObject{
            {"data", kube::JsonObject{{"federation", "prod"},
                                      {"federationId", "11111111-2222-4333-8444-555555555555"}}}};
        w->member.certificate.certificate.subjectAltNames = {"10.1.0.4"};
        w->member.certificate.certificate.notAfter = w->clock.wallNow() + std::chrono::hours(24 * 335);
        w->member.date = "Fri, 20 Dec 2019 00:00:00 GMT";  // where FakeClock's wall clock starts
        w->member.tokenExpires = toRfc3339(w->clock.wallNow() + std::chrono::hours(720) + 10s);
    }
};

}  // namespace kubefed::cli
