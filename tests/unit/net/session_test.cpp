// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <random>

#include <QTest>

#include "kubefed/net/http2_session.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

using Kind = Http2Event::Kind;

// One side with what has happened to it.
struct Side {
    explicit Side(Http2Session::Side side, Http2Limits limits = {}) : session(side, limits) {}

    void receive(const std::string& bytes) {
        ok = session.receive(bytes).has_value() && ok;
        std::vector<Http2Event> events;
        session.takeEvents(events);
        for (auto& event : events) {
            data[event.stream] += event.data;
            if (event.kind == Kind::Data && consuming)
                session.consume(event.stream, event.data.size());
            event.data = {};
            seen.push_back(std::move(event));
        }
    }
    [[nodiscard]] int count(Kind kind) const {
        return static_cast<int>(std::ranges::count(seen, kind, &Http2Event::kind));
    }

    Http2Session session;
    std::vector<Http2Event> seen;
    std::map<std::int32_t, std::string> data;
    bool consuming = true;
    bool ok = true;
};

// Carries bytes both ways, in pieces of `piece`, until both are silent.
void exchangeBytes(Side& a, Side& b, std::size_t piece = 1U << 20U) {
    for (bool moved = true; moved;) {
        moved = false;
        for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
            std::string out;
            from->session.output(out, 1U << 20U);
            moved = moved || !out.empty();
            for (std::size_t at = 0; at < out.size(); at += piece)
                to->receive(out.substr(at, piece));
        }
    }
}

const Headers kGet{{":method", "GET"}, {":scheme", "https"}, {":authority", "h"}, {":path", "/"}};

// The HTTP/2 core without any socket.
class SessionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void requestAndAnswerInPiecesOfAnySize_data() {
        QTest::addColumn<int>("piece");
        for (const int piece : {1, 2, 9, 1000, 1 << 20})
            QTest::addRow("%d", piece) << piece;
    }
    void requestAndAnswerInPiecesOfAnySize() {
        QFETCH(int, piece);
        Side client(Http2Session::Side::Client);
        Side server(Http2Session::Side::Server);
        const auto body = std::make_shared<const std::string>(40'000, 'q');
        const auto stream = client.session.request(kGet, body);
        QVERIFY(stream);
        exchangeBytes(client, server, static_cast<std::size_t>(piece));
        QCOMPARE(server.count(Kind::Head), 1);
        QCOMPARE(server.count(Kind::End), 1);
        QCOMPARE(server.data[*stream], *body);
        server.session.respond(*stream, 200, {{"a", "b"}}, true);
        for (const char* part : {"one", "two", "three"})
            server.session.write(*stream, part);
        exchangeBytes(client, server, static_cast<std::size_t>(piece));
        QCOMPARE(client.data[*stream], std::string("onetwothree"));
        QCOMPARE(client.count(Kind::End), 0);
        server.session.finish(*stream);
        exchangeBytes(client, server, static_cast<std::size_t>(piece));
        QCOMPARE(client.count(Kind::End), 1);
        QCOMPARE(client.count(Kind::Closed), 1);
        QCOMPARE(client.session.openStreams() + server.session.openStreams(), std::size_t{0});
    }

    void aStreamStopsAtItsWindow() {
        Side client(Http2Session::Side::Client, {.streamWindow = 50'000, .connectionWindow = 100'000});
        Side server(Http2Session::Side::Server);
        client.consuming = false;
        const auto stalled = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        server.session.respond(stalled, 200, {}, true);
        server.session.write(stalled, std::string(300'000, 'x'));
        exchangeBytes(client, server);
        QCOMPARE(client.data[stalled].size(), std::size_t{50'000});
        QCOMPARE(server.session.unsent(stalled), std::size_t{250'000});
        client.session.consume(stalled, 50'000);
        exchangeBytes(client, server);
        QCOMPARE(client.data[stalled].size(), std::size_t{100'000});
        client.consuming = true;
        const auto other = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        server.session.respond(other, 200, {}, true);
        server.session.write(other, std::string(300'000, 'y'));
        exchangeBytes(client, server);
        QCOMPARE(client.data[other].size(), std::size_t{300'000});
    }

    void goawayRefusesWhatCameLater() {
        Side client(Http2Session::Side::Client);
        Side server(Http2Session::Side::Server);
        const auto first = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        server.session.goaway(true);
        const auto second = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        QCOMPARE(client.count(Kind::Goaway), 1);
        QCOMPARE(client.count(Kind::Closed), 1);
        QCOMPARE(client.seen.back().stream, second);
        QCOMPARE(client.seen.back().error, std::to_underlying(Http2Error::RefusedStream));
        QCOMPARE(client.session.freeStreams(), std::size_t{0});
        const auto third = client.session.request(kGet, nullptr);
        exchangeBytes(client, server);
        client.receive({});  // collects what sending brought about
        QVERIFY(third);
        QCOMPARE(client.count(Kind::Closed), 2);
        QCOMPARE(client.session.openStreams(), std::size_t{1});
        server.session.respond(first, 200, {}, false);
        exchangeBytes(client, server);
        QVERIFY(client.session.isFinished());
    }

    void aPartialAnswerThatIsResetIsSeen() {
        Side client(Http2Session::Side::Client);
        Side server(Http2Session::Side::Server);
        const auto stream = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        server.session.respond(stream, 200, {}, true);
        server.session.write(stream, "x");
        exchangeBytes(client, server);
        server.session.reset(stream, Http2Error::Internal);
        exchangeBytes(client, server);
        QCOMPARE(client.count(Kind::End), 0);
        QCOMPARE(client.seen.back().error, std::to_underlying(Http2Error::Internal));
    }

    void aHeadThatCannotBeSentResetsItsStream() {
        Side client(Http2Session::Side::Client);
        Side server(Http2Session::Side::Server);
        const auto stream = client.session.request(kGet, nullptr).value();
        exchangeBytes(client, server);
        server.session.respond(stream, 200, {{"warning", std::string(5U << 20U, 'w')}}, true);
        server.session.write(stream, "x");
        exchangeBytes(client, server);
        QCOMPARE(client.count(Kind::Closed), 1);
        QCOMPARE(client.seen.back().error, std::to_underlying(Http2Error::Internal));
        std::vector<Http2Event> events;
        server.session.takeEvents(events);
        QCOMPARE(std::ranges::count(events, Kind::Closed, &Http2Event::kind), 1);
        QVERIFY(client.ok && server.ok);
    }

    void theStreamLimitIsKnown() {
        Side client(Http2Session::Side::Client);
        Side server(Http2Session::Side::Server, {.maxStreams = 2});
        exchangeBytes(client, server);
        QCOMPARE(client.session.freeStreams(), std::size_t{2});
        (void)client.session.request(kGet, nullptr);
        QCOMPARE(client.session.freeStreams(), std::size_t{1});
    }

    // Whatever comes, nothing breaks (the sanitizers watch) and the session says so or goes on.
    void randomChangesOfRealTraffic() {
        std::mt19937 random(7);
        int errors = 0;
        for (int round = 0; round < 3000; ++round) {
            Side client(Http2Session::Side::Client);
            Side server(Http2Session::Side::Server, {.maxHeader = 500, .maxStreams = 3});
            const auto body = std::make_shared<const std::string>(300, 'q');
            for (int i = 0; i < 4; ++i)
                (void)client.session.request(kGet, body);
            std::string out;
            client.session.output(out, 1U << 20U);
            for (unsigned i = 0; i < 1 + random() % 4; ++i)
                out[24 + random() % (out.size() - 24)] = static_cast<char>(random());
            server.receive(out.substr(0, random() % 3 == 0 ? random() % out.size() : out.size()));
            for (const auto& event : server.seen)
                if (event.kind == Kind::End) {
                    server.session.respond(event.stream, 200, kGet, true);
                    server.session.write(event.stream, "answer");
                    server.session.finish(event.stream);
                }
            std::string back;
            server.session.output(back, 1U << 20U);
            if (!back.empty())
                back[random() % back.size()] = static_cast<char>(random());
            client.receive(back);
            errors += server.ok && client.ok && !server.session.isFinished() && !client.session.isFinished()
                          ? 0
                          : 1;
        }
        QVERIFY(errors > 0);
    }
};

}  // namespace

QTEST_APPLESS_MAIN(SessionTest)
#include "session_test.moc"
