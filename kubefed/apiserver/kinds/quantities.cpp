// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/quantities.h"

#include <algorithm>
#include <array>
#include <optional>

#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/kube/quantity.h"

namespace kubefed::apiserver {

namespace {

constexpr std::string_view kHugePages = "hugepages-";

std::optional<kube::Quantity> quantityOf(const kube::Json& value) {
    const std::string text = value.is_string() ? std::string(value.get_string()) : kube::printJson(value);
    if (Result<kube::Quantity> parsed = kube::Quantity::parse(text))
        return *parsed;
    return std::nullopt;
}

bool isNative(std::string_view name) {
    return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos;
}

bool mayOvercommit(std::string_view name) {
    return isNative(name) && !name.starts_with(kHugePages);
}

void checkResourceName(Checker& checker, std::string_view name, const Path& path) {
    const Problems problems = qualifiedNameProblems(name);
    checker.invalid(path, name, problems);
    if (!problems.empty())
        return;
    const bool standard =
        name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with(kHugePages);
    if (name.find('/') == std::string_view::npos) {
        constexpr std::array<std::string_view, 12> kOther = {"pods",
                                                             "services",
                                                             "replicationcontrollers",
                                                             "resourcequotas",
                                                             "secrets",
                                                             "configmaps",
                                                             "persistentvolumeclaims",
                                                             "services.nodeports",
                                                             "services.loadbalancers",
                                                             "storage",
                                                             "requests.cpu",
                                                             "requests.memory"};
        if (!standard && std::ranges::find(kOther, name) == kOther.end())
            checker.invalid(path, kube::Json(name), "must be a standard resource type or fully qualified");
        if (!standard)
            checker.invalid(path, kube::Json(name), "must be a standard resource for containers");
    } else if (!isNative(name) && (name.starts_with("requests.") ||
                                   !qualifiedNameProblems("requests." + std::string(name)).empty())) {
        checker.invalid(path, kube::Json(name), "doesn't follow extended resource name standard");
    }
}

}  // namespace

void canonicalQuantities(kube::JsonObject* list) {
    if (list == nullptr)
        return;
    for (auto& entry : *list)
        if (const std::optional<kube::Quantity> quantity = quantityOf(entry.value())) {
            // What is finer than a thousandth is rounded up to one; far from where that saturates.
            const kube::Quantity rounded = kube::Quantity::fromMilli(quantity->milli());
            const bool tooFine = quantity->units() < 1'000'000 && rounded != *quantity;
            entry.value() = (tooFine ? rounded : *quantity).canonical();
        }
}

void checkResourceList(Checker& checker, const kube::JsonObject& list, const Path& path) {
    for (const auto& [key, value] : list) {
        const std::string_view name(key.data(), key.size());
        const Path at = path.key(name);
        checkResourceName(checker, name, at);
        const std::optional<kube::Quantity> quantity = quantityOf(value);
        if (!quantity)
            continue;
        if (quantity->isNegative())
            checker.invalid(at, kube::Json(quantity->canonical()), "must be greater than or equal to 0");
        if (!mayOvercommit(name) && !name.starts_with(kHugePages) && quantity->milli() % 1000 != 0)
            checker.invalid(at, kube::Json(quantity->canonical()), "must be an integer");
    }
}

void checkResources(Checker& checker, const kube::JsonObject& resources, const Path& path) {
    const kube::JsonObject* limits = objectOf(resources, "limits");
    const kube::JsonObject* requests = objectOf(resources, "requests");
    if (limits != nullptr)
        checkResourceList(checker, *limits, path.child("limits"));
    if (requests == nullptr)
        return;
    checkResourceList(checker, *requests, path.child("requests"));
    for (const auto& [key, value] : *requests) {
        const std::string_view name(key.data(), key.size());
        const kube::Json* limit = limits == nullptr ? nullptr : limits->if_contains(name);
        const std::optional<kube::Quantity> wanted = quantityOf(value);
        const std::optional<kube::Quantity> most = limit == nullptr ? std::nullopt : quantityOf(*limit);
        if (!wanted)
            continue;
        if (!most) {
            if (!mayOvercommit(name))
                checker.required(path.child("limits"), "Limit must be set for non overcommitable resources");
        } else if (!mayOvercommit(name) && *wanted != *most) {
            checker.invalid(path.child("requests"), kube::Json(wanted->canonical()),
                            "must be equal to " + std::string(name) + " limit of " + most->canonical());
        } else if (*wanted > *most) {
            checker.invalid(
                path.child("requests"), kube::Json(wanted->canonical()),
                "must be less than or equal to " + std::string(name) + " limit of " + most->canonical());
        }
    }
}

}  // namespace kubefed::apiserver
