// SPDX-License-Identifier: Apache-2.0
//
// A cluster that the command line can join: a map of objects behind the few requests that it uses, with
// switches for everything that may go wrong; and the Connector and Processes that lead to it. Single thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kubefed/cli/environment.h"
#include "kubefed/kube/json.h"
#include "kubefed/kube/managed_fields.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/schema.h"
#include "kubefed/kube/status_error.h"

namespace kubefed::cli {

class FakeCluster {
public:
    std::map<std::string, kube::JsonObject> objects;  // by path
    std::set<std::string> denied;                     // "create clusterroles"
    std::set<std::string> failing;                    // paths whose writes answer 500
    std::set<std::string> refusing;                   // "DELETE /apis/..." answers 403
    std::map<std::string, Error> answers;             // by path: what writes are answered
    std::set<std::string> unanswered;                 // paths of which one write is done, and not answered
    std::set<std::string> lost;                       // paths of which one write never arrives
    Clock* clock = nullptr;                           // dates the deletion of what has finalizers
    int minor = 34;
    bool unauthorized = false;
    int busy = 0;  // so many answers are 429, Retry-After 1
    std::string date;
    std::string tokenExpires;
    std::optional<Error> connection;  // what the transport says instead of an answer
    net::ServerProbe certificate;
    std::function<void()> changed;  // after each write
    std::vector<std::string> log;   // "POST /api/..."

    explicit FakeCluster(const std::string& uid) {
        objects["/api/v1/namespaces/kube-system"] =
            kube::JsonObject{{"apiVersion", "v1"},
                             {"kind", "Namespace"},
                             {"metadata", kube::JsonObject{{"name", "kube-system"}, {"uid", uid}}}};
    }

    Result<net::HttpResponse> answer(const net::HttpRequest& request) {
        log.push_back(request.method + " " + request.target);
        if (connection)
            return fail(*connection);
        if (busy > 0) {
            --busy;
            auto response = error(kube::tooManyRequests("storage is (re)initializing", 1));
            response.headers.emplace_back("retry-after", "1");
            return response;
        }
        if (unauthorized)
            return error(kube::unauthorized());
        const std::string path = request.target.substr(0, request.target.find('?'));
        if (path == "/version")
            return json(200, kube::JsonObject{{"major", "1"},
                                              {"minor", std::to_string(minor)},
                                              {"gitVersion", "v1." + std::to_string(minor) + ".4"}});
        const auto body = kube::parseJson(request.body.empty() ? "{}" : request.body)->get_object();
        if (path.ends_with("selfsubjectaccessreviews"))
            return review(body);
        if (path.ends_with("/token"))
            return json(
                201, kube::JsonObject{{"status", kube::JsonObject{{"token", "t0ken"},
                                                                  {"expirationTimestamp", tokenExpires}}}});
        if (request.method == "GET")
            return read(path);
        const bool applies = net::header(request.headers, "content-type") == "application/apply-patch+yaml";
        return write(applies ? "APPLY" : request.method, path, body);
    }

private:
    net::HttpResponse json(int status, const kube::JsonObject& body) const {
        net::HttpResponse response{.status = status, .headers = {}, .body = kube::printJson(body)};
        if (!date.empty())
            response.headers.emplace_back("date", date);
        return response;
    }
    net::HttpResponse error(const Error& what) const {
        return json(kube::toHttpCode(what), kube::toStatus(what));
    }

    net::HttpResponse review(const kube::JsonObject& body) const {
        std::string right(kube::stringAt(body, {"spec", "resourceAttributes", "verb"}));
        right += " " + std::string(kube::stringAt(body, {"spec", "resourceAttributes", "resource"}));
        return json(201,
                    kube::JsonObject{{"status", kube::JsonObject{{"allowed", !denied.contains(right)}}}});
    }

    net::HttpResponse read(const std::string& path) const {
        if (refusing.contains("GET " + path))
            return error(kube::forbidden({"", "v1", "things"}, path, "not you"));
        if (const auto it = objects.find(path); it != objects.end())
            return json(200, it->second);
        if (path == "/readyz" || !path.ends_with("s") || path.find("/kubefed-info") != std::string::npos ||
            path.find("-credentials") != std::string::npos)
            return error(kube::notFound({"", "v1", "things"}, path));
        kube::JsonArray items;
        for (const auto& [key, object] : objects)
            if (key.starts_with(path + "/") && key.find('/', path.size() + 1) == std::string::npos)
                items.emplace_back(object);
        return json(200, kube::JsonObject{{"kind", "MemberClusterList"},
                                          {"apiVersion", "kubefed.io/v1alpha1"},
                                          {"metadata", kube::JsonObject{{"resourceVersion", "1"}}},
                                          {"items", std::move(items)}});
    }

    Result<net::HttpResponse> write(const std::string& method, const std::string& path,
                                    const kube::JsonObject& body) {
        const std::string name(kube::stringAt(body, {"metadata", "name"}));
        const std::string key = method == "POST" ? path + "/" + name : path;
        if (failing.contains(key))
            return error(kube::internalError("disk full"));
        if (refusing.contains(method + " " + key))
            return error(kube::forbidden({"", "v1", "things"}, name, "not you"));
        if (const auto given = answers.find(key); given != answers.end())
            return error(given->second);
        if (lost.erase(key) > 0)
            return noAnswer();
        const auto it = objects.find(key);
        kube::JsonObject answered{{"kind", "Status"}};
        if (method == "DELETE") {
            if (it == objects.end())
                return error(kube::notFound({"", "v1", "things"}, key));
            const auto* finalizers = kube::arrayAt(it->second, {"metadata", "finalizers"});
            if (finalizers == nullptr || finalizers->empty()) {
                objects.erase(it);
            } else {
                kube::ensureObject(it->second, {"metadata"})["deletionTimestamp"] =
                    toRfc3339(clock->wallNow());
                answered = it->second;
            }
        } else if (method == "POST" && it != objects.end()) {
            return error(kube::alreadyExists({"", "v1", "things"}, name));
        } else {
            answered = put(key, name, method == "APPLY" ? applied(it, body) : merged(it, body));
        }
        const bool isSilent = unanswered.erase(key) > 0;
        if (changed)
            changed();
        return isSilent ? noAnswer() : json(200, answered);
    }
    static Result<net::HttpResponse> noAnswer() {
        return fail(net::makeProblem(net::Problem::Timeout, "no answer within 10 s"));
    }
    using Objects = std::map<std::string, kube::JsonObject>;
    static kube::WriteContext writer(const kube::JsonObject& body) {
        return {.manager = "kubefed-cli",
                .subresource = {},
                .apiVersion = std::string(kube::stringAt(body, {"apiVersion"})),
                .now = "2019-12-20T00:00:00Z"};
    }
    // What the last apply set and this one leaves out goes, as in every API server.
    kube::JsonObject applied(Objects::const_iterator live, const kube::JsonObject& body) const {
        const bool isNew = live == objects.end();
        kube::JsonObject next =
            kube::serverSideApply(isNew ? nullptr : &live->second, body, kube::SchemaNode::anything(),
                                  writer(body), true, nullptr)
                ->object;
        kube::JsonObject before = isNew ? kube::JsonObject() : live->second;
        kube::JsonObject after = next;
        kube::erase(before, {"metadata", "managedFields"});
        kube::erase(after, {"metadata", "managedFields"});
        return before == after ? live->second : next;
    }
    // Every other patch as a merge patch.
    kube::JsonObject merged(Objects::const_iterator live, const kube::JsonObject& body) const {
        return kube::applyMergePatch(kube::Json(live == objects.end() ? kube::JsonObject() : live->second),
                                     kube::Json(body))
            .get_object();
    }
    // What changes nothing makes no new version.
    kube::JsonObject put(const std::string& key, const std::string& name, kube::JsonObject next) {
        const bool isNew = !objects.contains(key);
        if (isNew) {
            kube::JsonObject& metadata = kube::ensureObject(next, {"metadata"});
            metadata["uid"] = "uid-of-" + name;
            if (!metadata.contains("managedFields"))
                kube::updateManagedFields(nullptr, next, kube::SchemaNode::anything(), writer(next));
        }
        if (isNew || next != objects[key])
            kube::ensureObject(next, {"metadata"})["resourceVersion"] = std::to_string(++m_version);
        return objects[key] = next;
    }

    int m_version = 100;
};

// Leads each host to its cluster; answers come a millisecond later.
class FakeConnector final : public Connector {
public:
    explicit FakeConnector(Clock& clock) : m_clock(clock) {}
    std::map<std::string, FakeCluster*> clusters;  // by host

    std::shared_ptr<net::HttpTransport> connect(const net::Endpoint& endpoint,
                                                const net::Identity&) override {
        return std::make_shared<Transport>(*clusters.at(endpoint.host), m_clock);
    }
    Request probe(const net::Endpoint& endpoint, const net::Identity&, Duration,
                  Callback<net::ServerProbe> done) override {
        FakeCluster* cluster = clusters.at(endpoint.host);
        return m_clock.after(Duration(1), [cluster, done = std::move(done)]() mutable {
            if (cluster->connection)
                return done(fail(*cluster->connection));
            done(cluster->certificate);
        });
    }
    // What leads to the controller; a test that asks it sets this.
    std::function<std::unique_ptr<client::FleetSource>(const client::FederationEndpoint&)> makeController;
    std::unique_ptr<client::FleetSource> controller(client::FederationEndpoint endpoint) override {
        return makeController(endpoint);
    }

private:
    class Transport final : public net::HttpTransport {
    public:
        Transport(FakeCluster& cluster, Clock& clock) : m_cluster(cluster), m_clock(clock) {}
        Request send(net::HttpRequest request, Callback<net::HttpResponse> done) override {
            return m_clock.after(Duration(1),
                                 [this, request = std::move(request), done = std::move(done)]() mutable {
                                     done(m_cluster.answer(request));
                                 });
        }
        Request stream(net::HttpRequest, net::HttpStream&) override { return {}; }
        void resume(net::HttpStream&) override {}

    private:
        FakeCluster& m_cluster;
        Clock& m_clock;
    };
    Clock& m_clock;
};

class FakeProcesses final : public Processes {
public:
    std::function<void(const std::vector<std::string>& arguments)> started;
    bool running = false;
    bool endsWhenAsked = true;
    std::vector<std::string> calls;

    Result<pid_t> start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                        const std::filesystem::path&, const std::filesystem::path&) override {
        calls.push_back("start " + program.filename().string());
        running = true;
        if (started)
            started(arguments);
        return 4711;
    }
    bool isRunning(pid_t, const std::filesystem::path&) const override { return running; }
    void terminate(pid_t) override {
        calls.emplace_back("terminate");
        running = running && !endsWhenAsked;
    }
    void kill(pid_t) override { calls.emplace_back("kill"), running = false; }
};

}  // namespace kubefed::cli
