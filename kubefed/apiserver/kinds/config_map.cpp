// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

constexpr int kMaxData = 1 << 20;

std::size_t sizeOf(const kube::JsonObject* object, std::string_view key) {
    const kube::JsonObject* data = object == nullptr ? nullptr : objectOf(*object, key);
    return data == nullptr ? 0 : data->size();
}

class ConfigMapStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override { dropEmpty(object); }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        check(checker, object);
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext&) const override {
        Checker checker;
        if (truthOf(previous, "immutable")) {
            const std::string_view why = "field is immutable when `immutable` is set";
            if (!truthOf(next, "immutable"))
                checker.forbidden(Path("immutable"), why);
            for (const std::string_view key : {"data", "binaryData"})
                if (!sameValue(next.if_contains(key), previous.if_contains(key)))
                    checker.forbidden(Path(key), why);
        }
        check(checker, next);
        return checker.take();
    }

    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Data"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        out.emplace_back(nameOf(object));
        out.emplace_back(sizeOf(&object, "data") + sizeOf(&object, "binaryData"));
        out.emplace_back(ageOf(object, now));
    }

private:
    static void check(Checker& checker, const kube::JsonObject& object) {
        const kube::JsonObject* binary = objectOf(object, "binaryData");
        std::size_t total = 0;
        for (const std::string_view bag : {"data", "binaryData"}) {
            const kube::JsonObject* data = objectOf(object, bag);
            if (data == nullptr)
                continue;
            for (const auto& [key, value] : *data) {
                const std::string_view name(key.data(), key.size());
                const Path path = Path(bag).key(name);
                checker.invalid(path, name, configMapKeyProblems(name));
                if (bag == "data" && binary != nullptr && binary->contains(key))
                    checker.invalid(path, kube::Json(name), "duplicate of key present in binaryData");
                const std::size_t size = value.is_string() ? value.get_string().size() : 0;
                total += bag == "data" ? size : size / 4 * 3;  // binaryData is base64
            }
        }
        if (total > kMaxData)
            checker.tooLong(Path(""), kMaxData);
    }
};

}  // namespace

StrategyPtr makeConfigMapStrategy() {
    return std::make_shared<ConfigMapStrategy>();
}

}  // namespace kubefed::apiserver
