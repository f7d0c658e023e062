// SPDX-License-Identifier: Apache-2.0
//
// Testing a placement policy without kubefed: builders for clusters and workloads, a host for them, and the
// properties that every policy must have, checked over many generated rounds. C++20, no dependencies. Values;
// a Subject is used by one thread. What a policy does wrong comes back as sentences, never as an exception.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <kubefed/policy.hpp>

namespace kubefed::policy::testing {

// ---- What a policy is told

// A node of a configuration: Value::object({{"maxMillis", 150.0}}).
class Value {
public:
    using Array = std::vector<Value>;
    using Object = std::vector<std::pair<std::string, Value>>;
    Value() = default;
    Value(bool value) : m_data(value) {}
    Value(double value) : m_data(value) {}
    Value(int value) : m_data(static_cast<double>(value)) {}
    Value(std::string value) : m_data(std::move(value)) {}
    Value(const char* value) : m_data(std::string(value)) {}
    static Value array(Array items) { return Value(Data(std::move(items))); }
    static Value object(Object members = {}) { return Value(Data(std::move(members))); }

    template <class T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&m_data);
    }
    void set(std::string key, Value value) {
        if (auto* members = std::get_if<Object>(&m_data))
            members->emplace_back(std::move(key), std::move(value));
    }

private:
    using Data = std::variant<std::monostate, bool, double, std::string, Array, Object>;
    explicit Value(Data data) : m_data(std::move(data)) {}
    Data m_data;
};

// A cluster, Ready unless said otherwise. Figures go by the names that policies read: "latencyMillis",
// "nodes.ready", "allocatable.cpu", "requested.memory" (in cores and bytes).
struct ClusterSpec {
    std::string name;
    std::uint32_t state = KUBEFED_STATE_READY;
    bool isCordoned = false;
    std::string version = "v1.34.0";
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<std::tuple<std::string, std::string, std::uint32_t>> taints;  // key, value, KUBEFED_TAINT_...
    std::map<std::string, double, std::less<>> numbers;
    std::int64_t current = 0;  // of the decision in force
    std::int64_t ready = 0;
    bool isChosen = false;

    ClusterSpec& label(std::string key, std::string value) {
        labels.emplace_back(std::move(key), std::move(value));
        return *this;
    }
    ClusterSpec& number(std::string key, double value) {
        numbers.insert_or_assign(std::move(key), value);
        return *this;
    }
    ClusterSpec& taint(std::string key, std::string value, std::uint32_t effect = KUBEFED_TAINT_NO_SCHEDULE) {
        taints.emplace_back(std::move(key), std::move(value), effect);
        return *this;
    }
    ClusterSpec& in(std::uint32_t newState) {
        state = newState;
        return *this;
    }
    ClusterSpec& holds(std::int64_t replicas) {
        current = ready = replicas;
        isChosen = true;
        return *this;
    }
};
inline ClusterSpec cluster(std::string name) {
    ClusterSpec spec;
    spec.name = std::move(name);
    return spec;
}

struct WorkloadSpec {
    std::string kind = "v1 ReplicationController";
    std::string ns = "default";
    std::string name = "frontend";
    std::uint32_t form = KUBEFED_FORM_REPLICATED;
    std::int64_t wanted = 9;
    std::map<std::string, std::string, std::less<>> labels;
    std::map<std::string, double, std::less<>> requests;
};

// One cluster in one stage: what is told, and what was answered.
struct Row {
    kubefed_row raw{};
    std::string reason;
};

// ---- Calling it

// One policy object under test.
class Subject {
public:
    explicit Subject(const kubefed_policy_manifest& manifest, Value config = Value::object())
        : m_manifest(manifest), m_config(std::make_unique<Value>(std::move(config))) {
        const kubefed_error error{&m_error, &setError};
        const std::int32_t status = m_manifest.create(
            &host(), reinterpret_cast<const kubefed_value*>(m_config.get()), &error, &m_policy);
        if (status != KUBEFED_OK && m_error.empty())
            m_error = "create() failed and said no reason";
        if (!m_error.empty())
            m_policy = nullptr;
    }
    ~Subject() {
        if (m_policy != nullptr)
            m_manifest.destroy(m_policy);
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;

    [[nodiscard]] bool isMade() const { return m_policy != nullptr; }
    [[nodiscard]] const std::string& error() const { return m_error; }  // of create() or the last run()
    [[nodiscard]] bool has(std::uint32_t stage) const { return ((m_manifest.stages >> stage) & 1U) != 0; }

    // One stage over `rows`, whose raw.cluster are indices of `clusters`. False: see error().
    bool run(std::uint32_t stage, const std::vector<ClusterSpec>& clusters, const WorkloadSpec& workload,
             std::vector<Row>& rows, bool wantsReasons = true) {
        m_error.clear();
        m_clusters = &clusters;
        m_workload = &workload;
        m_reasons.clear();
        // Longer rows than this header knows, as a later kubefed may send them.
        constexpr std::size_t kStride = sizeof(kubefed_row) + 16;
        std::vector<std::uint64_t> memory((rows.size() * kStride + 7) / 8, 0xABABABABABABABABULL);
        auto* bytes = reinterpret_cast<unsigned char*>(memory.data());
        for (std::size_t i = 0; i < rows.size(); ++i)
            std::memcpy(bytes + i * kStride, &rows[i].raw, sizeof(kubefed_row));
        kubefed_round round{};
        round.struct_size = sizeof round;
        round.stage = stage;
        round.host = &host();
        round.context = this;
        round.kind = string(workload.kind);
        round.ns = string(workload.ns);
        round.name = string(workload.name);
        round.form = workload.form;
        round.rebalance = KUBEFED_REBALANCE_WHEN_NEEDED;
        round.wants_reasons = wantsReasons ? 1 : 0;
        round.wanted = workload.wanted;
        round.rows = reinterpret_cast<kubefed_row*>(bytes);
        round.row_count = rows.size();
        round.row_stride = kStride;
        const kubefed_stage_function functions[] = {m_manifest.filter, m_manifest.score, m_manifest.select,
                                                    m_manifest.limit, m_manifest.divide};
        const kubefed_error error{&m_error, &setError};
        const std::int32_t status = functions[stage](m_policy, &round, &error);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            std::memcpy(&rows[i].raw, bytes + i * kStride, sizeof(kubefed_row));
            const std::uint32_t reason = rows[i].raw.reason;
            rows[i].reason = reason > 0 && reason <= m_reasons.size() ? m_reasons[reason - 1] : std::string();
        }
        if (status != KUBEFED_OK && m_error.empty())
            m_error = "failed and said no reason";
        return m_error.empty();
    }

private:
    static const Subject& self(const kubefed_round* round) {
        return *static_cast<const Subject*>(round->context);
    }
    static const ClusterSpec* at(const kubefed_round* round, std::uint32_t index) {
        const auto& all = *self(round).m_clusters;
        return index < all.size() ? &all[index] : nullptr;
    }
    static const Value* node(const kubefed_value* value) { return reinterpret_cast<const Value*>(value); }
    static const kubefed_value* node(const Value& value) {
        return reinterpret_cast<const kubefed_value*>(&value);
    }
    static void setError(void* context, kubefed_string message) {
        *static_cast<std::string*>(context) = view(message);
    }
    template <class Map, class Out>
    static std::uint32_t lookUp(const Map& map, kubefed_string key, Out&& give) {
        const auto found = map.find(view(key));
        if (found == map.end())
            return 0;
        give(found->second);
        return 1;
    }

    static std::uint32_t valueType(const kubefed_value* value) {
        if (value == nullptr)
            return KUBEFED_TYPE_NULL;
        if (node(value)->as<bool>() != nullptr)
            return KUBEFED_TYPE_BOOL;
        if (node(value)->as<double>() != nullptr)
            return KUBEFED_TYPE_NUMBER;
        if (node(value)->as<std::string>() != nullptr)
            return KUBEFED_TYPE_STRING;
        if (node(value)->as<Value::Array>() != nullptr)
            return KUBEFED_TYPE_ARRAY;
        return node(value)->as<Value::Object>() != nullptr ? KUBEFED_TYPE_OBJECT : KUBEFED_TYPE_NULL;
    }
    static std::uint64_t valueCount(const kubefed_value* value) {
        if (value == nullptr)
            return 0;
        if (const auto* items = node(value)->as<Value::Array>())
            return items->size();
        const auto* members = node(value)->as<Value::Object>();
        return members == nullptr ? 0 : members->size();
    }
    static kubefed_string valueKey(const kubefed_value* value, std::uint64_t index) {
        const auto* members = value == nullptr ? nullptr : node(value)->as<Value::Object>();
        return members == nullptr || index >= members->size() ? kubefed_string{}
                                                              : string((*members)[index].first);
    }
    static const kubefed_value* valueItem(const kubefed_value* value, std::uint64_t index) {
        if (index >= valueCount(value))
            return nullptr;
        if (const auto* items = node(value)->as<Value::Array>())
            return node((*items)[index]);
        return node((*node(value)->as<Value::Object>())[index].second);
    }
    static const kubefed_value* valueMember(const kubefed_value* value, kubefed_string key) {
        const auto* members = value == nullptr ? nullptr : node(value)->as<Value::Object>();
        if (members != nullptr)
            for (const auto& [name, member] : *members)
                if (name == view(key))
                    return node(member);
        return nullptr;
    }
    static std::uint32_t labelOf(const kubefed_round* round, std::uint32_t index, kubefed_string key,
                                 kubefed_string* out) {
        const ClusterSpec* found = at(round, index);
        if (found != nullptr)
            for (const auto& [name, value] : found->labels)
                if (name == view(key)) {
                    *out = string(value);
                    return 1;
                }
        return 0;
    }
    // As far as both sides know it.
    template <class Struct>
    static std::uint32_t answer(Struct* out, Struct known) {
        known.struct_size = out->struct_size;
        std::memcpy(out, &known, std::min<std::size_t>(out->struct_size, sizeof known));
        return 1;
    }
    static std::uint32_t addReason(const kubefed_round* round, kubefed_string text, const kubefed_arg* args,
                                   std::uint64_t count, std::uint64_t stride) {
        auto& reasons = const_cast<Subject&>(self(round)).m_reasons;
        std::string out;
        std::string_view rest = view(text);
        for (std::uint64_t i = 0; i < count; ++i) {
            kubefed_arg arg{};
            std::memcpy(&arg, reinterpret_cast<const unsigned char*>(args) + i * stride,
                        std::min<std::size_t>(stride, sizeof arg));
            const std::size_t hole = rest.find("{}");
            out += rest.substr(0, hole);
            rest = hole == std::string_view::npos ? std::string_view() : rest.substr(hole + 2);
            if (arg.type == KUBEFED_ARG_NUMBER)
                out += format("{}", arg.number);
            else if (arg.type == KUBEFED_ARG_INTEGER)
                out += format("{}", arg.integer);
            else
                out += view(arg.text);
        }
        reasons.push_back(out += rest);
        return static_cast<std::uint32_t>(reasons.size());
    }

    static const kubefed_host& host() {
        static constexpr kubefed_host kHost{
            .struct_size = sizeof(kubefed_host),
            .abi_minor = KUBEFED_POLICY_ABI_MINOR,
            .value_type = valueType,
            .value_bool = [](const kubefed_value* value) -> std::uint32_t {
                const bool* held = value == nullptr ? nullptr : node(value)->as<bool>();
                return held != nullptr && *held ? 1 : 0;
            },
            .value_number =
                [](const kubefed_value* value) {
                    const double* held = value == nullptr ? nullptr : node(value)->as<double>();
                    return held == nullptr ? 0.0 : *held;
                },
            .value_text =
                [](const kubefed_value* value) {
                    const auto* held = value == nullptr ? nullptr : node(value)->as<std::string>();
                    return held == nullptr ? kubefed_string{} : string(*held);
                },
            .value_count = valueCount,
            .value_key = valueKey,
            .value_item = valueItem,
            .value_member = valueMember,
            .cluster = [](const kubefed_round* round, std::uint32_t index,
                          kubefed_cluster* out) -> std::uint32_t {
                const ClusterSpec* found = at(round, index);
                if (found == nullptr || out->struct_size < KUBEFED_CLUSTER_SIZE_1_0)
                    return 0;
                kubefed_cluster known{};
                known.state = found->state;
                known.name = string(found->name);
                known.version = string(found->version);
                known.cordoned = found->isCordoned ? 1 : 0;
                known.label_count = found->labels.size();
                known.taint_count = found->taints.size();
                return answer(out, known);
            },
            .label = labelOf,
            .label_at = [](const kubefed_round* round, std::uint32_t index, std::uint64_t which,
                           kubefed_string* key, kubefed_string* value) -> std::uint32_t {
                const ClusterSpec* found = at(round, index);
                if (found == nullptr || which >= found->labels.size())
                    return 0;
                *key = string(found->labels[which].first);
                *value = string(found->labels[which].second);
                return 1;
            },
            .taint_at = [](const kubefed_round* round, std::uint32_t index, std::uint64_t which,
                           kubefed_taint* out) -> std::uint32_t {
                const ClusterSpec* found = at(round, index);
                if (found == nullptr || which >= found->taints.size() ||
                    out->struct_size < KUBEFED_TAINT_SIZE_1_0)
                    return 0;
                const auto& [key, value, effect] = found->taints[which];
                kubefed_taint known{};
                known.effect = effect;
                known.key = string(key);
                known.value = string(value);
                return answer(out, known);
            },
            .number = [](const kubefed_round* round, std::uint32_t index, kubefed_string key,
                         double* out) -> std::uint32_t {
                const ClusterSpec* found = at(round, index);
                return found == nullptr ? 0
                                        : lookUp(found->numbers, key, [&](double value) { *out = value; });
            },
            .text = [](const kubefed_round* round, std::uint32_t index, kubefed_string key,
                       kubefed_string* out) -> std::uint32_t {
                const ClusterSpec* found = at(round, index);
                if (found == nullptr || (view(key) != "name" && view(key) != "kubernetesVersion"))
                    return 0;
                *out = string(view(key) == "name" ? found->name : found->version);
                return 1;
            },
            .workload_label = [](const kubefed_round* round, kubefed_string key,
                                 kubefed_string* out) -> std::uint32_t {
                return lookUp(self(round).m_workload->labels, key,
                              [&](const std::string& value) { *out = string(value); });
            },
            .workload_request = [](const kubefed_round* round, kubefed_string key,
                                   double* out) -> std::uint32_t {
                return lookUp(self(round).m_workload->requests, key, [&](double value) { *out = value; });
            },
            .reason = addReason};
        return kHost;
    }

    const kubefed_policy_manifest& m_manifest;
    std::unique_ptr<Value> m_config;  // where the policy may keep pointing to
    void* m_policy = nullptr;
    std::string m_error;
    const std::vector<ClusterSpec>* m_clusters = nullptr;
    const WorkloadSpec* m_workload = nullptr;
    std::vector<std::string> m_reasons;
};

}  // namespace kubefed::policy::testing
