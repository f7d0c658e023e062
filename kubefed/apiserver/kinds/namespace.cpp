// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

class NamespaceStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        // Selectors over namespaces by name rely on this label, so that even removing it brings it back.
        if (const kube::JsonArray* own = kube::arrayAt(object, {"spec", "finalizers"}); own && own->empty())
            kube::erase(object, {"spec", "finalizers"});
        kube::ensureObject(object, {"spec"});
        if (const std::string name(nameOf(object)); !name.empty())
            kube::ensureObject(object, {"metadata", "labels"})["kubernetes.io/metadata.name"] = name;
        if (kube::JsonObject* status = objectOf(object, "status"))
            writeConditionTimes(*status, {"lastTransitionTime"});
    }

    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext&) const override {
        kube::JsonArray& finalizers = finalizersOf(object);
        bool present = false;
        for (const kube::Json& finalizer : finalizers)
            present = present || finalizer == "kubernetes";
        if (!present)
            finalizers.emplace_back("kubernetes");
        object["status"] = kube::JsonObject{{"phase", "Active"}};
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status") {
            keepOnlyStatus(next, previous);
        } else if (context.subresource == "finalize") {
            carryOver(next, previous, "status");
        } else {
            carryOver(next, previous, "spec");
            carryOver(next, previous, "status");
        }
    }

    [[nodiscard]] std::string_view nameRule() const override { return "dns-label"; }
    [[nodiscard]] std::vector<std::string> selectableFields() const override {
        return {"name", "status.phase"};
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Status"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        out.emplace_back(nameOf(object));
        out.emplace_back(kube::stringAt(object, {"status", "phase"}));
        out.emplace_back(ageOf(object, now));
    }

private:
    static kube::JsonArray& finalizersOf(kube::JsonObject& object) {
        kube::Json& value = kube::ensureObject(object, {"spec"})["finalizers"];
        return value.is_array() ? value.get_array() : value.emplace_array();
    }
};

}  // namespace

StrategyPtr makeNamespaceStrategy() {
    return std::make_shared<NamespaceStrategy>();
}

}  // namespace kubefed::apiserver
