// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>
#include <QtGui/QClipboard>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>

#include "tests/fakes/fake_session.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/view/banner.h"
#include "gui/view/cluster_detail.h"
#include "gui/view/explanation_view.h"
#include "gui/view/fleet_page.h"
#include "gui/view/help_overlay.h"
#include "gui/view/list_pages.h"
#include "gui/view/main_window.h"
#include "gui/view/palette_overlay.h"
#include "gui/view/replay_bar.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"
#include "gui/widget/theme.h"
#include "gui/widget/tile.h"

using namespace kubefed;
using namespace kubefed::gui;

// Every flow by the keyboard alone, as a person would press the keys: what has the focus gets them.
class WindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_settings = std::make_unique<QSettings>(m_folder->filePath("gui.ini"), QSettings::IniFormat);
        m_session = std::make_unique<FakeSession>();
        m_session->source.policies = testing::storyPolicies();
        client::FleetChanges all = testing::storyFleet(m_session->source.now());
        for (const client::Object& object : all.objects)
            m_session->source.explanations.emplace(
                object.id, testing::storyExplanation(all, object.id, m_session->source.now()));
        m_session->tell(std::move(all));
        make();
    }

    void cleanup() {
        m_window.reset();
        m_session.reset();
    }

    void worstIsSeenWithoutAnyKey() {
        QCOMPARE(part<ClusterDetail>()->cluster(), QString("oregon"));
        QVERIFY(fleetTable().hasFocus());
    }

    void paletteFindsAClusterAndOpensIt() {
        press(Qt::Key_2);
        press(Qt::Key_K, Qt::ControlModifier);
        type("osa");
        press(Qt::Key_Return);
        QVERIFY(part<PaletteOverlay>()->isHidden());
        QCOMPARE(fleetTable().currentKey(), QString("osaka"));
        QVERIFY(fleetTable().hasFocus());
        QCOMPARE(part<ClusterDetail>()->cluster(), QString("osaka"));
    }

    void paletteFindsAnObject() {
        press(Qt::Key_K, Qt::ControlModifier);
        type("checkout");
        const QString title = part<PaletteOverlay>()->entries().front().title;
        press(Qt::Key_Return);
        QVERIFY(part<WorkloadsPage>()->isVisible());
        QCOMPARE(reference(part<WorkloadsPage>()->currentObject()->id), title);
    }

    void paletteRunsActionsAndKeepsItsKeysToItself() {
        press(Qt::Key_K, Qt::ControlModifier);
        type("4");  // not the page of that number
        QVERIFY(part<PaletteOverlay>()->isVisible());
        part<PaletteOverlay>()->line().clear();
        type("show events");
        press(Qt::Key_Down);
        press(Qt::Key_Up);
        press(Qt::Key_Return);
        QVERIFY(part<EventsPage>()->isVisible());
        press(Qt::Key_K, Qt::ControlModifier);
        press(Qt::Key_Escape);
        QVERIFY(part<PaletteOverlay>()->isHidden());
        QVERIFY(part<EventsPage>()->panel().table().hasFocus());
    }

    void whatThePaletteFindsIsCopiedAsCommand() {
        press(Qt::Key_K, Qt::ControlModifier);
        type("oregon");
        press(Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), m_commands.cluster("oregon"));
    }

    void filterTakesLettersThatAreKeysElsewhere() {
        press(Qt::Key_Slash);
        QVERIFY(part<FleetPage>()->panel().filter().hasFocus());
        type("region=jp 2?wm");
        QCOMPARE(part<FleetPage>()->panel().filter().text(), QString("region=jp 2?wm"));
        press(Qt::Key_Escape);
        QCOMPARE(part<FleetPage>()->panel().filter().text(), QString());
        QVERIFY(fleetTable().hasFocus());
        press(Qt::Key_Slash);
        type("region=jp");
        QCOMPARE(fleetTable().model()->rowCount(), 2);
        press(Qt::Key_Return);
        QVERIFY(fleetTable().hasFocus());
        press(Qt::Key_Down);
        QCOMPARE(fleetTable().currentKey(), QString("osaka"));
        press(Qt::Key_Escape);
        QCOMPARE(fleetTable().model()->rowCount(), 14);
        QCOMPARE(fleetTable().currentKey(), QString("osaka"));
    }

    void whyAndBack() {
        press(Qt::Key_2);
        press(Qt::Key_Down);
        const client::ObjectId object = part<WorkloadsPage>()->currentObject()->id;
        press(Qt::Key_W);
        m_session->clock.advance(Duration{10});
        auto& view = part<WorkloadsPage>()->explanation();
        QVERIFY(view.isVisible());
        QCOMPARE(view.object(), object);
        const auto tables = view.findChildren<TableView*>();
        QCOMPARE(tables[0]->model()->rowCount(), 14);
        QVERIFY(tables[0]->hasFocus());
        press(Qt::Key_Down);
        press(Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), m_commands.why(object));
        press(Qt::Key_Escape);
        QVERIFY(!part<WorkloadsPage>()->isExplaining());
        QVERIFY(part<WorkloadsPage>()->panel().table().hasFocus());
        press(Qt::Key_Return);
        QVERIFY(part<WorkloadsPage>()->isExplaining());
    }

    void explanationsThatFailSayWhy() {
        m_session->source.explanations.clear();
        press(Qt::Key_2);
        press(Qt::Key_W);
        m_session->clock.advance(Duration{10});
        const auto* notice = part<WorkloadsPage>()->explanation().findChild<Notice*>();
        QVERIFY(notice->isVisible());
        QCOMPARE(notice->content().title, QString("Nothing was decided yet"));
    }

    void matrixByArrows() {
        press(Qt::Key_M);
        QVERIFY(part<WorkloadsPage>()->isMatrix());
        QWidget* matrix = QApplication::focusWidget();
        QVERIFY(matrix->inherits("kubefed::gui::MatrixView"));
        press(Qt::Key_Right);
        press(Qt::Key_Down);
        const client::Object* second = part<WorkloadsPage>()->currentObject();
        QVERIFY(second != nullptr);
        press(Qt::Key_Return);
        QVERIFY(part<WorkloadsPage>()->isExplaining());
        press(Qt::Key_Escape);
        press(Qt::Key_M);
        QVERIFY(!part<WorkloadsPage>()->isMatrix());
        QCOMPARE(part<WorkloadsPage>()->panel().table().currentKey(), keyOf(second->id));
    }

    void enterOnAClusterShowsWhatIsPlacedThere() {
        press(Qt::Key_Return);
        QVERIFY(part<WorkloadsPage>()->isVisible());
        QCOMPARE(part<WorkloadsPage>()->panel().filter().text(), QString("cluster=oregon"));
        QVERIFY(part<WorkloadsPage>()->panel().table().model()->rowCount() > 0);
    }

    void eventsLeadToTheirClusters() {
        press(Qt::Key_4);
        press(Qt::Key_Down);
        press(Qt::Key_Down);  // the newest but one is about oregon
        press(Qt::Key_Up);
        press(Qt::Key_Return);
        QVERIFY(part<FleetPage>()->isVisible());
        QCOMPARE(fleetTable().currentKey(), QString("oregon"));
    }

    void policiesAreAskedForWhenShown() {
        const int before = m_session->source.asked;
        press(Qt::Key_3);
        m_session->clock.advance(Duration{10});
        QCOMPARE(m_session->source.asked, before + 1);
        QCOMPARE(part<PoliciesPage>()->panel().table().model()->rowCount(), 5);
        press(Qt::Key_C, Qt::ControlModifier);
        QCOMPARE(QApplication::clipboard()->text(), m_commands.policies());
    }

    void policiesHaveAnAgeAndAreNeverGreenWhenOld() {
        press(Qt::Key_3);
        m_session->clock.advance(Duration{100});
        TableView& table = part<PoliciesPage>()->panel().table();
        QCOMPARE(table.model()->index(1, 0).data(OldRole).toInt(), 0);
        const int before = m_session->source.asked;
        m_session->clock.advance(Duration{11'000});
        QCOMPARE(m_session->source.asked, before + 2);
        m_session->source.policies[0].state = "Disabled";
        m_session->clock.advance(Duration{6'000});
        QCOMPARE(table.model()->index(0, 1).data().toString(), QString("Disabled"));
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "refused"});
        m_session->clock.advance(Duration{12'000});
        for (int row = 0; row < table.model()->rowCount(); ++row)
            QCOMPARE(table.model()->index(row, 0).data(OldRole).toInt(), 2);
        QVERIFY2(ageOf(part<PoliciesPage>()->panel()).contains("asked 1"),
                 qPrintable(ageOf(part<PoliciesPage>()->panel())));
        const int whileLost = m_session->source.asked;
        m_session->tell(testing::storyFleet(m_session->source.now()));
        m_session->clock.advance(Duration{10});
        QCOMPARE(m_session->source.asked, whileLost + 1);  // at once
        QCOMPARE(table.model()->index(0, 0).data(OldRole).toInt(), 0);
        press(Qt::Key_1);
        m_session->clock.advance(Duration{60'000});
        QCOMPARE(m_session->source.asked, whileLost + 1);  // nobody looks
    }

    void whyIsAskedAgainAndKeepsWhatIsChosen() {
        press(Qt::Key_2);
        press(Qt::Key_W);
        m_session->clock.advance(Duration{100});
        const client::ObjectId object = part<WorkloadsPage>()->currentObject()->id;
        ExplanationView& view = part<WorkloadsPage>()->explanation();
        TableView& table = view.panel().table();
        press(Qt::Key_Down);
        press(Qt::Key_Down);
        const QString chosen = table.currentKey();
        client::Explanation& told = m_session->source.explanations.at(object);
        told.because = "spec.replicas changed from 7 to 9";
        told.verdicts[2].text = "not selected by anything";
        m_session->clock.advance(Duration{6'000});
        QCOMPARE(table.currentKey(), chosen);
        const QModelIndex reason = table.currentIndex().siblingAtColumn(table.model()->columnCount() - 1);
        QCOMPARE(reason.data().toString(), QString("not selected by anything"));
        const auto labels = view.findChildren<QLabel*>();
        QVERIFY(std::ranges::any_of(labels, [](const QLabel* label) {
            return label->text().contains("decided 66 min ago, because spec.replicas changed from 7 to 9");
        }));
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "refused"});
        m_session->clock.advance(Duration{120'000});
        QVERIFY(std::ranges::any_of(
            labels, [](const QLabel* label) { return label->text().contains("decided 68 min ago"); }));
        for (const TableView* each : view.findChildren<TableView*>())
            QCOMPARE(each->model()->index(0, 0).data(OldRole).toInt(), 2);
        QCOMPARE(table.model()->rowCount(), 13);
    }

    void pluginsThatWereNeverCountedAreNotCalledLoadedNever() {
        m_session->source.policies[0].generation = 0;
        press(Qt::Key_3);
        m_session->clock.advance(Duration{10});
        part<PoliciesPage>()->panel().table().select("affinity");
        const auto labels = part<PluginCard>()->findChildren<QLabel*>();
        QVERIFY(std::ranges::none_of(
            labels, [](const QLabel* label) { return label->isVisible() && label->text() == "Loaded"; }));
    }

    void tilesLeadToWhatTheyName() {
        Tile* worst = nullptr;
        for (Tile* tile : part<FleetPage>()->findChildren<Tile*>())
            if (tile->accessibleName() == "Worst")
                worst = tile;
        if (worst == nullptr)
            QFAIL("there is no tile of that name");
        // Tab goes round the whole page.
        for (int i = 0; i < 40 && !worst->hasFocus(); ++i)
            press(Qt::Key_Tab);
        QVERIFY(worst->hasFocus());
        press(Qt::Key_Down);
        press(Qt::Key_Return);
        QVERIFY(part<WorkloadsPage>()->isVisible());
        QVERIFY(part<WorkloadsPage>()->currentObject()->health == client::ObjectHealth::Failing);
    }

    void onlyTroubleAndEverythingAgain() {
        press(Qt::Key_T);
        QCOMPARE(fleetTable().model()->rowCount(), 3);
        press(Qt::Key_Escape);
        QCOMPARE(fleetTable().model()->rowCount(), 14);
    }

    void helpListsKeysAndAnyKeyCloses() {
        press(Qt::Key_Question);
        QVERIFY(part<HelpOverlay>()->isVisible());
        QVERIFY(part<HelpOverlay>()->keys().size() >= 14);
        press(Qt::Key_2);
        QVERIFY(part<HelpOverlay>()->isHidden());
        QVERIFY(fleetTable().hasFocus());
        QVERIFY(part<FleetPage>()->isVisible());
    }

    // Each is pressed in a window of its own, and something else must be the case afterwards.
    void everyKeyOfTheCardDoesSomething() {
        FakeReplay recording;
        m_session->recording = &recording;
        press(Qt::Key_Question);
        const HelpOverlay::Keys keys = part<HelpOverlay>()->keys();
        QVERIFY(keys.size() >= 23);
        QStringList names;
        for (const auto& [key, what] : keys)
            names += key;
        QCOMPARE(QSet<QString>(names.begin(), names.end()).size(), names.size());
        for (QString key : names) {
            m_settings->clear();
            QApplication::clipboard()->setText("before");
            make();
            m_session->recording = &recording;
            m_session->clock.advance(Duration{1'000});
            // Where it would do nothing, as it is the case already.
            if (key == "1")
                press(Qt::Key_4);
            if (key == "Esc")
                part<FleetPage>()->panel().filter().setText("osaka");
            if (key.startsWith(QChar(0x2191)))
                key = "Down";
            const QString before = whatIsTheCase();
            const QKeyCombination pressed = QKeySequence(key)[0];
            press(pressed.key(), pressed.keyboardModifiers());
            m_session->clock.advance(Duration{50});
            QVERIFY2(whatIsTheCase() != before, qPrintable(key));
            if (QWidget* menu = QApplication::activePopupWidget())
                menu->close();
        }
        m_window.reset();
        m_session->recording = nullptr;
    }

    void federationsAreChosenByKeys() {
        press(Qt::Key_O, Qt::ControlModifier);
        QWidget* menu = QApplication::activePopupWidget();
        QVERIFY(menu != nullptr);
        QTest::keyClick(menu, Qt::Key_Down);
        QTest::keyClick(menu, Qt::Key_Down);
        QTest::keyClick(menu, Qt::Key_Return);
        QCOMPARE(m_session->chosen, QString("staging"));
        QVERIFY(QApplication::activePopupWidget() == nullptr);
    }

    void tablesAreSortedByKeys() {
        press(Qt::Key_S);
        QVERIFY(part<PaletteOverlay>()->isVisible());
        type("name");
        press(Qt::Key_Return);
        QCOMPARE(fleetTable().model()->index(0, 0).data().toString(), QString("dublin"));
        QVERIFY(fleetTable().hasFocus());
        QCOMPARE(fleetTable().horizontalHeader()->sortIndicatorSection(), 0);
        press(Qt::Key_S, Qt::ShiftModifier);
        QCOMPARE(fleetTable().model()->index(0, 0).data().toString(), QString("virginia"));
        press(Qt::Key_S);
        type("first");
        press(Qt::Key_Return);
        QCOMPARE(fleetTable().model()->index(0, 0).data().toString(), QString("oregon"));
        QCOMPARE(fleetTable().horizontalHeader()->sortIndicatorSection(), 1);
        // By the palette as well, and the explanation has its own columns.
        press(Qt::Key_2);
        press(Qt::Key_W);
        m_session->clock.advance(Duration{10});
        press(Qt::Key_K, Qt::ControlModifier);
        type("sort by nearest");
        press(Qt::Key_Return);
        const TableView& why = part<WorkloadsPage>()->explanation().panel().table();
        QCOMPARE(why.horizontalHeader()->sortIndicatorSection(), 6);
        press(Qt::Key_Escape);
        // The matrix has no order of its own.
        press(Qt::Key_M);
        press(Qt::Key_S);
        type("policy");
        press(Qt::Key_Return);
        QVERIFY(!part<WorkloadsPage>()->isMatrix());
    }

    void keysFitTheSmallestWindowAndFollowIt() {
        press(Qt::Key_Question);
        m_window->resize(m_window->minimumSize());
        const auto* help = part<HelpOverlay>();
        QCOMPARE(help->size(), m_window->size());
        QVERIFY(help->rect().contains(help->card()));
    }

    void losingTheControllerGreysEverythingAndItComesBack() {
        m_session->lose(client::ConnectionState::Disconnected,
                        {.code = Code::Unavailable, .message = "refused"});
        m_session->clock.advance(Duration{12'000});
        QVERIFY(part<Banner>()->isVisible());
        QVERIFY2(part<Banner>()->accessibleName().contains("12 s old"),
                 qPrintable(part<Banner>()->accessibleName()));
        for (int row = 0; row < fleetTable().model()->rowCount(); ++row)
            QVERIFY(fleetTable().model()->index(row, 0).data(OldRole).toBool());
        press(Qt::Key_R, Qt::ControlModifier);
        QCOMPARE(m_session->reconnections, 1);
        m_session->tell(testing::storyFleet(m_session->source.now()));
        QVERIFY(part<Banner>()->isHidden());
        QVERIFY(!fleetTable().model()->index(13, 0).data(OldRole).toBool());
        QCOMPARE(fleetTable().currentKey(), QString("oregon"));  // what was chosen stays chosen
    }

    void statesWithoutAFleetSayWhatNext_data() {
        QTest::addColumn<int>("state");
        QTest::addColumn<QString>("title");
        QTest::addColumn<QString>("command");
        using client::ConnectionState;
        QTest::newRow("connecting") << static_cast<int>(ConnectionState::Connecting) << "Connecting to prod"
                                    << "";
        QTest::newRow("lost") << static_cast<int>(ConnectionState::Disconnected) << "prod does not answer"
                              << "kubefed up prod";
        QTest::newRow("forbidden") << static_cast<int>(ConnectionState::Forbidden) << "You may not watch prod"
                                   << m_commands.allowWatching();
    }
    void statesWithoutAFleetSayWhatNext() {
        QFETCH(const int, state);
        QFETCH(const QString, title);
        QFETCH(const QString, command);
        m_window.reset();
        m_session = std::make_unique<FakeSession>();
        make();
        m_session->lose(static_cast<client::ConnectionState>(state),
                        {.code = Code::Unavailable, .message = "so"});
        const Notice* shown = nullptr;
        for (const Notice* notice : m_window->findChildren<Notice*>())
            if (notice->isVisible())
                shown = notice;
        QVERIFY(shown != nullptr);
        QCOMPARE(shown->content().title, title);
        QCOMPARE(shown->content().command, command);
    }

    void settingsAreKept() {
        press(Qt::Key_M);
        m_window->setColours(MainWindow::Colours::Dark);
        m_window->resize(1111, 777);
        QVERIFY(m_window->close());
        make();
        QVERIFY(part<WorkloadsPage>()->isVisible());
        QVERIFY(part<WorkloadsPage>()->isMatrix());
        QCOMPARE(m_window->size(), QSize(1111, 777));
        QVERIFY(themeOf(m_window->palette()).isDark);
        QCOMPARE(m_settings->value("context").toString(), QString("prod"));
    }

    void coloursFollowTheDesktop() {
        const QPalette before = QApplication::palette();
        QApplication::setPalette(darkTheme().palette());
        QTRY_VERIFY(themeOf(m_window->palette()).isDark);
        QApplication::setPalette(lightTheme().palette());
        QTRY_VERIFY(!themeOf(m_window->palette()).isDark);
        QVERIFY(!themeOf(fleetTable().palette()).isDark);
        QApplication::setPalette(before);
    }

    void contrastIsEnough_data() {
        QTest::addColumn<bool>("isDark");
        QTest::newRow("light") << false;
        QTest::newRow("dark") << true;
    }
    void contrastIsEnough() {
        QFETCH(const bool, isDark);
        const Theme& theme = isDark ? darkTheme() : lightTheme();
        QCOMPARE(theme.isDark, isDark);
        const auto isReadable = [](const QColor& ink, const QColor& ground) {
            return contrast(ink, ground) >= 4.5;
        };
        for (const QColor& ground : {theme.window, theme.surface, theme.hover, theme.selection})
            for (const QColor& ink : {theme.text, theme.dim, theme.accent, theme.good, theme.busy,
                                      theme.unknown, theme.warn, theme.bad})
                QVERIFY2(
                    isReadable(ink, ground),
                    qPrintable(
                        QString("%1 on %2: %3").arg(ink.name(), ground.name()).arg(contrast(ink, ground))));
        for (const Level level :
             {Level::Good, Level::Quiet, Level::Busy, Level::Unknown, Level::Warn, Level::Bad})
            for (const QColor& ink : {theme.of(level), theme.text, theme.dim})
                QVERIFY2(isReadable(ink, theme.tint(level)),
                         qPrintable(QString("%1 on %2: %3")
                                        .arg(ink.name(), theme.tint(level).name())
                                        .arg(contrast(ink, theme.tint(level)))));
    }

    void signsDifferByShapeAlone() {
        std::set<QByteArray> shapes;
        for (const Level level :
             {Level::Good, Level::Quiet, Level::Busy, Level::Unknown, Level::Warn, Level::Bad}) {
            QImage image(24, 24, QImage::Format_Grayscale8);
            image.fill(Qt::white);
            QPainter painter(&image);
            paintSign(painter, image.rect(), level, Qt::black, Qt::white);
            painter.end();
            shapes.insert(QByteArray(reinterpret_cast<const char*>(image.constBits()), image.sizeInBytes()));
        }
        QCOMPARE(shapes.size(), std::size_t{6});
    }

    void rowsStayUnderThePointer() {
        QVERIFY(fleetTable().model()->index(3, 0).isValid());
        const QString under = fleetTable().model()->index(4, 0).data().toString();
        QEnterEvent enter(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5));
        QApplication::sendEvent(fleetTable().viewport(), &enter);
        client::Cluster worse = *m_session->fleet.fleet().cluster("seoul");
        worse.phase = client::Phase::Unreachable;
        m_session->source.sink()->changed({.clusters = {worse}});
        m_session->clock.advance(Duration{200});
        QCOMPARE(fleetTable().model()->index(4, 0).data().toString(), under);
        QEvent leave(QEvent::Leave);
        QApplication::sendEvent(fleetTable().viewport(), &leave);
        QCOMPARE(fleetTable().model()->index(1, 0).data().toString(), QString("seoul"));
    }

    void recordingsArePlayedByKeys() {
        FakeReplay recording;
        m_session->recording = &recording;
        m_session->clock.advance(Duration{1'000});
        QVERIFY(part<ReplayBar>()->isVisible());
        press(Qt::Key_P);
        QCOMPARE(recording.factor, 0.0);
        press(Qt::Key_Left, Qt::ControlModifier);
        QCOMPARE(recording.place, client::TimeMs{1'052'000});
        press(Qt::Key_P);
        QCOMPARE(recording.factor, 1.0);
        m_window.reset();
        m_session->recording = nullptr;
    }

private:
    void make() {
        m_window = std::make_unique<MainWindow>(*m_session, *m_settings);
        m_window->show();
        m_window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    }
    template <class T>
    T* part() {
        return m_window->findChild<T*>();
    }
    static QString ageOf(const TablePanel& panel) {
        QStringList texts;
        for (const QLabel* label : panel.findChildren<QLabel*>())
            texts += label->text();
        return texts.join('\n');
    }
    // All that a key could change, as a text.
    QString whatIsTheCase() {
        QStringList all;
        const auto add = [&all](const auto& value) { all += QVariant::fromValue(value).toString(); };
        add(m_window->isVisible());
        for (const QWidget* page :
             {static_cast<QWidget*>(part<FleetPage>()), static_cast<QWidget*>(part<WorkloadsPage>()),
              static_cast<QWidget*>(part<PoliciesPage>()), static_cast<QWidget*>(part<EventsPage>()),
              static_cast<QWidget*>(part<HelpOverlay>()), static_cast<QWidget*>(part<PaletteOverlay>())})
            add(page->isVisible());
        for (const QLineEdit* line : m_window->findChildren<QLineEdit*>())
            add(line->text());
        for (const TableView* table : m_window->findChildren<TableView*>()) {
            add(table->currentKey());
            add(table->horizontalHeader()->sortIndicatorSection());
            add(static_cast<int>(table->horizontalHeader()->sortIndicatorOrder()));
        }
        add(part<WorkloadsPage>()->isMatrix());
        add(part<WorkloadsPage>()->isExplaining());
        add(QApplication::clipboard()->text());
        add(m_session->reconnections);
        add(QApplication::activePopupWidget() != nullptr);
        add(reinterpret_cast<quintptr>(QApplication::focusWidget()));
        if (m_session->recording != nullptr) {
            add(m_session->recording->speed());
            add(static_cast<qint64>(m_session->recording->now()));
        }
        return all.join('|');
    }
    TableView& fleetTable() { return part<FleetPage>()->panel().table(); }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QWidget* focus = QApplication::focusWidget();
        QTest::keyClick(focus != nullptr ? focus : m_window.get(), key, modifiers);
    }
    static void type(const QString& text) { QTest::keyClicks(QApplication::focusWidget(), text); }

    const Commands m_commands{"prod"};
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<FakeSession> m_session;
    std::unique_ptr<MainWindow> m_window;
};

QTEST_MAIN(WindowTest)
#include "window_test.moc"
