// SPDX-License-Identifier: Apache-2.0
//
// Several writes for one key of a queue, whose answers come in any order, with errors or never.
#include "controller/host/open_writes.h"

#include <memory>
#include <utility>

#include <QtTest/QTest>

#include "tests/fakes/fake_clock.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

const TemplateId kWeb{0, {"shop", "web"}};

class Canceled final : public Request::State {
public:
    explicit Canceled(std::shared_ptr<int> count) : m_count(std::move(count)) {}
    ~Canceled() override { ++*m_count; }

private:
    std::shared_ptr<int> m_count;
};

Error failure(Code code, Duration retryAfter = Duration{0}) {
    Error error{code, "no"};
    if (retryAfter > Duration{0})
        error.retryAfter = retryAfter;
    return error;
}

// A queue with one key, taken.
struct World {
    FakeClock clock;
    cache::WorkQueue<TemplateId> queue{clock, {}, [](const TemplateId& id) { return id.key.ns; }, [] {}};
    std::shared_ptr<int> handles = std::make_shared<int>(0);  // that ended
    int taken = 0;
    int ended = 0;
    std::vector<Callback<kube::Object>> answers;
    OpenWrites writes{queue,
                      {.isDone = [](const Error& error) { return error.code == Code::NotFound; },
                       .ended = [this] { ++ended; }}};

    World() {
        queue.add(kWeb);
        static_cast<void>(queue.take());
    }
    void begin() {
        writes.begin(
            kWeb, [this](const kube::Object&) { ++taken; },
            [this](Callback<kube::Object> done) {
                answers.push_back(std::move(done));
                return Request(std::make_unique<Canceled>(handles));
            });
    }
    // Is it ready again?
    bool comesBack(Duration within) {
        clock.advance(within);
        return queue.take().has_value();
    }
};

}  // namespace

class OpenWritesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theKeyIsDoneWithTheLastAnswer() {
        World w;
        w.begin();
        w.begin();
        QCOMPARE(w.writes.size(), 1U);
        w.queue.add(kWeb);  // once more, when it is done
        w.answers[1](kube::Object());
        QVERIFY(w.writes.contains(kWeb));
        QVERIFY(!w.comesBack(1h));
        w.answers[0](kube::Object());
        QCOMPARE(w.taken, 2);
        QCOMPARE(w.ended, 1);
        QCOMPARE(*w.handles, 2);
        QVERIFY(!w.writes.contains(kWeb));
        QVERIFY(w.comesBack(0s));
    }

    void aFailureBringsItBackWhateverComesAfterIt() {
        World w;
        w.begin();
        w.begin();
        w.answers[0](std::unexpected(failure(Code::Aborted)));
        w.answers[1](kube::Object());
        QCOMPARE(w.taken, 1);
        QVERIFY(!w.comesBack(0s));
        QVERIFY(w.comesBack(1s));
    }

    void theHostSaysWhenToComeBack() {
        World w;
        w.begin();
        w.begin();
        w.answers[1](std::unexpected(failure(Code::ResourceExhausted, 20s)));
        w.answers[0](std::unexpected(failure(Code::Aborted)));
        QVERIFY(!w.comesBack(19s));
        QVERIFY(w.comesBack(30s));
    }

    void whatIsGoneNeedsNoWrite() {
        World w;
        w.begin();
        w.answers[0](std::unexpected(failure(Code::NotFound)));
        QCOMPARE(w.taken, 0);
        QCOMPARE(w.ended, 1);
        QVERIFY(!w.comesBack(1h));
    }

    void itsEndCancelsWhatIsUnderWay() {
        auto w = std::make_unique<World>();
        const std::shared_ptr<int> handles = w->handles;
        w->begin();
        w->begin();
        w->answers[0](kube::Object());
        QCOMPARE(*handles, 0);
        w.reset();
        QCOMPARE(*handles, 2);
    }
};

QTEST_GUILESS_MAIN(OpenWritesTest)
#include "open_writes_test.moc"
