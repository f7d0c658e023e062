// SPDX-License-Identifier: Apache-2.0
#include <QtTest/QTest>

#include "controller/membership/shard_actions.h"
#include "controller/membership/shard_link.h"
#include "controller/membership/shard_member.h"
#include "controller/membership/shard_sinks.h"
#include "kubefed/fed/names.h"
#include "kubefed/net/http_server.h"
#include "kubefed/util/qt_clock.h"

using namespace kubefed;
using namespace kubefed::controller;
using namespace std::chrono_literals;

namespace {

// A member as far as links need one: empty lists, silent watches, and what is POSTed comes back with a uid.
class Api final : public net::HttpHandler {
public:
    void handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) override {
        const net::Headers json{{"content-type", "application/json"}};
        if (request.path == "/readyz")
            return writer->respond(200, {}, "ok");
        if (request.path == "/version")
            return writer->respond(200, json,
                                   "{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.4\"}");
        if (request.path.ends_with("/kube-system"))
            return writer->respond(
                200, json,
                "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"kube-system\","
                "\"uid\":\"the-uid\"}}");
        if (request.method == "POST")
            return created(request, *writer, json);
        if (request.query.find("watch=") != std::string::npos)
            return writer->begin(200, json);
        writer->respond(200, json,
                        "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"5\"},"
                        "\"items\":[]}");
    }

private:
    static void created(const net::ServerRequest& request, net::ResponseWriter& writer,
                        const net::Headers& json) {
        kube::Object object = kube::Object::parse(request.body).value();
        object.metadata()["uid"] = "made";
        object.metadata()["resourceVersion"] = "9";
        writer.respond(201, json, object.text());
    }
};

struct Sink final : MemberLinkSink {
    std::size_t listEnds = 0;
    std::size_t problems = 0;
    void onEvents(std::vector<MemberEvent> events) override {
        for (const MemberEvent& event : events) {
            listEnds += std::holds_alternative<ListEnd>(event) ? 1 : 0;
            if (const auto* state = std::get_if<MirrorState>(&event))
                problems += state->broken ? 1 : 0;
        }
    }
};

std::uint8_t kindOf(std::string_view kind) {
    return static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", kind)));
}

ActionRequest creation(const std::string& name) {
    ActionRequest request;
    request.kind = kindOf("ConfigMap");
    request.key = {"shop", name};
    request.action.kind = fed::ActionKind::Create;
    request.action.body = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" + name +
                          "\",\"namespace\":\"shop\",\"labels\":{\"kubefed.io/federation\":\"fed-1\"}}}";
    return request;
}

// One that no event loop shows: what sinks emit.
struct Outlet final : EventOutlet {
    std::vector<MemberEvent> events;
    bool emit(MemberEvent event) override {
        events.push_back(std::move(event));
        return true;
    }
    fed::SharedText intern(fed::SharedText text) override { return text; }
};

kube::Object pod(const std::string& name, const char* reason) {
    kube::Object object = kube::Object::make({"", "v1", "Pod"}, "shop", name);
    kube::JsonObject owner{
        {"apiVersion", "v1"}, {"kind", "ReplicationController"}, {"name", "web"}, {"uid", "u"}};
    owner["controller"] = true;
    object.metadata()["ownerReferences"] = kube::JsonArray{owner};
    if (*reason != 0) {
        kube::JsonObject waiting{{"waiting", kube::JsonObject{{"reason", reason}}}};
        object.document()["status"] =
            kube::JsonObject{{"containerStatuses", kube::JsonArray{kube::JsonObject{{"state", waiting}}}}};
    }
    return object;
}

}  // namespace

class ShardTest : public QObject {
    Q_OBJECT

    MemberLinkConfig config(std::uint16_t port) const {
        MemberLinkConfig result{
            .cluster = "m1", .endpoint = {"127.0.0.1", port, {}}, .identity = {}, .federationId = "fed-1"};
        result.identity.caPem = m_ca.certPem;
        return result;
    }
    net::KeyPair m_ca;

private Q_SLOTS:
    void initTestCase() { m_ca = net::makeCa("test", std::chrono::hours{1}).value(); }

    void aLinkListsProbesIdentifiesAndWrites() {
        QtClock clock;
        Api api;
        net::CertificateSpec spec;
        spec.commonName = "member";
        spec.addresses = {"127.0.0.1"};
        spec.server = true;
        net::ServerConfig settings;
        settings.certificate = net::makeCertificate(m_ca, spec).value();
        net::HttpServer server(settings, api, clock);
        const std::uint16_t port = server.listen().value();

        ShardLinkFactory factory(2);
        Sink sink;
        const auto link = factory.connect(config(port), sink);
        std::optional<fed::Probe> probe;
        std::optional<Result<ClusterIdentity>> identity;
        link->probe(3s, [&](const fed::Probe& result) { probe = result; });
        link->identify(3s, [&](Result<ClusterIdentity> result) { identity = std::move(result); });
        int made = 0;
        for (int i = 0; i < 200; ++i)
            link->act(creation("c" + std::to_string(i)), [&](Result<ActionAnswer> answer) {
                made += answer && answer->object.uid == "made" && answer->object.ours ? 1 : 0;
            });
        QTRY_COMPARE(made, 200);
        QTRY_VERIFY(probe && identity);
        QVERIFY2(probe->outcome == fed::ProbeOutcome::Ok, probe->message.c_str());
        QVERIFY(identity->has_value());
        QCOMPARE((*identity)->uid, std::string("the-uid"));
        QCOMPARE((*identity)->gitVersion, std::string("v1.34.4"));
        QTRY_COMPARE(sink.listEnds, 6U);
    }

    void aMemberThatIsNotThereFailsAndSaysSo() {
        ShardLinkFactory factory(1);
        Sink sink;
        const auto link = factory.connect(config(1), sink);
        std::optional<fed::Probe> probe;
        std::optional<Result<ActionAnswer>> answer;
        link->probe(3s, [&](const fed::Probe& result) { probe = result; });
        link->act(creation("c"), [&](Result<ActionAnswer> result) { answer = std::move(result); });
        QTRY_VERIFY(probe && answer);
        QVERIFY(probe->outcome == fed::ProbeOutcome::Failed);
        QVERIFY2(probe->message.starts_with("127.0.0.1:") && probe->message.ends_with(" refuses connections"),
                 probe->message.c_str());
        QVERIFY(!answer->has_value());
        QTRY_VERIFY(sink.problems > 0);
    }

    void nothingIsToldAfterALinkIsGone() {
        ShardLinkFactory factory(1);
        Sink sink;
        bool told = false;
        for (int i = 0; i < 20; ++i) {
            const auto link = factory.connect(config(1), sink);
            link->act(creation("c"), [&](const Result<ActionAnswer>&) { told = true; });
        }
        sink.problems = 0;
        // A later link's answer shows that the shard has done all that was asked before.
        const auto last = factory.connect(config(1), sink);
        bool done = false;
        last->probe(3s, [&](const fed::Probe&) { done = true; });
        QTRY_VERIFY(done);
        QVERIFY(!told);
    }

    void podsAreCountedByReasonAndWorkload() {
        Outlet outlet;
        KindSink sink(outlet, kindOf("Pod"), "fed-1");
        sink.onListBegin();
        sink.onListed(pod("a", "ImagePullBackOff"));
        sink.onListed(pod("b", "ImagePullBackOff"));
        sink.onListed(pod("c", ""));
        sink.onListEnd("7");
        const auto last = [&] {
            fed::PodReasons reasons;
            for (const MemberEvent& event : outlet.events)
                if (const auto* seen = std::get_if<PodReasonsSeen>(&event))
                    reasons = seen->reasons;
            return reasons;
        };
        QCOMPARE(last(), (fed::PodReasons{{"ImagePullBackOff", 2}}));
        sink.onChange({kube::EventType::Modified, pod("a", "")});
        QCOMPARE(last(), (fed::PodReasons{{"ImagePullBackOff", 1}}));
        sink.onChange({kube::EventType::Deleted, pod("b", "ImagePullBackOff")});
        QCOMPARE(last(), fed::PodReasons{});
    }

    // Whatever it says of its end: 143 is an "Error".
    void aPodThatIsBeingDeletedDoesNotFail() {
        Outlet outlet;
        KindSink sink(outlet, kindOf("Pod"), "fed-1");
        sink.onListBegin();
        sink.onListed(pod("a", "Error"));
        sink.onListEnd("7");
        kube::Object ending = pod("a", "Error");
        ending.metadata()["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        kube::Object other = ending;
        other.metadata()["name"] = "b";
        outlet.events.clear();
        sink.onChange({kube::EventType::Modified, ending});
        sink.onChange({kube::EventType::Modified, other});
        QCOMPARE(outlet.events.size(), 1U);
        QVERIFY(std::get<PodReasonsSeen>(outlet.events[0]).reasons.empty());
        ending.setLabel(fed::kFederationLabel, "fed-1");  // one of our own
        sink.onChange({kube::EventType::Modified, ending});
        QCOMPARE(std::get<ObjectSeen>(outlet.events.back()).object.status.reason, std::string());
    }

    void aListTellsItsReasonsBeforeItEnds() {
        Outlet outlet;
        KindSink sink(outlet, kindOf("Pod"), "fed-1");
        for (int round = 0; round < 2; ++round) {
            outlet.events.clear();
            sink.onListBegin();
            sink.onListed(pod("a", "ImagePullBackOff"));
            sink.onListEnd("7");
            QCOMPARE(outlet.events.size(), 3U);  // nothing is well in between
            QVERIFY(std::holds_alternative<ListBegin>(outlet.events[0]));
            QCOMPARE(std::get<PodReasonsSeen>(outlet.events[1]).reasons,
                     (fed::PodReasons{{"ImagePullBackOff", 1}}));
            QVERIFY(std::holds_alternative<ListEnd>(outlet.events[2]));
        }
    }

    void requestsAreThoseThatTheRulesAskFor() {
        ActionRequest request = creation("c");
        QCOMPARE(toHttp(request, "fed-1").target,
                 std::string("/api/v1/namespaces/shop/configmaps?fieldManager=kubefed"));
        request.action.kind = fed::ActionKind::Apply;
        QCOMPARE(toHttp(request, "fed-1").target,
                 std::string("/api/v1/namespaces/shop/configmaps/c?fieldManager=kubefed&force=true"));
        request.action.kind = fed::ActionKind::Delete;
        request.action.uid = "u-1";
        const auto body = kube::parseJson(toHttp(request, "fed-1").body).value();
        QCOMPARE(kube::stringAt(body.as_object(), {"preconditions", "uid"}), std::string_view("u-1"));
        QCOMPARE(kube::stringAt(body.as_object(), {"propagationPolicy"}), std::string_view("Background"));
    }

    void aPodsLiveTolerationsStandFirst() {
        const kube::Object live = kube::Object::parse(
                                      "{\"metadata\":{\"resourceVersion\":\"8\"},\"spec\":{\"tolerations\":[{"
                                      "\"key\":\"member\"},{\"key\":\"both\"}]}}")
                                      .value();
        const auto merged =
            kube::Object::parse(
                withLiveTolerations("{\"spec\":{\"tolerations\":[{\"key\":\"both\"},{\"key\":\"new\"}]}}",
                                    live)
                    .value())
                .value();
        QCOMPARE(merged.resourceVersion(), std::string_view("8"));
        const kube::JsonArray* tolerations = kube::arrayAt(merged.document(), {"spec", "tolerations"});
        QCOMPARE(tolerations->size(), 3U);
        QCOMPARE(kube::stringAt(tolerations->at(2).as_object(), {"key"}), std::string_view("new"));
    }
};

QTEST_GUILESS_MAIN(ShardTest)
#include "shard_test.moc"
