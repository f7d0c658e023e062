// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {

namespace {

class ServiceAccountStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override { dropEmpty(object); }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Secrets"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        const kube::JsonArray* secrets = arrayOf(object, "secrets");
        out.emplace_back(nameOf(object));
        out.emplace_back(secrets == nullptr ? 0 : secrets->size());
        out.emplace_back(ageOf(object, now));
    }
};

class LeaseStrategy final : public KindStrategy {
public:
    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        const kube::JsonObject* spec = objectOf(object, "spec");
        if (spec == nullptr)
            return {};
        const Path path("spec");
        const std::int64_t life = numberOf(*spec, "leaseDurationSeconds", 1);
        if (life <= 0)
            checker.invalid(path.child("leaseDurationSeconds"), life, "must be greater than 0");
        checker.nonNegative(path.child("leaseTransitions"), numberOf(*spec, "leaseTransitions", 0));
        if (!textOf(*spec, "preferredHolder").empty() && textOf(*spec, "strategy").empty())
            checker.forbidden(path.child("preferredHolder"),
                              "may only be specified if `strategy` is defined");
        return checker.take();
    }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Holder"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        out.emplace_back(nameOf(object));
        out.emplace_back(kube::stringAt(object, {"spec", "holderIdentity"}));
        out.emplace_back(ageOf(object, now));
    }
};

class ReviewStrategy final : public KindStrategy {};

}  // namespace

StrategyPtr makeServiceAccountStrategy() {
    return std::make_shared<ServiceAccountStrategy>();
}
StrategyPtr makeLeaseStrategy() {
    return std::make_shared<LeaseStrategy>();
}
StrategyPtr makeReviewStrategy() {
    return std::make_shared<ReviewStrategy>();
}

}  // namespace kubefed::apiserver
