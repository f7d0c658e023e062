// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "kubefed/net/tls.h"

namespace kubefed::net {
namespace {

constexpr std::string_view kScheme = "https://";

bool isHostCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}
bool isAddressCharacter(char c) {
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') || c == ':' ||
           c == '.' || c == '%';
}
bool isPathCharacter(char c) {
    return c > ' ' && c < '\x7f' && c != '?' && c != '#';
}

std::unexpected<Error> refuse(std::string_view url, std::string_view why) {
    return fail(Code::InvalidArgument, std::string("endpoint '").append(url).append("' ").append(why));
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
    if (!url.starts_with(kScheme))
        return refuse(url, "must start with https://");
    std::string_view rest = url.substr(kScheme.size());
    Endpoint endpoint;
    const auto slash = std::min(rest.find('/'), rest.size());
    std::string_view authority = rest.substr(0, slash);
    std::string_view path = rest.substr(slash);
    std::string_view port;
    if (authority.starts_with('[')) {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos)
            return refuse(url, "has '[' without ']'");
        endpoint.host = authority.substr(1, bracket - 1);
        port = authority.substr(bracket + 1);
        if (endpoint.host.find(':') == std::string::npos ||
            !std::ranges::all_of(endpoint.host, isAddressCharacter))
            return refuse(url, "has no IPv6 address in its brackets");
    } else {
        const auto colon = std::min(authority.find(':'), authority.size());
        endpoint.host = authority.substr(0, colon);
        port = authority.substr(colon);
        if (endpoint.host.empty() || !std::ranges::all_of(endpoint.host, isHostCharacter))
            return refuse(url, "has no valid host name");
    }
    if (!port.empty()) {
        const char* end = port.data() + port.size();
        const auto [stop, error] = std::from_chars(port.data() + 1, end, endpoint.port);
        if (port.front() != ':' || error != std::errc{} || stop != end || endpoint.port == 0)
            return refuse(url, "has no valid port");
    }
    while (path.ends_with('/'))
        path.remove_suffix(1);
    if (!std::ranges::all_of(path, isPathCharacter))
        return refuse(url, "must have neither query nor fragment nor spaces");
    endpoint.basePath = path;
    return endpoint;
}

std::string Endpoint::url() const {
    std::string text(kScheme);
    if (host.find(':') != std::string::npos)
        text.append("[").append(host).append("]");
    else
        text.append(host);
    return text.append(":").append(std::to_string(port)).append(basePath);
}

}  // namespace kubefed::net
