// SPDX-License-Identifier: Apache-2.0
//
// First decisions, in virtual time: how they are explained, and what is taken over when a store was lost and
// clusters, templates and policies come back in any order.
#include <QtTest/QTest>

#include "tests/unit/controller/simulation.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

TemplateId rc(const std::string& name) {
    return Simulation::id("ReplicationController", name);
}

#define SAME_TEXT(a, b) QCOMPARE(QString::fromStdString(a), QString::fromStdString(b))

}  // namespace

class DecisionsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theFirstDecisionIsExplainedAsItWasMade() {
        Simulation s(1);
        s.start();
        s.run(1s);
        s.putRc("web", 6);
        s.run(2s);
        auto explanation = s.placement(rc("web"))->status.explanation;
        QVERIFY(explanation);
        SAME_TEXT(explanation->because, "it is new");
        QCOMPARE(explanation->clusters.size(), std::size_t{3});
        for (const auto& winner : explanation->clusters)
            SAME_TEXT(winner.verdict, "chosen: evenly");
        const std::string decidedAt = explanation->decidedAt;
        s.run(60s);
        s.restart();
        s.run(10s);
        SAME_TEXT(s.placement(rc("web"))->status.explanation->decidedAt, decidedAt);
        s.putRc("web", 9);
        s.run(2s);
        explanation = s.placement(rc("web"))->status.explanation;
        SAME_TEXT(explanation->because, "spec.replicas changed from 6 to 9");
        for (const auto& winner : explanation->clusters)
            SAME_TEXT(winner.verdict, "chosen: evenly");
    }
};

QTEST_GUILESS_MAIN(DecisionsTest)
#include "decisions_test.moc"
