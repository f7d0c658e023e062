// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/access.h"

namespace kubefed::apiserver {
namespace {

Error forbiddenTo(const Exchange& exchange, std::string_view verb) {
    const RequestInfo& info = exchange.info;
    std::string why = "User \"" + exchange.user.name + "\" cannot " + std::string(verb) + " ";
    if (!info.isResource)
        return kube::forbidden({}, "", why + "path \"" + info.path + "\"");
    const std::string resource = info.resource + (info.subresource.empty() ? "" : "/" + info.subresource);
    why += "resource \"" + resource + "\" in API group \"" + info.group + "\"";
    why += info.ns.empty() || info.resource == "namespaces" ? " at the cluster scope"
                                                            : " in the namespace \"" + info.ns + "\"";
    return kube::forbidden({info.group, info.version, info.resource}, info.name, why);
}

}  // namespace

Result<void> checkAccess(const Exchange& exchange, std::string_view verb, const ObjectReader& objects) {
    const RequestInfo& info = exchange.info;
    const Attributes attributes{&exchange.user, std::string(verb), info.group,
                                info.resource,  info.subresource,  info.ns,
                                info.name,      info.path,         info.isResource};
    if (authorize(attributes, objects).allowed)
        return {};
    return fail(forbiddenTo(exchange, verb));
}

}  // namespace kubefed::apiserver
