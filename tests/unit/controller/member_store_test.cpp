// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/member_store.h"

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::controller;

namespace {

const auto kPods = static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", "Pod")));
const auto kWorkloads = static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", "ReplicationController")));

TemplateId pod(const std::string& name) {
    return {kPods, {"shop", name}};
}
fed::MemberObject object(const std::string& uid, std::uint64_t version, std::uint64_t hash = 1) {
    fed::MemberObject made;
    made.uid = uid;
    made.resourceVersion = version;
    made.ours = made.labelled = true;
    made.appliedHash = hash;
    return made;
}

}  // namespace

class MemberStoreTest : public QObject {
    Q_OBJECT

    std::unique_ptr<MemberStore> m_store;
    std::set<TemplateId> m_changed;

    void take(MemberEvent event) { m_store->take(event); }
    void list(const std::vector<std::pair<std::string, fed::MemberObject>>& objects, std::uint64_t version) {
        take(ListBegin{kPods});
        for (const auto& [name, one] : objects)
            take(ObjectSeen{kPods, {"shop", name}, one});
        take(ListEnd{kPods, version});
    }
    [[nodiscard]] std::uint64_t versionOf(const std::string& name) const {
        const fed::MemberObject* found = m_store->find(pod(name));
        return found == nullptr ? 0 : found->resourceVersion;
    }

private Q_SLOTS:
    void init() {
        m_changed.clear();
        m_store = std::make_unique<MemberStore>([this](const TemplateId& id) { m_changed.insert(id); });
        take(NamespacesListed{});
        list({{"a", object("a1", 10)}, {"b", object("b1", 20)}}, 30);
        QVERIFY(m_store->isSynced(kPods));
    }

    void anAnswerLiesOverWhatWasToldUntilThatHasPassedIt() {
        m_store->takeAnswer(pod("a"), {object("a1", 40, 2), false});
        take(ObjectSeen{kPods, {"shop", "a"}, object("a1", 35)});
        QCOMPARE(versionOf("a"), 40U);
        take(ObjectSeen{kPods, {"shop", "a"}, object("a1", 45)});
        QCOMPARE(versionOf("a"), 45U);
        m_store->takeAnswer(pod("a"), {object("a1", 42), false});
        QCOMPARE(versionOf("a"), 45U);
    }

    void whatWeWroteAfterTheListWasMadeIsNotGone() {
        m_store->takeAnswer(pod("c"), {object("c1", 50), false});
        list({{"a", object("a1", 10)}}, 45);
        QCOMPARE(versionOf("a"), 10U);
        QCOMPARE(versionOf("b"), 0U);
        QCOMPARE(versionOf("c"), 50U);
        list({{"a", object("a1", 10)}}, 55);
        QCOMPARE(versionOf("c"), 0U);
    }

    // What the watch told is no write of ours, however new its version is.
    void storageThatWentBackTakesWhatItLostWithIt() {
        take(ObjectSeen{kPods, {"shop", "c"}, object("c1", 60)});
        take(ObjectSeen{kPods, {"shop", "a"}, object("a1", 61, 3)});
        m_store->takeAnswer(pod("d"), {object("d1", 62), false});
        m_store->takeAnswer(pod("b"), {object("b1", 63, 4), false});
        m_changed.clear();
        list({{"a", object("a1", 10)}, {"b", object("b1", 20)}}, 40);
        QCOMPARE(versionOf("a"), 10U);
        QCOMPARE(m_store->find(pod("a"))->appliedHash, 1U);
        QCOMPARE(versionOf("b"), 20U);
        QCOMPARE(m_store->find(pod("b"))->appliedHash, 1U);
        QCOMPARE(versionOf("c"), 0U);
        QCOMPARE(versionOf("d"), 0U);
        QVERIFY((m_changed == std::set<TemplateId>{pod("a"), pod("b"), pod("c"), pod("d")}));
        // And it goes on from there.
        m_store->takeAnswer(pod("d"), {object("d2", 41), false});
        QCOMPARE(versionOf("d"), 41U);
        take(ObjectSeen{kPods, {"shop", "b"}, object("b1", 42)});
        QCOMPARE(versionOf("b"), 42U);
    }

    void reasonsOfPodsThatANewListDoesNotTellAreGone() {
        const kube::ObjectKey web{"shop", "web"};
        const kube::ObjectKey api{"shop", "api"};
        const TemplateId workload{kWorkloads, web};
        for (const kube::ObjectKey& key : {web, api}) {
            take(ObjectSeen{kWorkloads, key, object("w-" + key.name, 5)});
            take(PodReasonsSeen{key, {{"Unschedulable", 1}}});
        }
        QCOMPARE(m_store->podFailures(), (fed::PodReasons{{"Unschedulable", 2}}));
        m_store->setIncomplete();
        QVERIFY(m_store->podReasons(web) != nullptr);  // the last that is known
        m_changed.clear();
        take(ListBegin{kPods});
        take(PodReasonsSeen{api, {{"Unschedulable", 1}}});
        QVERIFY(m_store->podReasons(web) != nullptr);
        take(ListEnd{kPods, 60});
        QVERIFY(m_store->podReasons(web) == nullptr);
        QVERIFY(m_changed.contains(workload));
        QVERIFY(!m_changed.contains({kWorkloads, api}));
        QCOMPARE(m_store->podFailures(), (fed::PodReasons{{"Unschedulable", 1}}));
        // Told by the watch since: it stays.
        take(PodReasonsSeen{web, {{"Error", 1}}});
        take(ListBegin{kWorkloads});
        take(ListEnd{kWorkloads, 61});
        QVERIFY(m_store->podReasons(web) != nullptr);
    }

    void ofAnotherClusterNothingIsKnown() {
        m_store->clear();
        QCOMPARE(m_store->size(), std::size_t{0});
        QVERIFY(!m_store->isSynced(kPods));
        take(NamespacesListed{});
        list({{"z", object("z1", 2)}}, 3);
        QCOMPARE(versionOf("z"), 2U);
    }
};

QTEST_APPLESS_MAIN(MemberStoreTest)
#include "member_store_test.moc"
