// SPDX-License-Identifier: Apache-2.0
#include "controller/membership/probe_words.h"

#include "kubefed/net/http.h"

namespace kubefed::controller {

std::string probeWords(const Error& error, const net::Endpoint& endpoint, Duration timeout) {
    constexpr std::size_t kScheme = std::string_view("https://").size();
    const std::string address =
        net::Endpoint{.host = endpoint.host, .port = endpoint.port, .basePath = {}}.url().substr(kScheme);
    const Duration::rep millis = timeout.count();
    switch (net::problemOf(error)) {
        case net::Problem::Timeout:
            return "no answer within " + (millis % 1000 == 0 ? std::to_string(millis / 1000) + " s"
                                                             : std::to_string(millis) + " ms");
        case net::Problem::Refused:
            return address + " refuses connections";
        case net::Problem::Unreachable:
            return "there is no way to " + address;
        case net::Problem::Reset:
            return address + " broke the connection";
        case net::Problem::NameNotFound:
            return "the name \"" + endpoint.host + "\" does not resolve";
        default:
            return error.message;
    }
}

}  // namespace kubefed::controller
