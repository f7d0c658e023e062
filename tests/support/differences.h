// SPDX-License-Identifier: Apache-2.0
//
// The differences between our API server and a real one that are accepted, each with its reason
// (tests/data/kube/differences.yaml). A test asks for each case which of what it found is accepted,
// and at the end which acceptances nothing needed any more. Owned by the test, one thread. Errors:
// InvalidArgument names the entry.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/util/error.h"

namespace kubefed::test {

struct AcceptedDifference {
    std::string id;
    std::string reason;
    std::vector<std::string> cases;     // of tests/data/kube; "*" stands for any text
    std::vector<std::string> commands;  // of the kubectl comparison, by name
    std::vector<std::string> ignore;    // places, all below them too; "*" stands for one step
};

class AcceptedDifferences {
public:
    static constexpr std::size_t kMost = 14;

    [[nodiscard]] static Result<AcceptedDifferences> load(const std::filesystem::path& file);
    [[nodiscard]] const std::vector<AcceptedDifference>& all() const { return m_all; }

    // Those of `found` (each "PLACE: what") that no entry accepts for this case. A pattern of a case that
    // was run without a difference for it is stale; see unused().
    [[nodiscard]] std::vector<std::string> rejected(std::string_view name,
                                                    const std::vector<std::string>& found);
    // "id: case": an entry names a case that ran and did not differ there.
    [[nodiscard]] std::vector<std::string> unused() const;

private:
    struct Use {
        std::size_t entry;
        std::string pattern;
        auto operator<=>(const Use&) const = default;
    };
    std::vector<AcceptedDifference> m_all;
    std::set<Use> m_ran, m_used;
};

// Does `place` ("/body/metadata/name") stand at or below `pattern`?
[[nodiscard]] bool coversPlace(std::string_view pattern, std::string_view place);
[[nodiscard]] bool matchesGlob(std::string_view pattern, std::string_view text);

}  // namespace kubefed::test
