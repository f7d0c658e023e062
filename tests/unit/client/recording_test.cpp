// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/recording.h"

#include <fstream>

#include <QTemporaryDir>
#include <QTest>

#include "kubefed/util/file.h"
#include "tests/fakes/fake_clock.h"

#include "fleet_values.h"

using namespace kubefed;
using namespace kubefed::client;
using namespace kubefed::client::testing;

class RecordingTest : public QObject {
    Q_OBJECT

private:
    // A recording of 10 s: a snapshot at 1000, a contact each second, tokyo Unreachable at 5000.
    void record(const std::filesystem::path& file);

    QTemporaryDir m_folder;

private Q_SLOTS:
    void replaysWhatWasRecorded();
    void seeksBackwards();
    void playsWhatIsWholeOfOneThatWasCutOff();
    void refusesBadRecordings();
};

void RecordingTest::record(const std::filesystem::path& file) {
    // A source that tells what the test says, at its own time.
    struct Source final : FleetSource {
        void start(FleetSink& to) override { sink = &to; }
        [[nodiscard]] TimeMs now() const override { return time; }
        Request explain(const ObjectId& id, Callback<Explanation> done) override {
            Explanation explanation;
            explanation.object = id;
            explanation.because = "recorded";
            done(explanation);
            return {};
        }
        Request listPolicies(Callback<std::vector<PolicyPlugin>>) override { return {}; }
        FleetSink* sink = nullptr;
        TimeMs time = 1000;
    };
    auto made = std::make_unique<Source>();
    Source& source = *made;
    FakeClock clock;
    Sink sink;
    auto recording = RecordingSource::make(std::move(made), file, clock);
    QVERIFY(recording.has_value());
    (*recording)->start(sink);
    source.sink->stateChanged(ConnectionState::Live, {.code = Code::Ok});
    source.sink->reset({.federation = "prod"}, fleet());
    for (source.time = 2000; source.time <= 11'000; source.time += 1000) {
        FleetChanges changes;
        changes.contacts = {{1, source.time, 20, true}};
        if (source.time == 5000) {
            changes.clusters = {cluster(1, "tokyo")};
            changes.clusters[0].phase = Phase::Unreachable;
            changes.contacts.clear();
        }
        source.sink->changed(std::move(changes));
    }
    source.time = 11'000;
    (void)(*recording)->explain(object("web").id, [](auto) {});
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.changedTimes, 10);
}

void RecordingTest::replaysWhatWasRecorded() {
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "one.rec";
    record(file);
    FakeClock clock;
    auto replay = ReplaySource::make(file, clock);
    QVERIFY2(replay.has_value(), replay ? "" : replay.error().message.c_str());
    ReplaySource& source = **replay;
    Sink sink;
    QCOMPARE(source.begin(), TimeMs{1000});
    QCOMPARE(source.end(), TimeMs{11'000});
    source.start(sink);
    QVERIFY(sink.states.empty());
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.state(), ConnectionState::Live);
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    clock.advance(Duration{1'500});
    QCOMPARE(source.now(), TimeMs{2'500});
    QCOMPARE(sink.changedTimes, 1);
    source.setSpeed(0);
    clock.advance(Duration{60'000});
    QCOMPARE(source.now(), TimeMs{2'500});
    QCOMPARE(sink.changedTimes, 1);
    source.setSpeed(10);
    clock.advance(Duration{300});
    QCOMPARE(source.now(), TimeMs{5'500});
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Unreachable);
    clock.advance(Duration{60'000});
    QCOMPARE(source.now(), source.end());
    QCOMPARE(sink.changedTimes, 10);
    std::optional<Result<Explanation>> known, unknown;
    const Request one = source.explain(object("web").id, [&](auto result) { known = std::move(result); });
    const Request two = source.explain(object("x").id, [&](auto result) { unknown = std::move(result); });
    QVERIFY(!known);
    clock.advance(Duration::zero());
    QCOMPARE((*known)->because, std::string("recorded"));
    QVERIFY(unknown->error().code == Code::Unimplemented);
}

void RecordingTest::seeksBackwards() {
    const auto file = std::filesystem::path(m_folder.path().toStdString()) / "two.rec";
    record(file);
    FakeClock clock;
    auto replay = ReplaySource::make(file, clock);
    QVERIFY(replay.has_value());
    Sink sink;
    (*replay)->start(sink);
    (*replay)->setSpeed(0);
    (*replay)->seek(8'000);
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 1);
    QCOMPARE(sink.changedTimes, 0);
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Unreachable);
    const Cluster at8 = sink.fold.clusters().at(1);
    (*replay)->seek(3'000);
    clock.advance(Duration::zero());
    QCOMPARE(sink.resets, 2);
    QCOMPARE((*replay)->now(), TimeMs{3'000});
    QVERIFY(sink.fold.clusters().at(1).phase == Phase::Ready);
    QCOMPARE(sink.fold.clusters().at(1).latencies.size(), std::size_t{5});
    (*replay)->seek(8'000);
    clock.advance(Duration::zero());
    QVERIFY(sink.fold.clusters().at(1) == at8);
    (*replay)->seek(-5);
    clock.advance(Duration::zero());
    QVERIFY(sink.fold.whole().clusters == fleet().clusters);
    QCOMPARE((*replay)->now(), TimeMs{1'000});
}

// Wherever a crash or a full disk cut it.
void RecordingTest::playsWhatIsWholeOfOneThatWasCutOff() {
    const std::filesystem::path folder(m_folder.path().toStdString());
    record(folder / "first.rec");
    const std::string first = *readFile(folder / "first.rec");
    const std::string blocks = first.substr(first.find('\n') + 1);
    FakeClock clock;
    const auto open = [&](const std::string& bytes) {
        (void)writeFile(folder / "cut.rec", bytes);
        return ReplaySource::make(folder / "cut.rec", clock);
    };
    for (std::size_t size = 0; size <= blocks.size(); size += size + 37 < blocks.size() ? 37 : 1) {
        const auto replay = open(first + blocks.substr(0, size));
        QVERIFY2(replay.has_value(), replay ? "" : replay.error().message.c_str());
        QCOMPARE((*replay)->isCutOff(), size != 0 && size != blocks.size());
        QCOMPARE((*replay)->end(), TimeMs{11'000});
        Sink sink;
        (*replay)->start(sink);
        (*replay)->seek(8'000);
        clock.advance(Duration::zero());
        QCOMPARE(sink.fold.clusters().size(), fleet().clusters.size());
    }
    // A file that was made longer but never written.
    QVERIFY((*open(first + std::string(4096, '\0')))->isCutOff());
    QVERIFY(open(first.substr(0, first.size() - 1)).error().message.find("before anything was whole") !=
            std::string::npos);
}

void RecordingTest::refusesBadRecordings() {
    const std::filesystem::path folder(m_folder.path().toStdString());
    record(folder / "good.rec");
    const std::string good = *readFile(folder / "good.rec");
    FakeClock clock;
    const auto code = [&](const std::string& bytes) {
        (void)writeFile(folder / "bad.rec", bytes);
        const auto replay = ReplaySource::make(folder / "bad.rec", clock);
        if (replay)
            return Code::Ok;
        return replay.error().message.find("bad.rec") != std::string::npos ? replay.error().code
                                                                           : Code::Internal;
    };
    QVERIFY(code(good) == Code::Ok);
    QVERIFY(code("") == Code::InvalidArgument);
    QVERIFY(code("\x7f"
                 "ELF and so on") == Code::InvalidArgument);
    QVERIFY(code("kubefed-recording 2\n") == Code::InvalidArgument);
    QVERIFY(code(good.substr(0, 20)) == Code::InvalidArgument);
    // Cut off before anything was whole.
    for (std::size_t size = 20; size < good.size(); size += 7)
        QVERIFY(code(good.substr(0, size)) == Code::InvalidArgument);
    // A bit wrong at any place: an error, or another recording; never a crash.
    for (std::size_t at = 20; at < good.size(); ++at) {
        std::string bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
        const auto answer = code(bytes);
        QVERIFY(answer == Code::InvalidArgument || answer == Code::Ok);
    }
    QVERIFY(ReplaySource::make(folder / "none.rec", clock).error().code == Code::NotFound);
}

QTEST_GUILESS_MAIN(RecordingTest)
#include "recording_test.moc"
