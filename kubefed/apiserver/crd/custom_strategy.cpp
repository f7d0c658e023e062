// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/crd/custom_strategy.h"

#include <limits>

#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/kinds/table.h"

namespace kubefed::apiserver {
namespace {

std::vector<std::string> plainPath(std::string_view text) {
    const Result<JsonPath> path = JsonPath::parse(text);
    return path ? path->names() : std::vector<std::string>();
}

kube::Json cellOf(const TableColumn& column, const std::vector<const kube::Json*>& values, WallTime now) {
    if (values.empty())
        return column.type == "date" ? kube::Json("<unknown>") : kube::Json(nullptr);
    const kube::Json& value = *values.front();
    if (column.type == "date")
        return kube::Json(value.is_string() ? ageOf(kube::view(value.get_string()), now)
                                            : std::string("<unknown>"));
    if (column.type != "string")
        return value;
    std::string text;
    for (const kube::Json* item : values)
        text += (text.empty() ? "" : ",") +
                (item->is_string() ? std::string(kube::view(item->get_string())) : kube::printJson(*item));
    return kube::Json(text);
}

// A Scale can say no other numbers.
void checkReplicas(const kube::JsonObject& object, const std::vector<std::string>& path, Causes& causes) {
    std::string field;
    const kube::Json* value = nullptr;
    const kube::JsonObject* parent = &object;
    for (const std::string& name : path) {
        field += "." + name;
        value = parent == nullptr ? nullptr : parent->if_contains(name);
        parent = value == nullptr ? nullptr : value->if_object();
    }
    if (value == nullptr || !value->is_int64())
        return;
    const std::int64_t replicas = value->get_int64();
    Checker checker;
    if (replicas < 0)
        checker.invalid(Path(field), replicas, "should be a non-negative integer");
    if (replicas > std::numeric_limits<std::int32_t>::max())
        checker.invalid(Path(field), replicas, "should be less than or equal to 2147483647");
    for (kube::StatusCause& cause : checker.take())
        causes.push_back(std::move(cause));
}

}  // namespace

CustomStrategy::CustomStrategy(const kube::JsonObject& version, std::shared_ptr<const kube::Schema> schema)
    : m_schema(std::move(schema)), m_selectable(selectableOf(version)) {
    readColumns(version);
    readSubresources(version);
}

std::vector<std::string> CustomStrategy::selectableOf(const kube::JsonObject& version) {
    std::vector<std::string> selectable;
    forEachObject(version, "selectableFields", [&](const kube::JsonObject& field, std::size_t) {
        std::string path;
        for (const std::string& name : plainPath(textOf(field, "jsonPath")))
            path += (path.empty() ? "" : ".") + name;
        selectable.push_back(std::move(path));
    });
    return selectable;
}

void CustomStrategy::readColumns(const kube::JsonObject& version) {
    m_columns.push_back(nameColumn());
    forEachObject(version, "additionalPrinterColumns", [this](const kube::JsonObject& column, std::size_t) {
        Result<JsonPath> path = JsonPath::parse(textOf(column, "jsonPath"));
        if (!path)
            return;  // a column that we cannot compute is left out; the type is served all the same
        m_columns.push_back(
            {std::string(textOf(column, "name")), std::string(textOf(column, "type")),
             std::string(textOf(column, "format")), std::string(textOf(column, "description")),
             static_cast<int>(numberOf(column, "priority", 0)), std::string(textOf(column, "jsonPath"))});
        m_paths.push_back(std::move(*path));
    });
    if (m_columns.size() > 1)
        return;
    m_columns.push_back({.name = "Age", .type = "date", .jsonPath = ".metadata.creationTimestamp"});
    m_paths.push_back(*JsonPath::parse(".metadata.creationTimestamp"));
}

void CustomStrategy::readSubresources(const kube::JsonObject& version) {
    m_hasStatus = kube::find(version, {"subresources", "status"}) != nullptr;
    const kube::JsonObject* scale = kube::objectAt(version, {"subresources", "scale"});
    if (scale == nullptr)
        return;
    m_scale = ScalePaths{plainPath(textOf(*scale, "specReplicasPath")),
                         plainPath(textOf(*scale, "statusReplicasPath")),
                         plainPath(textOf(*scale, "labelSelectorPath"))};
    if (m_scale->specReplicas.empty() || m_scale->statusReplicas.empty())
        m_scale.reset();
}

Result<void> CustomStrategy::prepareForCreate(kube::JsonObject& object,
                                              const StrategyContext& context) const {
    (void)context;
    if (m_hasStatus)
        object.erase("status");
    return {};
}

void CustomStrategy::prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                                      const StrategyContext& context) const {
    if (!m_hasStatus)
        return;
    if (context.subresource != "status") {
        carryOver(next, previous, "status");
        return;
    }
    // Of a status write only status counts, and who wrote it.
    kube::JsonObject kept = previous;
    carryOver(kept, next, "status");
    if (const kube::Json* managed = kube::find(next, {"metadata", "managedFields"}))
        kube::ensureObject(kept, {"metadata"})["managedFields"] = *managed;
    next = std::move(kept);
}

Causes CustomStrategy::validate(const kube::JsonObject& object, const StrategyContext& context) const {
    (void)context;
    Causes causes = m_schema ? kube::validateSchema(object, m_schema->root()) : Causes();
    if (m_scale)
        for (const std::vector<std::string>* path : {&m_scale->specReplicas, &m_scale->statusReplicas})
            checkReplicas(object, *path, causes);
    return causes;
}

Causes CustomStrategy::schemaCauses(const kube::JsonObject& next, const kube::JsonObject& previous,
                                    bool statusOnly) const {
    if (!m_schema)
        return {};
    const kube::SchemaNode& root = m_schema->root();
    const auto judge = [&](const kube::JsonObject& before) {
        return statusOnly ? kube::validateStatusUpdate(next, before, root)
                          : kube::validateSchemaUpdate(next, before, root);
    };
    Causes causes = judge(previous);
    if (causes.empty())
        return causes;
    // A default or a field that came or went with the schema is no change of the object.
    kube::Json before(previous);
    kube::pruneUnknown(before.get_object(), root);
    kube::applyDefaults(before, root);
    return judge(before.get_object());
}

Causes CustomStrategy::validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                      const StrategyContext& context) const {
    const bool statusOnly = m_hasStatus && context.subresource == "status";
    Causes causes = schemaCauses(next, previous, statusOnly);
    if (m_scale && !statusOnly)
        checkReplicas(next, m_scale->specReplicas, causes);
    if (m_scale)
        checkReplicas(next, m_scale->statusReplicas, causes);
    return causes;
}

void CustomStrategy::cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const {
    out.emplace_back(nameOf(object));
    for (std::size_t i = 0; i < m_paths.size(); ++i)
        out.push_back(cellOf(m_columns[i + 1], m_paths[i].find(object), now));
}

}  // namespace kubefed::apiserver
