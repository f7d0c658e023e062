// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "kubefed/apiserver/auth.h"
#include "kubefed/kube/json.h"
#include "kubefed/util/base64.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kIssuer = "https://kubernetes.default.svc";
constexpr std::chrono::seconds kMinLife{600};
constexpr std::size_t kMaxToken = 16U << 10U;
constexpr std::size_t kEcPart = 32;  // bytes of r and of s on P-256

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string base64Url(std::string_view bytes) {
    std::string text = base64Encode(bytes);
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

std::optional<std::string> fromBase64Url(std::string_view text) {
    std::string standard(text);
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
    while (standard.size() % 4 != 0)
        standard += '=';
    return base64Decode(standard);
}

std::int64_t toUnix(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string randomId() {
    std::array<unsigned char, 16> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text += '-';
        text += kHex[bytes[i] >> 4U];
        text += kHex[bytes[i] & 0x0fU];
    }
    return text;
}

// JOSE writes an ECDSA signature as r and s of fixed length, OpenSSL as ASN.1.
std::string ecToJose(const std::string& der) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
        d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())), ECDSA_SIG_free);
    std::string out(2 * kEcPart, '\0');
    if (signature == nullptr)
        return {};
    auto* raw = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw, kEcPart);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw + kEcPart, kEcPart);
    return out;
}

std::string ecFromJose(const std::string& jose) {
    if (jose.size() != 2 * kEcPart)
        return {};
    const auto* raw = reinterpret_cast<const unsigned char*>(jose.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(), ECDSA_SIG_free);
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw, kEcPart, nullptr),
                   BN_bin2bn(raw + kEcPart, kEcPart, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
    OPENSSL_free(der);
    return out;
}

User serviceAccountUser(std::string_view ns, std::string_view name, std::string_view uid) {
    const std::string space(ns);
    return {"system:serviceaccount:" + space + ":" + std::string(name),
            std::string(uid),
            {"system:serviceaccounts", "system:serviceaccounts:" + space, "system:authenticated"}};
}

bool hasAudience(const kube::JsonObject& claims) {
    const kube::Json* audience = claims.if_contains("aud");
    if (audience != nullptr && audience->is_string())
        return kube::view(audience->get_string()) == kIssuer;
    const kube::JsonArray* audiences = kube::arrayAt(claims, {"aud"});
    return audiences != nullptr &&
           std::any_of(audiences->begin(), audiences->end(), [](const kube::Json& one) {
               return one.is_string() && kube::view(one.get_string()) == kIssuer;
           });
}

struct BoundKind {
    std::string_view kind, claim, resource;
};
constexpr std::array kBoundKinds{BoundKind{"Pod", "pod", "pods"}, BoundKind{"Secret", "secret", "secrets"},
                                 BoundKind{"Node", "node", "nodes"}};

const BoundKind* boundKind(std::string_view kind) {
    const auto* const found =
        std::ranges::find_if(kBoundKinds, [&](const BoundKind& known) { return known.kind == kind; });
    return found == kBoundKinds.end() ? nullptr : found;
}

bool isBoundObjectThere(const kube::JsonObject& claims, const std::string& ns, const ObjectReader& objects,
                        WallTime now) {
    constexpr std::chrono::seconds kLeeway{60};  // as kube-apiserver has it for what is being deleted
    return std::ranges::all_of(kBoundKinds, [&](const BoundKind& kind) {
        const kube::JsonObject* claim = kube::objectAt(claims, {"kubernetes.io", kind.claim});
        if (claim == nullptr)
            return true;
        const kube::ObjectPtr object = objects.get(
            {"", "v1", std::string(kind.resource)},
            {kind.kind == "Node" ? std::string() : ns, std::string(kube::stringAt(*claim, {"name"}))});
        if (object == nullptr || object->uid() != kube::stringAt(*claim, {"uid"}))
            return false;
        WallTime deleted;
        return !parseRfc3339(kube::stringAt(object->document(), {"metadata", "deletionTimestamp"}),
                             deleted) ||
               deleted + kLeeway >= now;
    });
}

}  // namespace

struct TokenIssuer::Key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};
    bool elliptic = false;
    std::string id;

    [[nodiscard]] std::string sign(std::string_view text) const {
        const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        const auto* data = reinterpret_cast<const unsigned char*>(text.data());
        std::size_t size = 0;
        if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
            EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1)
            return {};
        std::string signature(size, '\0');
        if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                           text.size()) != 1)
            return {};
        signature.resize(size);
        return elliptic ? ecToJose(signature) : signature;
    }

    [[nodiscard]] bool verifies(std::string_view text, const std::string& signature) const {
        const std::string raw = elliptic ? ecFromJose(signature) : signature;
        const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        return !raw.empty() &&
               EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
               EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(raw.data()), raw.size(),
                                reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    }
};

TokenIssuer::TokenIssuer() = default;
TokenIssuer::~TokenIssuer() = default;

Result<std::unique_ptr<TokenIssuer>> TokenIssuer::make(std::string_view signingKeyPem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(signingKeyPem.data(), static_cast<int>(signingKeyPem.size())), BIO_free);
    auto key = std::make_unique<Key>();
    key->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (key->key == nullptr)
        return fail(Code::InvalidArgument,
                    "the signing key of service account tokens is not a PEM private key");
    const int type = EVP_PKEY_get_base_id(key->key.get());
    key->elliptic = type == EVP_PKEY_EC;
    if (type != EVP_PKEY_RSA && !(key->elliptic && EVP_PKEY_get_bits(key->key.get()) == 256))
        return fail(Code::InvalidArgument,
                    "the signing key of service account tokens must be RSA or EC P-256");
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key->key.get(), &der);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_Digest(der, static_cast<std::size_t>(std::max(size, 0)), digest.data(), &length, EVP_sha256(),
               nullptr);
    OPENSSL_free(der);
    key->id = base64Url({reinterpret_cast<const char*>(digest.data()), length});
    std::unique_ptr<TokenIssuer> issuer(new TokenIssuer);
    issuer->m_key = std::move(key);
    return issuer;
}

Result<TokenIssuer::Issued> TokenIssuer::issue(std::string_view ns, std::string_view serviceAccount,
                                               std::string_view uid, std::vector<std::string> audiences,
                                               std::chrono::seconds life, WallTime now,
                                               const std::optional<BoundObject>& bound) const {
    if (life < kMinLife)
        return fail(Code::InvalidArgument, "a token cannot live less than 10 minutes");
    if (audiences.empty())
        audiences.emplace_back(kIssuer);
    const std::int64_t issued = toUnix(now);
    const kube::JsonObject header{{"alg", m_key->elliptic ? "ES256" : "RS256"}, {"kid", m_key->id}};
    kube::JsonObject kubernetes{{"namespace", ns},
                                {"serviceaccount", kube::JsonObject{{"name", serviceAccount}, {"uid", uid}}}};
    if (bound) {
        const BoundKind* kind = boundKind(bound->kind);
        if (kind == nullptr)
            return fail(Code::InvalidArgument, "a token cannot be bound to a " + bound->kind);
        kubernetes[kind->claim] = kube::JsonObject{{"name", bound->name}, {"uid", bound->uid}};
    }
    const kube::JsonObject claims{{"aud", kube::JsonArray(audiences.begin(), audiences.end())},
                                  {"exp", issued + life.count()},
                                  {"iat", issued},
                                  {"iss", kIssuer},
                                  {"jti", randomId()},
                                  {"kubernetes.io", std::move(kubernetes)},
                                  {"nbf", issued},
                                  {"sub", serviceAccountUser(ns, serviceAccount, uid).name}};
    std::string token = base64Url(kube::printJson(header)) + "." + base64Url(kube::printJson(claims));
    const std::string signature = m_key->sign(token);
    if (signature.empty())
        return fail(Code::Internal, "signing a service account token failed");
    token += "." + base64Url(signature);
    return Issued{std::move(token), WallTime(std::chrono::seconds(issued) + life)};
}

std::optional<User> TokenIssuer::verify(std::string_view token, const ObjectReader& objects,
                                        WallTime now) const {
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    if (token.size() > kMaxToken || first == std::string_view::npos || first == second)
        return std::nullopt;
    const std::optional<std::string> header = fromBase64Url(token.substr(0, first));
    const std::optional<std::string> body = fromBase64Url(token.substr(first + 1, second - first - 1));
    const std::optional<std::string> signature = fromBase64Url(token.substr(second + 1));
    if (!header || !body || !signature)
        return std::nullopt;
    const Result<kube::Json> head = kube::parseJson(*header);
    if (!head || !head->is_object() ||
        kube::stringAt(head->get_object(), {"alg"}) != (m_key->elliptic ? "ES256" : "RS256") ||
        !m_key->verifies(token.substr(0, second), *signature))
        return std::nullopt;
    const Result<kube::Json> parsed = kube::parseJson(*body);
    if (!parsed || !parsed->is_object())
        return std::nullopt;
    const kube::JsonObject& claims = parsed->get_object();
    const std::int64_t time = toUnix(now);
    if (kube::stringAt(claims, {"iss"}) != kIssuer || !hasAudience(claims) ||
        kube::intAt(claims, {"exp"}).value_or(0) <= time || kube::intAt(claims, {"nbf"}).value_or(0) > time)
        return std::nullopt;
    const std::string ns(kube::stringAt(claims, {"kubernetes.io", "namespace"}));
    const std::string name(kube::stringAt(claims, {"kubernetes.io", "serviceaccount", "name"}));
    const kube::ObjectPtr account = objects.get({"", "v1", "serviceaccounts"}, {ns, name});
    if (account == nullptr || account->isDeleting() ||
        account->uid() != kube::stringAt(claims, {"kubernetes.io", "serviceaccount", "uid"}) ||
        !isBoundObjectThere(claims, ns, objects, now))
        return std::nullopt;
    return serviceAccountUser(ns, name, account->uid());
}

std::optional<User> authenticate(const net::ServerRequest& request, const TokenIssuer& tokens,
                                 const ObjectReader& objects, WallTime now) {
    if (request.peer && !request.peer->subjectCommonName.empty()) {
        User user{request.peer->subjectCommonName, {}, request.peer->organizations};
        user.groups.emplace_back("system:authenticated");
        return user;
    }
    const std::string_view authorization = net::header(request.headers, "authorization");
    constexpr std::string_view kBearer = "bearer ";
    const bool bearer =
        authorization.size() > kBearer.size() &&
        std::ranges::equal(authorization.substr(0, kBearer.size()), kBearer,
                           [](char a, char b) { return a == b || (a == b - 32 && b != ' '); });
    if (bearer)
        return tokens.verify(authorization.substr(kBearer.size()), objects, now);
    if (!authorization.empty())
        return std::nullopt;
    return User{"system:anonymous", {}, {"system:unauthenticated"}};
}

}  // namespace kubefed::apiserver
