// SPDX-License-Identifier: Apache-2.0
//
// Objects as the client asked to see them: whole, as rows of a Table, or their metadata alone. Pure.
#pragma once

#include <string>
#include <string_view>

#include "kubefed/apiserver/rest/exchange.h"

namespace kubefed::apiserver {

// One object, in the exchange's view.
[[nodiscard]] std::string renderEntry(const Exchange& exchange, const Entry& entry, bool columns = true);
[[nodiscard]] std::string renderDocument(const Exchange& exchange, const kube::JsonObject& document,
                                         bool columns = true);

// Collects the items of a list and prints it in the exchange's view. `metadata` is the list's.
class ListRenderer {
public:
    explicit ListRenderer(const Exchange& exchange);
    void add(const Entry& entry);
    [[nodiscard]] std::string finish(const kube::JsonObject& metadata) &&;

private:
    const Exchange& m_exchange;
    const std::string m_apiVersion;
    std::string m_items;
};

}  // namespace kubefed::apiserver
