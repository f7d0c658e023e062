// SPDX-License-Identifier: Apache-2.0
#include "kubefed/fed/removal.h"

#include <QtTest/QTest>

using namespace kubefed;
using namespace kubefed::fed;

namespace {

PlacementSpec in(std::vector<std::string> clusters) {
    PlacementSpec spec;
    for (std::string& name : clusters)
        spec.clusters.push_back({std::move(name), 1});
    return spec;
}

}  // namespace

class RemovalTest : public QObject {
    Q_OBJECT

    std::map<std::string, RemovalSite, std::less<>> m_sites;
    [[nodiscard]] Removals after(const Removals& owed, const PlacementSpec& last,
                                 const PlacementSpec& next) const {
        return removalsAfter(owed, &last, next, [this](std::string_view name) -> std::optional<RemovalSite> {
            const auto it = m_sites.find(name);
            return it == m_sites.end() ? std::nullopt : std::optional(it->second);
        });
    }

private Q_SLOTS:
    void init() { m_sites = {{"m1", {.uid = "u1"}}, {"m2", {.uid = "u2"}}, {"m3", {.uid = "u3"}}}; }

    void isReadAsItIsWritten() {
        const Removals removals{{"m1", "u1"}, {"m2", "u2"}};
        QCOMPARE(print(removals), std::string("m1=u1,m2=u2"));
        QVERIFY(parseRemovals(print(removals)) == removals);
        QVERIFY(parseRemovals("").empty());
        QVERIFY(parseRemovals(",=x,,").empty());
        QVERIFY((parseRemovals("m1,m2") == Removals{{"m1", ""}, {"m2", ""}}));
        QCOMPARE(print({{"m1", ""}, {"m2", "u2"}}), std::string("m1,m2=u2"));
    }

    void allowsNothingButInTheClusterItself() {
        const Removals removals{{"m1", "u1"}, {"m2", ""}};
        QVERIFY(isOwed(removals, "m1", "u1"));
        QVERIFY(!isOwed(removals, "m1", "u9"));
        QVERIFY(!isOwed(removals, "m2", "u2"));
        QVERIFY(!isOwed(removals, "m2", ""));
        QVERIFY(!isOwed(removals, "m3", "u3"));
        QVERIFY(mayBeOwed(removals, "m2", "u2"));
        QVERIFY(!mayBeOwed(removals, "m1", "u9"));
    }

    void aDroppedClusterOwesUntilItIsEmptyOrChosenAgain() {
        QVERIFY((after({}, in({"m1", "m2"}), in({"m2"})) == Removals{{"m1", "u1"}}));
        m_sites["m1"].isEmpty = true;
        QVERIFY((after({}, in({"m1", "m2"}), in({"m2"})) == Removals{{"m1", "u1"}}));  // it may be coming
        QVERIFY(after({{"m1", "u1"}}, in({"m2"}), in({"m2"})).empty());
        m_sites["m1"].isEmpty = false;
        QVERIFY((after({{"m1", "u1"}}, in({"m2"}), in({"m2"})) == Removals{{"m1", "u1"}}));
        QVERIFY(after({{"m1", "u1"}}, in({"m2"}), in({"m1", "m2"})).empty());
    }

    void aClusterThatLeavesLeftOrIsAnotherOneOwesNothing() {
        m_sites["m1"].isLeaving = true;
        QVERIFY(after({}, in({"m1", "m2"}), in({"m2"})).empty());
        QVERIFY(after({{"m1", "u1"}}, in({"m2"}), in({"m2"})).empty());
        m_sites.erase("m1");
        QVERIFY(after({}, in({"m1", "m2"}), in({"m2"})).empty());
        QVERIFY(after({{"m1", "u1"}}, in({"m2"}), in({"m2"})).empty());
        m_sites["m1"].uid = "joined again";
        QVERIFY(after({{"m1", "u1"}}, in({"m2"}), in({"m2"})).empty());
    }

    void aNameAloneMeansWhoIsThereNow() {
        const Removals old{{"gone", ""}, {"m1", ""}};
        QVERIFY((after(old, in({"m2"}), in({"m2"})) == Removals{{"m1", "u1"}}));
    }
};

QTEST_APPLESS_MAIN(RemovalTest)
#include "removal_test.moc"
