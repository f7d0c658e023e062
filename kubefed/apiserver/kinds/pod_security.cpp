// SPDX-License-Identifier: Apache-2.0
// The security contexts of a pod and of its containers.
#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "kubefed/apiserver/kinds/pod.h"

namespace kubefed::apiserver {
namespace {

void checkId(Checker& checker, const kube::JsonObject& context, std::string_view key, const Path& path) {
    if (member(context, key) == nullptr)
        return;
    const std::int64_t id = numberOf(context, key, 0);
    if (id < 0 || id > std::numeric_limits<std::int32_t>::max())
        checker.invalid(path.child(key), id, "must be between 0 and 2147483647, inclusive");
}

void checkProfile(Checker& checker, const kube::JsonObject& context, std::string_view key,
                  std::string_view called, const Path& path) {
    const kube::JsonObject* profile = objectOf(context, key);
    if (profile == nullptr)
        return;
    const std::string_view type = textOf(*profile, "type"), local = textOf(*profile, "localhostProfile");
    const Path localPath = path.child(key).child("localhostProfile");
    if (type == "Localhost" && local.empty())
        checker.required(localPath, "must be set when " + std::string(called) + " type is Localhost");
    else if (type != "Localhost" && !local.empty())
        checker.invalid(localPath, kube::JsonObject{{"Type", type}, {"LocalhostProfile", local}},
                        "can only be set when " + std::string(called) + " type is Localhost");
    checker.oneOf(path.child(key).child("type"), type, {"Localhost", "RuntimeDefault", "Unconfined"}, true);
}

void checkSysctls(Checker& checker, const kube::JsonObject& context, const Path& path) {
    std::set<std::string, std::less<>> seen;
    const auto isGood = [](std::string_view name) {
        bool separated = true;  // whether a part begins here
        for (const char c : name) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            const bool inner = c == '-' || c == '_';
            if (c == '.' || c == '/' ? separated : !letter && (!inner || separated))
                return false;
            separated = c == '.' || c == '/';
        }
        return name.size() <= 253 && !separated && name.back() != '-' && name.back() != '_';
    };
    forEachObject(context, "sysctls", [&](const kube::JsonObject& sysctl, std::size_t i) {
        const std::string_view name = textOf(sysctl, "name");
        const Path at = path.child("sysctls").index(i).child("name");
        if (name.empty())
            return checker.required(at);
        if (!isGood(name))
            checker.invalid(at, kube::Json(name),
                            "must have at most 253 characters and match regex "
                            "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
        else if (!seen.emplace(name).second)
            checker.duplicate(at, kube::Json(name));
    });
}

// What only one of the two systems has.
void checkSystem(Checker& checker, const kube::JsonObject& context, std::string_view system, const Path& path,
                 const std::vector<std::string_view>& linuxOnly) {
    if (system == "linux" && member(context, "windowsOptions") != nullptr)
        checker.forbidden(path.child("windowsOptions"), "windows options cannot be set for a linux pod");
    if (system == "windows")
        for (const std::string_view key : linuxOnly)
            if (member(context, key) != nullptr)
                checker.forbidden(path.child(key), "cannot be set for a windows pod");
}

void checkEscalation(Checker& checker, const kube::JsonObject& context, const Path& path) {
    if (kube::boolAt(context, {"allowPrivilegeEscalation"}, true))
        return;
    if (truthOf(context, "privileged"))
        checker.invalid(path, kube::Json(context),
                        "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    const kube::JsonArray* added = kube::arrayAt(context, {"capabilities", "add"});
    if (added != nullptr && std::find(added->begin(), added->end(), "CAP_SYS_ADMIN") != added->end())
        checker.invalid(
            path, kube::Json(context),
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
}

void checkContainer(Checker& checker, const kube::JsonObject& context, std::string_view system,
                    const Path& path) {
    for (const std::string_view key : {"runAsUser", "runAsGroup"})
        checkId(checker, context, key, path);
    if (member(context, "procMount") != nullptr)
        checker.oneOf(path.child("procMount"), textOf(context, "procMount"), {"Default", "Unmasked"}, false);
    checkProfile(checker, context, "seccompProfile", "seccomp", path);
    checkProfile(checker, context, "appArmorProfile", "AppArmor", path);
    checkEscalation(checker, context, path);
    checkSystem(
        checker, context, system, path,
        {"appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem",
         "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"});
}

}  // namespace

void checkPodSecurity(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    const std::string_view system = kube::stringAt(spec, {"os", "name"});
    for (const std::string_view list : {"containers", "initContainers"})
        forEachObject(spec, list, [&](const kube::JsonObject& container, std::size_t i) {
            if (const kube::JsonObject* context = objectOf(container, "securityContext"))
                checkContainer(checker, *context, system, path.child(list).index(i).child("securityContext"));
        });
    if (member(spec, "os") != nullptr)
        checker.oneOf(path.child("os"), system, {"linux", "windows"}, false);
    const Path at = path.child("securityContext");
    for (const std::string_view key : {"hostPID", "hostIPC", "shareProcessNamespace"})
        if (system == "windows" && truthOf(spec, key))
            checker.forbidden(path.child(key), "cannot be set for a windows pod");
    if (truthOf(spec, "hostPID") && truthOf(spec, "shareProcessNamespace"))
        checker.invalid(at.child("shareProcessNamespace"), true,
                        "ShareProcessNamespace and HostPID cannot both be enabled");
    if (const kube::JsonObject* context = objectOf(spec, "securityContext")) {
        for (const std::string_view key : {"fsGroup", "runAsUser", "runAsGroup"})
            checkId(checker, *context, key, at);
        const kube::JsonArray* groups = arrayOf(*context, "supplementalGroups");
        for (std::size_t i = 0; groups != nullptr && i < groups->size(); ++i)
            if ((*groups)[i].is_int64() &&
                ((*groups)[i].get_int64() < 0 ||
                 (*groups)[i].get_int64() > std::numeric_limits<std::int32_t>::max()))
                checker.invalid(at.child("supplementalGroups").index(i), (*groups)[i],
                                "must be between 0 and 2147483647, inclusive");
        checkSysctls(checker, *context, at);
        checkProfile(checker, *context, "seccompProfile", "seccomp", at);
        checkProfile(checker, *context, "appArmorProfile", "AppArmor", at);
        checkSystem(checker, *context, system, at,
                    {"appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy",
                     "sysctls", "runAsUser", "runAsGroup", "supplementalGroups"});
    }
}

}  // namespace kubefed::apiserver
