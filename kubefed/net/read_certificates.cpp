// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <ctime>

#include "kubefed/net/openssl_ptr.h"
#include "kubefed/net/tls.h"

namespace kubefed::net {
namespace {

constexpr std::size_t kEs256Half = 32;

std::vector<std::string> nameEntries(const X509_NAME* name, int nid) {
    std::vector<std::string> values;
    for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(name, nid, at)) {
        unsigned char* utf8 = nullptr;
        const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (size >= 0)
            values.emplace_back(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
        OPENSSL_free(utf8);
    }
    return values;
}

std::string addressText(const ASN1_OCTET_STRING* address) {
    const unsigned char* bytes = ASN1_STRING_get0_data(address);
    std::string text;
    if (ASN1_STRING_length(address) == 4) {
        for (int i = 0; i < 4; ++i)
            text.append(i == 0 ? "" : ".").append(std::to_string(bytes[i]));
        return text;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    for (int i = 0; i + 1 < ASN1_STRING_length(address); i += 2) {
        const unsigned group = (unsigned{bytes[i]} << 8U) | bytes[i + 1];
        text.append(i == 0 ? "" : ":");
        for (unsigned shift = group > 0xfffU ? 12 : group > 0xffU ? 8 : group > 0xfU ? 4 : 0;; shift -= 4) {
            text.push_back(digits[(group >> shift) & 0xfU]);
            if (shift == 0)
                break;
        }
    }
    return text;
}

std::vector<std::string> alternativeNames(const X509* certificate) {
    std::vector<std::string> names;
    const OpenSslPtr<GENERAL_NAMES, GENERAL_NAMES_free> list(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(list.get(), i);
        if (name->type == GEN_DNS)
            names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        else if (name->type == GEN_IPADD)
            names.push_back(addressText(name->d.iPAddress));
    }
    return names;
}

WallTime toWallTime(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1)
        return {};
    return std::chrono::system_clock::from_time_t(timegm(&broken));
}

bool isEc(EVP_PKEY* key) {
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
}

// JWS carries an ECDSA signature as two fixed halves, OpenSSL as DER.
Result<std::string> derToJws(std::string_view der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const OpenSslPtr<ECDSA_SIG, ECDSA_SIG_free> parts(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::array<unsigned char, 2 * kEs256Half> raw{};
    if (!parts || BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), raw.data(), kEs256Half) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), raw.data() + kEs256Half, kEs256Half) < 0)
        return fail(Code::InvalidArgument, "the signing key is not EC P-256");
    return std::string(reinterpret_cast<const char*>(raw.data()), raw.size());
}

std::string jwsToDer(std::string_view raw) {
    if (raw.size() != 2 * kEs256Half)
        return {};
    const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
    const OpenSslPtr<ECDSA_SIG, ECDSA_SIG_free> parts(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(bytes, kEs256Half, nullptr);
    BIGNUM* s = BN_bin2bn(bytes + kEs256Half, kEs256Half, nullptr);
    if (!parts || ECDSA_SIG_set0(parts.get(), r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return {};
    }
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(parts.get(), &der);
    std::string text(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(der);
    return text;
}

}  // namespace

Result<CertificateInfo> readCertificate(std::string_view pem) {
    const CertPtr certificate = readX509(pem);
    if (!certificate)
        return fail(Code::InvalidArgument, "the certificate cannot be read: " + lastOpenSslError());
    const X509_NAME* subject = X509_get_subject_name(certificate.get());
    auto commonNames = nameEntries(subject, NID_commonName);
    return CertificateInfo{
        .subjectCommonName = commonNames.empty() ? std::string() : std::move(commonNames.back()),
        .organizations = nameEntries(subject, NID_organizationName),
        .subjectAltNames = alternativeNames(certificate.get()),
        .notBefore = toWallTime(X509_get0_notBefore(certificate.get())),
        .notAfter = toWallTime(X509_get0_notAfter(certificate.get()))};
}

Result<void> checkKeyPair(const KeyPair& pair) {
    const CertPtr certificate = readX509(pair.certPem);
    if (!certificate)
        return fail(Code::InvalidArgument, "the certificate cannot be read: " + lastOpenSslError());
    const KeyPtr key = readPrivateKey(pair.keyPem);
    if (!key)
        return fail(Code::InvalidArgument,
                    "the certificate's private key cannot be read: " + lastOpenSslError());
    if (X509_check_private_key(certificate.get(), key.get()) != 1) {
        ERR_clear_error();
        return fail(Code::InvalidArgument, "the private key does not belong to the certificate");
    }
    return {};
}

Result<std::string> signJws(std::string_view keyPem, std::string_view text) {
    const KeyPtr key = readPrivateKey(keyPem);
    if (!key)
        return fail(Code::InvalidArgument, "the signing key cannot be read: " + lastOpenSslError());
    const OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free> digest(EVP_MD_CTX_new());
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(digest.get(), nullptr, &size, bytes, text.size()) != 1)
        return fail(Code::Internal, "cannot sign: " + lastOpenSslError());
    std::string signature(size, '\0');
    if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                       text.size()) != 1)
        return fail(Code::Internal, "cannot sign: " + lastOpenSslError());
    signature.resize(size);
    return isEc(key.get()) ? derToJws(signature) : Result<std::string>(std::move(signature));
}

bool verifyJws(std::string_view keyPem, std::string_view text, std::string_view signature) {
    const BioPtr bio = readOnly(keyPem);
    KeyPtr key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key)
        key = readPrivateKey(keyPem);  // it knows its public half
    const std::string der = key && isEc(key.get()) ? jwsToDer(signature) : std::string(signature);
    const OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free> digest(EVP_MD_CTX_new());
    const bool good =
        key && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
        EVP_DigestVerify(digest.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace kubefed::net
