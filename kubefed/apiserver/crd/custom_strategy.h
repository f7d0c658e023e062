// SPDX-License-Identifier: Apache-2.0
//
// The strategy of one version of a custom type, made from its CustomResourceDefinition: validation by its
// schema, status and scale subresources, printer columns, selectable fields. Immutable; shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kubefed/apiserver/crd/json_path.h"
#include "kubefed/apiserver/strategy.h"

namespace kubefed::apiserver {

class CustomStrategy final : public KindStrategy {
public:
    // `version`: an element of spec.versions.
    CustomStrategy(const kube::JsonObject& version, std::shared_ptr<const kube::Schema> schema);

    // The selectable fields of a version, for what is stored of one that is not served.
    [[nodiscard]] static std::vector<std::string> selectableOf(const kube::JsonObject& version);

    [[nodiscard]] Result<void> prepareForCreate(kube::JsonObject& object,
                                                const StrategyContext& context) const override;
    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext& context) const override;
    [[nodiscard]] Causes validate(const kube::JsonObject& object,
                                  const StrategyContext& context) const override;
    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext& context) const override;
    [[nodiscard]] bool hasGeneration() const override { return true; }
    [[nodiscard]] std::vector<std::string> selectableFields() const override { return m_selectable; }
    [[nodiscard]] std::optional<ScalePaths> scalePaths() const override { return m_scale; }
    [[nodiscard]] std::vector<TableColumn> columns() const override { return m_columns; }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override;

    [[nodiscard]] bool hasStatus() const { return m_hasStatus; }

private:
    [[nodiscard]] Causes schemaCauses(const kube::JsonObject& next, const kube::JsonObject& previous,
                                      bool statusOnly) const;
    void readColumns(const kube::JsonObject& version);
    void readSubresources(const kube::JsonObject& version);

    std::shared_ptr<const kube::Schema> m_schema;
    bool m_hasStatus = false;
    std::optional<ScalePaths> m_scale;
    std::vector<std::string> m_selectable;
    std::vector<TableColumn> m_columns;
    std::vector<JsonPath> m_paths;  // of all columns but Name
};

}  // namespace kubefed::apiserver
