// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/render.h"

#include <utility>

#include "kubefed/apiserver/rest/versions.h"
#include "kubefed/apiserver/state/collection.h"

namespace kubefed::apiserver {
namespace {

std::string partialMetadata(const kube::JsonObject& document) {
    std::string text = R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)";
    const kube::JsonObject* metadata = kube::objectAt(document, {"metadata"});
    return text.append(metadata == nullptr ? "{}" : kube::printJson(*metadata)).append("}");
}

std::string columnsText(const ResourceSpec& spec) {
    kube::JsonArray columns;
    for (const TableColumn& column : spec.strategy->columns())
        columns.push_back(kube::JsonObject{{"name", column.name},
                                           {"type", column.type},
                                           {"format", column.format},
                                           {"description", column.description},
                                           {"priority", column.priority}});
    return kube::printJson(kube::Json(std::move(columns)));
}

std::string rowText(const Exchange& exchange, const kube::JsonObject& document) {
    kube::JsonArray cells;
    exchange.spec->strategy->cells(document, exchange.now, cells);
    std::string text = "{\"cells\":" + kube::printJson(kube::Json(std::move(cells)));
    const std::string_view include = exchange.info.query.get("includeObject");
    if (include == "Object")
        text += ",\"object\":" + kube::printJson(document);
    else if (include == "None")
        text += ",\"object\":null";
    else
        text += ",\"object\":" + partialMetadata(document);
    return text + "}";
}

std::string tableText(const Exchange& exchange, std::string_view metadata, std::string_view rows,
                      bool columns = true) {
    std::string text = R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":)";
    text.append(metadata)
        .append(",\"columnDefinitions\":")
        .append(columns ? columnsText(*exchange.spec) : "null");
    return text.append(",\"rows\":[").append(rows).append("]}");
}

kube::JsonObject inVersion(const kube::JsonObject& document, const std::string& apiVersion) {
    kube::JsonObject copy = document;
    copy["apiVersion"] = apiVersion;
    return copy;
}

}  // namespace

std::string renderDocument(const Exchange& exchange, const kube::JsonObject& document, bool columns) {
    switch (exchange.format.view) {
        case View::Object:
        case View::PartialMetadataList:
            break;
        case View::PartialMetadata:
            return partialMetadata(document);
        case View::Table: {
            const kube::JsonObject metadata{
                {"resourceVersion", kube::stringAt(document, {"metadata", "resourceVersion"})}};
            return tableText(exchange, kube::printJson(metadata), rowText(exchange, document), columns);
        }
    }
    return kube::printJson(inVersion(document, exchange.spec->gvk().apiVersion()));
}

std::string renderEntry(const Exchange& exchange, const Entry& entry, bool columns) {
    if (isConverted(*exchange.spec, entry))
        return renderDocument(exchange, inVersionOf(*exchange.spec, entry), columns);
    if (exchange.format.view == View::Object)
        return fullText(entry, exchange.spec->gvk().apiVersion());
    return renderDocument(exchange, decode(entry)->document(), columns);
}

ListRenderer::ListRenderer(const Exchange& exchange)
    : m_exchange(exchange), m_apiVersion(exchange.spec->gvk().apiVersion()) {}

void ListRenderer::add(const Entry& entry) {
    if (!m_items.empty())
        m_items += ',';
    switch (m_exchange.format.view) {
        case View::Table:
            m_items += rowText(m_exchange, isConverted(*m_exchange.spec, entry)
                                               ? inVersionOf(*m_exchange.spec, entry)
                                               : decode(entry)->document());
            break;
        case View::PartialMetadata:
        case View::PartialMetadataList:
            m_items += partialMetadata(decode(entry)->document());
            break;
        case View::Object:
            // Typed lists of kube-apiserver leave out kind and apiVersion of their items, custom ones do not.
            if (isConverted(*m_exchange.spec, entry))
                m_items += kube::printJson(inVersionOf(*m_exchange.spec, entry));
            else if (m_exchange.spec->custom)
                m_items += fullText(entry, m_apiVersion);
            else
                m_items.append("{").append(entry.body);
            break;
    }
}

std::string ListRenderer::finish(const kube::JsonObject& metadata) && {
    const std::string meta = kube::printJson(metadata);
    if (m_exchange.format.view == View::Table)
        return tableText(m_exchange, meta, m_items);
    const bool partial = m_exchange.format.view != View::Object;
    std::string text = "{\"kind\":\"";
    text.append(partial ? "PartialObjectMetadataList" : m_exchange.spec->listKind)
        .append("\",\"apiVersion\":\"");
    text.append(partial ? "meta.k8s.io/v1" : m_apiVersion).append("\",\"metadata\":").append(meta);
    return text.append(",\"items\":[").append(m_items).append("]}");
}

}  // namespace kubefed::apiserver
