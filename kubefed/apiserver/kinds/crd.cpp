// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kubefed/apiserver/kinds/crd_validation.h"
#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/kinds/strategies.h"

namespace kubefed::apiserver {

namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return result;
}

kube::JsonArray storageVersions(const kube::JsonObject& crd) {
    kube::JsonArray names;
    if (const kube::JsonObject* spec = objectOf(crd, "spec"))
        forEachObject(*spec, "versions", [&](const kube::JsonObject& version, std::size_t) {
            if (truthOf(version, "storage"))
                names.emplace_back(textOf(version, "name"));
        });
    return names;
}

class CrdStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        kube::JsonObject& names = kube::ensureObject(spec, {"names"});
        const std::string kind(textOf(names, "kind"));
        if (!kind.empty()) {
            setDefault(names, "singular", std::string_view(lower(kind)));
            setDefault(names, "listKind", std::string_view(kind + "List"));
        }
        setDefault(kube::ensureObject(spec, {"conversion"}), "strategy", "None");
        // A status that forgets all of them still has the present one.
        if (kube::JsonObject* status = objectOf(object, "status")) {
            if (const kube::JsonArray* stored = arrayOf(*status, "storedVersions");
                stored == nullptr || stored->empty())
                (*status)["storedVersions"] = storageVersions(object);
            writeConditionTimes(*status, {"lastTransitionTime"});
        }
    }

    // Conditions, accepted names and stored versions are the server's to say.
    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext&) const override {
        kube::JsonArray stored = storageVersions(object);
        object["status"] = kube::JsonObject{{"acceptedNames", kube::JsonObject{{"kind", ""}, {"plural", ""}}},
                                            {"conditions", nullptr},
                                            {"storedVersions", std::move(stored)}};
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status") {
            keepOnlyStatus(next, previous);
            return;
        }
        carryOver(next, previous, "status");
        // A new storage version is remembered beside the former ones.
        kube::Json& value = kube::ensureObject(next, {"status"})["storedVersions"];
        kube::JsonArray& stored = value.is_array() ? value.get_array() : value.emplace_array();
        for (const kube::Json& name : storageVersions(next))
            if (std::find(stored.begin(), stored.end(), name) == stored.end())
                stored.push_back(name);
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        checkCrd(checker, object);
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        if (context.subresource == "status")
            return {};
        Checker checker;
        for (const std::string_view key : {"group", "scope"})
            checker.immutable(Path("spec").child(key), kube::find(next, {"spec", key}),
                              kube::find(previous, {"spec", key}));
        for (const std::string_view key : {"kind", "plural"})
            checker.immutable(Path("spec.names").child(key), kube::find(next, {"spec", "names", key}),
                              kube::find(previous, {"spec", "names", key}));
        checkCrd(checker, next);
        checkStoredVersions(checker, next);
        return checker.take();
    }

    [[nodiscard]] bool hasGeneration() const override { return true; }
};

}  // namespace

StrategyPtr makeCrdStrategy() {
    return std::make_shared<CrdStrategy>();
}

}  // namespace kubefed::apiserver
