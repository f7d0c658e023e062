// SPDX-License-Identifier: Apache-2.0
//
// The server's own controllers over a store that refuses: what was to be written is written later.
#include <memory>
#include <string>
#include <utility>

#include <QtTest/QTest>

#include "kubefed/apiserver/controllers/bootstrap.h"
#include "kubefed/apiserver/controllers/event_expiry.h"
#include "kubefed/apiserver/controllers/garbage_collector.h"
#include "kubefed/apiserver/controllers/namespace_controller.h"
#include "kubefed/apiserver/schema_data.h"
#include "kubefed/util/log.h"
#include "tests/fakes/fake_clock.h"

using namespace kubefed;
using namespace kubefed::apiserver;
using namespace std::chrono_literals;

namespace {

const kube::Gvr kNamespaces{"", "v1", "namespaces"};
const kube::Gvr kMaps{"", "v1", "configmaps"};
const kube::Gvr kAccounts{"", "v1", "serviceaccounts"};
const kube::Gvr kEvents{"", "v1", "events"};
const kube::Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
const kube::Gvr kClusterRoleBindings{"rbac.authorization.k8s.io", "v1", "clusterrolebindings"};

// Commits at once, but for the next `refusals` writes.
class RefusingStorage final : public Storage {
public:
    [[nodiscard]] Result<StorageContents> load(StorageListener& listener) override {
        m_listener = &listener;
        return StorageContents{};
    }
    void write(StorageWrite write) override {
        if (refusals == 0)
            return m_listener->onCommitted(write.rv, 0, 1);
        --refusals;
        m_listener->onFailed({.code = Code::Unavailable, .message = "disk full"});
    }
    void restart() override {}
    [[nodiscard]] std::uint64_t sizeBytes() const override { return 0; }

    int refusals = 0;

private:
    StorageListener* m_listener = nullptr;
};

struct Machine {
    std::unique_ptr<RefusingStorage> owned = std::make_unique<RefusingStorage>();
    RefusingStorage& storage = *owned;
    FakeClock clock;
    State state{std::move(owned), 100};
    Registry registry{state};
    WritePipeline writes{state, registry, {}};
    InternalWriter writer{writes, clock};
    NamespaceController namespaces{writer, clock, "CA"};
    GarbageCollector garbage{writer, clock};
    EventExpiry events{writer, clock};

    Machine() {
        for (ResourceSpec& spec : builtinResources(*schemaData().value()->schemas))
            registry.add(std::move(spec));
        (void)state.load();
        state.addObserver(namespaces);
        state.addObserver(garbage);
        state.addObserver(events);
    }
    void create(const kube::Gvr& gvr, kube::JsonObject object) {
        writer.create(gvr, std::move(object), [](bool done) { QVERIFY(done); });
    }
    void remove(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                const char* policy = "") {
        writer.remove(gvr, ns, name, {.propagationPolicy = policy}, [](bool done) { QVERIFY(done); });
    }
    [[nodiscard]] bool has(const kube::Gvr& gvr, const std::string& ns, const std::string& name) const {
        return state.get(gvr, {ns, name}) != nullptr;
    }
    void makeNamespace() {
        create(kNamespaces, {{"metadata", kube::JsonObject{{"name", "shop"}}}});
        clock.advance(0ms);
    }
    void makeFamily() {
        makeNamespace();
        create(kMaps, {{"metadata", kube::JsonObject{{"name", "owner"}, {"namespace", "shop"}}}});
        const kube::ObjectPtr owner = state.get(kMaps, {"shop", "owner"});
        create(kMaps, {{"metadata", kube::JsonObject{{"name", "child"},
                                                     {"namespace", "shop"},
                                                     {"ownerReferences", kube::JsonArray{kube::JsonObject{
                                                                             {"apiVersion", "v1"},
                                                                             {"kind", "ConfigMap"},
                                                                             {"name", "owner"},
                                                                             {"uid", owner->uid()}}}}}}});
        clock.advance(0ms);
    }
};

}  // namespace

class ControllersTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        log::setSink([](log::Level, std::string_view) {});
    }
    void cleanupTestCase() { log::setSink({}); }

    // The default roles of an older server lack rules; a person's additions and refusals count.
    void defaultRolesAreCompletedAtStart() {
        Machine m;
        const auto start = [&] { createBootstrapObjects(m.writer, [](bool done) { QVERIFY(done); }); };
        const auto change = [&](const kube::Gvr& gvr, const char* name,
                                const std::function<void(kube::JsonObject&)>& how) {
            m.writer.modify(gvr, "", name, "", how, [](bool done) { QVERIFY(done); });
        };
        const auto listOf = [&](const kube::Gvr& gvr, const char* name, const char* list) {
            const kube::JsonArray* found = kube::arrayAt(m.state.get(gvr, {"", name})->document(), {list});
            return found == nullptr ? kube::JsonArray() : *found;
        };
        start();
        const char* view = "system:aggregate-to-view";
        const kube::JsonArray rules = listOf(kClusterRoles, view, "rules");
        const kube::Json own = *kube::parseJson(R"({"apiGroups":["a.b"],"resources":["c"],"verbs":["get"]})");
        const auto stored = [&] { return m.state.committedRv(); };
        const std::int64_t rested = stored();
        start();
        QCOMPARE(stored(), rested);
        const auto older = [&](kube::JsonObject& role) {
            role["rules"] = kube::JsonArray{rules.front(), own};
            kube::erase(role, {"metadata", "labels"});
        };
        change(kClusterRoles, view, older);
        start();
        kube::JsonArray wanted = rules;
        wanted.insert(wanted.begin() + 1, own);
        QVERIFY(kube::equal(kube::Json(listOf(kClusterRoles, view, "rules")), kube::Json(wanted)));
        QCOMPARE(m.state.get(kClusterRoles, {"", view})->label("rbac.authorization.k8s.io/aggregate-to-view"),
                 std::string_view("true"));
        // What others grant more widely is not missing.
        change(kClusterRoles, view, [&](kube::JsonObject& role) {
            role["rules"] = *kube::parseJson(R"([{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}])");
        });
        start();
        QCOMPARE(listOf(kClusterRoles, view, "rules").size(), 1U);
        change(kClusterRoles, view, [&](kube::JsonObject& role) {
            older(role);
            kube::ensureObject(
                role, {"metadata", "annotations"})["rbac.authorization.kubernetes.io/autoupdate"] = "false";
        });
        start();
        QCOMPARE(listOf(kClusterRoles, view, "rules").size(), 2U);
        change(kClusterRoleBindings, "system:discovery",
               [](kube::JsonObject& binding) { binding.erase("subjects"); });
        change(kClusterRoles, "edit", [](kube::JsonObject& role) { role.erase("aggregationRule"); });
        start();
        QCOMPARE(listOf(kClusterRoleBindings, "system:discovery", "subjects").size(), 1U);
        QCOMPARE(kube::arrayAt(m.state.get(kClusterRoles, {"", "edit"})->document(),
                               {"aggregationRule", "clusterRoleSelectors"})
                     ->size(),
                 2U);
        const std::int64_t again = stored();
        start();
        QCOMPARE(stored(), again);
    }

    // Who narrows a default role to rules of their own keeps them; what is added to others is told.
    void ownRulesOfADefaultRoleStay() {
        Machine m;
        const auto start = [&] { createBootstrapObjects(m.writer, [](bool done) { QVERIFY(done); }); };
        start();
        const auto stored = [&](const char* name) { return m.state.get(kClusterRoles, {"", name}); };
        m.writer.modify(
            kClusterRoles, "", "edit", "",
            [](kube::JsonObject& role) {
                role.erase("aggregationRule");
                kube::erase(role, {"metadata", "labels"});
                role["rules"] =
                    *kube::parseJson(R"([{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}])");
            },
            [](bool done) { QVERIFY(done); });
        m.writer.modify(
            kClusterRoles, "", "kubefed-fleet-viewer", "",
            [](kube::JsonObject& role) { role["rules"].as_array().pop_back(); },
            [](bool done) { QVERIFY(done); });
        const std::string own = kube::printCanonical(stored("edit")->document());
        std::string told;
        log::setSink([&](log::Level, std::string_view line) { told += std::string(line) + "\n"; });
        start();
        log::setSink([](log::Level, std::string_view) {});
        QCOMPARE(kube::printCanonical(stored("edit")->document()), own);
        QVERIFY2(told.find("clusterroles/kubefed-fleet-viewer") != std::string::npos &&
                     told.find("events") != std::string::npos,
                 told.c_str());
        QVERIFY2(told.find("edit") == std::string::npos, told.c_str());
    }

    void aNamespaceIsFurnishedLater() {
        Machine m;
        m.create(kNamespaces, {{"metadata", kube::JsonObject{{"name", "shop"}}}});
        m.storage.refusals = 3;
        m.clock.advance(0ms);
        QVERIFY(!m.has(kAccounts, "shop", "default"));
        m.clock.advance(10s);
        QVERIFY(m.has(kAccounts, "shop", "default"));
        QVERIFY(m.has(kMaps, "shop", "kube-root-ca.crt"));
        QCOMPARE(m.clock.pendingTimers(), 0U);
    }

    void aNamespaceIsEmptiedLater() {
        Machine m;
        m.makeNamespace();
        for (int refusals = 1; refusals < 5; ++refusals) {
            m.create(kMaps, {{"metadata", kube::JsonObject{{"name", "a"}, {"namespace", "shop"}}}});
            m.remove(kNamespaces, "", "shop");
            m.storage.refusals = refusals;
            m.clock.advance(1min);
            QVERIFY(!m.has(kNamespaces, "", "shop"));
            m.makeNamespace();
        }
    }

    void dependentsGoLater() {
        Machine m;
        m.makeFamily();
        m.remove(kMaps, "shop", "owner", "Background");
        m.storage.refusals = 1;
        m.clock.advance(0ms);
        QVERIFY(m.has(kMaps, "shop", "child"));
        m.clock.advance(1s);
        QVERIFY(!m.has(kMaps, "shop", "child"));
    }

    void orphansStayEvenIfTheyCouldNotBeLetGoAtOnce() {
        for (int refusals = 0; refusals < 4; ++refusals) {
            Machine m;
            m.makeFamily();
            m.remove(kMaps, "shop", "owner", "Orphan");
            m.storage.refusals = refusals;
            m.clock.advance(1min);
            QVERIFY(!m.has(kMaps, "shop", "owner"));
            const kube::ObjectPtr child = m.state.get(kMaps, {"shop", "child"});
            QVERIFY(child != nullptr);
            QVERIFY(child->ownerReferences().empty());
        }
    }

    void anOwnerInTheForegroundGoesLater() {
        Machine m;
        m.makeFamily();
        m.remove(kMaps, "shop", "owner", "Foreground");
        m.storage.refusals = 2;
        m.clock.advance(1min);
        QVERIFY(!m.has(kMaps, "shop", "owner"));
        QVERIFY(!m.has(kMaps, "shop", "child"));
    }

    void eventsGoLater() {
        Machine m;
        m.makeNamespace();
        m.create(kEvents,
                 {{"metadata", kube::JsonObject{{"name", "e"}, {"namespace", "shop"}}},
                  {"involvedObject", kube::JsonObject{{"kind", "Pod"}, {"namespace", "shop"}, {"name", "p"}}},
                  {"reason", "R"},
                  {"message", "m"},
                  {"type", "Normal"}});
        m.clock.advance(59min);
        m.storage.refusals = 2;
        m.clock.advance(2min);
        QVERIFY(m.has(kEvents, "shop", "e"));
        m.clock.advance(3min);
        QVERIFY(!m.has(kEvents, "shop", "e"));
    }
};

QTEST_GUILESS_MAIN(ControllersTest)
#include "controllers_test.moc"
