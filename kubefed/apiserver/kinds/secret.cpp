// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/kinds/names.h"
#include "kubefed/apiserver/kinds/strategies.h"
#include "kubefed/apiserver/kinds/table.h"
#include "kubefed/util/base64.h"

namespace kubefed::apiserver {

namespace {

constexpr int kMaxData = 1 << 20;

class SecretStrategy final : public KindStrategy {
public:
    void applyDefaults(kube::JsonObject& object) const override {
        if (const kube::JsonObject* plain = objectOf(object, "stringData");
            plain != nullptr && !plain->empty()) {
            const kube::JsonObject copy = *plain;
            kube::JsonObject& data = kube::ensureObject(object, {"data"});
            for (const auto& [key, value] : copy)
                if (value.is_string())
                    data[key] = base64Encode(kube::view(value.get_string()));
        }
        object.erase("stringData");
        // A key without a value (`data: {a:}`) is an empty value.
        if (kube::JsonObject* data = objectOf(object, "data"))
            for (auto& entry : *data)
                if (entry.value().is_null())
                    entry.value() = "";
        setDefault(object, "type", "Opaque");
        dropEmpty(object);
    }

    [[nodiscard]] Causes validate(const kube::JsonObject& object, const StrategyContext&) const override {
        Checker checker;
        check(checker, object);
        // Nobody would fill it, nor take it away with its account.
        if (checker.clean() && textOf(object, "type") == "kubernetes.io/service-account-token")
            checker.forbidden(Path("type"),
                              "this server fills no token Secrets: ask for a token with \"kubectl create "
                              "token\", or keep one in a Secret of type Opaque");
        return checker.take();
    }

    [[nodiscard]] Causes validateUpdate(const kube::JsonObject& next, const kube::JsonObject& previous,
                                        const StrategyContext&) const override {
        Checker checker;
        checker.immutable(Path("type"), next.if_contains("type"), previous.if_contains("type"));
        if (truthOf(previous, "immutable")) {
            const std::string_view why = "field is immutable when `immutable` is set";
            if (!truthOf(next, "immutable"))
                checker.forbidden(Path("immutable"), why);
            if (!sameValue(next.if_contains("data"), previous.if_contains("data")))
                checker.forbidden(Path("data"), why);
        }
        check(checker, next);
        return checker.take();
    }

    [[nodiscard]] std::vector<std::string> warnings(const kube::JsonObject& object,
                                                    const kube::JsonObject*) const override {
        if (textOf(object, "type") != "kubernetes.io/tls")
            return {};
        for (const auto& [key, what] : {std::pair{"tls.crt", "certificate"}, std::pair{"tls.key", "key"}}) {
            const std::optional<std::string> pem = base64Decode(kube::stringAt(object, {"data", key}));
            if (!pem || pem->find("-----BEGIN ") == std::string::npos)
                return {std::string("tls: failed to find any PEM data in ") + what + " input"};
        }
        return {};
    }

    void prepareForUpdate(kube::JsonObject& next, const kube::JsonObject& previous,
                          const StrategyContext&) const override {
        // An update that leaves the type out keeps it; defaulting has made Opaque of it only where it was
        // empty.
        if (textOf(next, "type").empty())
            carryOver(next, previous, "type");
    }

    [[nodiscard]] std::vector<std::string> selectableFields() const override { return {"type"}; }
    [[nodiscard]] std::vector<TableColumn> columns() const override {
        return {nameColumn(), column("Type"), column("Data"), column("Age")};
    }
    void cells(const kube::JsonObject& object, WallTime now, kube::JsonArray& out) const override {
        const kube::JsonObject* data = objectOf(object, "data");
        out.emplace_back(nameOf(object));
        out.emplace_back(textOf(object, "type"));
        out.emplace_back(data == nullptr ? 0 : data->size());
        out.emplace_back(ageOf(object, now));
    }

private:
    static void check(Checker& checker, const kube::JsonObject& object) {
        static const kube::JsonObject kNone;
        const Path path("data");
        const kube::JsonObject* present = objectOf(object, "data");
        const kube::JsonObject& data = present == nullptr ? kNone : *present;
        std::size_t total = 0;
        for (const auto& [key, value] : data) {
            const std::string_view name(key.data(), key.size());
            checker.invalid(path.key(name), name, configMapKeyProblems(name));
            total += (value.is_string() ? value.get_string().size() : 0) / 4 * 3;
        }
        if (total > kMaxData)
            checker.tooLong(path, kMaxData);
        checkType(checker, object, data, path);
    }

    static void checkType(Checker& checker, const kube::JsonObject& object, const kube::JsonObject& data,
                          const Path& path) {
        const std::string_view type = textOf(object, "type");
        if (type == "kubernetes.io/service-account-token") {
            const std::string_view key = "kubernetes.io/service-account.name";
            if (kube::stringAt(object, {"metadata", "annotations", key}).empty())
                checker.required(Path("metadata.annotations").key(key));
        } else if (type == "kubernetes.io/dockercfg") {
            checkJson(checker, data, ".dockercfg", path);
        } else if (type == "kubernetes.io/dockerconfigjson") {
            checkJson(checker, data, ".dockerconfigjson", path);
        } else if (type == "kubernetes.io/basic-auth") {
            if (!data.contains("username") && !data.contains("password")) {
                checker.required(path.key("username"));
                checker.required(path.key("password"));
            }
        } else if (type == "kubernetes.io/ssh-auth") {
            if (textOf(data, "ssh-privatekey").empty())
                checker.required(path.key("ssh-privatekey"));
        } else if (type == "kubernetes.io/tls") {
            for (const std::string_view key : {"tls.crt", "tls.key"})
                if (!data.contains(key))
                    checker.required(path.key(key));
        }
    }

    static void checkJson(Checker& checker, const kube::JsonObject& data, std::string_view key,
                          const Path& path) {
        if (!data.contains(key)) {
            checker.required(path.key(key));
            return;
        }
        const std::optional<std::string> text = base64Decode(textOf(data, key));
        const Result<kube::Json> parsed = kube::parseJson(text.value_or(""));
        if (!parsed || !parsed->is_object())
            checker.invalid(path.key(key), kube::Json("<secret contents redacted>"),
                            text.value_or("").empty() ? "unexpected end of JSON input"
                                                      : "invalid character in JSON object");
    }
};

}  // namespace

StrategyPtr makeSecretStrategy() {
    return std::make_shared<SecretStrategy>();
}

}  // namespace kubefed::apiserver
