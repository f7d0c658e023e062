// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/kubeconfig.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kubefed/kube/yaml.h"
#include "kubefed/util/base64.h"
#include "kubefed/util/file.h"

namespace kubefed::kube {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = "kubefed.io/federation";
// The lists of a kubeconfig and where each entry keeps its content.
struct Section {
    std::string_view list;
    std::string_view body;
};
constexpr std::array<Section, 3> kSections{
    {{"clusters", "cluster"}, {"users", "user"}, {"contexts", "context"}}};
constexpr std::array<std::string_view, 4> kFileKeys{"certificate-authority", "client-certificate",
                                                    "client-key", "tokenFile"};

Result<JsonObject> readConfig(const fs::path& path) {
    auto text = readFile(path);
    if (!text)
        return fail(std::move(text.error()));
    auto documents = parseYaml(*text);
    if (!documents)
        return fail(std::move(documents.error()).withContext("kubeconfig \"" + path.string() + "\""));
    if (documents->empty() || documents->front().is_null())
        return JsonObject{};
    if (!documents->front().is_object())
        return fail(Code::InvalidArgument, "kubeconfig \"" + path.string() + "\" is not a mapping");
    return std::move(documents->front().get_object());
}

const JsonObject* entry(const JsonObject& config, std::string_view list, std::string_view name) {
    if (const JsonArray* entries = arrayAt(config, {list}))
        for (const Json& item : *entries)
            if (const JsonObject* object = item.if_object();
                object != nullptr && stringAt(*object, {"name"}) == name)
                return object;
    return nullptr;
}

void resolvePaths(JsonObject& entryObject, std::string_view body, const fs::path& folder) {
    Json* content = entryObject.if_contains(body);
    JsonObject* object = content != nullptr ? content->if_object() : nullptr;
    if (object == nullptr)
        return;
    for (const std::string_view key : kFileKeys)
        if (const std::string_view file = stringAt(*object, {key});
            !file.empty() && fs::path(file).is_relative())
            (*object)[key] = (folder / file).lexically_normal().string();
}

// First wins, as kubectl merges.
void mergeInto(JsonObject& merged, JsonObject config, const fs::path& folder) {
    for (const Section& section : kSections) {
        Json* list = config.if_contains(section.list);
        if (list == nullptr || !list->is_array())
            continue;
        for (Json& item : list->get_array()) {
            JsonObject* object = item.if_object();
            if (object == nullptr || entry(merged, section.list, stringAt(*object, {"name"})) != nullptr)
                continue;
            resolvePaths(*object, section.body, folder);
            Json& target = merged[section.list];
            if (!target.is_array())
                target = JsonArray{};
            target.get_array().push_back(std::move(item));
        }
    }
    if (stringAt(merged, {"current-context"}).empty())
        if (const std::string current(stringAt(config, {"current-context"})); !current.empty())
            merged["current-context"] = current;
}

fs::path home() {
    const char* folder = std::getenv("HOME");
    return folder != nullptr ? fs::path(folder) : fs::path("/");
}

// The name in an extension of ours; nothing where there is none.
std::optional<std::string> markOf(const JsonObject& body, std::string_view mark) {
    const JsonArray* extensions = arrayAt(body, {"extensions"});
    if (extensions == nullptr)
        return std::nullopt;
    for (const Json& item : *extensions)
        if (const JsonObject* object = item.if_object();
            object != nullptr && stringAt(*object, {"name"}) == mark)
            return std::string(stringAt(*object, {"extension", "name"}));
    return std::nullopt;
}

// "<key>-data" in base64, else the file "<key>", else empty.
Result<std::string> material(const JsonObject& body, std::string_view key) {
    const std::string dataKey = std::string(key) + "-data";
    if (const std::string_view data = stringAt(body, {dataKey}); !data.empty()) {
        auto decoded = base64Decode(data);
        if (!decoded)
            return fail(Code::InvalidArgument, "\"" + dataKey + "\" is not base64");
        return std::move(*decoded);
    }
    const std::string_view file = stringAt(body, {key});
    if (file.empty())
        return std::string();
    auto text = readFile(fs::path(file));
    if (!text)
        return fail(std::move(text.error()).withContext("\"" + std::string(key) + "\""));
    return text;
}

Result<void> refuseUnsupported(const JsonObject& cluster, const JsonObject& user) {
    if (!stringAt(cluster, {"proxy-url"}).empty())
        return fail(Code::Unimplemented,
                    "the cluster is reached by an HTTP proxy (proxy-url), which is not supported");
    if (const std::string_view command = stringAt(user, {"exec", "command"}); !command.empty())
        return fail(Code::Unimplemented, "the user authenticates by the program \"" + std::string(command) +
                                             "\" (exec), which is not supported");
    if (const JsonObject* provider = objectAt(user, {"auth-provider"}))
        return fail(Code::Unimplemented, "the user authenticates by auth-provider \"" +
                                             std::string(stringAt(*provider, {"name"})) +
                                             "\", which is not supported");
    for (const std::string_view key : {"username", "as", "as-uid"})
        if (!stringAt(user, {key}).empty())
            return fail(Code::Unimplemented,
                        "the user sets \"" + std::string(key) + "\", which is not supported");
    return {};
}

Result<net::Identity> identityOf(const JsonObject& cluster, const JsonObject& user) {
    KUBEFED_TRY(refuseUnsupported(cluster, user));
    net::Identity identity;
    identity.tlsServerName = stringAt(cluster, {"tls-server-name"});
    identity.insecureSkipVerify = boolAt(cluster, {"insecure-skip-tls-verify"}, false);
    struct Part {
        const JsonObject& body;
        std::string_view key;
        std::string& target;
    };
    for (const Part& part : {Part{cluster, "certificate-authority", identity.caPem},
                             Part{user, "client-certificate", identity.clientCertPem},
                             Part{user, "client-key", identity.clientKeyPem}}) {
        auto text = material(part.body, part.key);
        if (!text)
            return fail(std::move(text.error()));
        part.target = std::move(*text);
    }
    identity.bearerToken = stringAt(user, {"token"});
    if (const std::string_view file = stringAt(user, {"tokenFile"});
        identity.bearerToken.empty() && !file.empty()) {
        auto token = readFile(fs::path(file));
        if (!token)
            return fail(std::move(token.error()).withContext("\"tokenFile\""));
        const auto end = token->find_last_not_of(" \n\r\t");
        identity.bearerToken = end == std::string::npos ? std::string() : token->substr(0, end + 1);
    }
    return identity;
}

}  // namespace

Result<Kubeconfig> Kubeconfig::load(const std::optional<fs::path>& explicitPath) {
    Kubeconfig config;
    std::vector<fs::path> paths;
    if (explicitPath) {
        paths.push_back(*explicitPath);
    } else if (const char* list = std::getenv("KUBECONFIG"); list != nullptr && *list != '\0') {
        std::string_view rest(list);
        while (!rest.empty()) {
            const auto colon = std::min(rest.find(':'), rest.size());
            if (colon > 0)
                paths.emplace_back(rest.substr(0, colon));
            rest.remove_prefix(std::min(colon + 1, rest.size()));
        }
    }
    if (paths.empty())
        paths.push_back(home() / ".kube" / "config");
    config.m_writePath = paths.front();
    for (const fs::path& path : paths) {
        auto document = readConfig(path);
        if (!document && document.error().code == Code::NotFound && !explicitPath)
            continue;
        if (!document)
            return fail(std::move(document.error()));
        mergeInto(config.m_merged, std::move(*document), fs::absolute(path).parent_path());
    }
    return config;
}

std::string Kubeconfig::currentContext() const {
    return std::string(stringAt(m_merged, {"current-context"}));
}

std::vector<std::string> Kubeconfig::contexts() const {
    std::vector<std::string> names;
    if (const JsonArray* entries = arrayAt(m_merged, {"contexts"}))
        for (const Json& item : *entries)
            if (const JsonObject* object = item.if_object())
                names.emplace_back(stringAt(*object, {"name"}));
    return names;
}

std::vector<std::string> Kubeconfig::federationContexts() const {
    return markedContexts(kExtension);
}

std::vector<std::string> Kubeconfig::markedContexts(std::string_view mark) const {
    std::vector<std::string> names;
    for (std::string& name : contexts()) {
        const JsonObject* context = entry(m_merged, "contexts", name);
        const JsonObject* body = context != nullptr ? objectAt(*context, {"context"}) : nullptr;
        if (body != nullptr && markOf(*body, mark))
            names.push_back(std::move(name));
    }
    return names;
}

Result<ContextConfig> Kubeconfig::resolve(std::string_view name) const {
    const JsonObject* found = entry(m_merged, "contexts", name);
    const JsonObject* context = found != nullptr ? objectAt(*found, {"context"}) : nullptr;
    if (context == nullptr) {
        std::string message = "there is no context \"" + std::string(name) + "\" in the kubeconfig";
        const auto names = contexts();
        message += names.empty() ? "; it has none" : "; it has ";
        for (std::size_t i = 0; i < names.size(); ++i)
            message += (i > 0 ? ", \"" : "\"") + names[i] + "\"";
        return fail(Code::NotFound, std::move(message));
    }
    ContextConfig out;
    out.context = name;
    out.cluster = stringAt(*context, {"cluster"});
    out.user = stringAt(*context, {"user"});
    out.ns = stringAt(*context, {"namespace"});
    if (out.ns.empty())
        out.ns = "default";
    const JsonObject* clusterEntry = entry(m_merged, "clusters", out.cluster);
    const JsonObject* cluster = clusterEntry != nullptr ? objectAt(*clusterEntry, {"cluster"}) : nullptr;
    if (cluster == nullptr)
        return fail(Code::NotFound, "context \"" + out.context + "\" names a cluster \"" + out.cluster +
                                        "\" that the kubeconfig does not have");
    const JsonObject* userEntry = entry(m_merged, "users", out.user);
    const JsonObject* user = userEntry != nullptr ? objectAt(*userEntry, {"user"}) : nullptr;
    if (user == nullptr && !out.user.empty())
        return fail(Code::NotFound, "context \"" + out.context + "\" names a user \"" + out.user +
                                        "\" that the kubeconfig does not have");
    const auto within = "context \"" + out.context + "\"";
    auto endpoint = net::Endpoint::parse(stringAt(*cluster, {"server"}));
    if (!endpoint)
        return fail(std::move(endpoint.error()).withContext(within));
    out.endpoint = std::move(*endpoint);
    auto identity = identityOf(*cluster, user != nullptr ? *user : JsonObject{});
    if (!identity)
        return fail(std::move(identity.error()).withContext(within));
    out.identity = std::move(*identity);
    if (auto federation = markOf(*context, kExtension)) {
        out.isFederation = true;
        out.federation = std::move(*federation);
    }
    return out;
}

namespace {

// kubectl's own lock: a file beside the kubeconfig while it is being changed.
class Lock {
public:
    static Result<Lock> take(const fs::path& file);
    Lock(Lock&& other) noexcept : m_path(std::exchange(other.m_path, {})) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock() {
        std::error_code ignored;
        if (!m_path.empty())
            fs::remove(m_path, ignored);
    }

private:
    explicit Lock(fs::path path) : m_path(std::move(path)) {}
    fs::path m_path;
};

Result<Lock> Lock::take(const fs::path& file) {
    const fs::path path = file.string() + ".lock";
    std::FILE* made = std::fopen(path.c_str(), "wx");
    if (made == nullptr && errno == EEXIST)
        return fail(Code::Aborted, "another program is changing \"" + file.string() +
                                       "\"; if none is, remove \"" + path.string() + "\"");
    if (made == nullptr)
        return fail(Code::PermissionDenied, "cannot create \"" + path.string() + "\"");
    std::fclose(made);
    return Lock(path);
}

template <class Edit>
Result<void> editFile(const fs::path& file, Edit edit) {
    std::error_code ec;
    if (file.has_parent_path() && !fs::exists(file.parent_path())) {
        fs::create_directories(file.parent_path(), ec);
        if (ec)
            return fail(Code::PermissionDenied,
                        "cannot create \"" + file.parent_path().string() + "\": " + ec.message());
        fs::permissions(file.parent_path(), fs::perms::owner_all, ec);
    }
    const auto lock = Lock::take(file);
    if (!lock)
        return fail(lock.error());
    auto config = readConfig(file);
    if (!config && config.error().code != Code::NotFound)
        return fail(std::move(config.error()));
    JsonObject document = config ? std::move(*config) : JsonObject{};
    if (!document.contains("apiVersion"))
        document["apiVersion"] = "v1";
    if (!document.contains("kind"))
        document["kind"] = "Config";
    KUBEFED_TRY(edit(document));
    return writeFile(file, printYaml(document), 0600);
}

JsonArray& listOf(JsonObject& config, std::string_view list) {
    Json& value = config[list];
    if (!value.is_array())
        value = JsonArray{};
    return value.get_array();
}

// Where it was, or would be added.
std::size_t removeEntry(JsonObject& config, std::string_view list, std::string_view name) {
    JsonArray& entries = listOf(config, list);
    std::optional<std::size_t> place;
    for (std::size_t i = 0; i < entries.size();) {
        if (!entries[i].is_object() || stringAt(entries[i].get_object(), {"name"}) != name) {
            ++i;
            continue;
        }
        place = place.value_or(i);
        entries.erase(entries.begin() + i);
    }
    return place.value_or(entries.size());
}

void addMaterial(JsonObject& body, std::string_view key, const std::string& pem) {
    if (!pem.empty())
        body[key] = base64Encode(pem);
}

std::array<JsonObject, 3> bodiesOf(const NewContext& context) {
    JsonObject cluster{{"server", context.server}};
    addMaterial(cluster, "certificate-authority-data", context.identity.caPem);
    if (!context.identity.tlsServerName.empty())
        cluster["tls-server-name"] = context.identity.tlsServerName;
    if (context.identity.insecureSkipVerify)
        cluster["insecure-skip-tls-verify"] = true;
    JsonObject user;
    addMaterial(user, "client-certificate-data", context.identity.clientCertPem);
    addMaterial(user, "client-key-data", context.identity.clientKeyPem);
    if (!context.identity.bearerToken.empty())
        user["token"] = context.identity.bearerToken;
    JsonObject body{{"cluster", context.name}, {"user", context.name}};
    std::array<JsonObject, 3> bodies{std::move(cluster), std::move(user), std::move(body)};
    if (!context.federation.empty())
        for (JsonObject& each : bodies)
            each["extensions"] = JsonArray{
                JsonObject{{"name", context.mark}, {"extension", JsonObject{{"name", context.federation}}}}};
    return bodies;
}

}  // namespace

Result<void> addContext(const fs::path& file, const NewContext& context) {
    return editFile(file, [&](JsonObject& config) -> Result<void> {
        for (const Section& section : kSections) {
            const JsonObject* present = entry(config, section.list, context.name);
            if (present == nullptr)
                continue;
            const JsonObject* body = objectAt(*present, {section.body});
            const auto federation = body != nullptr ? markOf(*body, context.mark) : std::nullopt;
            if (!federation || *federation != context.federation)
                return fail(Code::AlreadyExists, "\"" + file.string() + "\" already has a " +
                                                     std::string(section.body) + " \"" + context.name +
                                                     "\" that is not of this federation");
        }
        auto bodies = bodiesOf(context);
        for (std::size_t i = 0; i < kSections.size(); ++i) {
            const std::size_t place = removeEntry(config, kSections[i].list, context.name);
            JsonArray& entries = listOf(config, kSections[i].list);
            entries.insert(entries.begin() + place,
                           JsonObject{{"name", context.name}, {kSections[i].body, std::move(bodies[i])}});
        }
        return {};
    });
}

Result<void> removeContext(const fs::path& file, std::string_view name) {
    return editFile(file, [&](JsonObject& config) -> Result<void> {
        if (entry(config, "contexts", name) == nullptr)
            return fail(Code::NotFound,
                        "\"" + file.string() + "\" has no context \"" + std::string(name) + "\"");
        for (const Section& section : kSections)
            removeEntry(config, section.list, name);
        if (stringAt(config, {"current-context"}) == name)
            config["current-context"] = "";
        return {};
    });
}

}  // namespace kubefed::kube
