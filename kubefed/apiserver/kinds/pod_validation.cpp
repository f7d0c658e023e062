// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/quantities.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

void checkMode(Checker& checker, const kube::JsonObject& source, std::string_view key, const Path& path) {
    const std::int64_t mode = numberOf(source, key, 0);
    if (mode < 0 || mode > 0777)
        checker.invalid(path.child(key), mode, "must be a number between 0 and 0777 (octal), both inclusive");
}

void checkItems(Checker& checker, const kube::JsonObject& source, const Path& path) {
    forEachObject(source, "items", [&](const kube::JsonObject& item, std::size_t i) {
        const Path at = path.child("items").index(i);
        const std::string_view target = textOf(item, "path");
        if (textOf(item, "key").empty())
            checker.required(at.child("key"));
        if (target.empty())
            checker.required(at.child("path"));
        if (target.starts_with('/'))
            checker.invalid(at.child("path"), kube::Json(target), "must be a relative path");
        if (("/" + std::string(target) + "/").find("/../") != std::string::npos)
            checker.invalid(at.child("path"), kube::Json(target), "must not contain '..'");
        checkMode(checker, item, "mode", at);
    });
}

void checkSource(Checker& checker, std::string_view kind, const kube::JsonObject& source, const Path& path) {
    if (kind == "hostPath" && textOf(source, "path").empty())
        checker.required(path.child("path"));
    if (kind == "secret" && textOf(source, "secretName").empty())
        checker.required(path.child("secretName"));
    if (kind == "configMap" && textOf(source, "name").empty())
        checker.required(path.child("name"));
    if (kind == "persistentVolumeClaim" && textOf(source, "claimName").empty())
        checker.required(path.child("claimName"));
    if (kind == "secret" || kind == "configMap" || kind == "downwardAPI" || kind == "projected")
        checkMode(checker, source, "defaultMode", path);
    if (kind == "secret" || kind == "configMap")
        checkItems(checker, source, path);
}

void checkNames(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    for (const std::string_view key : {"serviceAccountName", "nodeName"})
        if (const std::string_view name = textOf(spec, key); !name.empty())
            checker.invalid(path.child(key), name, dns1123SubdomainProblems(name));
    if (member(spec, "activeDeadlineSeconds") != nullptr) {
        const std::int64_t seconds = numberOf(spec, "activeDeadlineSeconds", 0);
        if (seconds < 1 || seconds > std::numeric_limits<std::int32_t>::max())
            checker.invalid(path.child("activeDeadlineSeconds"), seconds,
                            "must be between 1 and 2147483647, inclusive");
    }
    for (const std::string_view key : {"hostname", "subdomain"})
        if (const std::string_view name = textOf(spec, key); !name.empty())
            checker.invalid(path.child(key), name, dns1123LabelProblems(name));
}

void checkAliases(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    forEachObject(spec, "hostAliases", [&](const kube::JsonObject& alias, std::size_t i) {
        const Path at = path.child("hostAliases").index(i);
        if (!parseIp(textOf(alias, "ip")))
            checker.invalid(at.child("ip"), kube::Json(textOf(alias, "ip")),
                            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        const kube::JsonArray* names = arrayOf(alias, "hostnames");
        for (std::size_t n = 0; names != nullptr && n < names->size(); ++n)
            if (const auto* name = (*names)[n].if_string())
                checker.invalid(at.child("hostnames").index(n), kube::view(*name),
                                dns1123SubdomainProblems(kube::view(*name)));
    });
}

void checkHostNetwork(Checker& checker, const kube::JsonObject& spec, const Path& path, bool isPod) {
    if (!truthOf(spec, "hostNetwork"))
        return;
    forEachObject(spec, "containers", [&](const kube::JsonObject& container, std::size_t c) {
        forEachObject(container, "ports", [&](const kube::JsonObject& port, std::size_t p) {
            const std::int64_t host = numberOf(port, "hostPort", 0);
            if ((isPod || host != 0) && host != numberOf(port, "containerPort", 0))
                checker.invalid(path.child("containers").index(c).child("ports").index(p).child("hostPort"),
                                host, "must match `containerPort` when `hostNetwork` is true");
        });
    });
}

// The new spec with everything that may change put back to what it was.
kube::JsonObject withoutAllowedChanges(const kube::JsonObject& next, const kube::JsonObject& previous) {
    kube::JsonObject munged = next;
    for (const std::string_view list : {"containers", "initContainers"}) {
        const kube::JsonArray* before = arrayOf(previous, list);
        forEachObject(munged, list, [&](kube::JsonObject& container, std::size_t i) {
            if (before != nullptr && i < before->size() && (*before)[i].is_object())
                carryOver(container, (*before)[i].get_object(), "image");
        });
    }
    for (const std::string_view key : {"activeDeadlineSeconds", "schedulingGates", "tolerations"})
        carryOver(munged, previous, key);
    if (numberOf(previous, "terminationGracePeriodSeconds", 0) < 0 &&
        numberOf(munged, "terminationGracePeriodSeconds", 0) == 1)
        carryOver(munged, previous, "terminationGracePeriodSeconds");
    return munged;
}

bool checkContainerUpdates(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous,
                           std::string_view list) {
    const auto sizeOf = [&](const kube::JsonObject& spec) {
        return arrayOf(spec, list) == nullptr ? 0 : arrayOf(spec, list)->size();
    };
    const Path path = Path("spec").child(list);
    if (sizeOf(next) != sizeOf(previous)) {
        checker.forbidden(path, "pod updates may not add or remove containers");
        return false;
    }
    forEachObject(next, list, [&](const kube::JsonObject& container, std::size_t i) {
        if (textOf(container, "image").empty())
            checker.required(path.index(i).child("image"));
    });
    return true;
}

bool checkDeadlineUpdate(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous) {
    const Path path("spec.activeDeadlineSeconds");
    const bool had = member(previous, "activeDeadlineSeconds") != nullptr;
    const std::int64_t value = numberOf(next, "activeDeadlineSeconds", 0);
    if (member(next, "activeDeadlineSeconds") == nullptr) {
        if (had)
            checker.invalid(path, kube::Json(), "must not update from a positive integer to nil value");
        return true;
    }
    if (had && numberOf(previous, "activeDeadlineSeconds", 0) < value) {
        checker.invalid(path, value, "must be less than or equal to previous value");
        return false;
    }
    return true;
}

// Tolerations may be added; of those that stand only tolerationSeconds may change.
void checkOnlyAddedTolerations(Checker& checker, const kube::JsonObject& next,
                               const kube::JsonObject& previous) {
    bool lost = false;
    forEachObject(previous, "tolerations", [&](const kube::JsonObject& old, std::size_t) {
        bool found = false;
        forEachObject(next, "tolerations", [&](const kube::JsonObject& present, std::size_t) {
            kube::JsonObject a = old, b = present;
            a.erase("tolerationSeconds");
            b.erase("tolerationSeconds");
            found = found || kube::equal(a, b);
        });
        lost = lost || !found;
    });
    if (lost)
        checker.forbidden(Path("spec.tolerations"),
                          "existing toleration can not be modified except its tolerationSeconds");
    else
        checkTolerations(checker, next, Path("spec"));
}

void checkOnlyRemovedGates(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous) {
    std::set<std::string_view> known;
    forEachObject(previous, "schedulingGates",
                  [&](const kube::JsonObject& gate, std::size_t) { known.insert(textOf(gate, "name")); });
    forEachObject(next, "schedulingGates", [&](const kube::JsonObject& gate, std::size_t i) {
        if (const std::string name(textOf(gate, "name")); !known.contains(name))
            checker.forbidden(Path("spec.schedulingGates").index(i).child("name"),
                              "only deletion is allowed, but found new scheduling gate '" + name + "'");
    });
}

}  // namespace

std::vector<std::string> checkVolumes(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    std::vector<std::string> sound;
    forEachObject(spec, "volumes", [&](const kube::JsonObject& volume, std::size_t i) {
        const Path at = path.child("volumes").index(i);
        const std::size_t before = checker.count();
        int sources = 0;
        for (const auto& [key, value] : volume) {
            const std::string_view kind(key.data(), key.size());
            if (kind == "name" || !value.is_object())
                continue;
            if (++sources > 1)
                checker.forbidden(at.child(kind), "may not specify more than 1 volume type");
            else
                checkSource(checker, kind, value.get_object(), at.child(kind));
        }
        const std::string_view name = textOf(volume, "name");
        if (name.empty())
            checker.required(at.child("name"));
        else
            checker.invalid(at.child("name"), name, dns1123LabelProblems(name));
        if (std::ranges::find(sound, name) != sound.end())
            checker.duplicate(at.child("name"), kube::Json(name));
        if (checker.count() == before)
            sound.emplace_back(name);
    });
    return sound;
}

void checkTolerations(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    forEachObject(spec, "tolerations", [&](const kube::JsonObject& toleration, std::size_t i) {
        const Path at = path.child("tolerations").index(i);
        const std::string_view key = textOf(toleration, "key");
        const std::string_view op = textOf(toleration, "operator");
        const std::string_view value = textOf(toleration, "value");
        const std::string_view effect = textOf(toleration, "effect");
        if (!key.empty())
            checker.invalid(at.child("key"), key, qualifiedNameProblems(key));
        else if (op != "Exists")
            checker.invalid(
                at.child("operator"), kube::Json(op),
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        if (member(toleration, "tolerationSeconds") != nullptr && effect != "NoExecute")
            checker.invalid(at.child("effect"), kube::Json(effect),
                            "effect must be 'NoExecute' when `tolerationSeconds` is set");
        if (op.empty() || op == "Equal") {
            if (const Problems problems = labelValueProblems(value); !problems.empty())
                checker.invalid(at.child("operator"), kube::Json(value), joined(problems, ";"));
        } else if (op == "Exists") {
            if (!value.empty())
                checker.invalid(at.child("operator"), kube::Json(value),
                                "value must be empty when `operator` is 'Exists'");
        } else {
            checker.notSupported(at.child("operator"), op, {"Equal", "Exists"});
        }
        if (!effect.empty())
            checker.oneOf(at.child("effect"), effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"}, true);
    });
}

void checkPodSpec(Checker& checker, const kube::JsonObject& spec, const Path& path, bool isPod) {
    const std::vector<std::string> volumes = checkVolumes(checker, spec, path);
    checkContainers(checker, spec, volumes, path);
    checkHostNetwork(checker, spec, path, isPod);
    checker.oneOf(path.child("restartPolicy"), textOf(spec, "restartPolicy"),
                  {"Always", "OnFailure", "Never"}, true);
    checker.oneOf(path.child("dnsPolicy"), textOf(spec, "dnsPolicy"),
                  {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"}, true);
    checkLabels(checker, objectOf(spec, "nodeSelector"), path.child("nodeSelector"));
    forEachObject(spec, "readinessGates", [&](const kube::JsonObject& gate, std::size_t i) {
        const std::string_view type = textOf(gate, "conditionType");
        checker.invalid(path.child("readinessGates").index(i).child("conditionType"), type,
                        qualifiedNameProblems(type));
    });
    checkNames(checker, spec, path);
    checkTolerations(checker, spec, path);
    checkAliases(checker, spec, path);
    checkPodPlacing(checker, spec, path);
    checkPodSecurity(checker, spec, path);
    if (const std::string_view name = textOf(spec, "priorityClassName"); !name.empty())
        checker.invalid(path.child("priorityClassName"), name, dns1123SubdomainProblems(name));
    if (member(spec, "preemptionPolicy") != nullptr)
        checker.oneOf(path.child("preemptionPolicy"), textOf(spec, "preemptionPolicy"),
                      {"PreemptLowerPriority", "Never"}, true);
    if (!isPod)
        return;
    for (const std::string_view list : {"containers", "initContainers"})
        forEachObject(spec, list, [&](const kube::JsonObject& container, std::size_t i) {
            const std::string_view image = textOf(container, "image");
            if (!image.empty() && (std::isspace(static_cast<unsigned char>(image.front())) != 0 ||
                                   std::isspace(static_cast<unsigned char>(image.back())) != 0))
                checker.invalid(path.child(list).index(i).child("image"), kube::Json(image),
                                "must not have leading or trailing whitespace");
        });
}

void checkPodSpecUpdate(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous) {
    for (const std::string_view list : {"containers", "initContainers"})
        if (!checkContainerUpdates(checker, next, previous, list))
            return;
    if (!checkDeadlineUpdate(checker, next, previous))
        return;
    checkOnlyAddedTolerations(checker, next, previous);
    checkOnlyRemovedGates(checker, next, previous);
    if (!kube::equal(withoutAllowedChanges(next, previous), previous))
        checker.forbidden(
            Path("spec"),
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions "
            "to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
            "was previously negative)");
}

}  // namespace kubefed::apiserver
