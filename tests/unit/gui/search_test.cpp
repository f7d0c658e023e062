// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/commands.h"
#include "gui/model/filter.h"
#include "gui/model/palette_index.h"

using namespace kubefed;
using namespace kubefed::gui;

class SearchTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void filterTerms_data() {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<bool>("isShown");
        QTest::newRow("nothing") << "" << true;
        QTest::newRow("word") << "osa" << true;
        QTest::newRow("capitals") << "OSAKA" << true;
        QTest::newRow("another word") << "tokyo" << false;
        QTest::newRow("two words") << "osaka ready" << true;
        QTest::newRow("one of two is missing") << "osaka degraded" << false;
        QTest::newRow("field") << "region=jp" << true;
        QTest::newRow("half a value") << "region=j" << true;
        QTest::newRow("no value yet") << "region=" << true;
        QTest::newRow("other value") << "region=us" << false;
        QTest::newRow("any of") << "region=us,jp" << true;
        QTest::newRow("not") << "-ready" << false;
        QTest::newRow("not that") << "-tokyo" << true;
        QTest::newRow("unequal") << "region!=us" << true;
        QTest::newRow("unequal, but is") << "region!=jp" << false;
        QTest::newRow("no such field") << "zone=jp" << false;
    }
    void filterTerms() {
        QFETCH(const QString, typed);
        QFETCH(const bool, isShown);
        const auto hasField = [](const QString& key, const QString& value) {
            return (key == "region" && QString("jp").startsWith(value)) ||
                   (key == "status" && QString("ready").startsWith(value));
        };
        QCOMPARE(Filter::parse(typed).accepts("osaka ready v1.34.4", hasField), isShown);
    }

    // Each name of a state, as the tables have it, is about the state alone, whatever else a row says.
    void namesOfStatesAreAboutTheState() {
        for (const QString& name : namesOfPhases() + namesOfHealth()) {
            const QString typed = name.toLower();
            const auto is = [&](const QString& status) {
                return Filter::parse(typed).accepts("this was " + typed,
                                                    [&](const QString& key, const QString& value) {
                                                        return key == "status" && status.startsWith(value);
                                                    });
            };
            QVERIFY2(is(typed), qPrintable(typed));
            QVERIFY2(!is("another"), qPrintable(typed));
        }
    }

    void paletteRanksNamesThenTrouble() {
        Fleet fleet;
        fleet.reset(testing::syntheticInfo(), testing::storyFleet(kNow));
        const std::vector<PaletteEntry> actions{{.title = "Show events", .action = 1}};
        const auto titles = [&](const QString& typed) {
            QStringList found;
            for (const PaletteEntry& entry : searchPalette(fleet, kNow, actions, typed))
                found += entry.title;
            return found;
        };
        QCOMPARE(titles("oreg"), QStringList({"oregon"}));
        QCOMPARE(titles("events"), QStringList({"Show events"}));
        QVERIFY(titles("cart").first().endsWith("/cart"));
        QVERIFY(titles("shop cart").first().endsWith("/cart"));
        QCOMPARE(titles("zzz"), QStringList());
        // Nothing typed: what can be done, and what is in trouble.
        QVERIFY(titles("").contains("Show events"));
        QVERIFY(titles("").contains("oregon"));
        QVERIFY(!titles("").contains("osaka"));
        QVERIFY(titles("e").size() <= 12);
    }

    void commandsCanBePasted() {
        const Commands commands("my prod");
        const client::ObjectId frontend{"", "v1", "ReplicationController", "shop", "frontend"};
        QCOMPARE(commands.why(frontend),
                 QString("kubefed why rc/frontend -n shop -o wide --context 'my prod'"));
        QCOMPARE(Commands("prod").clusters(), QString("kubefed get clusters --context prod"));
        QCOMPARE(Commands("").clusters(), QString("kubefed get clusters"));
        QCOMPARE(shellQuoted("it's"), QString("'it'\\''s'"));
        QCOMPARE(shellQuoted(""), QString("''"));
    }

    void agesAreShort() {
        QCOMPARE(ageText(-5), QString("0 s"));
        QCOMPARE(ageText(31'900), QString("31 s"));
        QCOMPARE(ageText(119'999), QString("119 s"));
        QCOMPARE(ageText(120'000), QString("2 min"));
        QCOMPARE(ageText(7'200'000), QString("2 h"));
        QCOMPARE(ageText(TimeMs{200'000'000}), QString("2 d"));
        QCOMPARE(since(0, 5), QString("?"));
        QCOMPARE(fraction(std::nullopt, 96), QString("?/96"));
        QCOMPARE(count(9412), QString("9,412"));
    }

private:
    using TimeMs = client::TimeMs;
    static constexpr TimeMs kNow = 1'700'000'000'000;
};

QTEST_GUILESS_MAIN(SearchTest)
#include "search_test.moc"
