// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/join_again.h"

#include <algorithm>
#include <array>

#include "kubefed/fed/names.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::cli {
namespace {

// These a join always says itself.
constexpr std::array<std::string_view, 4> kOfJoin{"apiEndpoint", "caBundle", "credentials", "tlsServerName"};

// What an apply of ours owns. Without managedFields (or with such as cannot be read) nothing is ours to lose.
kube::FieldSet ownFields(const kube::Object& present) {
    const auto entries = kube::readManagedFields(present.document());
    if (entries)
        for (const kube::ManagedFieldsEntry& entry : *entries)
            if (entry.manager == kCliManager && entry.operation == "Apply" && entry.subresource.empty())
                return entry.fields;
    return {};
}

const kube::FieldSet* below(const kube::FieldSet& fields, std::initializer_list<std::string_view> path) {
    const kube::FieldSet* at = &fields;
    for (const std::string_view step : path) {
        const auto found = at->children().find(step);
        if (found == at->children().end())
            return nullptr;
        at = &found->second;
    }
    return at;
}

void keepTexts(std::map<std::string, std::string>& target, const kube::Object& present,
               const kube::FieldSet& own, std::string_view section) {
    const kube::JsonObject* texts = kube::objectAt(present.document(), {"metadata", section});
    const kube::FieldSet* owned = below(own, {"f:metadata", "f:" + std::string(section)});
    if (texts == nullptr || owned == nullptr)
        return;
    for (const auto& [key, value] : *texts)
        if (value.is_string() && owned->children().contains("f:" + std::string(key)))
            target.emplace(std::string(key), std::string(kube::view(value.get_string())));
}

}  // namespace

std::string_view secretOf(const kube::Object& member) {
    return kube::stringAt(member.document(), {"spec", "credentials", "secretRef", "name"});
}

void keepWhatWasSet(MemberSpec& spec, const kube::Object& present, const std::set<std::string>& removed,
                    bool keepTlsServerName) {
    if (spec.secretName.empty())
        spec.secretName = secretOf(present);
    if (keepTlsServerName && spec.tlsServerName.empty())
        spec.tlsServerName = kube::stringAt(present.document(), {"spec", "tlsServerName"});
    const kube::FieldSet own = ownFields(present);
    keepTexts(spec.labels, present, own, "labels");
    for (const std::string& label : removed)
        spec.labels.erase(label);
    keepTexts(spec.annotations, present, own, "annotations");
    // A confirmation is for one cluster, once.
    spec.annotations.erase(std::string(fed::kConfirmUidAnnotation));
    const kube::JsonObject* body = kube::objectAt(present.document(), {"spec"});
    const kube::FieldSet* owned = below(own, {"f:spec"});
    if (body == nullptr || owned == nullptr)
        return;
    for (const auto& [key, value] : *body)
        if (owned->children().contains("f:" + std::string(key)) &&
            std::ranges::find(kOfJoin, std::string_view(key)) == kOfJoin.end())
            spec.others[key] = value;
}

}  // namespace kubefed::cli
