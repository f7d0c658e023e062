// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/credentials.h"

#include "kubefed/fed/names.h"

namespace kubefed::controller {

bool decodeBase64(std::string_view text, std::string& bytes) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.clear();
    std::uint32_t bits = 0;
    int count = 0;
    int padding = 0;
    std::size_t digits = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r')
            continue;
        ++digits;
        if (c == '=') {
            ++padding;
            continue;
        }
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos || padding > 0)
            return false;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
        }
    }
    return digits % 4 == 0 && padding <= 2;
}

Result<MemberLinkConfig> linkConfig(const fed::MemberCluster& cluster, const kube::Object* secret,
                                    std::string federationId) {
    const std::string secretName = std::string(fed::kSystemNamespace) + "/" + cluster.spec.credentialsSecret;
    if (secret == nullptr)
        return fail(Code::FailedPrecondition,
                    "the Secret \"" + secretName + "\" with the credentials is missing");
    Result<net::Endpoint> endpoint = net::Endpoint::parse(cluster.spec.apiEndpoint);
    if (!endpoint)
        return fail(std::move(endpoint.error()));
    MemberLinkConfig config{.cluster = cluster.name,
                            .endpoint = std::move(*endpoint),
                            .identity = {},
                            .federationId = std::move(federationId)};
    if (!decodeBase64(cluster.spec.caBundle, config.identity.caPem))
        return fail(Code::InvalidArgument, "spec.caBundle is not base64");
    config.identity.tlsServerName = cluster.spec.tlsServerName;
    const auto field = [secret](std::string_view key, std::string& into) {
        return decodeBase64(kube::stringAt(secret->document(), {"data", key}), into);
    };
    if (!field("token", config.identity.bearerToken) || !field("tls.crt", config.identity.clientCertPem) ||
        !field("tls.key", config.identity.clientKeyPem))
        return fail(Code::InvalidArgument, "the Secret \"" + secretName + "\" holds data that is not base64");
    if (config.identity.bearerToken.empty() && config.identity.clientCertPem.empty())
        return fail(Code::FailedPrecondition, "the Secret \"" + secretName + "\" holds no token");
    return config;
}

}  // namespace kubefed::controller
