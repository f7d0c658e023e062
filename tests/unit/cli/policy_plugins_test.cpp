// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/cli/cmd/policy_install.h"
#include "kubefed/cli/cmd/policy_mode.h"
#include "kubefed/fed/policy_plugin.h"
#include "kubefed/net/tls.h"
#include "tests/unit/cli/cli_world.h"
#include "tests/unit/client/fake_federation.h"

using namespace kubefed;
using namespace kubefed::cli;
using namespace std::chrono_literals;

namespace {

const std::string kPlugins = "/apis/kubefed.io/v1alpha1/policyplugins";

}  // namespace

class PolicyPluginsTest : public QObject {
    Q_OBJECT

    struct World : CliWorld {
        CommonOptions common;
    };
    std::unique_ptr<World> w;

    template <class V, class Options>
    int run(Options options) {
        options.common = w->common;
        w->out.str("");
        w->err.str("");
        V verb(w->env, options);
        int code = -1;
        verb.start([&](int exitCode) { code = exitCode; });
        w->clock.advance(10s);
        return code;
    }
    [[nodiscard]] fed::PolicyPlugin plugin(const std::string& name) const {
        return *fed::PolicyPlugin::decode(kube::Object(w->federation.objects.at(kPlugins + "/" + name)));
    }
    [[nodiscard]] bool said(const std::string& text) const {
        return w->err.str().find(text) != std::string::npos;
    }
    [[nodiscard]] std::size_t patches() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            w->federation.log, [](const auto& line) { return line.starts_with("PATCH"); }));
    }

private Q_SLOTS:
    void init() {
        w = std::make_unique<World>();
        w->common.kubeconfig = w->folder.filePath("config").toStdString();
        std::ofstream(w->common.kubeconfig) << kProdKubeconfig;
        w->connector.clusters = {{"fed", &w->federation}};
        fed::PolicyPluginSpec spec{.source = fed::PolicyPluginSpec::Source::Folder, .sha256 = {}};
        w->federation.objects[kPlugins + "/mine"] = fed::makePolicyPlugin("mine", spec).document();
    }

    void enabledAndDisabled() {
        QCOMPARE(run<PolicyDisable>(PolicyModeOptions{.common = {}, .name = "mine"}), kDone);
        QVERIFY(plugin("mine").spec.isDisabled);
        QVERIFY2(said("until: kubefed policy enable mine"), w->err.str().c_str());
        QCOMPARE(run<PolicyDisable>(PolicyModeOptions{.common = {}, .name = "mine"}), kDone);
        QVERIFY(said("was already disabled"));
        QCOMPARE(patches(), std::size_t{1});
        QCOMPARE(run<PolicyEnable>(PolicyModeOptions{.common = {}, .name = "mine"}), kDone);
        QVERIFY(!plugin("mine").spec.isDisabled);
        QVERIFY(said("mine is enabled"));
        QCOMPARE(run<PolicyEnable>(PolicyModeOptions{.common = {}, .name = "none"}), kFailed);
        QVERIFY(said("KF1011") && said("policy \"none\""));
    }

    void whatIsSoAlreadyIsAnExitCodeIfAskedFor() {
        const PolicyModeOptions options{.common = {}, .name = "mine"};
        w->common.errorUnchanged = true;
        QCOMPARE(run<PolicyEnable>(options), kUnchanged);
        QVERIFY(said("mine was already enabled"));
        QCOMPARE(run<PolicyDisable>(options), kDone);
        QCOMPARE(run<PolicyDisable>(options), kUnchanged);
        QCOMPARE(run<PolicyEnable>(options), kDone);
        QCOMPARE(patches(), std::size_t{2});
    }

    // The controller says whether the library was there.
    void installingWhatIsInstalledIsAnExitCodeIfAskedFor() {
        const net::KeyPair ca = *net::makeCa("test", std::chrono::hours{24});
        const net::KeyPair server = *net::makeCertificate(
            ca, {.commonName = "s", .dnsNames = {"localhost"}, .addresses = {"127.0.0.1"}, .server = true});
        auto controller = std::make_unique<client::FakeFederation>(server, ca.certPem);
        w->federation.objects["/api/v1/namespaces/kube-public/configmaps/kubefed-info"] = kube::JsonObject{
            {"apiVersion", "v1"},
            {"kind", "ConfigMap"},
            {"metadata", kube::JsonObject{{"name", "kubefed-info"}}},
            {"data", kube::JsonObject{{"grpcEndpoint", "127.0.0.1:" + std::to_string(controller->port())},
                                      {"grpcCA", ca.certPem}}}};
        const std::string library = w->folder.filePath("nearest.so").toStdString();
        std::ofstream(library) << "a library";
        const auto install = [&] {
            PolicyInstall verb(w->env, {.common = w->common, .library = library, .trust = true, .name = {}});
            std::optional<int> code;
            verb.start([&](int exitCode) { code = exitCode; });
            const bool ended = QTest::qWaitFor(
                [&] {
                    w->clock.advance(1ms);
                    return code.has_value();
                },
                20'000);
            return ended ? *code : -1;
        };
        controller->setUnchanged(true);
        QCOMPARE(install(), kDone);
        w->common.errorUnchanged = true;
        QCOMPARE(install(), kUnchanged);
        QVERIFY2(said(" is installed already"), w->err.str().c_str());
        controller->setUnchanged(false);
        QCOMPARE(install(), kDone);
        QVERIFY2(said(" installed in "), w->err.str().c_str());
        controller.reset();
        QCOMPARE(install(), kFailed);
        QVERIFY2(said("error KF1004: ") && said("whether it was installed is not known"),
                 w->err.str().c_str());
    }

    void disablingWhatHangsNamesTheRestart() {
        auto& document = w->federation.objects[kPlugins + "/mine"];
        document["status"] = kube::JsonObject{
            {"state", "Failed"},
            {"conditions",
             kube::JsonArray{kube::JsonObject{{"type", "Ready"},
                                              {"status", "False"},
                                              {"reason", "Hung"},
                                              {"message", "it did not come back from score"}}}}};
        for (const char* is : {"mine is disabled", "was already disabled"}) {
            QCOMPARE(run<PolicyDisable>(PolicyModeOptions{.common = {}, .name = "mine"}), kDone);
            QVERIFY2(said(is) && said("kubefed down prod && kubefed up prod"), w->err.str().c_str());
        }
    }

    void whatWasNotInstalledIsNotRemovedButDisabled() {
        QCOMPARE(run<PolicyRemove>(PluginOptions{.common = {}, .library = {}, .name = "mine"}), kFailed);
        QVERIFY2(said("KF1609") && said("kubefed policy disable mine"), w->err.str().c_str());
    }

    void theListSaysWhyALibraryWasRefused() {
        fed::PolicyPluginStatus status{.version = "1.0", .state = "Active"};
        status.conditions = {{.type = "Installed",
                              .status = "False",
                              .reason = "Refused",
                              .message = "it crashed in a round"}};
        w->federation.objects[kPlugins + "/mine"]["status"] = encode(status);
        QCOMPARE(run<PolicyList>(PluginOptions{}), kDone);
        QVERIFY2(w->out.str().find("Refused: it crashed in a round") != std::string::npos,
                 w->out.str().c_str());
    }
};

QTEST_GUILESS_MAIN(PolicyPluginsTest)
#include "policy_plugins_test.moc"
