// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cache/reflector.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "kubefed/cache/store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_transport.h"

using namespace kubefed;
using namespace kubefed::cache;
using namespace std::chrono_literals;
using kubefed::net::FakeTransport;

namespace {

std::string q(std::string text) {
    std::ranges::replace(text, '\'', '"');
    return text;
}

std::string item(const std::string& name, const std::string& version) {
    return "{'metadata':{'name':'" + name + "','namespace':'n','resourceVersion':'" + version + "'}}";
}

std::string page(const std::vector<std::string>& names, const std::string& version,
                 const std::string& next = "") {
    std::string items;
    for (const auto& name : names)
        items += (items.empty() ? "" : ",") + item(name, "1");
    return q("{'kind':'ServiceList','apiVersion':'v1','metadata':{'resourceVersion':'" + version +
             "','continue':'" + next + "'},'items':[" + items + "]}");
}

std::string frame(const std::string& type, const std::string& name, const std::string& version) {
    return q("{'type':'" + type + "','object':" + item(name, version) + "}\n");
}

std::string status(int code, const std::string& reason, const std::string& message = "") {
    return q("{'kind':'Status','code':" + std::to_string(code) + ",'reason':'" + reason + "','message':'" +
             message + "'}");
}

// Keeps what a mirror should hold; `full` makes it answer false until drained.
struct Mirror final : ReflectorSink {
    void onListBegin() override { listing.clear(), ++begins; }
    void onListed(kube::Object object) override {
        listing.emplace(object.name());
        if (inCallback)
            inCallback();
    }
    void onListEnd(const std::string&) override { present = listing, ++lists; }
    bool onChange(kube::WatchEvent change) override {
        const std::string name(change.object.name());
        if (change.type == kube::EventType::Deleted)
            present.erase(name);
        else
            present.insert(name);
        ++changes;
        if (inCallback)
            inCallback();
        return !full;
    }
    void onState(Result<void> state) override {
        states.push_back(state ? "ok" : std::string(state.error().message));
    }
    std::set<std::string> listing, present;
    int begins = 0, lists = 0, changes = 0;
    bool full = false;
    std::vector<std::string> states;
    std::function<void()> inCallback;
};

using Names = std::set<std::string>;

}  // namespace

class ReflectorTest : public QObject {
    Q_OBJECT

    FakeClock m_clock;
    std::shared_ptr<FakeTransport> m_transport;
    std::unique_ptr<kube::Client> m_client;
    std::unique_ptr<Mirror> m_mirror;
    std::unique_ptr<Reflector> m_reflector;

    FakeTransport::Exchange& last() { return m_transport->last(); }
    bool lastTargetHas(const char* part) { return last().request.target.find(part) != std::string::npos; }
    bool isWatch() { return last().stream != nullptr; }
    void make(ReflectorConfig config = {}, std::uint64_t seed = 1) {
        config.gvr = {"", "v1", "services"};
        m_reflector = std::make_unique<Reflector>(*m_client, m_clock, std::move(config), *m_mirror, seed);
        m_reflector->start();
    }
    void listAndWatch(const std::vector<std::string>& names, const std::string& version) {
        m_transport->answerLast(200, page(names, version));
        FakeTransport::begin(last());
    }

private Q_SLOTS:
    void init() {
        m_reflector.reset();
        m_transport = std::make_shared<FakeTransport>();
        m_client = std::make_unique<kube::Client>(m_transport, "test");
        m_mirror = std::make_unique<Mirror>();
    }
    void cleanup() {
        m_reflector.reset();
        QCOMPARE(m_transport->openCount(), 0U);
        QCOMPARE(m_clock.pendingTimers(), 0U);
    }

    void pagesAreOneListAndThenItWatchesFromThere() {
        make({.pageSize = 2});
        QVERIFY(lastTargetHas("limit=2"));
        m_transport->answerLast(200, page({"a", "b"}, "10", "more"));
        QVERIFY(lastTargetHas("continue=more"));
        QCOMPARE(m_mirror->lists, 0);
        m_transport->answerLast(200, page({"c"}, "10"));
        QCOMPARE(m_mirror->begins, 1);
        QCOMPARE(m_mirror->present, (Names{"a", "b", "c"}));
        QVERIFY(isWatch() && lastTargetHas("resourceVersion=10"));
    }

    void changesAndBookmarksMoveTheVersionFromWhichItResumes() {
        make();
        listAndWatch({"a"}, "10");
        FakeTransport::feed(last(), frame("ADDED", "b", "11") + frame("DELETED", "a", "12"));
        QCOMPARE(m_mirror->present, Names{"b"});
        FakeTransport::feed(last(), frame("BOOKMARK", "", "50"));
        QCOMPARE(m_mirror->changes, 2);
        QCOMPARE(m_reflector->resourceVersion(), std::string("50"));
        FakeTransport::end(last());  // a clean end: at once, from the bookmark, without a list
        QVERIFY(isWatch() && lastTargetHas("resourceVersion=50"));
        QCOMPARE(m_mirror->lists, 1);
    }

    void aDroppedConnectionResumesAfterABackOff() {
        make();
        listAndWatch({"a"}, "10");
        FakeTransport::feed(last(), frame("ADDED", "b", "11"));
        const auto before = m_transport->exchanges().size();
        FakeTransport::end(last(), fail(Code::Unavailable, "reset"));
        QCOMPARE(m_mirror->states.back(), std::string("reset"));
        QCOMPARE(m_transport->exchanges().size(), before);
        m_clock.advance(200ms);
        QVERIFY(isWatch() && lastTargetHas("resourceVersion=11"));
        FakeTransport::begin(last());
        QCOMPARE(m_mirror->states.back(), std::string("ok"));
        QCOMPARE(m_mirror->present, (Names{"a", "b"}));
    }

    void goneMeansANewListWhoseAbsencesAreDeletions() {
        make();
        listAndWatch({"a", "b"}, "10");
        FakeTransport::feed(last(), q("{'type':'ERROR','object':") +
                                        status(410, "Expired", "too old resource version") + "}\n");
        QVERIFY(!isWatch() && !lastTargetHas("resourceVersion"));
        listAndWatch({"b", "c"}, "99");
        QCOMPARE(m_mirror->present, (Names{"b", "c"}));
        QVERIFY(lastTargetHas("resourceVersion=99"));
        // Again at once: now with a delay, so that it cannot spin.
        FakeTransport::feed(last(), q("{'type':'ERROR','object':") + status(410, "Gone") + "}\n");
        QVERIFY(isWatch());
        m_clock.advance(1s);
        QVERIFY(!isWatch() && last().open);
    }

    void aWatchRefusedWith410ListsAnew() {
        make();
        m_transport->answerLast(200, page({}, "10"));
        FakeTransport::begin(last(), 410);
        FakeTransport::feed(last(), status(410, "Expired"));
        FakeTransport::end(last());
        QVERIFY(!isWatch() && last().open);
    }

    void aRestoredServerWhoseVersionsWentBackIsListedAnew() {
        make();
        m_transport->answerLast(200, page({}, "1000"));
        FakeTransport::begin(last(), 504);
        FakeTransport::feed(last(), status(504, "Timeout", "Too large resource version: 1000, current: 3"));
        FakeTransport::end(last());
        QVERIFY(!isWatch() && last().open && !lastTargetHas("resourceVersion"));
    }

    void anExpiredContinueStartsTheListAgainInOnePiece() {
        make({.pageSize = 1});
        m_transport->answerLast(200, page({"a"}, "10", "more"));
        m_transport->answerLast(410, status(410, "Expired"));
        m_clock.advance(200ms);
        QVERIFY(!lastTargetHas("limit") && !lastTargetHas("continue"));
        m_transport->answerLast(200, page({"b", "c"}, "20"));
        QCOMPARE(m_mirror->begins, 2);
        QCOMPARE(m_mirror->present, (Names{"b", "c"}));
    }

    void backOffDoublesWithJitterFromTheSeedUpToItsLimit() {
        const auto delays = [this](std::uint64_t seed) {
            init();
            make({.backoffFirst = 100ms, .backoffMax = 1'000ms}, seed);
            std::vector<int> out;
            for (int i = 0; i < 8; ++i) {
                const auto count = m_transport->exchanges().size();
                m_transport->failLast(Code::Unavailable, "refused");
                int waited = 0;
                for (; m_transport->exchanges().size() == count; ++waited)
                    m_clock.advance(1ms);
                out.push_back(waited);
            }
            return out;
        };
        const auto first = delays(1);
        QCOMPARE(first, delays(1));
        QVERIFY(first != delays(2));
        int nominal = 100;
        for (const int delay : first) {
            QVERIFY2(delay >= nominal / 2 && delay <= nominal, std::to_string(delay).c_str());
            nominal = std::min(nominal * 2, 1000);
        }
    }

    void retryAfterIsObeyedAndRetryNowEndsABackOff() {
        make();
        m_transport->answerLast(429, status(429, "TooManyRequests"), {{"retry-after", "20"}});
        const auto count = m_transport->exchanges().size();
        m_clock.advance(19'999ms);
        QCOMPARE(m_transport->exchanges().size(), count);
        m_clock.advance(1ms);
        QCOMPARE(m_transport->exchanges().size(), count + 1);
        m_transport->failLast(Code::Unavailable, "refused");
        m_reflector->retryNow();
        QCOMPARE(m_transport->exchanges().size(), count + 2);
        m_reflector->retryNow();  // nothing to end
        QCOMPARE(m_transport->exchanges().size(), count + 2);
    }

    void aServerThatEndsWatchesAtOnceIsNotAskedInATightLoop() {
        make();
        listAndWatch({"a"}, "10");
        const auto count = m_transport->exchanges().size();
        FakeTransport::end(last());
        QCOMPARE(m_transport->exchanges().size(), count);
        m_clock.advance(200ms);
        QCOMPARE(m_transport->exchanges().size(), count + 1);
    }

    void malformedEventsResumeFromTheLastGoodOne() {
        make();
        listAndWatch({"a"}, "10");
        FakeTransport::feed(last(), frame("ADDED", "b", "11") + "{broken\n");
        m_clock.advance(200ms);
        QVERIFY(isWatch() && lastTargetHas("resourceVersion=11"));
    }

    void aFullSinkStopsTheStreamUntilResume() {
        make();
        listAndWatch({}, "10");
        m_mirror->full = true;
        QVERIFY(!FakeTransport::feed(last(), frame("ADDED", "a", "11") + frame("ADDED", "b", "12")));
        QCOMPARE(m_mirror->present, Names{"a"});
        QVERIFY(last().paused);
        m_mirror->full = false;
        m_reflector->resume();
        QCOMPARE(m_mirror->present, (Names{"a", "b"}));
        QVERIFY(!last().paused);
    }

    void itMayBeDestroyedInsideACallback() {
        make();
        m_mirror->inCallback = [this] { m_reflector.reset(); };
        m_transport->answerLast(200, page({"a", "b"}, "10"));
        QCOMPARE(m_mirror->listing, Names{"a"});
        QCOMPARE(m_mirror->lists, 0);

        init();
        make();
        listAndWatch({}, "10");
        m_mirror->inCallback = [this] { m_reflector.reset(); };
        FakeTransport::feed(last(), frame("ADDED", "a", "11") + frame("ADDED", "b", "12"));
        QCOMPARE(m_mirror->changes, 1);
    }

    void watchTimesAreSpreadOverTwiceTheConfiguredOne() {
        std::set<std::string> targets;
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            init();
            make({.watchTimeout = 100s}, seed);
            m_transport->answerLast(200, page({}, "10"));
            const std::string& target = last().request.target;
            const int seconds = std::stoi(target.substr(target.find("timeoutSeconds=") + 15));
            QVERIFY(seconds >= 100 && seconds <= 200);
            targets.insert(target);
        }
        QVERIFY(targets.size() > 1);
    }

    void aStoreTellsDifferencesAndKeepsIndexes() {
        using Values = Store<int>;
        Values store;
        std::vector<std::string> told;
        store.addIndex("parity", [](const auto&, int value) {
            return std::vector<std::string>{value % 2 == 0 ? "even" : "odd"};
        });
        store.addListener(
            [&](Values::Change change, const kube::ObjectKey& key, const int* before, const int* after) {
                told.push_back((change == Values::Change::Added     ? "+"
                                : change == Values::Change::Deleted ? "-"
                                                                    : "~") +
                               key.name + (before != nullptr ? std::to_string(*before) : "") + ">" +
                               (after != nullptr ? std::to_string(*after) : ""));
            });
        store.put({"n", "a"}, 1);
        store.put({"n", "b"}, 2);
        store.put({"n", "a"}, 4);
        QCOMPARE(store.byIndex("parity", "even").size(), 2U);
        QVERIFY(store.byIndex("parity", "odd").empty());
        store.replace({{{"n", "a"}, 4}, {{"n", "c"}, 5}});
        QCOMPARE(told, (std::vector<std::string>{"+a>1", "+b>2", "~a1>4", "-b2>", "+c>5"}));
        QCOMPARE(store.byIndex("parity", "even"), std::vector<kube::ObjectKey>({{"n", "a"}}));
        QVERIFY(store.find({"n", "b"}) == nullptr);
        store.remove({"n", "nobody"});
        QCOMPARE(told.size(), 5U);
        QVERIFY(!store.isSynced());
    }
};

QTEST_GUILESS_MAIN(ReflectorTest)
#include "reflector_test.moc"
