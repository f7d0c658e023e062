// SPDX-License-Identifier: Apache-2.0
//
// The controller is killed (SIGKILL) at twenty random moments in the middle of a stream of creations, updates
// and deletions that never stops; afterwards the members hold exactly the desired objects, each created once.
// KUBEFED_TEST_SEED repeats the moments of a run, and its writes as far as their answers come as they came.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <QEventLoop>
#include <QRandomGenerator>
#include <QTimer>
#include <QtTest/QTest>

#include "kubefed/cache/reflector.h"
#include "tests/kube/support/fleet.h"
#include "tests/kube/support/meter.h"

using namespace kubefed;
using namespace kubefed::test;

namespace {

const kube::Gvr kServices{"", "v1", "services"};
constexpr int kKills = 20;
// Nearly all kills meet some; with fewer than these, the controller was killed between the writes.
constexpr int kKillsWithOutstanding = 5;

// What is written of a Service, and what must stand of it in a member.
std::string content(int number) {
    return "port " + std::to_string(number) + " to " + std::to_string(number) + ", label " +
           std::to_string(number);
}
std::string contentOf(const kube::Object& service) {
    std::string out;
    const kube::JsonArray* ports = kube::arrayAt(service.document(), {"spec", "ports"});
    for (const kube::Json& port : ports != nullptr ? *ports : kube::JsonArray{})
        out += "port " + kube::printJson(port.at("port")) + " to " + kube::printJson(port.at("targetPort")) +
               ", ";
    return out + "label " + std::string(service.label("number"));
}
using Contents = std::map<std::string, std::string>;

kube::JsonObject partsOf(int number) {
    return kube::JsonObject{
        {"metadata", kube::JsonObject{{"labels", kube::JsonObject{{"number", std::to_string(number)}}}}},
        {"spec", kube::JsonObject{{"ports", kube::JsonArray{kube::JsonObject{{"port", number},
                                                                             {"targetPort", number}}}}}}};
}

// Random writes to the federation, kWriters at a time, each sent again until it is acknowledged. No name is
// used twice.
class Stream {
public:
    Stream(kube::Client& client, Clock& clock, QRandomGenerator& random)
        : m_client(client), m_clock(clock), m_random(random), m_writers(kWriters) {}

    void start() {
        m_ending = false;
        for (Writer& writer : m_writers)
            next(writer);
    }
    // Begins no further write.
    void end() { m_ending = true; }
    [[nodiscard]] bool hasEnded() const {
        return std::ranges::none_of(m_writers, [](const Writer& writer) { return writer.isBusy; });
    }
    [[nodiscard]] int acknowledged() const { return m_acknowledged; }
    // How often an answer was lost, or none was to be had.
    [[nodiscard]] int repeated() const { return m_repeated; }
    [[nodiscard]] const std::string& error() const { return m_error; }

    // What is acknowledged and not being changed: the content by name, "" where it is deleted.
    [[nodiscard]] Contents settled() const {
        Contents out = m_all;
        for (const Writer& writer : m_writers)
            if (writer.isBusy)
                out.erase(writer.name);
        return out;
    }

private:
    static constexpr std::size_t kWriters = 8;
    // A member creates some 100 Services a second, and slower the more there are.
    static constexpr std::size_t kFew = 40, kMany = 160;
    static constexpr int kPauseMs = 20;
    static constexpr Duration kRepeatAfter{20};

    enum class Verb { Create, Update, Delete };
    struct Writer {
        Verb verb = Verb::Create;
        std::string name;
        int number = 0;
        bool isBusy = false;
        Request request;  // or the pause before the next one
    };

    void next(Writer& writer) {
        if (m_ending)
            return;
        writer.number = 1 + m_random.bounded(30'000);
        writer.verb = m_live.size() < kFew ? Verb::Create : static_cast<Verb>(m_random.bounded(3));
        if (writer.verb == Verb::Create && m_live.size() > kMany)
            writer.verb = Verb::Delete;
        writer.isBusy = true;
        if (writer.verb == Verb::Create) {
            writer.name = "s" + std::to_string(m_names++);
        } else {
            // Until it is answered, nobody else takes it.
            const std::size_t chosen = m_random.bounded(static_cast<quint32>(m_live.size()));
            writer.name = m_live[chosen];
            m_live.erase(m_live.begin() + static_cast<std::ptrdiff_t>(chosen));
        }
        send(writer);
    }
    void send(Writer& writer) {
        const auto answered = [this, &writer](Result<kube::Object> answer) {
            onAnswer(writer, answer ? Result<void>() : kubefed::fail(std::move(answer.error())));
        };
        const kube::WriteOptions options{.fieldManager = "kubefed-test", .timeout = Duration(5'000)};
        const kube::ObjectKey key{"shop", writer.name};
        if (writer.verb == Verb::Create) {
            kube::Object service = kube::Object::make({"", "v1", "Service"}, "shop", writer.name);
            for (auto& [part, value] : partsOf(writer.number))
                for (auto& [name, inner] : value.get_object())
                    kube::ensureObject(service.document(), {kube::view(part)})[name] = inner;
            kube::ensureObject(service.document(), {"spec"})["clusterIP"] = "None";
            writer.request = m_client.create(kServices, service, options, answered);
        } else if (writer.verb == Verb::Update) {
            writer.request = m_client.patch(kServices, key, kube::PatchType::Merge,
                                            kube::printJson(partsOf(writer.number)), options, answered);
        } else {
            writer.request = m_client.remove(kServices, key, {.timeout = Duration(5'000)}, answered);
        }
    }
    void onAnswer(Writer& writer, const Result<void>& answer) {
        if (!answer) {
            // Of a write whose answer was lost it is only known now that it was done.
            const bool wasDone = (writer.verb == Verb::Create && answer.error().isReason("AlreadyExists")) ||
                                 (writer.verb == Verb::Delete && answer.error().isReason("NotFound"));
            const bool mayPass = !answer.error().status || answer.error().status->httpCode >= 500 ||
                                 answer.error().status->httpCode == 429;
            if (!wasDone && mayPass) {
                ++m_repeated;
                writer.request = m_clock.after(kRepeatAfter, [this, &writer] { send(writer); });
                return;
            }
            if (!wasDone)
                m_error = writer.name + ": " + answer.error().text();
        }
        ++m_acknowledged;
        m_all[writer.name] = writer.verb == Verb::Delete ? "" : content(writer.number);
        if (writer.verb != Verb::Delete)
            m_live.push_back(writer.name);
        writer.isBusy = false;
        writer.request =
            m_clock.after(Duration(m_random.bounded(kPauseMs)), [this, &writer] { next(writer); });
    }

    kube::Client& m_client;
    Clock& m_clock;
    QRandomGenerator& m_random;
    std::vector<Writer> m_writers;
    Contents m_all;
    std::vector<std::string> m_live;
    int m_names = 0, m_acknowledged = 0, m_repeated = 0;
    bool m_ending = false;
    std::string m_error;
};

// Every UID that each name had in one member.
class Births final : public cache::ReflectorSink {
public:
    void onListBegin() override {}
    void onListed(kube::Object object) override { note(object); }
    void onListEnd(const std::string&) override { isListed = true; }
    bool onChange(kube::WatchEvent change) override {
        if (change.type != kube::EventType::Bookmark)
            note(change.object);
        return true;
    }
    void onState(Result<void>) override {}

    std::map<std::string, std::set<std::string>> uids;
    bool isListed = false;

private:
    void note(const kube::Object& object) {
        uids[std::string(object.name())].insert(std::string(object.uid()));
    }
};

}  // namespace

class RestartTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;
    std::unique_ptr<Meter> m_meter;
    QtClock m_clock;
    int m_withOutstanding = 0;

    // The Services of an API server now; nothing where it does not answer.
    std::optional<std::vector<kube::Object>> services(const std::string& context) {
        for (int attempt = 0; attempt < 5; ++attempt) {
            std::optional<Result<kube::ObjectList>> got;
            const Request request = m_meter->client(context).list(
                kServices, {.ns = "shop", .limit = 0},
                [&got](Result<kube::ObjectList> list) { got = std::move(list); });
            if (Meter::until([&got] { return got.has_value(); }, std::chrono::seconds(10)) && *got)
                return std::move((*got)->items);
        }
        return {};
    }
    std::optional<Contents> contents(const std::string& context) {
        const auto listed = services(context);
        if (!listed)
            return {};
        Contents out;
        for (const kube::Object& object : *listed)
            out[std::string(object.name())] = contentOf(object);
        return out;
    }
    // UID and version of those that nobody touches.
    std::map<std::string, std::string> untouched(const std::string& context) {
        std::map<std::string, std::string> out;
        for (const kube::Object& object : services(context).value_or(std::vector<kube::Object>()))
            if (object.name().starts_with("untouched-"))
                out[std::string(object.name())] =
                    std::string(object.uid()) + " " + std::string(object.resourceVersion());
        return out;
    }
    static kube::Object untouchedService(const std::string& name) {
        kube::Object service = kube::Object::make({"", "v1", "Service"}, "shop", name);
        service.document()["spec"] = kube::JsonObject{
            {"clusterIP", "None"}, {"ports", kube::JsonArray{kube::JsonObject{{"port", 80}}}}};
        return service;
    }
    // To the millisecond, while everything goes on.
    static void wait(int milliseconds) {
        QEventLoop loop;
        QTimer::singleShot(milliseconds, Qt::PreciseTimer, &loop, &QEventLoop::quit);
        loop.exec();
    }
    static bool stands(const Contents& in, const std::string& name, const std::string& wanted) {
        const auto found = in.find(name);
        return (found == in.end() ? "" : found->second) == wanted;
    }
    // How many acknowledged writes do not stand in both members; nothing where those do not answer.
    std::optional<int> outstanding(const Stream& stream) {
        const auto first = contents("m1"), second = contents("m2");
        if (!first || !second)
            return {};
        int count = 0;
        for (const auto& [name, wanted] : stream.settled())
            count += stands(*first, name, wanted) && stands(*second, name, wanted) ? 0 : 1;
        return count;
    }
    // "" or what differs from the desired in an API server.
    QString difference(const std::string& context, const Contents& desired) {
        const auto present = contents(context);
        if (!present)
            return "no list";
        for (const auto& [name, wanted] : desired)
            if (const auto found = present->find(name); found == present->end() || found->second != wanted)
                return QString::fromStdString(name + " should be " + wanted + " and is " +
                                              (found == present->end() ? "absent" : found->second));
        for (const auto& [name, content] : *present)
            if (!desired.contains(name))
                return QString::fromStdString(name + " should not be there");
        return {};
    }
    // Kills the controller at some moment of the stream, and starts it again.
    void killOnce(int kill, Stream& stream, int moment) {
        // It flows again, and then for a while.
        const int mark = stream.acknowledged();
        QVERIFY(Meter::until([&] { return stream.acknowledged() > mark; }, std::chrono::seconds(30)));
        wait(moment);
        const qint64 pid = m_fleet->controllerPid();
        QVERIFY(pid > 1);
        m_fleet->killController();
        // What was acknowledged and has not got through by now, only the next controller can bring.
        const auto open = outstanding(stream);
        QVERIFY(open);
        m_withOutstanding += *open > 0 ? 1 : 0;
        qInfo(
            "kill %d, %d ms after it flowed again, %d writes in all: %d acknowledged ones do not stand in "
            "both members",
            kill, moment, stream.acknowledged(), *open);
        const Outcome up = m_fleet->kubefed({"up", "prod"});
        QVERIFY2(up.exitCode == 0, qPrintable(up.text()));
        QVERIFY(m_fleet->controllerPid() != pid);
        QVERIFY2(stream.error().empty(), stream.error().c_str());
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        const QString why = m_fleet->startAll();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const QString placed = m_fleet->placeEverywhere({"Service"});
        QVERIFY2(placed.isEmpty(), qPrintable(placed));
        m_meter = std::make_unique<Meter>(QStringList{
            m_fleet->folder() + "/kubeconfig", m_fleet->m1().kubeconfig(), m_fleet->m2().kubeconfig()});
    }
    void cleanupTestCase() {
        m_meter.reset();
        m_fleet.reset();
    }

    void twentyKillsLoseNothing() {
        bool given = false;
        const uint wanted = qEnvironmentVariable("KUBEFED_TEST_SEED").toUInt(&given);
        const quint32 seed = given ? wanted : QRandomGenerator::system()->generate();
        qInfo("KUBEFED_TEST_SEED=%u", seed);
        // Two, so that the moments of the kills do not depend on how many writes came between them.
        QRandomGenerator random(seed), moments(seed + 1);

        const Burst still = m_meter->run("prod", {"m1", "m2"}, kServices, "shop", untouchedService, 10, 2,
                                         "untouched", std::chrono::seconds(60));
        QVERIFY2(still.error.empty(), still.error.c_str());
        std::map<std::string, std::map<std::string, std::string>> before;
        std::map<std::string, Births> births;
        std::vector<std::unique_ptr<cache::Reflector>> reflectors;
        for (const char* member : {"m1", "m2"}) {
            before[member] = untouched(member);
            QCOMPARE(before[member].size(), std::size_t{10});
            reflectors.push_back(std::make_unique<cache::Reflector>(
                m_meter->client(member), m_clock, cache::ReflectorConfig{.gvr = kServices, .ns = "shop"},
                births[member], seed));
            reflectors.back()->start();
        }
        QTRY_VERIFY_WITH_TIMEOUT(births["m1"].isListed && births["m2"].isListed, 20'000);

        Stream stream(m_meter->client("prod"), m_clock, random);
        stream.start();
        for (int kill = 1; kill <= kKills; ++kill) {
            killOnce(kill, stream, static_cast<int>(moments.bounded(0, 300)));
            if (QTest::currentTestFailed())
                return;
        }
        stream.end();
        QVERIFY(Meter::until([&stream] { return stream.hasEnded(); }, std::chrono::seconds(60)));
        QVERIFY2(stream.error().empty(), stream.error().c_str());
        qInfo("%d writes were acknowledged, %d attempts were not; %d of %d kills met outstanding ones",
              stream.acknowledged(), stream.repeated(), m_withOutstanding, kKills);
        QVERIFY(m_withOutstanding >= kKillsWithOutstanding);

        Contents desired = stream.settled();
        std::erase_if(desired, [](const auto& entry) { return entry.second.empty(); });
        for (const auto& [name, version] : before["m1"])
            desired[name] = "port 80 to 80, label ";
        for (const char* context : {"prod", "m1", "m2"}) {
            const QString why = Fleet::eventually([&] { return difference(context, desired); }, 60'000);
            QVERIFY2(why.isEmpty(), qPrintable(QString(context) + ": " + why));
        }
        for (const char* member : {"m1", "m2"}) {
            // None elsewhere either.
            QCOMPARE(m_fleet->propagated(member, "services").size(), static_cast<qsizetype>(desired.size()));
            QCOMPARE(untouched(member), before[member]);
            const auto& uids = births[member].uids;
            QTRY_VERIFY(std::ranges::all_of(
                desired, [&uids](const auto& entry) { return uids.contains(entry.first); }));
            for (const auto& [name, each] : uids)
                QVERIFY2(
                    each.size() == 1,
                    (name + " was created " + std::to_string(each.size()) + " times in " + member).c_str());
        }
    }
};

QTEST_GUILESS_MAIN(RestartTest)
#include "restart_test.moc"
