// SPDX-License-Identifier: Apache-2.0
//
// Writes into each ClusterRole with an aggregationRule the rules that it gathers, as kube-controller-manager
// does, so that who reads the role sees them. Authorisation itself gathers anew and does not wait for it.
// Writes only what differs. Owned by the server, used on its thread.
#pragma once

#include <string>

#include "kubefed/apiserver/controllers/internal_writer.h"
#include "kubefed/apiserver/controllers/key_queue.h"
#include "kubefed/apiserver/state/state.h"

namespace kubefed::apiserver {

// The rules of the roles that `role` selects, in the order of its selectors and of their names, each once;
// nullopt if it aggregates nothing. Pure.
[[nodiscard]] std::optional<kube::JsonArray> gatheredRules(const kube::Object& role,
                                                           const ObjectReader& objects);

class RoleAggregator final : public StateObserver {
public:
    RoleAggregator(InternalWriter& writer, Clock& clock);
    void start();
    void onChange(const Collection& collection, const HistoryEvent& event) override;

private:
    void addAll();
    void sync(const std::string& name);

    InternalWriter& m_writer;
    KeyQueue<std::string> m_queue;
};

}  // namespace kubefed::apiserver
