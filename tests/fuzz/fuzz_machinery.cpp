// SPDX-License-Identifier: Apache-2.0
//
// The laws that must hold for whatever bytes come in: nothing crashes, what is printed reads back equal,
// canonical forms are fixed points, sets obey set algebra, patches do what they were made for. The first byte
// chooses the target.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kubefed/kube/managed_fields.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/quantity.h"
#include "kubefed/kube/selector.h"
#include "kubefed/kube/yaml.h"

using namespace kubefed;
using namespace kubefed::kube;

namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

const Schema& schema() {
    static const auto compiled =
        Schema::fromCrd(parseJson(R"({"type":"object","properties":{"spec":{"type":"object","properties":{
            "n":{"type":"integer"},"m":{"type":"object","additionalProperties":{"type":"string"}},
            "s":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set","x-kubernetes-patch-strategy":"merge"},
            "l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
                 "x-kubernetes-patch-strategy":"merge","x-kubernetes-patch-merge-key":"k",
                 "items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"integer"}}}},
            "f":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}})")
                            ->as_object());
    return **compiled;
}

void fuzzJson(std::string_view text) {
    if (const auto value = parseJson(text)) {
        const auto printed = printJson(*value);
        const auto again = parseJson(printed);
        require(again.has_value() && equal(*again, *value));
        // Not yet the first print: "-0e1" is a double and prints as "-0", which, as in Go, reads as the
        // integer 0.
        const auto settled = printJson(*again);
        require(printJson(*parseJson(settled)) == settled);
        require(parseStrict(text).has_value());
    }
}

void fuzzYaml(std::string_view text) {
    const auto documents = parseYaml(text);
    if (!documents)
        return;
    for (const auto& document : *documents) {
        const auto again = parseYaml(printYaml(document));
        require(again.has_value());
        require(document.is_null() ? again->empty() : again->size() == 1 && equal((*again)[0], document));
    }
}

void fuzzSelectors(std::string_view text) {
    if (const auto selector = LabelSelector::parse(text)) {
        const auto again = LabelSelector::parse(selector->text());
        require(again.has_value() && again->requirements() == selector->requirements());
        (void)selector->matches(nullptr);
    }
    (void)FieldSelector::parse(text);
}

void fuzzQuantity(std::string_view text) {
    if (const auto value = Quantity::parse(text)) {
        const auto again = Quantity::parse(value->canonical());
        require(again.has_value() && *again == *value && again->canonical() == value->canonical());
    }
}

void fuzzFieldSet(std::string_view text) {
    const auto value = parseJson(text);
    if (!value || !value->is_array() || value->get_array().size() != 2 ||
        !value->get_array()[0].is_object() || !value->get_array()[1].is_object())
        return;
    const auto a = FieldSet::fromJson(value->get_array()[0].get_object());
    const auto b = FieldSet::fromJson(value->get_array()[1].get_object());
    if (!a || !b)
        return;
    require(*FieldSet::fromJson(a->toJson()) == *a);
    require(a->unite(*b) == b->unite(*a) && a->intersect(*b) == b->intersect(*a));
    require(a->subtract(*b).intersect(*b).isEmpty());
    require(a->subtract(*b).unite(a->intersect(*b)) == *a);
}

void fuzzPatches(std::string_view text) {
    const auto value = parseJson(text);
    if (!value || !value->is_array() || value->get_array().size() != 2)
        return;
    const auto& from = value->get_array()[0];
    const auto& to = value->get_array()[1];
    (void)applyJsonPatch(from, to);
    (void)applyMergePatch(from, to);
    if (from.is_object() && to.is_object())
        (void)applyStrategicPatch(from.get_object(), to.get_object(), schema().root());
    // Applying twice changes nothing the second time, and one who applies nothing any more owns nothing.
    if (!to.is_object())
        return;
    JsonObject applied = to.get_object();
    applied["apiVersion"] = "x/v1";
    const WriteContext context{.manager = "m",
                               .subresource = {},
                               .apiVersion = "x/v1",
                               .now = "2026-01-01T00:00:00Z",
                               .ignored = nullptr};
    const auto first = serverSideApply(nullptr, applied, schema().root(), context, false, nullptr);
    if (!first)
        return;
    const auto second = serverSideApply(&first->object, applied, schema().root(), context, false, nullptr);
    require(second.has_value());
    require(!second->changed || printCanonical(to).find("null") != std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1)
        return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    static constexpr void (*kTargets[])(std::string_view) = {fuzzJson,     fuzzYaml,     fuzzSelectors,
                                                             fuzzQuantity, fuzzFieldSet, fuzzPatches};
    kTargets[data[0] % std::size(kTargets)](text);
    return 0;
}
