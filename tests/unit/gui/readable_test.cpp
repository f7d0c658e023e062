// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <QtCore/QRegularExpression>
#include <QtGui/QClipboard>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QScrollBar>

#include "tests/unit/gui/pictures.h"
#include "tests/unit/gui/story_window.h"

#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/list_pages.h"
#include "gui/view/object_detail.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/label.h"
#include "gui/widget/tile.h"

using namespace kubefed;
using namespace kubefed::gui;

// What is said can be read to its end, in the picture font and at the sizes a window may have.
class ReadableTest : public QObject, private StoryWindow {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const QString missing = usePictureFont();
        QVERIFY2(missing.isEmpty(), qPrintable(missing));
    }

    void init() { begin(); }
    void cleanup() { end(); }

    void longWordsMayBeBrokenAndAreCopiedAsTheyWere() {
        QCOMPARE(breakable("short words stay"), QString("short words stay"));
        const QString path = "/var/lib/kubefed/0123456789abcdef0123456789abcdef.so";
        const QString broken = breakable("in " + path + " now");
        QCOMPARE(QString(broken).remove(QChar(0x200B)), "in " + path + " now");
        for (const QString& part : broken.split(QChar(0x200B)))
            QVERIFY2(part.size() <= 16, qPrintable(part));
        Label label(Label::Kind::Body);
        label.showWhole(path);
        QVERIFY(label.minimumWidth() < 20);
        label.setSelection(0, static_cast<int>(label.text().size()));
        QTest::keyClick(&label, Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), path);
    }

    void aPluginsReasonAndRemedyAreReadWhole_data() { sizes(); }
    void aPluginsReasonAndRemedyAreReadWhole() {
        QFETCH(const QSize, size);
        m_session->source.policies = testing::accusedPolicies();
        make(size);
        m_window->open(MainWindow::PoliciesPlace);
        m_session->clock.advance(Duration{10});
        settle();
        auto* card = m_window->findChild<PluginCard*>();
        verifyWhole(*card);
        QVERIFY(saidIn(*card).contains("or: kubefed policy enable nearest"));
        // The digest is short there, and to be had whole.
        const QString digest = QString::fromStdString(m_session->source.policies[4].sha256);
        QVERIFY(saidIn(*card).contains("sha256 " + digest.left(12) + '\n'));
        for (auto* button : card->findChildren<QPushButton*>())
            if (button->isVisible() && button->text() == "Copy sha256")
                button->click();
        QCOMPARE(QApplication::clipboard()->text(), digest);
    }

    void columnsShowTheLongestThatTheyMaySay_data() { sizes(); }
    void columnsShowTheLongestThatTheyMaySay() {
        QFETCH(const QSize, size);
        make(size);
        m_window->open(MainWindow::WorkloadsPlace);
        m_window->findChild<WorkloadsPage*>()->explainCurrent();
        m_session->clock.advance(Duration{10});
        settle();
        int columns = 0;
        for (const TableView* table : m_window->findChildren<TableView*>())
            for (int column = 0; column < table->model()->columnCount(); ++column) {
                const auto of = [&](int role) {
                    return table->model()->headerData(column, Qt::Horizontal, role);
                };
                if (table->isColumnHidden(column))
                    continue;
                const int sign = of(StatusRole).toBool() ? 20 : 0;
                for (const QString& text : of(TextsRole).toStringList()) {
                    ++columns;
                    QVERIFY2(table->fontMetrics().horizontalAdvance(text) + sign + 24 <=
                                 table->columnWidth(column),
                             qPrintable(of(Qt::DisplayRole).toString() + ": " + text));
                }
            }
        QVERIFY(columns > 30);
        QVERIFY(longestAges().contains("119 min") && longestAges().contains("47 h"));
        QVERIFY(namesOfHealth().contains("Unscheduled"));
    }

    void nothingIsOutOfSightBesideTheCard_data() { sizes(); }
    void nothingIsOutOfSightBesideTheCard() {
        QFETCH(const QSize, size);
        make(size);
        for (const auto place :
             {MainWindow::FleetPlace, MainWindow::WorkloadsPlace, MainWindow::PoliciesPlace}) {
            m_window->open(place);
            m_session->clock.advance(Duration{10});
            settle();
            for (const TableView* table : m_window->findChildren<TableView*>())
                QVERIFY2(!table->isVisible() || table->horizontalScrollBar()->maximum() == 0,
                         qPrintable(QString("page %1, a table %2 wide").arg(place).arg(table->width())));
        }
        // What is given up comes back with the room.
        auto& clusters = m_window->findChild<FleetPage*>()->panel().table();
        m_window->open(MainWindow::FleetPlace);
        QCOMPARE(clusters.isColumnHidden(ClusterTableModel::Version), size.width() < 1000);
        QVERIFY(!clusters.isColumnHidden(ClusterTableModel::Reason));
        m_window->resize(1500, 900);
        settle();
        for (int column = 0; column < ClusterTableModel::kColumns; ++column)
            QVERIFY(!clusters.isColumnHidden(column));
    }

    void theTableInAnObjectsCardNeedsNoScrolling() {
        make(QSize(960, 600));
        m_window->open(MainWindow::WorkloadsPlace);
        settle();
        const auto* table = m_window->findChild<ObjectDetail*>()->findChild<TableView*>();
        QVERIFY(table->model()->rowCount() > 1);
        QCOMPARE(table->horizontalScrollBar()->maximum(), 0);
        QCOMPARE(table->verticalScrollBar()->maximum(), 0);
    }

    void timesOfCallsAreAsTheCliRoundsThem() {
        QCOMPARE(callTime(0.0001), QString("<1 µs"));
        QCOMPARE(callTime(0.004), QString("4 µs"));
        QCOMPARE(callTime(0.999), QString("999 µs"));
        QCOMPARE(callTime(1.43), QString("1.4 ms"));
        QCOMPARE(callTime(250), QString("250 ms"));
        QCOMPARE(quantileTime({}, 60), QString("–"));
        QCOMPARE(quantileTime(0.041, 60), QString("41 ms"));
        QCOMPARE(quantileTime(60, 60), QString("≥ 60.0 s"));
        QCOMPARE(quantileTime(60, 0), QString("60.0 s"));  // of an older controller
    }

    void allIsWellHasAnAgeWhenTheControllerIsLost() {
        client::FleetChanges well;
        well.clusters = {testing::storyFleet(m_session->source.now()).clusters[4]};
        m_session->tell(std::move(well));
        make(QSize(1280, 800), false);
        const auto worst = [&] {
            const auto tiles = m_window->findChildren<Tile*>();
            return (*std::ranges::find(tiles, "Worst", &Tile::accessibleName))->content().lines.front();
        };
        QCOMPARE(worst().plain, QString("All is well"));
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "127.0.0.1:40021 refuses connections"});
        m_session->clock.advance(Duration{22'000});
        QCOMPARE(worst().plain, QString("All was well 22 s ago"));
        QVERIFY(worst().level == Level::Unknown);
    }

private:
    static void sizes() {
        QTest::addColumn<QSize>("size");
        QTest::newRow("usual") << QSize(1280, 800);
        QTest::newRow("smallest") << QSize(960, 600);
    }
    void make(const QSize& size, bool hasStory = true) {
        if (hasStory)
            tellStory();
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->resize(size);
        m_window->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    }
    static void settle() {
        // Layouts of wrapping texts take more than one turn.
        for (int i = 0; i < 5; ++i)
            QCoreApplication::processEvents();
    }
    static QString saidIn(const QWidget& card) {
        QString said;
        for (const Label* label : card.findChildren<Label*>())
            if (label->isVisible())
                said += QString(label->text()).remove(QChar(0x200B)) + '\n';
        return said;
    }
    // No text of it is cut off at the right or below.
    static void verifyWhole(const QWidget& card) {
        for (const Label* label : card.findChildren<Label*>()) {
            if (!label->isVisible())
                continue;
            const int right = label->mapTo(&card, QPoint(label->width(), 0)).x();
            QVERIFY2(right <= card.width(), qPrintable(label->text()));
            QVERIFY2(!label->wordWrap() || label->heightForWidth(label->width()) <= label->height(),
                     qPrintable(label->text()));
            if (label->wordWrap()) {
                for (const QString& part : label->text().split(QRegularExpression("[\\s\\x{200B}]")))
                    QVERIFY2(label->fontMetrics().horizontalAdvance(part) <= label->width(),
                             qPrintable(part));
            }
        }
    }
};

QTEST_MAIN(ReadableTest)
#include "readable_test.moc"
