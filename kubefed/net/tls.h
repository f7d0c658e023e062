// SPDX-License-Identifier: Apache-2.0
//
// What TLS needs to know on either side, as PEM text; nothing of Qt in the interface. Values; any thread.
// Generating keys and certificates (federation CA, server and client certificates) is here too, on OpenSSL,
// with EC P-256 keys. Private keys never enter logs or error messages.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/util/clock.h"
#include "kubefed/util/error.h"

namespace kubefed::net {

// How a client proves who it is, and whom it trusts. Two different identities never share a connection.
struct Identity {
    std::string caPem;          // empty: the system's store
    std::string clientCertPem;  // with clientKeyPem; RSA or EC
    std::string clientKeyPem;
    std::string bearerToken;
    std::string tlsServerName;  // instead of the endpoint's host, for SNI and the name check
    bool insecureSkipVerify = false;
    auto operator<=>(const Identity&) const = default;
};

struct Endpoint {
    std::string host;  // name or address, IPv6 without brackets
    std::uint16_t port = 443;
    std::string basePath;  // "" or "/prefix"
    auto operator<=>(const Endpoint&) const = default;
    // "https://host:port/base", IPv6 in brackets; InvalidArgument for anything else.
    [[nodiscard]] static Result<Endpoint> parse(std::string_view url);
    [[nodiscard]] std::string url() const;
};

struct KeyPair {
    std::string certPem;
    std::string keyPem;
};

struct CertificateSpec {
    std::string commonName;
    std::vector<std::string> organizations;  // groups, for client certificates
    std::vector<std::string> dnsNames;
    std::vector<std::string> addresses;
    bool server = false;
    bool client = false;
    std::chrono::hours life{24 * 365};  // negative: already expired (tests)
    bool rsa = false;                   // RSA 2048 instead of EC P-256
};
[[nodiscard]] Result<KeyPair> makeCa(std::string_view commonName, std::chrono::hours life);
[[nodiscard]] Result<KeyPair> makeCertificate(const KeyPair& ca, const CertificateSpec& spec);
// An EC P-256 key pair for signing service account tokens: {public key PEM, private key PEM}.
[[nodiscard]] Result<KeyPair> makeSigningKey();
// JWS signatures (raw bytes): ES256 for EC P-256 keys, RS256 for RSA keys. verify() answers false for
// anything that is not a valid signature by that key, a broken key included; it takes the private key as
// well.
[[nodiscard]] Result<std::string> signJws(std::string_view keyPem, std::string_view text);
[[nodiscard]] bool verifyJws(std::string_view keyPem, std::string_view text, std::string_view signature);

// What a person needs to know about a certificate (join shows it).
struct CertificateInfo {
    std::string subjectCommonName;
    std::vector<std::string> organizations;
    std::vector<std::string> subjectAltNames;  // DNS names and addresses
    WallTime notBefore, notAfter;
};
[[nodiscard]] Result<CertificateInfo> readCertificate(std::string_view pem);
// InvalidArgument: one of them cannot be read, or the key is not the first certificate's.
[[nodiscard]] Result<void> checkKeyPair(const KeyPair& pair);

}  // namespace kubefed::net
