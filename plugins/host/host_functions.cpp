// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/host_functions.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace kubefed::plugins {

namespace {

const kube::Json* jsonOf(const kubefed_value* value) {
    return reinterpret_cast<const kube::Json*>(value);
}

const CallContext& contextOf(const kubefed_round* round) {
    return *static_cast<const CallContext*>(round->context);
}

const fed::ClusterInfo* clusterOf(const kubefed_round* round, std::uint32_t cluster) {
    const auto& clusters = contextOf(round).round.fleet.clusters();
    return cluster < clusters.size() ? &clusters[cluster] : nullptr;
}

std::uint32_t stateOf(fed::Phase phase) {
    switch (phase) {
        case fed::Phase::Joining:
            return KUBEFED_STATE_JOINING;
        case fed::Phase::Ready:
            return KUBEFED_STATE_READY;
        case fed::Phase::Degraded:
            return KUBEFED_STATE_DEGRADED;
        case fed::Phase::Unauthorized:
            return KUBEFED_STATE_UNAUTHORIZED;
        case fed::Phase::Unreachable:
            return KUBEFED_STATE_UNREACHABLE;
        case fed::Phase::Leaving:
            return KUBEFED_STATE_LEAVING;
    }
    return KUBEFED_STATE_JOINING;
}

// ---- Configuration

std::uint32_t valueType(const kubefed_value* value) {
    if (value == nullptr)
        return KUBEFED_TYPE_NULL;
    switch (jsonOf(value)->kind()) {
        case kube::json::kind::null:
            return KUBEFED_TYPE_NULL;
        case kube::json::kind::bool_:
            return KUBEFED_TYPE_BOOL;
        case kube::json::kind::string:
            return KUBEFED_TYPE_STRING;
        case kube::json::kind::array:
            return KUBEFED_TYPE_ARRAY;
        case kube::json::kind::object:
            return KUBEFED_TYPE_OBJECT;
        default:
            return KUBEFED_TYPE_NUMBER;
    }
}

std::uint32_t valueBool(const kubefed_value* value) {
    return value != nullptr && jsonOf(value)->is_bool() && jsonOf(value)->get_bool() ? 1 : 0;
}

double valueNumber(const kubefed_value* value) {
    boost::system::error_code error;
    return value != nullptr && jsonOf(value)->is_number() ? jsonOf(value)->to_number<double>(error) : 0;
}

kubefed_string valueText(const kubefed_value* value) {
    return value != nullptr && jsonOf(value)->is_string() ? toAbi(kube::view(jsonOf(value)->get_string()))
                                                          : kubefed_string{};
}

std::uint64_t valueCount(const kubefed_value* value) {
    if (value != nullptr && jsonOf(value)->is_array())
        return jsonOf(value)->get_array().size();
    return value != nullptr && jsonOf(value)->is_object() ? jsonOf(value)->get_object().size() : 0;
}

kubefed_string valueKey(const kubefed_value* value, std::uint64_t index) {
    if (value == nullptr || !jsonOf(value)->is_object() || index >= jsonOf(value)->get_object().size())
        return {};
    return toAbi(
        std::string_view((jsonOf(value)->get_object().begin() + static_cast<std::ptrdiff_t>(index))->key()));
}

const kubefed_value* valueItem(const kubefed_value* value, std::uint64_t index) {
    if (index >= valueCount(value))
        return nullptr;
    if (jsonOf(value)->is_array())
        return toAbi(jsonOf(value)->get_array()[index]);
    return toAbi((jsonOf(value)->get_object().begin() + static_cast<std::ptrdiff_t>(index))->value());
}

const kubefed_value* valueMember(const kubefed_value* value, kubefed_string key) {
    if (value == nullptr || !jsonOf(value)->is_object())
        return nullptr;
    const kube::Json* found = jsonOf(value)->get_object().if_contains(fromAbi(key));
    return found == nullptr ? nullptr : toAbi(*found);
}

// ---- Clusters and workload

// Plugins were built against other versions of a struct: each side keeps to what both of them know. Written
// in place where it has all of ours: made elsewhere and copied, the processor would wait for it at every
// cluster.
template <class Struct, class Fill>
void answer(Struct* out, Fill fill) {
    const std::uint32_t size = out->struct_size;
    if (size >= sizeof(Struct))
        return fill(*out);
    Struct known{};
    fill(known);
    known.struct_size = size;
    std::memcpy(out, &known, size);
}

std::uint32_t getCluster(const kubefed_round* round, std::uint32_t index, kubefed_cluster* out) {
    const std::span<const fed::Fleet::Facts> clusters = contextOf(round).round.fleet.facts();
    if (index >= clusters.size() || out == nullptr || out->struct_size < KUBEFED_CLUSTER_SIZE_1_0)
        return 0;
    const fed::Fleet::Facts& cluster = clusters[index];
    answer(out, [&](kubefed_cluster& known) {
        known.state = stateOf(cluster.phase);
        known.name = toAbi(cluster.name);
        known.version = toAbi(cluster.kubernetesVersion);
        known.cordoned = cluster.cordoned ? 1 : 0;
        known.reserved = 0;
        known.label_count = cluster.labels;
        known.taint_count = cluster.taints;
    });
    return 1;
}

std::uint32_t getLabel(const kubefed_round* round, std::uint32_t index, kubefed_string key,
                       kubefed_string* out) {
    const CallContext& call = contextOf(round);
    const fed::Fleet& fleet = call.round.fleet;
    const std::string_view name = fromAbi(key);
    if (index >= fleet.clusters().size() || out == nullptr)
        return 0;
    if (call.column == nullptr || call.column->key != name)
        call.column = fleet.labelColumn(name);
    if (call.column != nullptr) {
        const std::uint32_t number = call.column->values[index];
        if (number != 0)
            *out = toAbi(fleet.labelValue(number));
        return number != 0 ? 1 : 0;
    }
    const std::string* value = fleet.clusters()[index].label(name);
    if (value == nullptr)
        return 0;
    *out = toAbi(*value);
    return 1;
}

std::uint32_t getLabelAt(const kubefed_round* round, std::uint32_t index, std::uint64_t at,
                         kubefed_string* key, kubefed_string* value) {
    const fed::ClusterInfo* cluster = clusterOf(round, index);
    if (cluster == nullptr || at >= cluster->labels.size() || key == nullptr || value == nullptr)
        return 0;
    *key = toAbi(cluster->labels[at].first);
    *value = toAbi(cluster->labels[at].second);
    return 1;
}

std::uint32_t getTaintAt(const kubefed_round* round, std::uint32_t index, std::uint64_t at,
                         kubefed_taint* out) {
    const fed::ClusterInfo* cluster = clusterOf(round, index);
    if (cluster == nullptr || at >= cluster->taints.size() || out == nullptr ||
        out->struct_size < KUBEFED_TAINT_SIZE_1_0)
        return 0;
    const fed::Taint& taint = cluster->taints[at];
    const bool isNoExecute = taint.effect == fed::TaintEffect::NoExecute;
    answer(out, [&](kubefed_taint& known) {
        known.effect = isNoExecute ? KUBEFED_TAINT_NO_EXECUTE : KUBEFED_TAINT_NO_SCHEDULE;
        known.key = toAbi(taint.key);
        known.value = toAbi(taint.value);
    });
    return 1;
}

std::uint32_t getNumber(const kubefed_round* round, std::uint32_t index, kubefed_string key, double* out) {
    const fed::ClusterInfo* cluster = clusterOf(round, index);
    const auto value = cluster == nullptr ? std::nullopt : cluster->property(fromAbi(key));
    if (!value || out == nullptr)
        return 0;
    *out = *value;
    return 1;
}

std::uint32_t getText(const kubefed_round* round, std::uint32_t index, kubefed_string key,
                      kubefed_string* out) {
    const fed::ClusterInfo* cluster = clusterOf(round, index);
    if (cluster == nullptr || out == nullptr)
        return 0;
    const std::string_view name = fromAbi(key);
    const std::string_view value = name == "name" ? std::string_view(cluster->name)
                                   : name == "kubernetesVersion"
                                       ? std::string_view(cluster->kubernetesVersion)
                                   : name == "phase" ? fed::toString(cluster->phase)
                                                     : std::string_view();
    if (value.empty())
        return 0;
    *out = toAbi(value);
    return 1;
}

std::uint32_t getWorkloadLabel(const kubefed_round* round, kubefed_string key, kubefed_string* out) {
    const kube::JsonObject* labels = contextOf(round).round.workload.labels;
    const kube::Json* value = labels == nullptr ? nullptr : labels->if_contains(fromAbi(key));
    if (value == nullptr || !value->is_string() || out == nullptr)
        return 0;
    *out = toAbi(kube::view(value->get_string()));
    return 1;
}

std::uint32_t getWorkloadRequest(const kubefed_round* round, kubefed_string resource, double* out) {
    for (const auto& [name, milli] : contextOf(round).round.workload.requests) {
        if (out != nullptr && name == fromAbi(resource)) {
            *out = static_cast<double>(milli) / 1000;
            return 1;
        }
    }
    return 0;
}

std::uint32_t addReason(const kubefed_round* round, kubefed_string format, const kubefed_arg* args,
                        std::uint64_t count, std::uint64_t stride) {
    fed::ReasonLog* reasons = contextOf(round).reasons;
    if (reasons == nullptr)
        return 0;
    std::array<fed::ReasonValue, fed::kMaxReasonValues> values;
    const bool isReadable = args != nullptr && stride >= KUBEFED_ARG_SIZE_1_0;
    const std::size_t used = isReadable ? std::min<std::uint64_t>(count, values.size()) : 0;
    for (std::size_t i = 0; i < used; ++i) {
        kubefed_arg arg{};
        std::memcpy(&arg, reinterpret_cast<const std::byte*>(args) + i * stride,
                    std::min<std::size_t>(stride, sizeof arg));
        if (arg.type == KUBEFED_ARG_NUMBER)
            values[i] = arg.number;
        else if (arg.type == KUBEFED_ARG_INTEGER)
            values[i] = arg.integer;
        else
            values[i] = fromAbi(arg.text);
    }
    return reasons->add(fromAbi(format), std::span(values).first(used));
}

constexpr kubefed_host kHost{.struct_size = sizeof(kubefed_host),
                             .abi_minor = KUBEFED_POLICY_ABI_MINOR,
                             .value_type = valueType,
                             .value_bool = valueBool,
                             .value_number = valueNumber,
                             .value_text = valueText,
                             .value_count = valueCount,
                             .value_key = valueKey,
                             .value_item = valueItem,
                             .value_member = valueMember,
                             .cluster = getCluster,
                             .label = getLabel,
                             .label_at = getLabelAt,
                             .taint_at = getTaintAt,
                             .number = getNumber,
                             .text = getText,
                             .workload_label = getWorkloadLabel,
                             .workload_request = getWorkloadRequest,
                             .reason = addReason};

}  // namespace

const kubefed_host& hostFunctions() {
    return kHost;
}

}  // namespace kubefed::plugins
