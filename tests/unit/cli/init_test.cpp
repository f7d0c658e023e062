// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/init.h"

#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include <QtTest/QTest>

#include "kubefed/cli/cmd/down.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/util/file.h"
#include "tests/unit/cli/cli_world.h"

#include <sys/stat.h>

using namespace kubefed;
using namespace kubefed::cli;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class InitTest : public QObject {
    Q_OBJECT

    static constexpr const char* kInfo = "/api/v1/namespaces/kube-public/configmaps/kubefed-info";

    struct World : CliWorld {
        fs::path root{folder.path().toStdString()};
        FakeCluster& server = federation;
        std::unique_ptr<Verb> verb;
        std::optional<int> exitCode;
        InitOptions options;

        World() {
            env.dataHome = root / "data";
            env.programs = root / "bin";
        }
    };
    std::unique_ptr<World> w;

    fs::path data() const { return w->root / "data" / "kubefed" / "prod"; }
    fs::path kubeconfig() const { return w->root / "config"; }

    int run(std::unique_ptr<Verb> verb) {
        w->exitCode.reset();
        w->err.str("");
        w->verb = std::move(verb);
        w->verb->start([this](int code) { w->exitCode = code; });
        for (int i = 0; !w->exitCode && i < 100'000; ++i)
            w->clock.advance(1ms);
        return w->exitCode.value_or(-1);
    }
    int initProd() { return run(std::make_unique<Init>(w->env, w->options)); }
    bool said(const std::string& text) const { return w->err.str().find(text) != std::string::npos; }

    // The controller: chooses its port, answers, and tells where it serves gRPC.
    void controllerStarts() {
        w->server.objects["/readyz"] = kube::JsonObject{};
        w->server.changed = [this] { controllerTells(); };
        w->processes.started = [this](const std::vector<std::string>& arguments) {
            QCOMPARE(arguments, (std::vector<std::string>{"--data", data().string()}));
            auto config = kube::parseYaml(*readFile(data() / "config.yaml"))->front().get_object();
            config["port"] = 7443;
            std::ofstream(data() / "config.yaml") << kube::printYaml(config);
            std::ofstream(data() / "kubefed-controller.pid") << "4711\n";
        };
    }

    void controllerTells() {
        const auto info = w->server.objects.find(kInfo);
        if (info != w->server.objects.end())
            kube::ensureObject(info->second, {"data"})["grpcEndpoint"] = "127.0.0.1:7444";
    }

private Q_SLOTS:
    void init() {
        w = std::make_unique<World>();
        fs::create_directories(w->root / "bin");
        std::ofstream(w->root / "bin" / "kubefed-controller") << "";
        std::ofstream(kubeconfig()) << "current-context: other\ncontexts: [{name: other, context: {}}]\n";
        w->options.name = "prod";
        w->options.common.kubeconfig = kubeconfig().string();
        w->connector.clusters = {{"127.0.0.1", &w->server}};
    }

    void aFederationIsMadeStartedAndWrittenDown() {
        controllerStarts();
        const int code = initProd();
        QVERIFY2(code == 0, w->err.str().c_str());
        struct stat info{};
        QCOMPARE(::stat(data().c_str(), &info), 0);
        QCOMPARE(info.st_mode & 0777U, 0700U);
        for (const char* file : {"ca.crt", "ca.key", "server.crt", "server.key", "sa.key", "controller.crt",
                                 "controller.key", "admin.key"}) {
            QCOMPARE(::stat((data() / "pki" / file).c_str(), &info), 0);
            QCOMPARE(info.st_mode & 0777U, 0600U);
        }
        const auto config = kube::Kubeconfig::load(kubeconfig());
        QCOMPARE(config->currentContext(), std::string("other"));
        const auto context = config->resolve("prod");
        QVERIFY(context && context->isFederation);
        QCOMPARE(context->endpoint.url(), std::string("https://127.0.0.1:7443"));
        const auto admin = net::readCertificate(context->identity.clientCertPem);
        QVERIFY(admin);
        QCOMPARE(admin->organizations, std::vector<std::string>{"system:masters"});
        QVERIFY(w->server.objects.contains("/api/v1/namespaces/kubefed-system"));
        QVERIFY(w->server.objects.contains("/apis/kubefed.io/v1alpha1/clusterplacementpolicies/default"));
        const auto id = LocalFederation(w->env.dataHome, "prod").readConfig()->federationId;
        QVERIFY(isUuid(id));
        const auto& data = w->server.objects.at(kInfo);
        QCOMPARE(std::string(kube::stringAt(data, {"data", "federationId"})), id);
        QVERIFY(said(id));
    }

    void theDefaultPolicyCanBeLeftOutAndTheIdGiven() {
        controllerStarts();
        w->options.defaultPlacement = "none";
        w->options.federationId = "11111111-2222-4333-8444-555555555555";
        QCOMPARE(initProd(), 0);
        QVERIFY(!w->server.objects.contains("/apis/kubefed.io/v1alpha1/clusterplacementpolicies/default"));
        QCOMPARE(LocalFederation(w->env.dataHome, "prod").readConfig()->federationId,
                 w->options.federationId);
    }

    // What the controller reads at each start, so that `kubefed up` finds the plugins again.
    void theFolderOfPluginsIsRemembered() {
        controllerStarts();
        w->options.pluginDir = (w->root / "plugins").string();
        QCOMPARE(run(std::make_unique<Init>(w->env, w->options)), 2);  // it is not there
        QVERIFY(said("error KF1008: the folder of --plugin-dir cannot be read"));
        fs::create_directory(w->options.pluginDir);
        QCOMPARE(initProd(), 0);
        const auto config = kube::parseYaml(*readFile(data() / "config.yaml"))->front().get_object();
        const kube::JsonArray* folders = kube::arrayAt(config, {"pluginDirs"});
        QVERIFY(folders != nullptr && folders->size() == 1);
        QVERIFY(folders->front() == kube::Json((w->root / "plugins").string()));
    }

    void aContextThatIsThereIsNotOverwritten() {
        w->options.contextName = "other";
        const auto before = *readFile(kubeconfig());
        QCOMPARE(initProd(), 1);
        QVERIFY(said("error KF1202:") && said("--context-name"));
        QVERIFY(!fs::exists(data()));
        QCOMPARE(*readFile(kubeconfig()), before);
    }

    void aControllerThatEndsLeavesNothing() {
        w->processes.started = [this](const auto&) {
            std::ofstream(data() / "kubefed-controller.log") << "error: the disk is full\n";
            w->processes.running = false;
        };
        const auto before = *readFile(kubeconfig());
        QCOMPARE(initProd(), 1);
        QVERIFY(said("error KF1204:") && said("the disk is full") && said("removed again"));
        QVERIFY(!fs::exists(data()));
        QCOMPARE(*readFile(kubeconfig()), before);
    }

    void aControllerThatNeverAnswersIsGivenUp() {
        controllerStarts();
        w->server.connection = net::makeProblem(net::Problem::Refused, "127.0.0.1:7443");
        w->options.timeout = 3s;
        QCOMPARE(initProd(), 6);
        QVERIFY(said("error KF1207:") && said("connection refused"));
        QVERIFY(!fs::exists(data()));
        QVERIFY(!w->processes.running);
    }

    // What follows may install a policy.
    void readyIsSaidWhenTheControllerTellsItsEndpoint() {
        controllerStarts();
        w->server.changed = {};
        const SteadyTime began = w->clock.now();
        const Request tells = w->clock.after(2s, [this] { controllerTells(); });
        QVERIFY2(initProd() == 0, w->err.str().c_str());
        QVERIFY(w->clock.now() - began >= 2s);
        QVERIFY(w->clock.now() - began < 2'500ms);
    }

    void aControllerWithoutEndpointIsGivenUp() {
        controllerStarts();
        w->server.changed = {};
        w->options.timeout = 3s;
        QCOMPARE(initProd(), 6);
        QVERIFY2(said("error KF1207:") && said("still waiting for its gRPC endpoint"), w->err.str().c_str());
        QVERIFY(!fs::exists(data()) && !w->processes.running);
    }

    void interruptedItLeavesNothing() {
        w->processes.started = [this](const auto&) {};
        w->verb = std::make_unique<Init>(w->env, w->options);
        w->verb->start([this](int code) { w->exitCode = code; });
        w->clock.advance(1s);
        QVERIFY(fs::exists(data()));
        w->verb->interrupt();
        QCOMPARE(w->exitCode.value_or(-1), 130);
        QVERIFY(!fs::exists(data()));
        QVERIFY(!w->processes.running);
        QVERIFY(said("everything that this run made was removed again"));
    }

    void aStoreWithoutItsConfigIsNobodyElses() {
        fs::create_directories(data());
        std::ofstream(data() / "kubefed.db") << "somebody's objects";
        QCOMPARE(initProd(), 1);
        QVERIFY2(said("error KF1206:") && said("bring config.yaml back") && said("nothing was changed"),
                 w->err.str().c_str());
        QCOMPARE(*readFile(data() / "kubefed.db"), std::string("somebody's objects"));
    }

    void whatAnInterruptedRemovalLeftGoesAlong() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        const fs::path gone = data().parent_path() / ".prod.removed";
        fs::create_directories(gone / "pki");
        w->processes.running = false;
        QCOMPARE(run(std::make_unique<Down>(
                     w->env,
                     DownOptions{
                         .common = w->options.common, .name = "prod", .removeAll = true, .assumeYes = true})),
                 0);
        QVERIFY(fs::is_empty(data().parent_path()));
    }

    void aMissingProgramIsSaid() {
        fs::remove(w->root / "bin" / "kubefed-controller");
        QCOMPARE(initProd(), 1);
        QVERIFY(said("error KF1203: the program kubefed-controller is missing"));
        QVERIFY(said("cmake --install build/release --prefix PREFIX"));
        QVERIFY(!fs::exists(data()));
    }

    void namesAndIdsAreChecked() {
        w->options.name = "Not A Name";
        QCOMPARE(initProd(), 2);
        w->options.name = "prod";
        w->options.federationId = "x";
        QCOMPARE(initProd(), 2);
        QVERIFY(!fs::exists(w->root / "data"));
    }

    void downUpAndDeinit() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        QCOMPARE(initProd(), 1);
        QVERIFY(said("error KF1201:"));
        const DownOptions down{.common = w->options.common, .name = "prod"};
        QCOMPARE(run(std::make_unique<Down>(w->env, down)), 0);
        QVERIFY(!w->processes.running && fs::exists(data()));
        QCOMPARE(run(std::make_unique<Down>(w->env, down)), 0);
        QVERIFY(said("was not up"));
        InitOptions up = w->options;
        up.onlyStart = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(w->processes.running);
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(said("was up already"));
        DownOptions deinit = down;
        deinit.removeAll = true;
        QCOMPARE(run(std::make_unique<Down>(w->env, deinit)), 2);  // nobody to ask
        deinit.assumeYes = true;
        QCOMPARE(run(std::make_unique<Down>(w->env, deinit)), 0);
        QVERIFY(!w->processes.running && !fs::exists(data()));
        QCOMPARE(kube::Kubeconfig::load(kubeconfig())->contexts(), std::vector<std::string>{"other"});
        QCOMPARE(run(std::make_unique<Down>(w->env, deinit)), 2);
        QVERIFY2(said("error KF1205:") && said("ls " + data().parent_path().string()), w->err.str().c_str());
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 2);
    }

    void upAndDownOfWhatIsSoAreAnExitCodeIfAskedFor() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        InitOptions up = w->options;
        up.onlyStart = true;
        DownOptions down{.common = w->options.common, .name = "prod"};
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        up.common.errorUnchanged = down.common.errorUnchanged = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 3);
        QVERIFY(said("was up already") && said("federation \"prod\" is up\n"));
        // What was missing is there again.
        QVERIFY(kube::removeContext(kubeconfig(), "prod"));
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        w->server.objects.erase("/api/v1/namespaces/kube-public");
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        kube::ensureObject(w->server.objects.at(kInfo), {"data"})["server"] = "https://elsewhere:1";
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 3);
        QCOMPARE(run(std::make_unique<Down>(w->env, down)), 0);
        QCOMPARE(run(std::make_unique<Down>(w->env, down)), 3);
        QVERIFY(said("was not up"));
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);  // it was started
    }

    void whatDoesNotEndInTimeIsSaid() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        w->processes.endsWhenAsked = false;
        const DownOptions down{.common = w->options.common, .name = "prod"};
        QCOMPARE(run(std::make_unique<Down>(w->env, down)), 6);
        QVERIFY(said("error KF1208: the controller (process 4711) did not end within"));
        QVERIFY(said("try again with a longer --timeout") && said("its data is as it was"));
        QVERIFY(w->processes.running && fs::exists(data()));
    }

    // Its keys are gone: nothing is started with what is left.
    void aDamagedDataFolderIsSaid() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        QCOMPARE(
            run(std::make_unique<Down>(w->env, DownOptions{.common = w->options.common, .name = "prod"})), 0);
        fs::remove(data() / "pki" / "admin.key");
        InitOptions up = w->options;
        up.onlyStart = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 1);
        QVERIFY2(said("error KF1206:") && said("is damaged") && said("bring the file back from a backup"),
                 w->err.str().c_str());
        QVERIFY(fs::exists(data()));
    }

    void upNamesTheWayWithoutPolicies() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        QCOMPARE(
            run(std::make_unique<Down>(w->env, DownOptions{.common = w->options.common, .name = "prod"})), 0);
        w->processes.started = [this](const auto&) { w->processes.running = false; };
        w->server.connection = net::makeProblem(net::Problem::Refused, "127.0.0.1:7443");
        InitOptions up = w->options;
        up.onlyStart = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 1);
        QVERIFY(said("error KF1204:") && said("kubefed up prod --without-policies"));
        std::vector<std::string> given;
        w->processes.started = [&](const std::vector<std::string>& arguments) {
            given = arguments;
            w->server.connection.reset();
        };
        up.withoutPolicies = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(std::ranges::find(given, "--without-policies") != given.end());
        QVERIFY(said("is up without its installed policies"));
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(said("it goes on with the policies that it has"));
    }

    // Killed a moment ago, a controller is still to be seen but does not answer any more.
    void upStartsWhatWasJustKilled() {
        controllerStarts();
        QCOMPARE(initProd(), 0);
        w->server.objects.erase("/readyz");
        const auto started = w->processes.started;
        w->processes.started = [&](const std::vector<std::string>& arguments) {
            w->server.objects["/readyz"] = kube::JsonObject{};
            started(arguments);
        };
        w->processes.calls.clear();
        const Request dies = w->clock.after(200ms, [this] { w->processes.running = false; });
        InitOptions up = w->options;
        up.onlyStart = true;
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QCOMPARE(w->processes.calls, std::vector<std::string>{"start kubefed-controller"});
        QVERIFY(w->processes.running && !said("was up already"));
    }

    void noStartPrintsAUnit() {
        w->options.noStart = true;
        QCOMPARE(initProd(), 0);
        QVERIFY(w->processes.calls.empty());
        QVERIFY2(w->out.str().find("ExecStart=" + (w->root / "bin/kubefed-controller").string() + " --data " +
                                   data().string() + "\n") != std::string::npos,
                 w->out.str().c_str());
        QVERIFY(LocalFederation(w->env.dataHome, "prod").readConfig()->port != 0);
        QVERIFY(kube::Kubeconfig::load(kubeconfig())->resolve("prod"));
    }

    // What --no-start, a lost store or an init that was killed leave out; a policy that somebody deleted from
    // a complete federation stays deleted.
    void upCompletesWhatInitHasNotCompleted_data() {
        QTest::addColumn<QByteArray>("defaultPlacement");
        QTest::newRow("with the default policy") << QByteArray("divide");
        QTest::newRow("without") << QByteArray("none");
    }
    void upCompletesWhatInitHasNotCompleted() {
        QFETCH(const QByteArray, defaultPlacement);
        constexpr const char* kPolicy = "/apis/kubefed.io/v1alpha1/clusterplacementpolicies/default";
        controllerStarts();
        w->options.noStart = true;
        w->options.defaultPlacement = defaultPlacement.toStdString();
        QCOMPARE(initProd(), 0);
        QVERIFY(!w->server.objects.contains(kInfo));
        const InitOptions up{.common = w->options.common, .name = "prod", .onlyStart = true};
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(w->server.objects.contains(kInfo));
        QCOMPARE(w->server.objects.contains(kPolicy), defaultPlacement == "divide");
        w->server.objects.erase(kPolicy);
        QCOMPARE(run(std::make_unique<Init>(w->env, up)), 0);
        QVERIFY(!w->server.objects.contains(kPolicy));
    }
};

QTEST_GUILESS_MAIN(InitTest)
#include "init_test.moc"
