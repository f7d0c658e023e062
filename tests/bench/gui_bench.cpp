// SPDX-License-Identifier: Apache-2.0
// What the window costs with 1,000 clusters × 5,000 objects (or as given): the time from the snapshot to a
// painted window, a keystroke in the filter and in the palette, and the repaints under a flood of changes.
//   QT_QPA_PLATFORM=offscreen gui_bench [CLUSTERS OBJECTS]
#include <algorithm>
#include <cstdio>
#include <functional>

#include <QtCore/QElapsedTimer>
#include <QtCore/QEventLoop>
#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>
#include <QtCore/QTimer>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLineEdit>

#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_fleet_source.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/model/palette_index.h"
#include "gui/view/fleet_page.h"
#include "gui/view/main_window.h"
#include "gui/view/table_panel.h"
#include "gui/view/workloads_page.h"

using namespace kubefed;
using namespace kubefed::gui;

namespace {

class BenchSession final : public Session {
public:
    explicit BenchSession(Clock& clock) : source(clock), fleet(clock) { fleet.attach(source); }
    [[nodiscard]] FleetStore& store() override { return fleet; }
    [[nodiscard]] QString context() const override { return "bench"; }
    [[nodiscard]] QString title() const override { return "bench"; }
    [[nodiscard]] QStringList contexts() const override { return {}; }
    void choose(const QString&) override {}
    void reconnect() override {}
    [[nodiscard]] ReplayControl* replay() override { return nullptr; }

    FakeFleetSource source;
    FleetStore fleet;
};

class PaintCounter final : public QObject {
public:
    explicit PaintCounter(QWidget* watched) { watched->installEventFilter(this); }
    int paints = 0;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override {
        paints += event->type() == QEvent::Paint ? 1 : 0;
        return QObject::eventFilter(watched, event);
    }
};

void runUntil(const std::function<bool()>& isDone) {
    while (!isDone())
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
}

double milliseconds(const QElapsedTimer& timer) {
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

// The slowest of a word typed and taken back letter by letter.
double slowestKey(QLineEdit& line, QWidget& window, const QString& word) {
    double slowest = 0;
    for (int i = 1; i <= 2 * word.size(); ++i) {
        QElapsedTimer timer;
        timer.start();
        line.setText(word.left(i <= word.size() ? i : 2 * word.size() - i));
        window.repaint();
        slowest = std::max(slowest, milliseconds(timer));
        QCoreApplication::processEvents();
    }
    return slowest;
}

// Every 5 ms ten objects and five clusters change.
void flood(BenchSession& session, const client::FleetChanges& all, PaintCounter& counter) {
    counter.paints = 0;
    constexpr int kSeconds = 5;
    int step = 0;
    double busy = 0;
    QTimer source;
    QElapsedTimer tick;  // by how much the next one is late, the loop stood still
    QObject::connect(&source, &QTimer::timeout, &source, [&] {
        busy = std::max(busy, tick.isValid() ? milliseconds(tick) - source.interval() : 0);
        tick.start();
        client::FleetChanges changes;
        for (std::size_t i = 0; i < 10; ++i) {
            client::Object object =
                all.objects[(static_cast<std::size_t>(step) * 10 + i) % all.objects.size()];
            object.ready = step % 7;
            object.health = step % 2 == 0 ? client::ObjectHealth::Progressing : client::ObjectHealth::Healthy;
            changes.objects.push_back(std::move(object));
        }
        for (std::size_t i = 0; i < 5; ++i) {
            client::Cluster cluster =
                all.clusters[(static_cast<std::size_t>(step) * 5 + i) % all.clusters.size()];
            cluster.lastContact = session.source.now();
            cluster.latency = 1 + step % 50;
            changes.clusters.push_back(std::move(cluster));
        }
        session.source.sink()->changed(std::move(changes));
        ++step;
    });
    source.start(5);
    QEventLoop loop;
    QTimer::singleShot(kSeconds * 1000, &loop, &QEventLoop::quit);
    loop.exec();
    std::printf("flood, %4.0f messages a second:  %8.1f repaints a second, longest stop %.1f ms\n",
                static_cast<double>(step) / kSeconds, static_cast<double>(counter.paints) / kSeconds, busy);
}

int run(std::size_t clusters, std::size_t objects) {
    QtClock clock;
    BenchSession session(clock);
    const QTemporaryDir folder;
    QSettings settings(folder.filePath("gui.ini"), QSettings::IniFormat);
    MainWindow window(session, settings);
    window.resize(1280, 800);
    window.show();
    QCoreApplication::processEvents();
    const auto& fleet = *window.findChild<FleetPage*>();
    const auto& workloads = *window.findChild<WorkloadsPage*>();
    PaintCounter counter(fleet.panel().table().viewport());

    const client::FleetChanges all =
        testing::syntheticFleet({.clusters = clusters, .objects = objects, .now = session.source.now()});
    client::FleetChanges told = all;
    QElapsedTimer timer;
    timer.start();
    session.source.tell(testing::syntheticInfo(), std::move(told));
    runUntil([&] { return counter.paints > 0 && session.fleet.hasSnapshot(); });
    std::printf("%zu clusters, %zu objects\n", clusters, objects);
    std::printf("snapshot to painted window      %8.1f ms\n", milliseconds(timer));

    std::printf("slowest key in clusters' filter %8.1f ms\n",
                slowestKey(fleet.panel().filter(), window, "region=jp ready"));
    window.open(MainWindow::WorkloadsPlace);
    std::printf("slowest key in objects' filter  %8.1f ms\n",
                slowestKey(workloads.panel().filter(), window, "ns=shop cart-9"));
    double slowest = 0;
    for (const char* typed : {"", "o", "or", "ore", "checkout-7"}) {
        timer.restart();
        const auto found = searchPalette(session.fleet.fleet(), session.fleet.now(), {}, typed);
        slowest = std::max(slowest, milliseconds(timer));
    }
    std::printf("slowest key in the palette      %8.1f ms\n", slowest);

    window.open(MainWindow::FleetPlace);
    QCoreApplication::processEvents();
    flood(session, all, counter);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    QApplication::setStyle("Fusion");
    const QStringList given = QApplication::arguments();
    return run(given.size() > 2 ? given[1].toULongLong() : 1'000,
               given.size() > 2 ? given[2].toULongLong() : 5'000);
}
