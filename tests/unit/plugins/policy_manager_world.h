// SPDX-License-Identifier: Apache-2.0
//
// The world of a PolicyManager under test: a federation API in memory that outlives the controller, virtual
// time, real libraries and the real probe. A test class derives from it, beside QObject.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "controller/policies/policy_manager.h"
#include "controller/policies/process_prober.h"
#include "kubefed/fed/names.h"
#include "kubefed/util/qt_clock.h"
#include "plugins/host/library_file.h"
#include "tests/fakes/fake_host_api.h"
#include "tests/unit/fed/fleet_builders.h"

namespace kubefed::controller::testing {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

using State = InstalledPolicy::State;

// Long enough for a busy machine, short enough to wait for in tests of what hangs.
#ifdef KUBEFED_SANITIZED
constexpr Duration kProbeLimit{25'000};
#else
constexpr Duration kProbeLimit{5'000};
#endif

inline fs::path programs() {
    return qgetenv("KUBEFED_BIN_DIR").toStdString();
}
inline fs::path bad(const std::string& name) {
    return fs::path(KUBEFED_BAD_PLUGINS) / (name + ".so");
}

// One life of a controller, as far as policies go; the federation API outlives it.
struct Life {
    plugins::PolicyRegistry registry;
    QtClock realTime;
    ProcessProber prober;
    std::vector<const fed::Policy*> policies;
    int changes = 0;
    int forgiven = 0;
    bool ready = false;
    PolicyManager manager;

    Life(FakeHostApi& host, FakeClock& clock, const fs::path& data, std::vector<fs::path> pluginDirs = {},
         std::optional<plugins::CallMonitor::Suspect> suspect = {}, bool onlyBuiltins = false)
        : registry(data / "policies"),
          prober({.program = programs() / "kubefed-policy-probe",
                  .builtins = programs() / "policies",
                  .scratch = data / "probes",
                  .limit = kProbeLimit},
                 realTime),
          manager(host, registry, prober, clock,
                  {.folder = data / "policies",
                   .builtins = programs() / "policies",
                   .pluginDirs = std::move(pluginDirs),
                   .federation = "prod",
                   .onlyBuiltins = onlyBuiltins},
                  {.changed = [this] { ++changes; },
                   .policies = [this] { return policies; },
                   .suspectKnown = [this] { ++forgiven; }}) {
        manager.start(std::move(suspect), [this] { ready = true; });
    }
};

class PolicyManagerWorld {
protected:
    struct World {
        QTemporaryDir dir;
        fs::path data{dir.path().toStdString()};
        std::mt19937 random{1};
        FakeClock clock;
        FakeHostApi host{clock, random};
        std::unique_ptr<Life> life;
    };
    std::unique_ptr<World> w;

    bool until(const std::function<bool()>& holds) const {
        return QTest::qWaitFor(
            [&] {
                w->clock.advance(5ms);
                return holds();
            },
            90'000);
    }
    void begin(std::vector<fs::path> pluginDirs = {},
               std::optional<plugins::CallMonitor::Suspect> suspect = {}, bool onlyBuiltins = false) {
        w->life.reset();
        w->life = std::make_unique<Life>(w->host, w->clock, w->data, std::move(pluginDirs),
                                         std::move(suspect), onlyBuiltins);
        QVERIFY(until([this] { return w->life->ready; }));
    }
    [[nodiscard]] PolicyUpload upload(const fs::path& file, bool trusted = true) const {
        const fs::path copy = w->life->manager.uploadFolder() / file.filename();
        fs::copy_file(file, copy, fs::copy_options::overwrite_existing);
        const auto library = plugins::importLibrary(file, w->data / "sums");
        return {.file = copy,
                .sha256 = library ? library->sha256 : std::string(),
                .name = {},
                .trusted = trusted};
    }
    Result<InstalledPolicy> install(PolicyUpload what) {
        std::optional<Result<InstalledPolicy>> answer;
        const Request request = w->life->manager.install(
            std::move(what), [&](Result<InstalledPolicy> result) { answer = std::move(result); });
        if (!until([&] { return answer.has_value(); }))
            return fail(Code::DeadlineExceeded, "no answer");
        return *answer;
    }
    [[nodiscard]] fed::PolicyPlugin object(const std::string& name) const {
        const kube::Object* found = w->host.find(fed::policyPlugins(), {{}, name});
        return found == nullptr ? fed::PolicyPlugin{} : *fed::PolicyPlugin::decode(*found);
    }
    [[nodiscard]] std::string conditionOf(const std::string& name, std::string_view type) const {
        const fed::PolicyPlugin plugin = object(name);
        const fed::Condition* found = fed::findCondition(plugin.status.conditions, type);
        return found == nullptr ? "none" : found->status + " " + found->reason + " " + found->message;
    }
    [[nodiscard]] InstalledPolicy listed(const std::string& name) const {
        for (InstalledPolicy& policy : w->life->manager.list())
            if (policy.name == name)
                return policy;
        return {};
    }
    void setMode(const std::string& name, const char* mode) {
        kube::Object changed = *w->host.find(fed::policyPlugins(), {{}, name});
        kube::ensureObject(changed.document(), {"spec"})["mode"] = mode;
        w->host.put(fed::policyPlugins(), std::move(changed));
    }
    [[nodiscard]] std::string openError(const std::string& plugin) const {
        fed::Policy p = fed::testing::policy();
        p.plugins.push_back({.name = plugin, .config = {}});
        const auto round = w->life->registry.open(p);
        return round ? std::string() : round.error().message;
    }
};

}  // namespace kubefed::controller::testing
