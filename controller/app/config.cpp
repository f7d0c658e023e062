// SPDX-License-Identifier: Apache-2.0
#include "controller/app/config.h"

#include <fstream>
#include <sstream>
#include <system_error>

#include "kubefed/kube/yaml.h"

#include <fcntl.h>
#include <unistd.h>

namespace kubefed::controller {
namespace {

Result<std::string> readFile(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in)
        return fail(Code::NotFound, "\"" + file.string() + "\" cannot be read; kubefed init makes it");
    return std::move(text).str();
}

Result<kube::JsonObject> readYaml(const std::filesystem::path& file) {
    Result<std::string> text = readFile(file);
    if (!text)
        return fail(std::move(text.error()));
    Result<std::vector<kube::Json>> documents = kube::parseYaml(*text);
    if (!documents)
        return fail(std::move(documents.error()).withContext(file.string()));
    if (documents->size() != 1 || !documents->front().is_object())
        return fail(Code::InvalidArgument, "\"" + file.string() + "\" is not one YAML mapping");
    return std::move(documents->front().get_object());
}

Result<void> readKeys(DaemonConfig& config) {
    const std::filesystem::path pki = config.data / "pki";
    const std::pair<const char*, std::string*> files[] = {
        {"ca.crt", &config.caPem},
        {"server.crt", &config.server.certPem},
        {"server.key", &config.server.keyPem},
        {"controller.crt", &config.client.certPem},
        {"controller.key", &config.client.keyPem},
        {"sa.key", &config.signingKeyPem},
    };
    for (const auto& [name, into] : files) {
        Result<std::string> text = readFile(pki / name);
        if (!text)
            return fail(std::move(text.error()));
        *into = std::move(*text);
    }
    return {};
}

Result<void> replaceFile(const std::filesystem::path& file, const std::string& text) {
    const std::string temporary = file.string() + ".new";
    const auto problem = [&](const char* what) {
        return fail(Code::Internal, "\"" + file.string() + "\" cannot be written: " + what + ": " +
                                        std::error_code(errno, std::generic_category()).message());
    };
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return problem("open");
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    ::close(fd);
    if (!written)
        return problem("write");
    if (::rename(temporary.c_str(), file.c_str()) != 0)
        return problem("rename");
    return {};
}

}  // namespace

Result<DaemonConfig> readConfig(const std::filesystem::path& data) {
    const std::filesystem::path file = data / "config.yaml";
    Result<kube::JsonObject> yaml = readYaml(file);
    if (!yaml)
        return fail(std::move(yaml.error()));
    DaemonConfig config;
    config.data = data;
    config.federation = kube::stringAt(*yaml, {"federation"});
    config.federationId = kube::stringAt(*yaml, {"federationId"});
    if (const std::string_view address = kube::stringAt(*yaml, {"address"}); !address.empty())
        config.address = address;
    const std::int64_t port = kube::intAt(*yaml, {"port"}).value_or(0);
    const std::int64_t grpcPort = kube::intAt(*yaml, {"grpcPort"}).value_or(0);
    if (config.federation.empty() || config.federationId.empty())
        return fail(
            Code::InvalidArgument,
            "\"" + file.string() + "\" must name federation and federationId; kubefed init writes them");
    if (port < 0 || port > 65535 || grpcPort < 0 || grpcPort > 65535)
        return fail(Code::InvalidArgument,
                    "\"" + file.string() + "\": port and grpcPort must be from 0 to 65535");
    config.port = static_cast<std::uint16_t>(port);
    config.grpcPort = static_cast<std::uint16_t>(grpcPort);
    if (const auto limit = kube::intAt(*yaml, {"policyCallLimitMillis"}); limit && *limit > 0)
        config.policyCallLimit = Duration(*limit);
    if (const kube::JsonArray* folders = kube::arrayAt(*yaml, {"pluginDirs"}))
        for (const kube::Json& folder : *folders) {
            if (!folder.is_string())
                return fail(Code::InvalidArgument, "\"" + file.string() + "\": pluginDirs must be texts");
            config.pluginDirs.emplace_back(std::string(kube::view(folder.get_string())));
        }
    KUBEFED_TRY(readKeys(config));
    return config;
}

Result<void> writePort(const std::filesystem::path& data, std::string_view field, std::uint16_t port) {
    const std::filesystem::path file = data / "config.yaml";
    Result<kube::JsonObject> yaml = readYaml(file);
    if (!yaml)
        return fail(std::move(yaml.error()));
    (*yaml)[field] = port;
    return replaceFile(file, kube::printYaml(std::move(*yaml)));
}

}  // namespace kubefed::controller
