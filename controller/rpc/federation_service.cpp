// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/federation_service.h"

#include <algorithm>

#include "controller/rpc/explain_values.h"
#include "controller/rpc/fleet_values.h"

namespace kubefed::controller {
namespace {

constexpr Duration kBeatEvery{1'000};
constexpr Duration kLookAgain{50'000};
constexpr Duration kLookLater{10'000};  // rights could not be found out, or may follow a new namespace
constexpr int kRounds = 5;              // of the latter
constexpr Duration kBetween{5'000};     // looks for namespaces that come and go

constexpr std::size_t kMostOfOne = 16;  // streams of one user, of all that there may be

bool isRefusal(const Error& error) {
    return error.code == Code::PermissionDenied || error.code == Code::Unauthenticated;
}

}  // namespace

FederationService::FederationService(Controller& controller, const FleetFeed& feed, HostApi& host,
                                     Clock& clock, client::FleetInfo info, Policies policies,
                                     PolicyIntake intake)
    : m_controller(controller),
      m_feed(feed),
      m_clock(clock),
      m_info(std::move(info)),
      m_policies(std::move(policies)),
      m_intake(std::move(intake)),
      m_access(host, clock) {
    beat();
}

void FederationService::beat() {
    // gone() may have been lost: a full mailbox takes nothing.
    std::erase_if(m_subscribers, [](const auto& entry) { return entry.second.stream->isEnded(); });
    const Namespaces namespaces = m_controller.mirror().namespaces();
    for (auto& [key, subscriber] : m_subscribers) {
        subscriber.stream->heartbeat();
        // Somebody may have rights in one that has come, and sees no more of one that has gone.
        const bool isWhole = subscriber.visibility && subscriber.visibility->allNamespaces;
        if (!isWhole && subscriber.only.empty() && !subscriber.request.isActive() &&
            subscriber.asked != namespaces && subscriber.notBefore <= m_clock.now()) {
            subscriber.notBefore = m_clock.now() + kBetween;
            look(subscriber);
        }
    }
    m_beat = m_clock.after(kBeatEvery, [this] { beat(); });
}

void FederationService::deliver(const FleetDeltaPtr& delta) {
    for (auto& [key, subscriber] : m_subscribers)
        if (subscriber.visibility)
            subscriber.stream->push(delta);
}

void FederationService::watch(Credentials credentials, std::vector<std::string> namespaces,
                              FleetStreamPtr stream) {
    const FleetStream* key = stream.get();
    Subscriber& subscriber = m_subscribers[key];
    subscriber.stream = std::move(stream);
    subscriber.credentials = std::move(credentials);
    subscriber.only = std::move(namespaces);
    look(subscriber);
}

void FederationService::look(Subscriber& subscriber) {
    // All that there are: whoever has rights in one sees it, also while it is empty.
    Namespaces namespaces = m_controller.mirror().namespaces();
    for (const std::string& ns : namespaces)
        if (subscriber.visibility && !subscriber.asked.contains(ns)) {
            subscriber.awaited.insert(ns);
            subscriber.rounds = kRounds;
        }
    subscriber.asked = std::move(namespaces);
    subscriber.request = m_access.authenticate(
        subscriber.credentials,
        [this, &subscriber](const Result<Caller>& caller) { authenticated(subscriber, caller); });
}

void FederationService::authenticated(Subscriber& subscriber, const Result<Caller>& caller) {
    if (!caller)
        return seen(subscriber, fail(caller.error()));
    if (!subscriber.user) {
        subscriber.user = caller->user;
        if (streamsOf(caller->user) > kMostOfOne)
            return seen(subscriber,
                        fail(Code::ResourceExhausted,
                             "user \"" + caller->user + "\" watches the fleet " + std::to_string(kMostOfOne) +
                                 " times already; close a window or a --watch of theirs"));
    }
    subscriber.request = m_access.see(
        *caller, subscriber.asked, subscriber.only,
        [this, &subscriber](Result<Visibility> visibility) { seen(subscriber, std::move(visibility)); });
}

std::size_t FederationService::streamsOf(const std::string& user) const {
    return static_cast<std::size_t>(std::ranges::count_if(m_subscribers, [&](const auto& entry) {
        return entry.second.user == user && !entry.second.stream->isEnded();
    }));
}

// The rights in a new namespace come after it, and nothing tells of them.
Duration FederationService::untilNextLook(Subscriber& subscriber, const Visibility& visibility) {
    std::erase_if(subscriber.awaited, [&](const std::string& ns) {
        return visibility.allNamespaces || visibility.namespaces.contains(ns) ||
               !subscriber.asked.contains(ns);
    });
    if (!subscriber.awaited.empty() && subscriber.rounds-- > 0)
        return kLookLater;
    subscriber.awaited.clear();
    return kLookAgain;
}

void FederationService::seen(Subscriber& subscriber, Result<Visibility> visibility) {
    const Request ended = std::move(subscriber.request);
    if (!visibility) {
        const bool isNew = !subscriber.visibility;
        if (isNew || isRefusal(visibility.error())) {
            subscriber.visibility = nullptr;
            subscriber.stream->end(visibility.error());  // gone() comes
            return;
        }
        subscriber.timer = m_clock.after(kLookLater, [this, &subscriber] { look(subscriber); });
        return;
    }
    subscriber.timer =
        m_clock.after(untilNextLook(subscriber, *visibility), [this, &subscriber] { look(subscriber); });
    if (subscriber.visibility && *subscriber.visibility == *visibility)
        return;
    const bool isResync = subscriber.visibility != nullptr;
    subscriber.visibility = std::make_shared<const Visibility>(std::move(*visibility));
    subscriber.stream->snapshot(m_info, isResync, m_feed.snapshot(), subscriber.visibility);
}

void FederationService::resync(const FleetStream* stream) {
    const auto known = m_subscribers.find(stream);
    if (known != m_subscribers.end() && known->second.visibility)
        known->second.stream->snapshot(m_info, true, m_feed.snapshot(), known->second.visibility);
}

void FederationService::gone(const FleetStream* stream) {
    m_subscribers.erase(stream);
}

void FederationService::guarded(const Credentials& credentials, Right right,
                                std::move_only_function<void(Result<void>)> act) {
    const std::uint64_t call = m_nextCall++;
    auto shared = std::make_shared<std::move_only_function<void(Result<void>)>>(std::move(act));
    m_calls[call] = m_access.authenticate(
        credentials, [this, call, shared, right = std::move(right)](Result<Caller> caller) {
            if (!caller) {
                m_calls.erase(call);
                return (*shared)(fail(caller.error()));
            }
            m_calls[call] = m_access.authorize(*caller, right, [this, call, shared](Result<void> allowed) {
                m_calls.erase(call);
                (*shared)(std::move(allowed));
            });
        });
}

void FederationService::explain(Credentials credentials, client::ObjectId object,
                                Callback<client::Explanation> done) {
    const Right right{"create", "explanations", object.ns};
    guarded(credentials, right,
            [this, object = std::move(object), done = std::move(done)](Result<void> allowed) mutable {
                if (!allowed)
                    return done(fail(allowed.error()));
                const std::optional<TemplateId> id = toTemplateId(object);
                if (!id)
                    return done(fail(Code::NotFound,
                                     "type " + object.kind + " is not one that this federation propagates"));
                const std::uint64_t call = m_nextCall++;
                m_calls[call] = m_controller.explain(
                    *id, [this, call, object, done = std::move(done)](Result<Explained> explained) mutable {
                        m_calls.erase(call);
                        if (!explained)
                            return done(fail(explained.error()));
                        done(toClient(m_controller, object, *explained));
                    });
            });
}

void FederationService::listPolicies(Credentials credentials,
                                     Callback<std::vector<client::PolicyPlugin>> done) {
    guarded(credentials, {"list", "policyplugins", ""},
            [this, done = std::move(done)](Result<void> allowed) mutable {
                if (!allowed)
                    return done(fail(allowed.error()));
                done(m_policies());
            });
}

void FederationService::beginInstall(Credentials credentials, Callback<std::filesystem::path> done) {
    guarded(credentials, {"create", "policyplugins", ""},
            [this, done = std::move(done)](Result<void> allowed) mutable {
                if (!allowed)
                    return done(fail(allowed.error()));
                if (!m_intake.install)
                    return done(fail(Code::Unimplemented, "this controller installs no policies"));
                done(m_intake.folder());
            });
}

void FederationService::install(const void* call, Credentials credentials, PolicyUpload upload,
                                Callback<client::PolicyInstalled> done) {
    m_installs[call] = Request();
    guarded(credentials, {"update", "policyplugins", ""},
            [this, call, upload = std::move(upload), done = std::move(done)](Result<void> allowed) mutable {
                if (!m_installs.contains(call))
                    return;  // given up meanwhile
                if (!allowed)
                    upload.mayNotReplace = allowed.error();
                m_installs[call] = m_intake.install(
                    std::move(upload), [this, call, done = std::move(done)](auto installed) mutable {
                        auto answer = std::move(done);  // the handle takes what is captured with it
                        m_installs.erase(call);
                        answer(std::move(installed));
                    });
            });
}

}  // namespace kubefed::controller
