// SPDX-License-Identifier: Apache-2.0
//
// Writing a placement policy in C++20: derive from kubefed::policy::Policy, override the stages you need, and
// name it with KUBEFED_POLICY. Header-only, no dependencies; a thin view over policy_abi.h. Whatever a policy
// throws is caught here and reported with its message. Views (strings, clusters) live for the call they were
// given in.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <kubefed/policy_abi.h>

namespace kubefed::policy {

inline std::string_view view(kubefed_string text) {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
constexpr kubefed_string string(std::string_view text) {
    return {text.data(), text.size()};
}

// ---- Text

namespace detail {
inline void append(std::string& out, std::string_view value) {
    out += value;
}
template <class T>
    requires std::is_arithmetic_v<T>
void append(std::string& out, T value) {
    if constexpr (std::is_floating_point_v<T>) {
        char buffer[48];
        std::snprintf(buffer, sizeof buffer, "%g", static_cast<double>(value));
        out += buffer;
    } else {
        out += std::to_string(value);
    }
}
}  // namespace detail

// Replaces each {} by the next argument: what std::format does, for compilers without it.
template <class... Args>
[[nodiscard]] std::string format(std::string_view text, const Args&... args) {
    std::string out;
    [[maybe_unused]] const auto next = [&](const auto& value) {
        const std::size_t at = text.find("{}");
        out += text.substr(0, at);
        if (at == std::string_view::npos) {
            text = {};
            return;
        }
        text.remove_prefix(at + 2);
        detail::append(out, value);
    };
    (next(args), ...);
    out += text;
    return out;
}

// ---- Configuration

struct ConfigError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Bounds {
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
};

// One object of the configuration. A missing value is the fallback, a wrong one throws ConfigError, which the
// person who wrote the PlacementPolicy reads.
class Config {
public:
    Config(const kubefed_host* host, const kubefed_value* value, std::string path = {})
        : m_host(host), m_value(value), m_path(std::move(path)) {}

    [[nodiscard]] bool has(std::string_view key) const { return member(key) != nullptr; }

    [[nodiscard]] double number(std::string_view key, double fallback, Bounds bounds = {}) const {
        const kubefed_value* value = member(key);
        return value == nullptr ? fallback : checked(key, value, bounds);
    }
    [[nodiscard]] std::optional<double> number(std::string_view key) const {
        const kubefed_value* value = member(key);
        return value == nullptr ? std::nullopt : std::optional(checked(key, value, {}));
    }
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t fallback,
                                       Bounds bounds = {}) const {
        const kubefed_value* value = member(key);
        if (value == nullptr)
            return fallback;
        const double found = checked(key, value, bounds);
        if (found != std::floor(found) || std::fabs(found) > 9e15)
            throw ConfigError(format("\"{}{}\" must be a whole number, got {}", m_path, key, found));
        return static_cast<std::int64_t>(found);
    }
    [[nodiscard]] bool flag(std::string_view key, bool fallback) const {
        const kubefed_value* value = member(key);
        return value == nullptr
                   ? fallback
                   : m_host->value_bool(typed(key, value, KUBEFED_TYPE_BOOL, "true or false")) != 0;
    }
    [[nodiscard]] std::string text(std::string_view key, std::string_view fallback) const {
        const kubefed_value* value = member(key);
        return std::string(value == nullptr
                               ? fallback
                               : view(m_host->value_text(typed(key, value, KUBEFED_TYPE_STRING, "text"))));
    }
    // An array of strings; empty where absent.
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const {
        std::vector<std::string> result;
        forItems(key, [&](const kubefed_value* item) {
            result.emplace_back(
                view(m_host->value_text(typed(key, item, KUBEFED_TYPE_STRING, "a list of texts"))));
        });
        return result;
    }
    // An array of objects; empty where absent.
    [[nodiscard]] std::vector<Config> objects(std::string_view key) const {
        std::vector<Config> result;
        forItems(key, [&](const kubefed_value* item) {
            result.emplace_back(m_host, typed(key, item, KUBEFED_TYPE_OBJECT, "a list of objects"),
                                format("{}{}[{}].", m_path, key, result.size()));
        });
        return result;
    }
    // A nested object; an empty one where absent.
    [[nodiscard]] Config object(std::string_view key) const {
        const kubefed_value* value = member(key);
        return {m_host, value == nullptr ? nullptr : typed(key, value, KUBEFED_TYPE_OBJECT, "an object"),
                format("{}{}.", m_path, key)};
    }
    [[nodiscard]] std::vector<std::string> keys() const {
        std::vector<std::string> result;
        for (std::uint64_t i = 0; i < m_host->value_count(m_value); ++i)
            result.emplace_back(view(m_host->value_key(m_value, i)));
        return result;
    }

private:
    [[nodiscard]] const kubefed_value* member(std::string_view key) const {
        const kubefed_value* value = m_host->value_member(m_value, string(key));
        return value == nullptr || m_host->value_type(value) == KUBEFED_TYPE_NULL ? nullptr : value;
    }
    const kubefed_value* typed(std::string_view key, const kubefed_value* value, std::uint32_t type,
                               std::string_view what) const {
        if (m_host->value_type(value) != type)
            throw ConfigError(format("\"{}{}\" must be {}", m_path, key, what));
        return value;
    }
    [[nodiscard]] double checked(std::string_view key, const kubefed_value* value, Bounds bounds) const {
        const double found = m_host->value_number(typed(key, value, KUBEFED_TYPE_NUMBER, "a number"));
        if (!(found >= bounds.min && found <= bounds.max))
            throw ConfigError(
                format("\"{}{}\" must be from {} to {}, got {}", m_path, key, bounds.min, bounds.max, found));
        return found;
    }
    template <class Visit>
    void forItems(std::string_view key, Visit visit) const {
        const kubefed_value* list = member(key);
        if (list == nullptr)
            return;
        typed(key, list, KUBEFED_TYPE_ARRAY, "a list");
        for (std::uint64_t i = 0; i < m_host->value_count(list); ++i)
            visit(m_host->value_item(list, i));
    }

    const kubefed_host* m_host;
    const kubefed_value* m_value;
    std::string m_path;
};

// ---- The round

struct Taint {
    std::string_view key;
    std::string_view value;
    bool isNoExecute = false;
};

// A cluster of the round. What is not known is absent, never 0.
class Cluster {
public:
    Cluster(const kubefed_round* round, std::uint32_t index) : m_round(round), m_index(index) {}

    [[nodiscard]] std::string_view name() const { return view(facts().name); }
    [[nodiscard]] std::uint32_t state() const { return facts().state; }  // KUBEFED_STATE_...
    [[nodiscard]] bool isCordoned() const { return facts().cordoned != 0; }
    // Several facts for one call.
    [[nodiscard]] kubefed_cluster facts() const {
        kubefed_cluster out{};
        out.struct_size = sizeof out;
        m_round->host->cluster(m_round, m_index, &out);
        return out;
    }
    [[nodiscard]] std::optional<std::string_view> label(std::string_view key) const {
        kubefed_string out{};
        return m_round->host->label(m_round, m_index, string(key), &out) != 0 ? std::optional(view(out))
                                                                              : std::nullopt;
    }
    [[nodiscard]] std::string_view label(std::string_view key, std::string_view fallback) const {
        return label(key).value_or(fallback);
    }
    [[nodiscard]] std::optional<double> number(std::string_view key) const {
        double out = 0;
        return m_round->host->number(m_round, m_index, string(key), &out) != 0 ? std::optional(out)
                                                                               : std::nullopt;
    }
    [[nodiscard]] double number(std::string_view key, double fallback) const {
        return number(key).value_or(fallback);
    }
    [[nodiscard]] std::optional<std::string_view> text(std::string_view key) const {
        kubefed_string out{};
        return m_round->host->text(m_round, m_index, string(key), &out) != 0 ? std::optional(view(out))
                                                                             : std::nullopt;
    }
    [[nodiscard]] std::string_view text(std::string_view key, std::string_view fallback) const {
        return text(key).value_or(fallback);
    }
    [[nodiscard]] std::optional<Taint> taint(std::uint64_t index) const {
        kubefed_taint out{};
        out.struct_size = sizeof out;
        if (m_round->host->taint_at(m_round, m_index, index, &out) == 0)
            return std::nullopt;
        return Taint{view(out.key), view(out.value), out.effect == KUBEFED_TAINT_NO_EXECUTE};
    }

private:
    const kubefed_round* m_round;
    std::uint32_t m_index;
};

class Round {
public:
    explicit Round(const kubefed_round* raw) : m_raw(raw) {}

    [[nodiscard]] std::string_view kind() const { return view(m_raw->kind); }  // "v1 ReplicationController"
    [[nodiscard]] std::string_view ns() const { return view(m_raw->ns); }
    [[nodiscard]] std::string_view name() const { return view(m_raw->name); }
    [[nodiscard]] std::int64_t wanted() const {
        return m_raw->wanted;
    }  // replicas in all; 1 for types without
    [[nodiscard]] bool isReplicated() const { return m_raw->form == KUBEFED_FORM_REPLICATED; }
    [[nodiscard]] bool isSinglePod() const { return m_raw->form == KUBEFED_FORM_SINGLE; }
    [[nodiscard]] bool isDuplicated() const { return m_raw->strategy == KUBEFED_STRATEGY_DUPLICATE; }
    [[nodiscard]] std::uint32_t rebalance() const { return m_raw->rebalance; }  // KUBEFED_REBALANCE_...
    [[nodiscard]] bool wantsReasons() const { return m_raw->wants_reasons != 0; }
    [[nodiscard]] std::optional<std::string_view> label(std::string_view key) const {
        kubefed_string out{};
        return m_raw->host->workload_label(m_raw, string(key), &out) != 0 ? std::optional(view(out))
                                                                          : std::nullopt;
    }
    // What one replica requests, in cores or bytes.
    [[nodiscard]] std::optional<double> request(std::string_view resource) const {
        double out = 0;
        return m_raw->host->workload_request(m_raw, string(resource), &out) != 0 ? std::optional(out)
                                                                                 : std::nullopt;
    }
    [[nodiscard]] const kubefed_round* raw() const { return m_raw; }

private:
    const kubefed_round* m_raw;
};

// One cluster in one stage: what is known of it, and the answer. A reason is a text with a {} for each of up
// to four numbers or texts; it costs nothing where nobody wants it.
class Candidate {
public:
    Candidate(const kubefed_round* round, kubefed_row* row) : m_round(round), m_row(row) {}

    [[nodiscard]] Cluster cluster() const { return {m_round, m_row->cluster}; }
    [[nodiscard]] bool isChosen() const { return m_row->chosen != 0; }
    [[nodiscard]] std::int64_t current() const { return m_row->current; }
    [[nodiscard]] std::int64_t ready() const { return m_row->ready; }
    [[nodiscard]] double score() const { return m_row->score; }
    [[nodiscard]] std::uint64_t tieBreak() const { return m_row->tie_break; }
    [[nodiscard]] std::int64_t min() const { return m_row->min; }
    [[nodiscard]] std::int64_t max() const { return m_row->max; }

    // filter, score
    template <class... Args>
    void reject(std::string_view text, const Args&... args) {
        m_row->out = 1;
        say(text, args...);
    }
    // score: from 0 to 1
    template <class... Args>
    void score(double points, std::string_view text = {}, const Args&... args) {
        m_row->points = points;
        say(text, args...);
    }
    // select: what is not left out is selected
    template <class... Args>
    void leaveOut(std::string_view text, const Args&... args) {
        m_row->out = 1;
        say(text, args...);
    }
    // limit
    template <class... Args>
    void limit(std::int64_t lower, std::int64_t upper, std::string_view text = {}, const Args&... args) {
        m_row->lower = lower;
        m_row->upper = upper;
        say(text, args...);
    }
    // divide
    template <class... Args>
    void place(std::int64_t replicas, std::string_view text = {}, const Args&... args) {
        m_row->replicas = replicas;
        say(text, args...);
    }
    [[nodiscard]] bool isOut() const { return m_row->out != 0; }
    [[nodiscard]] std::int64_t replicas() const { return m_row->replicas; }

    template <class... Args>
    void say(std::string_view text, const Args&... args) {
        static_assert(sizeof...(Args) <= KUBEFED_MAX_REASON_ARGS, "a reason takes up to four arguments");
        if (m_round->wants_reasons == 0 || text.empty())
            return;
        if constexpr (sizeof...(Args) == 0) {
            m_row->reason = m_round->host->reason(m_round, string(text), nullptr, 0, sizeof(kubefed_arg));
        } else {
            const kubefed_arg list[] = {argument(args)...};
            m_row->reason =
                m_round->host->reason(m_round, string(text), list, sizeof...(Args), sizeof(kubefed_arg));
        }
    }

private:
    template <class T>
    static kubefed_arg argument(const T& value) {
        kubefed_arg out{};
        if constexpr (std::is_floating_point_v<T>) {
            out.type = KUBEFED_ARG_NUMBER;
            out.number = static_cast<double>(value);
        } else if constexpr (std::is_integral_v<T>) {
            out.type = KUBEFED_ARG_INTEGER;
            out.integer = static_cast<std::int64_t>(value);
        } else {
            out.type = KUBEFED_ARG_TEXT;
            out.text = string(std::string_view(value));
        }
        return out;
    }

    const kubefed_round* m_round;
    kubefed_row* m_row;
};

// Override what the policy does; each is called once per round, with all clusters in one call.
class Policy {
public:
    using Config = policy::Config;
    using Round = policy::Round;
    using Candidate = policy::Candidate;

    Policy() = default;
    Policy(const Policy&) = delete;
    Policy& operator=(const Policy&) = delete;
    virtual ~Policy() = default;

    virtual void filter(const Round&, std::span<Candidate>) {}
    virtual void score(const Round&, std::span<Candidate>) {}
    virtual void select(const Round&, std::span<Candidate>) {}
    virtual void limit(const Round&, std::span<Candidate>) {}
    virtual void divide(const Round&, std::span<Candidate>) {}
};

// ---- What KUBEFED_POLICY puts behind the C boundary

namespace detail {

inline void report(const kubefed_error* error, std::string_view message) noexcept {
    if (error != nullptr && error->set != nullptr)
        error->set(error->context, string(message));
}

// Runs `call`, which answers a status; nothing thrown leaves.
template <class Call>
std::int32_t guarded(const kubefed_error* error, Call call) noexcept {
    try {
        return call();
    } catch (const ConfigError& e) {
        report(error, e.what());
        return KUBEFED_INVALID_CONFIG;
    } catch (const std::exception& e) {
        report(error, e.what());
    } catch (...) {
        report(error, "threw something that is no std::exception");
    }
    return KUBEFED_FAILED;
}

template <class T>
struct Held {
    explicit Held(const Config& config) : policy(make(config)) {}
    static std::unique_ptr<T> make(const Config& config) {
        if constexpr (std::is_constructible_v<T, const Config&>)
            return std::make_unique<T>(config);
        else
            return std::make_unique<T>();
    }
    std::unique_ptr<T> policy;
    std::vector<Candidate> candidates;  // kept for its memory
};

template <class T>
std::int32_t create(const kubefed_host* host, const kubefed_value* config, const kubefed_error* error,
                    void** out) noexcept {
    return guarded(error, [&]() -> std::int32_t {
        *out = new Held<T>(Config(host, config));
        return KUBEFED_OK;
    });
}

template <class T>
void destroy(void* policy) noexcept {
    delete static_cast<Held<T>*>(policy);
}

template <class T, void (Policy::*Stage)(const Round&, std::span<Candidate>)>
std::int32_t run(void* policy, const kubefed_round* raw, const kubefed_error* error) noexcept {
    return guarded(error, [&]() -> std::int32_t {
        auto* held = static_cast<Held<T>*>(policy);
        held->candidates.clear();
        auto* at = reinterpret_cast<unsigned char*>(raw->rows);
        for (std::uint64_t i = 0; i < raw->row_count; ++i, at += raw->row_stride)
            held->candidates.emplace_back(raw, reinterpret_cast<kubefed_row*>(at));
        (static_cast<Policy*>(held->policy.get())->*Stage)(Round(raw), held->candidates);
        return KUBEFED_OK;
    });
}

template <class T>
constexpr std::uint32_t stagesOf() {
    using Base = void (Policy::*)(const Round&, std::span<Candidate>);
    const auto bit = [](bool isBase, unsigned stage) { return isBase ? 0U : 1U << stage; };
    return bit(std::is_same_v<decltype(&T::filter), Base>, KUBEFED_STAGE_FILTER) |
           bit(std::is_same_v<decltype(&T::score), Base>, KUBEFED_STAGE_SCORE) |
           bit(std::is_same_v<decltype(&T::select), Base>, KUBEFED_STAGE_SELECT) |
           bit(std::is_same_v<decltype(&T::limit), Base>, KUBEFED_STAGE_LIMIT) |
           bit(std::is_same_v<decltype(&T::divide), Base>, KUBEFED_STAGE_DIVIDE);
}

template <class T>
constexpr std::string_view schemaOf() {
    if constexpr (requires { T::kConfigSchema; })
        return T::kConfigSchema;
    else
        return {};
}
template <class T>
constexpr std::string_view authorOf() {
    if constexpr (requires { T::kAuthor; })
        return T::kAuthor;
    else
        return {};
}
template <class T>
constexpr std::string_view licenceOf() {
    if constexpr (requires { T::kLicence; })
        return T::kLicence;
    else
        return {};
}

template <class T>
constexpr kubefed_policy_manifest manifest(std::string_view name, std::string_view version,
                                           std::string_view description) {
    static_assert(std::is_base_of_v<Policy, T>, "a policy derives from kubefed::policy::Policy");
    static_assert(stagesOf<T>() != 0, "a policy overrides at least one stage");
    return {.struct_size = sizeof(kubefed_policy_manifest),
            .magic = KUBEFED_POLICY_MAGIC,
            .abi_major = KUBEFED_POLICY_ABI_MAJOR,
            .abi_minor = KUBEFED_POLICY_ABI_MINOR,
            .name = string(name),
            .version = string(version),
            .description = string(description),
            .author = string(authorOf<T>()),
            .licence = string(licenceOf<T>()),
            .config_schema = string(schemaOf<T>()),
            .stages = stagesOf<T>(),
            .reserved = 0,
            .create = &create<T>,
            .destroy = &destroy<T>,
            .filter = &run<T, &Policy::filter>,
            .score = &run<T, &Policy::score>,
            .select = &run<T, &Policy::select>,
            .limit = &run<T, &Policy::limit>,
            .divide = &run<T, &Policy::divide>};
}

}  // namespace detail
}  // namespace kubefed::policy

// Once per library, at global scope. Static members of Type that it looks for, all optional: kConfigSchema
// (JSON Schema text, checked before the policy is made), kAuthor, kLicence.
#define KUBEFED_POLICY(Type, name, version, description)                                             \
    extern "C" __attribute__((                                                                       \
        visibility("default"))) constinit const kubefed_policy_manifest kubefed_policy_manifest_v1 = \
        kubefed::policy::detail::manifest<Type>(name, version, description);
