// SPDX-License-Identifier: Apache-2.0
//
// What stands in a member of a template: the template without what belongs to the host, plus our label and
// annotations. A Manifest is made once per version of a template and shared by all clusters; what differs
// per cluster (replicas, and so the hash of what was sent) is spliced into text that is serialised once.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kubefed/fed/kinds.h"
#include "kubefed/kube/object.h"

namespace kubefed::fed {

class Manifest {
public:
    [[nodiscard]] static std::shared_ptr<const Manifest> build(const kube::Object& templateObject,
                                                               const KindTraits& traits,
                                                               std::string_view federationId);

    // Two versions of one template differ in nothing that build() looks at.
    [[nodiscard]] static bool isSameOf(const kube::Object& a, const kube::Object& b);

    // The hash that stands in kubefed.io/applied for a cluster with these replicas (none: as the template
    // says, or the kind has none).
    [[nodiscard]] std::uint64_t hash(std::optional<std::int64_t> replicas) const;
    // The whole body of a create or an apply. `uid` makes an apply refuse any other object of that name.
    [[nodiscard]] std::string body(std::optional<std::int64_t> replicas, std::string_view uid = {}) const;
    // The same as a document, parsed anew: for the rare question whether live fields cover it.
    [[nodiscard]] kube::JsonObject document(std::optional<std::int64_t> replicas) const;
    [[nodiscard]] const KindTraits& kind() const { return m_kind; }

private:
    explicit Manifest(const KindTraits& kind) : m_kind(kind) {}
    const KindTraits& m_kind;
    std::string m_head;    // up to and with the opening brace of metadata
    std::string m_middle;  // from after "kubefed.io/applied" to the opening brace of spec (if replicated)
    std::string m_tail;
    std::uint64_t m_baseHash = 0;
};

[[nodiscard]] std::string hex(std::uint64_t hash);            // 16 digits
[[nodiscard]] std::uint64_t parseHex(std::string_view text);  // 0 where it is not such a hash

}  // namespace kubefed::fed
