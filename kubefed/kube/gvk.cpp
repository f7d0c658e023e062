// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/gvk.h"

namespace kubefed::kube {

namespace {

std::string joinApiVersion(const std::string& group, const std::string& version) {
    return group.empty() ? version : group + "/" + version;
}

// RBAC names may hold nearly anything but '/' and '%', so what RFC 3986 does not allow in a path is escaped.
void appendSegment(std::string& out, std::string_view segment) {
    static constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    out += '/';
    for (const char c : segment) {
        const auto byte = static_cast<unsigned char>(c);
        const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (alnum || kPlain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += '%';
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        }
    }
}

}  // namespace

GroupVersion GroupVersion::parse(std::string_view apiVersion) {
    const auto slash = apiVersion.find('/');
    if (slash == std::string_view::npos)
        return {"", std::string(apiVersion)};
    return {std::string(apiVersion.substr(0, slash)), std::string(apiVersion.substr(slash + 1))};
}

std::string GroupVersion::apiVersion() const {
    return joinApiVersion(group, version);
}

std::string Gvk::apiVersion() const {
    return joinApiVersion(group, version);
}

std::string Gvk::text() const {
    return apiVersion() + " " + kind;
}

std::string Gvr::text() const {
    return group.empty() ? resource : resource + "." + group;
}

std::string Gvr::path(std::string_view ns, std::string_view name, std::string_view subresource) const {
    std::string out = group.empty() ? "/api" : "/apis/" + group;
    out += '/';
    out += version;
    if (!ns.empty()) {
        out += "/namespaces";
        appendSegment(out, ns);
    }
    appendSegment(out, resource);
    if (!name.empty())
        appendSegment(out, name);
    if (!subresource.empty())
        appendSegment(out, subresource);
    return out;
}

}  // namespace kubefed::kube
