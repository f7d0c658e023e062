// SPDX-License-Identifier: Apache-2.0
//
// Every type that the server serves now: built-in ones from the start, custom ones as their definitions
// come and go. A request holds its ResourceSpec by shared_ptr, so a type may vanish under it. Server thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "kubefed/apiserver/state/state.h"
#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

using SpecPtr = std::shared_ptr<const ResourceSpec>;

class Registry {
public:
    explicit Registry(State& state) : m_state(state) {}

    // `storageVersion`: objects are kept in this version of the type (the others only serve it).
    void add(ResourceSpec spec, bool storageVersion = true);
    void remove(const kube::Gvr& gvr);

    [[nodiscard]] SpecPtr find(std::string_view group, std::string_view version,
                               std::string_view resource) const;
    [[nodiscard]] SpecPtr find(const kube::Gvr& gvr) const {
        return find(gvr.group, gvr.version, gvr.resource);
    }
    [[nodiscard]] SpecPtr byKind(const kube::Gvk& gvk) const;
    // In any version; null where none is served.
    [[nodiscard]] SpecPtr ofKind(std::string_view group, std::string_view kind) const;
    // In the preferred one, as discovery names it.
    [[nodiscard]] SpecPtr ofResource(std::string_view group, std::string_view resource) const;
    [[nodiscard]] std::vector<SpecPtr> ofVersion(std::string_view group, std::string_view version) const;
    [[nodiscard]] std::vector<SpecPtr> all() const;
    [[nodiscard]] bool hasGroup(std::string_view group) const;
    [[nodiscard]] Collection& collection(const ResourceSpec& spec) const {
        return *m_state.find(spec.gvr.text());
    }

    // In the order in which discovery names them; versions by preference. The core group is first.
    struct Group {
        std::string name;
        std::vector<std::string> versions;
    };
    [[nodiscard]] std::vector<Group> groups() const;
    // Changes whenever the set does.
    [[nodiscard]] std::uint64_t revision() const { return m_revision; }

private:
    State& m_state;
    std::map<std::tuple<std::string, std::string, std::string>, SpecPtr> m_specs;
    std::uint64_t m_revision = 0;
};

}  // namespace kubefed::apiserver
