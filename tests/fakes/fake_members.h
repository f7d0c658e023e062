// SPDX-License-Identifier: Apache-2.0
//
// Member clusters in memory for simulations, and the MemberLinkFactory that leads to them. They live on when
// a controller dies. A request that was sent takes effect even if its sender is gone. Faults: down (refuses),
// frozen (no answer until the time-out), lost events, 409, 429. Checks the rules that no real server would:
// an apply only on migrated fields, a delete only of what carries our label.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "controller/ids.h"
#include "controller/membership/member_link.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/status_error.h"
#include "tests/fakes/fake_clock.h"

namespace kubefed::controller {

class FakeMember {
public:
    struct Held {
        kube::Object object;
        std::string uid;
        std::uint64_t version = 0;
        bool migrated = false;
        bool stolen = false;  // somebody else owns a field that we sent
        bool ours = false;
        bool endsByHand = false;  // a deletion waits for removeByHand()
        bool deleting = false;
    };
    FakeMember(std::string clusterName, FakeClock& clock, std::mt19937& random)
        : name(std::move(clusterName)), m_clock(clock), m_random(random) {}

    const std::string name;
    std::string clusterUid = "uid-of-" + name;
    bool down = false;
    bool frozen = false;
    bool podsStart = true;  // else none is ever ready; of what is told from then on
    double throttling = 0;
    Duration answerDelay{0};  // of writes, after they took effect
    Duration listDelay{5};
    Duration identityDelay{2};
    std::string ingress;                                 // status.loadBalancer.ingress of its Services
    std::map<std::string, int, std::less<>> listErrors;  // HTTP code, by resource
    int identityError = 0;                               // HTTP code
    std::set<std::string> namespaces{"default", "kube-system"};
    std::map<TemplateId, Held> objects;
    std::map<kube::ObjectKey, fed::PodReasons> podReasons;  // by workload
    int requests = 0;                                       // for writes, done or not
    int writes = 0;
    int deletes = 0;
    std::string violation;  // of a rule that no answer could show

    // The same cluster, seen by another simulation.
    void continueFrom(const FakeMember& other) {
        objects = other.objects;
        namespaces = other.namespaces;
        m_version = other.m_version;
    }
    // Another cluster at the same address: its versions begin anew.
    void setUpAnew(std::string uid) {
        clusterUid = std::move(uid);
        objects.clear();
        namespaces = {"default", "kube-system"};
        m_version = 1;
    }
    // Somebody edits it in the member.
    void drift(const TemplateId& id) {
        Held& held = objects.at(id);
        held.object.document()["spec"] = kube::JsonObject{{"replicas", 77}};
        held.stolen = true;
        held.version = ++m_version;
        seen(id);
    }
    void removeByHand(const TemplateId& id) {
        const Held gone = objects.at(id);
        objects.erase(id);
        emit({ObjectGone{id.kind, id.key, gone.uid, ++m_version}});
    }
    void podsFail(const TemplateId& id, fed::PodReasons reasons) {
        podReasons[id.key] = reasons;
        emit({PodReasonsSeen{id.key, std::move(reasons)}});
    }
    void putForeign(const TemplateId& id) {
        objects[id] = {.object = {}, .uid = "foreign-" + std::to_string(++m_version), .version = m_version};
    }
    void relist() {
        ++m_era;
        later(listDelay, [this] { emitLists(); });
    }

    Result<ActionAnswer> perform(const ActionRequest& request) {
        const TemplateId id{request.kind, request.key};
        const kube::Gvr gvr = id.traits().gvr();
        ++requests;
        if (std::uniform_real_distribution<>(0, 1)(m_random) < throttling) {
            Error error = kube::tooManyRequests("injected", 1);
            error.retryAfter = Duration{1000};
            return fail(std::move(error));
        }
        const auto it = objects.find(id);
        switch (request.action.kind) {
            case fed::ActionKind::EnsureNamespace:
                ++writes;
                namespaces.insert(id.key.ns);
                emit({NamespaceSeen{id.key.ns, false, false}});
                return ActionAnswer{};
            case fed::ActionKind::Inspect:
                if (it == objects.end())
                    return fail(kube::notFound(gvr, id.key.name));
                return ActionAnswer{project(id, it->second), false};
            case fed::ActionKind::Create:
                if (!namespaces.contains(id.key.ns))
                    return fail(kube::notFound({"", "v1", "namespaces"}, id.key.ns));
                if (it != objects.end())
                    return fail(kube::alreadyExists(gvr, id.key.name));
                return store(id, {.object = kube::Object::parse(request.action.body).value(),
                                  .uid = name + "-" + std::to_string(m_version + 1),
                                  .ours = true});
            case fed::ActionKind::Migrate:
                if (it == objects.end())
                    return fail(kube::notFound(gvr, id.key.name));
                if (request.action.body.find("\"value\":\"" + std::to_string(it->second.version) + "\"") ==
                    std::string::npos)
                    return fail(kube::conflict(gvr, id.key.name, "version"));
                it->second.migrated = true;
                return store(id, it->second);
            case fed::ActionKind::Reclaim:  // there are no lists here
                if (it == objects.end())
                    return fail(kube::notFound(gvr, id.key.name));
                return ActionAnswer{project(id, it->second), false};
            case fed::ActionKind::Apply:
                return apply(id, request);
            case fed::ActionKind::Delete:
                return removed(id, request);
            case fed::ActionKind::None:
                break;
        }
        return fail(kube::badRequest("nothing"));
    }

    [[nodiscard]] fed::MemberObject project(const TemplateId& id, const Held& held) const {
        fed::MemberObject object;
        object.uid = held.uid;
        object.resourceVersion = held.version;
        object.generation = 1;
        object.ours = object.labelled = held.ours;
        object.migrated = held.migrated;
        object.deleting = held.deleting;
        object.ownedIndex = held.ours ? 0 : -1;
        object.appliedHash = fed::parseHex(held.object.annotation(fed::kAppliedAnnotation));
        const kube::Json* spec = held.object.at({"spec"});
        object.ownedHash = fed::stableHash(spec != nullptr ? kube::printCanonical(*spec) : std::string(), 7);
        object.ownedFields = std::make_shared<const std::string>(
            held.stolen ? R"({"f:metadata":{"f:labels":{},"f:annotations":{}}})"
                        : R"({"f:metadata":{"f:labels":{},"f:annotations":{}},"f:spec":{},"f:data":{}})");
        object.status.specReplicas = kube::intAt(held.object.document(), {"spec", "replicas"}).value_or(0);
        object.status.replicas = object.status.fullyLabeledReplicas = object.status.specReplicas;
        object.status.ready = podsStart;
        if (podsStart)
            object.status.readyReplicas = object.status.availableReplicas = object.status.specReplicas;
        if (id.traits().role == fed::Role::Service)
            object.status.text = ingress;
        return object;
    }

    // ---- links
    void attach(MemberLinkSink* sink) {
        m_sink = sink;
        ++m_era;
        if (!down && !frozen)
            relist();
    }
    void detach(MemberLinkSink* sink) {
        if (m_sink == sink)
            m_sink = nullptr;
    }
    void later(Duration when, std::function<void()> run) {
        auto it = m_pending.emplace(m_pending.end());
        *it = m_clock.after(when, [this, it, run = std::move(run)] {
            const Request mine = std::move(*it);
            m_pending.erase(it);
            run();
        });
    }
    [[nodiscard]] Duration delay() { return Duration{1 + m_random() % 10}; }

private:
    Result<ActionAnswer> store(const TemplateId& id, Held held) {
        ++writes;
        held.version = ++m_version;
        objects[id] = std::move(held);
        seen(id);
        return ActionAnswer{project(id, objects[id]), false};
    }
    Result<ActionAnswer> apply(const TemplateId& id, const ActionRequest& request) {
        const auto it = objects.find(id);
        if (it == objects.end() || it->second.uid != request.action.uid)
            return fail(kube::conflict(id.traits().gvr(), id.key.name, "uid"));
        if (!it->second.migrated || !it->second.ours)
            violation = "an apply of " + id.text() + " on what is not migrated or not ours";
        Held next = it->second;
        next.object = kube::Object::parse(request.action.body).value();
        next.stolen = false;
        return store(id, std::move(next));
    }
    Result<ActionAnswer> removed(const TemplateId& id, const ActionRequest& request) {
        const auto it = objects.find(id);
        if (it == objects.end())
            return fail(kube::notFound(id.traits().gvr(), id.key.name));
        if (it->second.uid != request.action.uid)
            return fail(kube::conflict(id.traits().gvr(), id.key.name, "uid"));
        if (!it->second.ours)
            violation = "a removal of the foreign " + id.text();
        ++writes;
        ++deletes;
        if (it->second.endsByHand) {
            it->second.deleting = true;
            it->second.version = ++m_version;
            seen(id);
            return ActionAnswer{project(id, it->second), false};
        }
        removeByHand(id);
        return ActionAnswer{{}, true};
    }
    void seen(const TemplateId& id) {
        if (objects.at(id).ours)
            emit({ObjectSeen{id.kind, id.key, project(id, objects.at(id))}});
    }
    void emit(std::vector<MemberEvent> events) {
        if (down || frozen)
            return;
        later(Duration{4}, [this, events = std::move(events), era = m_era] {
            if (m_sink != nullptr && era == m_era)
                m_sink->onEvents(events);
        });
    }
    void emitLists() {
        if (m_sink == nullptr || down || frozen)
            return;
        std::vector<MemberEvent> events;
        // As the sinks of a real link tell it.
        const auto isRefused = [&](std::uint8_t kind) {
            const auto found = listErrors.find(fed::enabledKinds()[kind].resource);
            if (found == listErrors.end())
                return false;
            const bool ofType = found->second == 403 || found->second == 404;
            const std::string why = "HTTP " + std::to_string(found->second);
            events.push_back(
                MirrorState{kind, ofType ? why : std::string(), !ofType, ofType ? std::string() : why});
            return true;
        };
        if (!isRefused(static_cast<std::uint8_t>(kindIndex(fed::findKind("v1", "Namespace"))))) {
            for (const std::string& ns : namespaces)
                events.push_back(NamespaceSeen{ns, false, false});
            events.push_back(NamespacesListed{});
        }
        for (std::size_t i = 0; i < fed::enabledKinds().size(); ++i) {
            const auto kind = static_cast<std::uint8_t>(i);
            if (!isPropagated(fed::enabledKinds()[i]) || isRefused(kind))
                continue;
            events.push_back(ListBegin{kind});
            for (const auto& [id, held] : objects)
                if (id.kind == kind && held.ours)
                    events.push_back(ObjectSeen{kind, id.key, project(id, held)});
            if (fed::enabledKinds()[i].isPod)
                for (const auto& [workload, reasons] : podReasons)
                    if (!reasons.empty())
                        events.push_back(PodReasonsSeen{workload, reasons});
            events.push_back(ListEnd{kind, m_version});
        }
        m_sink->onEvents(std::move(events));
    }

    FakeClock& m_clock;
    std::mt19937& m_random;
    std::uint64_t m_version = 100;
    std::uint64_t m_era = 0;
    MemberLinkSink* m_sink = nullptr;
    std::list<Request> m_pending;
};

class FakeMemberLink final : public MemberLink {
public:
    FakeMemberLink(FakeMember& member, MemberLinkSink& sink) : m_member(member), m_sink(sink) {
        m_member.attach(&sink);
    }
    ~FakeMemberLink() override { m_member.detach(&m_sink); }

    void act(ActionRequest request, Callback<ActionAnswer> done) override {
        auto shared = std::make_shared<Callback<ActionAnswer>>(std::move(done));
        // The link may be gone by then; the member is not.
        const auto reply = [member = &m_member, shared, alive = std::weak_ptr<int>(m_alive)](
                               Duration when, Result<ActionAnswer> answer) {
            member->later(when, [shared, alive, answer = std::move(answer)] {
                if (!alive.expired())
                    (*shared)(answer);
            });
        };
        if (m_member.frozen)
            return reply(request.timeout, fail(Code::DeadlineExceeded, "no answer"));
        if (m_member.down)
            return reply(Duration{2}, fail(Code::Unavailable, "connection refused"));
        // It takes effect when it arrives, whether or not anybody still waits for the answer.
        m_member.later(m_member.delay(), [member = &m_member, request, reply] {
            if (member->down)
                return reply(Duration{1}, fail(Code::Unavailable, "connection reset"));
            reply(member->delay() + member->answerDelay, member->perform(request));
        });
    }
    void probe(Duration timeout, std::function<void(fed::Probe)> done) override {
        fed::Probe probe{.outcome = fed::ProbeOutcome::Ok, .latency = Duration{2}, .message = {}};
        if (m_member.down || m_member.frozen)
            probe = {.outcome = fed::ProbeOutcome::Failed, .latency = {}, .message = "no answer"};
        m_member.later(m_member.frozen ? timeout : Duration{2},
                       [done = std::move(done), probe, alive = std::weak_ptr<int>(m_alive)] {
                           if (!alive.expired())
                               done(probe);
                       });
    }
    void identify(Duration timeout, Callback<ClusterIdentity> done) override {
        Result<ClusterIdentity> identity =
            ClusterIdentity{.uid = m_member.clusterUid, .gitVersion = "v1.34.4", .apis = {}};
        if (m_member.identityError != 0) {
            identity = fail(kube::forbidden({"", "v1", "namespaces"}, "kube-system", "not allowed"));
            identity.error().status->httpCode = m_member.identityError;
        }
        if (m_member.down || m_member.frozen)
            identity = fail(Code::Unavailable, "no answer");
        m_member.later(m_member.frozen ? timeout : m_member.identityDelay,
                       [done = std::make_shared<Callback<ClusterIdentity>>(std::move(done)), identity,
                        alive = std::weak_ptr<int>(m_alive)] {
                           if (!alive.expired())
                               (*done)(identity);
                       });
    }
    void retryNow() override { m_member.relist(); }

private:
    FakeMember& m_member;
    MemberLinkSink& m_sink;
    std::shared_ptr<int> m_alive = std::make_shared<int>(0);
};

class FakeMembers final : public MemberLinkFactory {
public:
    std::map<std::string, std::unique_ptr<FakeMember>> members;
    std::unique_ptr<MemberLink> connect(MemberLinkConfig config, MemberLinkSink& sink) override {
        return std::make_unique<FakeMemberLink>(*members.at(config.cluster), sink);
    }
};

}  // namespace kubefed::controller
