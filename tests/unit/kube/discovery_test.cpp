// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/discovery.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include <QtTest/QTest>

#include "kubefed/kube/status_error.h"
#include "tests/fakes/fake_transport.h"

using namespace kubefed;
using namespace kubefed::kube;
using kubefed::net::FakeTransport;

namespace {

std::string q(std::string text) {
    std::ranges::replace(text, '\'', '"');
    return text;
}

using Documents = std::map<std::string, std::string>;

std::optional<Result<Discovery>> discovered(const Documents& documents) {
    const auto transport = std::make_shared<FakeTransport>();
    Client client(transport, "test");
    std::optional<Result<Discovery>> got;
    const Request request =
        discover(client, Duration(1000), [&](Result<Discovery> result) { got = std::move(result); });
    transport->pump([&](const net::HttpRequest& asked) -> Result<net::HttpResponse> {
        const auto it = documents.find(asked.target);
        if (it == documents.end())
            return net::HttpResponse{.status = 503, .headers = {}, .body = "unavailable"};
        return net::HttpResponse{.status = 200, .headers = {}, .body = q(it->second)};
    });
    return got;
}

const Documents kAggregatedDocuments{
    {"/api",
     "{'kind':'APIGroupDiscoveryList','items':[{'metadata':{},'versions':[{'version':'v1','resources':["
     "{'resource':'pods','responseKind':{'kind':'Pod'},'scope':'Namespaced','singularResource':'pod','"
     "shortNames':['po'],"
     "'verbs':['get'],'subresources':[{'subresource':'status'}]},"
     "{'resource':'replicationcontrollers','responseKind':{'kind':'ReplicationController'},'scope':'"
     "Namespaced',"
     "'singularResource':'replicationcontroller','shortNames':['rc'],'verbs':['get']},"
     "{'resource':'events','responseKind':{'kind':'Event'},'scope':'Namespaced','singularResource':'event','"
     "verbs':['get']}"
     "]}]}]}"},
    {"/apis",
     "{'kind':'APIGroupDiscoveryList','items':[{'metadata':{'name':'events.k8s.io'},'versions':[{'version':'"
     "v1','resources':["
     "{'resource':'events','responseKind':{'kind':'Event'},'scope':'Namespaced','singularResource':'event','"
     "verbs':['get']}]}]},"
     "{'metadata':{'name':'metrics.k8s.io'},'versions':[{'version':'v1beta1','freshness':'Stale','resources':"
     "[]}]}]}"}};

const Documents kOldDocuments{
    {"/api", "{'kind':'APIVersions','versions':['v1']}"},
    {"/api/v1",
     "{'kind':'APIResourceList','resources':[{'name':'pods','kind':'Pod','namespaced':true,'singularName':'"
     "pod',"
     "'shortNames':['po'],'verbs':['get']},{'name':'pods/"
     "status','kind':'Pod','namespaced':true,'verbs':['get']}]}"},
    {"/apis",
     "{'kind':'APIGroupList','groups':[{'name':'apps','versions':[{'groupVersion':'apps/"
     "v1beta1'},{'groupVersion':'apps/v1'}],"
     "'preferredVersion':{'groupVersion':'apps/v1'}},{'name':'dead','versions':[{'groupVersion':'dead/"
     "v1'}]}]}"},
    {"/apis/apps/v1",
     "{'kind':'APIResourceList','resources':[{'name':'deployments','kind':'Deployment','namespaced':true,"
     "'singularName':'deployment','shortNames':['deploy'],'verbs':['get']}]}"},
    {"/apis/apps/v1beta1",
     "{'kind':'APIResourceList','resources':[{'name':'deployments','kind':'Deployment','namespaced':true,"
     "'singularName':'deployment','verbs':['get']}]}"}};

}  // namespace

class DiscoveryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aggregatedDiscoveryTakesTwoRequests() {
        const auto got = discovered(kAggregatedDocuments);
        QVERIFY(got && *got);
        const ApiSet& apis = (*got)->apis;
        QCOMPARE((*got)->incomplete, std::vector<std::string>{"metrics.k8s.io/v1beta1"});
        for (const char* typed : {"pods", "pod", "po", "Pod", "pods.v1"})
            QVERIFY2(apis.resolve(typed) && apis.resolve(typed)->gvr.text() == "pods", typed);
        QCOMPARE(apis.resolve("po")->subresources, std::vector<std::string>{"status"});
        QVERIFY(apis.resolve("po")->namespaced);
        QCOMPARE(apis.resolve("events")->gvr.group, std::string());  // the core group comes first
        QCOMPARE(apis.resolve("events.events.k8s.io")->gvr.group, std::string("events.k8s.io"));
        QCOMPARE(apis.resolve("events.v1.events.k8s.io")->gvr.group, std::string("events.k8s.io"));
        QVERIFY(apis.byKind({"", "v1", "ReplicationController"}) != nullptr);
        QVERIFY(apis.byResource({"", "v2", "pods"}) == nullptr);
    }

    void nearMissesAreNamed() {
        const auto got = discovered(kAggregatedDocuments);
        const auto missed = (*got)->apis.resolve("pdos");
        QVERIFY(!missed && missed.error().code == Code::NotFound);
        QVERIFY2(missed.error().message.find("\"pods\"") != std::string::npos,
                 missed.error().message.c_str());
        QVERIFY(!(*got)->apis.resolve("pods.apps"));
    }

    void olderServersAreAskedGroupByGroup() {
        const auto got = discovered(kOldDocuments);
        QVERIFY(got && *got);
        QCOMPARE((*got)->incomplete, std::vector<std::string>{"dead/v1"});
        QCOMPARE((*got)->apis.resolve("deploy")->gvr.version, std::string("v1"));  // preferred before listed
        QCOMPARE((*got)->apis.resolve("pods")->subresources, std::vector<std::string>{"status"});
        QVERIFY((*got)->apis.byResource({"apps", "v1beta1", "deployments"}) != nullptr);
    }

    void withoutTheCoreGroupThereIsNoDiscovery() {
        const auto got = discovered({});
        QVERIFY(got && !*got);
        QCOMPARE(got->error().status->httpCode, 503);
    }
};

QTEST_GUILESS_MAIN(DiscoveryTest)
#include "discovery_test.moc"
