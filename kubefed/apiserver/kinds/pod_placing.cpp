// SPDX-License-Identifier: Apache-2.0
// What a pod says of where it may run: affinity, spreading, scheduling gates; and of its names' resolution.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "kubefed/apiserver/kinds/addresses.h"
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/pod.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kEmpty = "can not be empty";
constexpr std::string_view kNoOperator = "not a valid selector operator";

std::size_t sizeOf(const kube::JsonObject& object, std::string_view key) {
    const kube::JsonArray* array = arrayOf(object, key);
    return array == nullptr ? 0 : array->size();
}

std::string_view textAt(const kube::JsonObject& object, std::string_view key, std::size_t i) {
    const kube::Json& value = arrayOf(object, key)->at(i);
    return value.is_string() ? kube::view(value.get_string()) : std::string_view();
}

void checkExpression(Checker& checker, const kube::JsonObject& expression, const Path& path) {
    const std::string_view op = textOf(expression, "operator"), key = textOf(expression, "key");
    const std::size_t values = sizeOf(expression, "values");
    if (op == "In" || op == "NotIn") {
        if (values == 0)
            checker.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
        if (values > 0)
            checker.forbidden(path.child("values"),
                              "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else if (op == "Gt" || op == "Lt") {
        if (values != 1)
            checker.required(path.child("values"),
                             "must be specified single value when `operator` is 'Lt' or 'Gt'");
    } else {
        checker.invalid(path.child("operator"), kube::Json(op), kNoOperator);
    }
    checker.invalid(path.child("key"), key, qualifiedNameProblems(key));
}

void checkField(Checker& checker, const kube::JsonObject& field, const Path& path) {
    const std::string_view op = textOf(field, "operator"), key = textOf(field, "key");
    if (op != "In" && op != "NotIn")
        checker.invalid(path.child("operator"), kube::Json(op), kNoOperator);
    else if (sizeOf(field, "values") != 1)
        checker.required(path.child("values"),
                         "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    if (key != "metadata.name")
        return checker.invalid(path.child("key"), kube::Json(key), "not a valid field selector key");
    for (std::size_t i = 0; i < sizeOf(field, "values"); ++i)
        checker.invalid(path.child("values").index(i), textAt(field, "values", i),
                        dns1123SubdomainProblems(textAt(field, "values", i)));
}

void checkTerm(Checker& checker, const kube::JsonObject& term, const Path& path) {
    forEachObject(term, "matchExpressions", [&](const kube::JsonObject& expression, std::size_t i) {
        checkExpression(checker, expression, path.child("matchExpressions").index(i));
    });
    forEachObject(term, "matchFields", [&](const kube::JsonObject& field, std::size_t i) {
        checkField(checker, field, path.child("matchFields").index(i));
    });
}

void checkWeight(Checker& checker, const kube::JsonObject& preferred, const Path& path) {
    const std::int64_t weight = numberOf(preferred, "weight", 0);
    if (weight < 1 || weight > 100)
        checker.invalid(path.child("weight"), weight, "must be in the range 1-100");
}

void checkNodeAffinity(Checker& checker, const kube::JsonObject& affinity, const Path& path) {
    if (const kube::JsonObject* required = objectOf(affinity, kRequired)) {
        const Path terms = path.child(kRequired).child("nodeSelectorTerms");
        if (sizeOf(*required, "nodeSelectorTerms") == 0)
            checker.required(terms, "must have at least one node selector term");
        forEachObject(*required, "nodeSelectorTerms", [&](const kube::JsonObject& term, std::size_t i) {
            checkTerm(checker, term, terms.index(i));
        });
    }
    forEachObject(affinity, kPreferred, [&](const kube::JsonObject& preferred, std::size_t i) {
        const Path at = path.child(kPreferred).index(i);
        checkWeight(checker, preferred, at);
        if (const kube::JsonObject* term = objectOf(preferred, "preference"))
            checkTerm(checker, *term, at.child("preference"));
    });
}

void checkPodTerm(Checker& checker, const kube::JsonObject& term, const Path& path) {
    for (const std::string_view key : {"labelSelector", "namespaceSelector"})
        if (const kube::JsonObject* selector = objectOf(term, key))
            checkLabelSelector(checker, selector, path.child(key));
    for (std::size_t i = 0; i < sizeOf(term, "namespaces"); ++i)
        checker.invalid(path.child("namespace"), textAt(term, "namespaces", i),
                        dns1123LabelProblems(textAt(term, "namespaces", i)));
    const std::string_view key = textOf(term, "topologyKey");
    if (key.empty())
        checker.required(path.child("topologyKey"), kEmpty);
    checker.invalid(path.child("topologyKey"), key, qualifiedNameProblems(key));
}

void checkPodAffinity(Checker& checker, const kube::JsonObject& affinity, const Path& path) {
    forEachObject(affinity, kRequired, [&](const kube::JsonObject& term, std::size_t i) {
        checkPodTerm(checker, term, path.child(kRequired).index(i));
    });
    forEachObject(affinity, kPreferred, [&](const kube::JsonObject& preferred, std::size_t i) {
        const Path at = path.child(kPreferred).index(i);
        checkWeight(checker, preferred, at);
        if (const kube::JsonObject* term = objectOf(preferred, "podAffinityTerm"))
            checkPodTerm(checker, *term, at.child("podAffinityTerm"));
    });
}

void checkSpreadDomains(Checker& checker, const kube::JsonObject& constraint, const Path& path) {
    if (member(constraint, "minDomains") == nullptr)
        return;
    const std::int64_t domains = numberOf(constraint, "minDomains", 0);
    const std::string_view when = textOf(constraint, "whenUnsatisfiable");
    if (domains <= 0)
        checker.invalid(path, domains, "must be greater than zero");
    if (when != "DoNotSchedule")
        checker.invalid(
            path, domains,
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + std::string(when));
}

void checkSpread(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    const auto pairOf = [](const kube::JsonObject& constraint) {
        return "{" + std::string(textOf(constraint, "topologyKey")) + ", " +
               std::string(textOf(constraint, "whenUnsatisfiable")) + "}";
    };
    std::map<std::string, int> left;
    forEachObject(spec, "topologySpreadConstraints",
                  [&](const kube::JsonObject& constraint, std::size_t) { ++left[pairOf(constraint)]; });
    forEachObject(spec, "topologySpreadConstraints", [&](const kube::JsonObject& constraint, std::size_t i) {
        const Path at = path.index(i);
        const std::string_view key = textOf(constraint, "topologyKey");
        const std::string_view when = textOf(constraint, "whenUnsatisfiable");
        if (const std::int64_t skew = numberOf(constraint, "maxSkew", 0); skew <= 0)
            checker.invalid(at.child("maxSkew"), skew, "must be greater than zero");
        if (key.empty())
            checker.required(at.child("topologyKey"), kEmpty);
        checker.oneOf(at.child("whenUnsatisfiable"), when, {"DoNotSchedule", "ScheduleAnyway"}, false);
        if (--left[pairOf(constraint)] > 0)  // told once, where it stands first
            checker.duplicate(at.child("{topologyKey, whenUnsatisfiable}"), kube::Json(pairOf(constraint)));
        checkSpreadDomains(checker, constraint, at.child("minDomains"));
        for (const std::string_view policy : {"nodeAffinityPolicy", "nodeTaintsPolicy"})
            if (member(constraint, policy) != nullptr)
                checker.oneOf(at.child(policy), textOf(constraint, policy), {"Honor", "Ignore"}, false);
        if (const kube::JsonObject* selector = objectOf(constraint, "labelSelector"))
            checkLabelSelector(checker, selector, at.child("labelSelector"));
    });
}

void checkGates(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    std::set<std::string, std::less<>> seen;
    forEachObject(spec, "schedulingGates", [&](const kube::JsonObject& gate, std::size_t i) {
        const std::string_view name = textOf(gate, "name");
        checker.invalid(path.index(i), name, qualifiedNameProblems(name));
        if (!seen.emplace(name).second)
            checker.duplicate(path.index(i), kube::Json(name));
    });
}

void checkDns(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    const kube::JsonObject* config = objectOf(spec, "dnsConfig");
    const Path at = path.child("dnsConfig");
    const bool none = textOf(spec, "dnsPolicy") == "None";
    if (config == nullptr) {
        if (none)
            checker.required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
        return;
    }
    const std::size_t servers = sizeOf(*config, "nameservers");
    if (none && servers == 0)
        checker.required(at.child("nameservers"),
                         "must provide at least one DNS nameserver when `dnsPolicy` is None");
    if (servers > 3)
        checker.invalid(at.child("nameservers"), config->at("nameservers"),
                        "must not have more than 3 nameservers");
    for (std::size_t i = 0; i < servers; ++i)
        if (const std::string_view address = textAt(*config, "nameservers", i); !parseIp(address))
            checker.invalid(at.child("nameservers").index(i), kube::Json(address),
                            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    forEachObject(*config, "options", [&](const kube::JsonObject& option, std::size_t i) {
        if (textOf(option, "name").empty())
            checker.required(at.child("options").index(i), "must not be empty");
    });
}

}  // namespace

void checkPodPlacing(Checker& checker, const kube::JsonObject& spec, const Path& path) {
    if (const kube::JsonObject* affinity = objectOf(spec, "affinity")) {
        const Path at = path.child("affinity");
        if (const kube::JsonObject* node = objectOf(*affinity, "nodeAffinity"))
            checkNodeAffinity(checker, *node, at.child("nodeAffinity"));
        for (const std::string_view key : {"podAffinity", "podAntiAffinity"})
            if (const kube::JsonObject* pods = objectOf(*affinity, key))
                checkPodAffinity(checker, *pods, at.child(key));
    }
    checkSpread(checker, spec, path.child("topologySpreadConstraints"));
    checkGates(checker, spec, path.child("schedulingGates"));
    checkDns(checker, spec, path);
}

}  // namespace kubefed::apiserver
