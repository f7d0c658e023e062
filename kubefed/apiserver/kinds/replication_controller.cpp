// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/pod.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"
#include "kubefed/kube/selector.h"

namespace kubefed::apiserver {

namespace {

const kube::JsonObject& partOf(const kube::JsonObject& object, std::string_view key) {
    static const kube::JsonObject kNone;
    const kube::JsonObject* part = objectOf(object, key);
    return part == nullptr ? kNone : *part;
}

class ReplicationControllerStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        dropEmpty(object);
        kube::JsonObject& spec = kube::ensureObject(object, {"spec"});
        if (member(spec, "replicas") == nullptr)
            spec["replicas"] = 1;
        dropZero(spec, {"minReadySeconds"});
        if (kube::JsonObject* pods = objectOf(spec, "template")) {
            kube::ensureObject(*pods, {"metadata"});
            defaultPodSpec(kube::ensureObject(*pods, {"spec"}));
            if (const kube::JsonObject* found = kube::objectAt(*pods, {"metadata", "labels"})) {
                const kube::JsonObject labels = *found;
                if (!spec.contains("selector"))
                    spec["selector"] = labels;
                kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
                if (!metadata.contains("labels"))
                    metadata["labels"] = labels;
            }
        }
        kube::JsonObject& status = kube::ensureObject(object, {"status"});
        dropZero(status,
                 {"fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"});
        if (!status.contains("replicas"))
            status["replicas"] = 0;
        writeConditionTimes(status, {"lastTransitionTime"});
    }

    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext&) const override {
        object["status"] = kube::JsonObject{{"replicas", 0}};
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override {
        if (context.subresource == "status")
            keepOnlyStatus(next, previous);
        else
            carryOver(next, previous, "status");
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        check(checker, partOf(object, "spec"), Path("spec"));
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override {
        (void)previous;
        Checker checker;
        if (context.subresource != "status") {
            // The real server checks the spec of an update twice, and says everything twice.
            for (int round = 0; round < 2; ++round)
                check(checker, partOf(next, "spec"), Path("spec"));
            return checker.take();
        }
        checkStatus(checker, partOf(next, "status"));
        return checker.take();
    }

    [[nodiscard]] std::vector<std::string> warnings(const kube::JsonObject& object,
                                                    const kube::JsonObject* previous) const override {
        const auto generation = [](const kube::JsonObject& of) {
            return kube::intAt(of, {"metadata", "generation"});
        };
        if (previous != nullptr && generation(object) == generation(*previous))
            return {};
        // sic: the real server looks at the template that the update has replaced.
        const kube::JsonObject* spec =
            kube::objectAt(previous == nullptr ? object : *previous, {"spec", "template", "spec"});
        return spec == nullptr ? std::vector<std::string>() : podWarnings(*spec, "spec.template.spec");
    }
    [[nodiscard]] bool hasGeneration() const override { return true; }
    [[nodiscard]] std::vector<std::string> selectableFields() const override { return {"status.replicas"}; }
    [[nodiscard]] std::optional<ScalePaths> scalePaths() const override {
        return ScalePaths{{"spec", "replicas"}, {"status", "replicas"}, {"spec", "selector"}};
    }

    [[nodiscard]] std::vector<TableColumn> columns() const override {
        const auto number = [](std::string name) {
            return TableColumn{.name = std::move(name), .type = "integer"};
        };
        return {nameColumn(),  number("Desired"),       number("Current"),   number("Ready"),
                column("Age"), column("Containers", 1), column("Images", 1), column("Selector", 1)};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        const kube::JsonObject& spec = partOf(object, "spec");
        const kube::JsonObject& status = partOf(object, "status");
        std::vector<std::string> names, images;
        forEachObject(partOf(partOf(spec, "template"), "spec"), "containers",
                      [&](const kube::JsonObject& container, std::size_t) {
                          names.emplace_back(textOf(container, "name"));
                          images.emplace_back(textOf(container, "image"));
                      });
        out.emplace_back(nameOf(object));
        out.emplace_back(numberOf(spec, "replicas", 0));
        out.emplace_back(numberOf(status, "replicas", 0));
        out.emplace_back(numberOf(status, "readyReplicas", 0));
        out.emplace_back(ageOf(object, now));
        out.emplace_back(joined(names, ","));
        out.emplace_back(joined(images, ","));
        out.emplace_back(labelsCell(objectOf(spec, "selector")));
    }

private:
    static void check(Checker& checker, const kube::JsonObject& spec, const Path& path) {
        checker.nonNegative(path.child("minReadySeconds"), numberOf(spec, "minReadySeconds", 0));
        const kube::JsonObject& selector = partOf(spec, "selector");
        if (selector.empty())
            checker.required(path.child("selector"));
        checker.nonNegative(path.child("replicas"), numberOf(spec, "replicas", 0));
        if (objectOf(spec, "template") == nullptr)
            checker.required(path.child("template"));
        else
            checkTemplate(checker, partOf(spec, "template"), selector, path.child("template"));
    }

    static void checkTemplate(Checker& checker, const kube::JsonObject& pods,
                              const kube::JsonObject& selector, const Path& path) {
        const kube::JsonObject* labels = objectOf(partOf(pods, "metadata"), "labels");
        const kube::JsonObject& spec = partOf(pods, "spec");
        if (!selector.empty() && !kube::LabelSelector::fromMap(selector).matches(labels))
            checker.invalid(path.child("metadata").child("labels"),
                            labels == nullptr ? kube::Json() : kube::Json(*labels),
                            "`selector` does not match template `labels`");
        checkLabels(checker, labels, path.child("labels"));
        checkAnnotations(checker, objectOf(partOf(pods, "metadata"), "annotations"),
                         path.child("annotations"));
        checkPodSpec(checker, spec, path.child("spec"), false);
        if (const kube::JsonArray* late = arrayOf(spec, "ephemeralContainers");
            late != nullptr && !late->empty())
            checker.forbidden(path.child("spec").child("ephemeralContainers"),
                              "ephemeral containers not allowed in pod template");
        if (const std::string_view restart = textOf(spec, "restartPolicy"); restart != "Always")
            checker.notSupported(path.child("spec").child("restartPolicy"), restart, {"Always"});
        if (member(spec, "activeDeadlineSeconds") != nullptr)
            checker.forbidden(path.child("spec").child("activeDeadlineSeconds"),
                              "activeDeadlineSeconds in ReplicationController is not Supported");
    }

    static void checkStatus(Checker& checker, const kube::JsonObject& status) {
        const Path path("status");
        const auto value = [&](std::string_view key) { return numberOf(status, key, 0); };
        for (const std::string_view key :
             {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"})
            checker.nonNegative(path.child(key), value(key));
        for (const std::string_view key : {"fullyLabeledReplicas", "readyReplicas", "availableReplicas"})
            if (value(key) > value("replicas"))
                checker.invalid(path.child(key), value(key), "cannot be greater than status.replicas");
        if (value("availableReplicas") > value("readyReplicas"))
            checker.invalid(path.child("availableReplicas"), value("availableReplicas"),
                            "cannot be greater than readyReplicas");
    }
};

}  // namespace

StrategyPtr makeReplicationControllerStrategy() {
    return std::make_shared<ReplicationControllerStrategy>();
}

}  // namespace kubefed::apiserver
