// SPDX-License-Identifier: Apache-2.0
//
// Owning pointers for the OpenSSL types that net uses, and the text of OpenSSL's last error. Private to net.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace kubefed::net {

template <auto free>
struct OpenSslFree {
    template <class T>
    void operator()(T* p) const {
        free(p);
    }
};
template <class T, auto free>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree<free>>;

using KeyPtr = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;
using CertPtr = OpenSslPtr<X509, X509_free>;
using BioPtr = OpenSslPtr<BIO, BIO_free_all>;

inline BioPtr readOnly(std::string_view text) {
    return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
inline std::string contents(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}
inline std::string lastOpenSslError() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown cause" : reason;
}
// Never asks at the terminal: an encrypted key is simply not readable.
inline KeyPtr readPrivateKey(std::string_view pem) {
    const auto noPassword = [](char*, int, int, void*) { return 0; };
    const BioPtr bio = readOnly(pem);
    return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassword, nullptr));
}
inline CertPtr readX509(std::string_view pem) {
    const BioPtr bio = readOnly(pem);
    return CertPtr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace kubefed::net
