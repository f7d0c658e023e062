// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>

#include "kubefed/net/openssl_ptr.h"
#include "kubefed/net/tls.h"

namespace kubefed::net {
namespace {

constexpr std::chrono::minutes kClockSkew{5};
constexpr int kSerialBits = 127;

std::unexpected<Error> broken(std::string_view what) {
    return fail(Code::Internal,
                std::string("cannot make ").append(what).append(": ").append(lastOpenSslError()));
}

KeyPtr makeKey(bool rsa) {
    return KeyPtr(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
}

std::string privatePem(EVP_PKEY* key) {
    const BioPtr bio(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return {};
    return contents(bio.get());
}

std::string certificatePem(X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    return PEM_write_bio_X509(bio.get(), certificate) == 1 ? contents(bio.get()) : std::string();
}

bool addName(X509_NAME* name, const char* field, std::string_view value) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
}

bool addExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const OpenSslPtr<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool setTimes(X509* certificate, std::chrono::hours life) {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const std::time_t end = now + std::chrono::seconds(life).count();
    const std::time_t skew = std::chrono::seconds(kClockSkew).count();
    const std::time_t begin = std::min(now - skew, end - skew);
    return ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr;
}

bool setSerial(X509* certificate) {
    const OpenSslPtr<BIGNUM, BN_free> number(BN_new());
    return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

CertPtr blankCertificate(EVP_PKEY* key, std::chrono::hours life) {
    CertPtr certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        !setSerial(certificate.get()) || !setTimes(certificate.get(), life) ||
        X509_set_pubkey(certificate.get(), key) != 1)
        return nullptr;
    return certificate;
}

// Names go through OpenSSL's configuration syntax, in which a comma would begin another entry.
bool isPlainName(std::string_view name) {
    return !name.empty() && name.find_first_of(",\\\n\r\"= ") == std::string_view::npos;
}

Result<std::string> alternativeNames(const CertificateSpec& spec) {
    std::string list;
    const auto add = [&list](std::string_view kind, const std::string& name) {
        list.append(list.empty() ? "" : ",").append(kind).append(name);
        return isPlainName(name);
    };
    for (const auto& name : spec.dnsNames)
        if (!add("DNS:", name))
            return fail(Code::InvalidArgument, "'" + name + "' is not a DNS name");
    for (const auto& address : spec.addresses)
        if (!add("IP:", address))
            return fail(Code::InvalidArgument, "'" + address + "' is not an address");
    return list;
}

bool addLeafExtensions(X509* certificate, X509* issuer, const CertificateSpec& spec,
                       const std::string& names) {
    std::string usages = spec.server ? "serverAuth" : "";
    if (spec.client)
        usages.append(usages.empty() ? "" : ",").append("clientAuth");
    return addExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           addExtension(
               certificate, issuer, NID_key_usage,
               spec.rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature") &&
           (usages.empty() || addExtension(certificate, issuer, NID_ext_key_usage, usages)) &&
           addExtension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
           (names.empty() || addExtension(certificate, issuer, NID_subject_alt_name, names));
}

}  // namespace

Result<KeyPair> makeCa(std::string_view commonName, std::chrono::hours life) {
    const KeyPtr key = makeKey(false);
    const CertPtr certificate = key ? blankCertificate(key.get(), life) : nullptr;
    if (!certificate)
        return broken("a CA");
    X509_NAME* name = X509_get_subject_name(certificate.get());
    if (!addName(name, "CN", commonName) || X509_set_issuer_name(certificate.get(), name) != 1 ||
        !addExtension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE") ||
        !addExtension(certificate.get(), certificate.get(), NID_key_usage,
                      "critical,digitalSignature,keyCertSign,cRLSign") ||
        !addExtension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") ||
        X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0)
        return broken("a CA");
    return KeyPair{.certPem = certificatePem(certificate.get()), .keyPem = privatePem(key.get())};
}

Result<KeyPair> makeCertificate(const KeyPair& ca, const CertificateSpec& spec) {
    const CertPtr issuer = readX509(ca.certPem);
    const KeyPtr issuerKey = readPrivateKey(ca.keyPem);
    if (!issuer || !issuerKey)
        return fail(Code::InvalidArgument,
                    "the CA's certificate or key cannot be read: " + lastOpenSslError());
    const auto names = alternativeNames(spec);
    if (!names)
        return fail(names.error());
    const KeyPtr key = makeKey(spec.rsa);
    const CertPtr certificate = key ? blankCertificate(key.get(), spec.life) : nullptr;
    if (!certificate)
        return broken("a certificate");
    X509_NAME* name = X509_get_subject_name(certificate.get());
    for (const auto& organization : spec.organizations)
        if (!addName(name, "O", organization))
            return broken("a certificate");
    if (!addName(name, "CN", spec.commonName) ||
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) != 1 ||
        !addLeafExtensions(certificate.get(), issuer.get(), spec, *names) ||
        X509_sign(certificate.get(), issuerKey.get(), EVP_sha256()) == 0)
        return broken("a certificate");
    return KeyPair{.certPem = certificatePem(certificate.get()), .keyPem = privatePem(key.get())};
}

Result<KeyPair> makeSigningKey() {
    const KeyPtr key = makeKey(false);
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1)
        return broken("a signing key");
    return KeyPair{.certPem = contents(bio.get()), .keyPem = privatePem(key.get())};
}

}  // namespace kubefed::net
