// SPDX-License-Identifier: Apache-2.0
#include "controller/rpc/access.h"

#include <QCryptographicHash>

#include "kubefed/fed/names.h"
#include "kubefed/net/tls.h"

namespace kubefed::controller {
namespace {

constexpr Duration kKept{10'000};
constexpr std::size_t kMostKept = 10'000;

std::string hashOf(const std::string& token) {
    return QCryptographicHash::hash(QByteArrayView(token.data(), static_cast<qsizetype>(token.size())),
                                    QCryptographicHash::Sha256)
        .toStdString();
}

std::string keyOf(const Caller& caller) {
    std::string key = caller.user;
    for (const std::string& group : caller.groups)
        key += "\n" + group;
    return key;
}

kube::JsonArray groupsOf(const Caller& caller) {
    return kube::JsonArray(caller.groups.begin(), caller.groups.end());
}

kube::Object accessReview(const Caller& caller, const Right& right) {
    kube::Object review = kube::Object::make({"authorization.k8s.io", "v1", "SubjectAccessReview"}, {}, {});
    kube::JsonObject asked{{"verb", right.verb}, {"group", fed::kGroup}, {"resource", right.resource}};
    if (!right.ns.empty())
        asked["namespace"] = right.ns;
    review.document()["spec"] = kube::JsonObject{
        {"user", caller.user}, {"groups", groupsOf(caller)}, {"resourceAttributes", std::move(asked)}};
    return review;
}

Result<Caller> reviewed(const kube::Object& review) {
    if (!kube::boolAt(review.document(), {"status", "authenticated"}, false))
        return fail(Code::Unauthenticated, "the bearer token is not valid");
    Caller caller;
    caller.user = kube::stringAt(review.document(), {"status", "user", "username"});
    if (const kube::JsonArray* groups = kube::arrayAt(review.document(), {"status", "user", "groups"}))
        for (const kube::Json& group : *groups)
            if (group.is_string())
                caller.groups.emplace_back(kube::view(group.get_string()));
    return caller;
}

Error denied(const Caller& caller, const Right& right) {
    return {
        .code = Code::PermissionDenied,
        .message = "user \"" + caller.user + "\" may not " + right.verb + " " + right.resource + "." +
                   std::string(fed::kGroup) +
                   (right.ns.empty() ? std::string(" cluster-wide") : " in namespace \"" + right.ns + "\"")};
}

template <class Map>
void makeRoom(Map& kept, SteadyTime now) {
    if (kept.size() < kMostKept)
        return;
    std::erase_if(kept, [now](const auto& entry) { return entry.second.until <= now; });
    if (kept.size() >= kMostKept)
        kept.clear();
}

// Requests that belong to one operation: dropped together.
class Several final : public Request::State {
public:
    explicit Several(std::shared_ptr<void> what) : m_what(std::move(what)) {}

private:
    std::shared_ptr<void> m_what;
};

}  // namespace

Request Access::authenticate(const Credentials& credentials, Callback<Caller> done) {
    const auto later = [this, &done](Result<Caller> answer) {
        return m_clock.after(
            Duration::zero(),
            [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
    };
    if (!credentials.certificatePem.empty()) {
        Result<net::CertificateInfo> info = net::readCertificate(credentials.certificatePem);
        if (!info || info->subjectCommonName.empty())
            return later(fail(Code::Unauthenticated, "the client certificate names no user"));
        std::vector<std::string> groups = std::move(info->organizations);
        groups.emplace_back("system:authenticated");
        return later(Caller{std::move(info->subjectCommonName), std::move(groups)});
    }
    if (credentials.bearerToken.empty())
        return later(fail(Code::Unauthenticated,
                          "neither a client certificate of the federation nor a bearer token was sent"));
    std::string hash = hashOf(credentials.bearerToken);
    if (const auto known = m_tokens.find(hash);
        known != m_tokens.end() && m_clock.now() < known->second.until)
        return later(known->second.caller);
    kube::Object review = kube::Object::make({"authentication.k8s.io", "v1", "TokenReview"}, {}, {});
    review.document()["spec"] = kube::JsonObject{{"token", credentials.bearerToken}};
    return m_host.create({"authentication.k8s.io", "v1", "tokenreviews"}, review,
                         [this, hash = std::move(hash), done = std::move(done)](auto answer) mutable {
                             if (!answer)
                                 return done(fail(Code::Unavailable, "tokens cannot be checked now"));
                             Result<Caller> caller = reviewed(*answer);
                             makeRoom(m_tokens, m_clock.now());
                             if (caller)
                                 m_tokens[hash] = {*caller, m_clock.now() + kKept};
                             done(std::move(caller));
                         });
}

Request Access::authorize(const Caller& caller, const Right& right, Callback<void> done) {
    const std::pair key(keyOf(caller), right);
    if (const auto known = m_rights.find(key); known != m_rights.end() && m_clock.now() < known->second.until)
        return m_clock.after(
            Duration::zero(),
            [done = std::move(done), answer = known->second.allowed
                                                  ? Result<void>()
                                                  : Result<void>(fail(denied(caller, right)))]() mutable {
                done(std::move(answer));
            });
    return m_host.create(
        {"authorization.k8s.io", "v1", "subjectaccessreviews"}, accessReview(caller, right),
        [this, key, caller, right, done = std::move(done)](Result<kube::Object> answer) mutable {
            if (!answer)
                return done(fail(Code::Unavailable, "rights cannot be checked now"));
            const bool allowed = kube::boolAt(answer->document(), {"status", "allowed"}, false);
            makeRoom(m_rights, m_clock.now());
            m_rights[key] = {allowed, m_clock.now() + kKept};
            if (allowed)
                done({});
            else
                done(fail(denied(caller, right)));
        });
}

// Asks for the whole first, then for each namespace that is left.
struct Access::Looking {
    Caller caller;
    std::set<std::string, std::less<>> known;
    std::vector<std::string> only;
    Callback<Visibility> done;
    Visibility seen;
    bool mayWatch = false;  // fleets, cluster-wide
    bool mayList = false;   // placements, cluster-wide
    bool isWhole = false;   // the first questions are answered
    Error failure{.code = Code::Ok};
    Error refusal{.code = Code::Ok};
    std::size_t open = 0;
    std::vector<Request> requests;
};

void Access::ask(const std::shared_ptr<Looking>& looking, const Right& right,
                 std::function<void(Looking&)> allowed) {
    ++looking->open;
    looking->requests.push_back(
        authorize(looking->caller, right,
                  [this, weak = std::weak_ptr(looking), allowed = std::move(allowed)](Result<void> answer) {
                      const std::shared_ptr<Looking> now = weak.lock();
                      if (!now)
                          return;
                      if (answer)
                          allowed(*now);
                      else if (answer.error().code != Code::PermissionDenied)
                          now->failure = answer.error();
                      else if (now->refusal.code == Code::Ok)
                          now->refusal = answer.error();
                      if (--now->open == 0)
                          answered(now);
                  }));
}

void Access::answered(const std::shared_ptr<Looking>& looking) {
    if (!std::exchange(looking->isWhole, true) && looking->failure.code == Code::Ok) {
        looking->seen.allNamespaces = looking->mayWatch && looking->mayList && looking->only.empty();
        std::vector<std::string> left = looking->only;
        if (left.empty() && !looking->seen.allNamespaces)
            left.assign(looking->known.begin(), looking->known.end());
        for (const std::string& ns : left)
            ask(looking, {"watch", "fleets", ns}, [this, weak = std::weak_ptr(looking), ns](Looking&) {
                if (const auto now = weak.lock())
                    ask(now, {"list", "placements", ns},
                        [ns](Looking& all) { all.seen.namespaces.insert(ns); });
            });
        if (!left.empty())
            return;
    }
    Callback<Visibility> done = std::move(looking->done);
    if (looking->failure.code != Code::Ok)
        return done(fail(looking->failure));
    if (!looking->mayWatch && looking->seen.namespaces.empty())
        return done(fail(looking->refusal));
    done(looking->seen);
}

Request Access::see(const Caller& caller, std::set<std::string, std::less<>> known,
                    std::vector<std::string> namespaces, Callback<Visibility> done) {
    auto looking = std::make_shared<Looking>();
    looking->caller = caller;
    looking->known = std::move(known);
    looking->only = std::move(namespaces);
    looking->done = std::move(done);
    ask(looking, {"watch", "fleets", ""}, [](Looking& all) { all.mayWatch = true; });
    ask(looking, {"list", "placements", ""}, [](Looking& all) { all.mayList = true; });
    ask(looking, {"list", "memberclusters", ""}, [](Looking& all) { all.seen.clusters = true; });
    return Request(std::make_unique<Several>(std::move(looking)));
}

}  // namespace kubefed::controller
