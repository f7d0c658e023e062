// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/local_federation.h"

#include <charconv>
#include <cstdio>
#include <deque>
#include <random>
#include <sstream>

#include "kubefed/cli/folder.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/net/lasting_port.h"
#include "kubefed/util/file.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kubefed::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kCaLife{24 * 365 * 10};
constexpr std::chrono::hours kCertificateLife{24 * 365};
constexpr std::size_t kPortAttempts = 50;

struct NamedPair {
    std::string file;
    net::KeyPair pair;
};

Result<std::vector<NamedPair>> makePki(const LocalConfig& config) {
    auto ca = net::makeCa("kubefed federation " + config.federation, kCaLife);
    if (!ca)
        return fail(std::move(ca.error()).withContext("making the CA"));
    std::vector<NamedPair> out{{"ca", *ca}};
    const net::CertificateSpec server{
        .commonName = "kubefed-apiserver",
        .dnsNames = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
        .addresses = config.address == "127.0.0.1" || config.address == "0.0.0.0"
                         ? std::vector<std::string>{"127.0.0.1"}
                         : std::vector<std::string>{"127.0.0.1", config.address},
        .server = true,
        .life = kCertificateLife};
    const net::CertificateSpec controller{.commonName = "kubefed-controller",
                                          .organizations = {"system:masters"},
                                          .client = true,
                                          .life = kCertificateLife};
    const net::CertificateSpec admin{.commonName = "kubefed-admin",
                                     .organizations = {"system:masters"},
                                     .client = true,
                                     .life = kCertificateLife};
    for (const auto& [file, spec] :
         {std::pair{"server", &server}, {"controller", &controller}, {"admin", &admin}}) {
        auto pair = net::makeCertificate(*ca, *spec);
        if (!pair)
            return fail(std::move(pair.error()).withContext("making a certificate"));
        out.push_back({file, std::move(*pair)});
    }
    return out;
}

std::string printConfig(const LocalConfig& config) {
    kube::JsonObject document{{"federation", config.federation},
                              {"federationId", config.federationId},
                              {"address", config.address},
                              {"port", config.port}};
    if (!config.pluginDir.empty())
        document["pluginDirs"] = kube::JsonArray{fs::absolute(config.pluginDir).string()};
    if (!config.hasDefaultPolicy)
        document["defaultPlacement"] = "none";
    return kube::printYaml(std::move(document));
}

}  // namespace

LocalFederation::LocalFederation(const fs::path& dataHome, const std::string& name)
    : m_folder(dataHome / "kubefed" / name) {}

bool LocalFederation::exists() const {
    std::error_code ignored;
    return fs::exists(m_folder / "config.yaml", ignored);
}

Result<void> LocalFederation::create(const LocalConfig& config) const {
    const fs::path pki = m_folder / "pki";
    std::error_code ec;
    fs::create_directories(pki, ec);
    for (const fs::path& folder : {m_folder, pki})
        if (!ec)
            fs::permissions(folder, fs::perms::owner_all, ec);
    if (ec)
        return fail(Code::PermissionDenied, "cannot create \"" + pki.string() + "\": " + ec.message());
    auto pairs = makePki(config);
    if (!pairs)
        return fail(std::move(pairs.error()));
    for (const NamedPair& named : *pairs) {
        KUBEFED_TRY(writeFile(pki / (named.file + ".crt"), named.pair.certPem));
        KUBEFED_TRY(writeFile(pki / (named.file + ".key"), named.pair.keyPem));
    }
    const auto signing = net::makeSigningKey();
    if (!signing)
        return fail(signing.error());
    KUBEFED_TRY(writeFile(pki / "sa.pub", signing->certPem));
    KUBEFED_TRY(writeFile(pki / "sa.key", signing->keyPem));
    return writeFile(m_folder / "config.yaml", printConfig(config));
}

Result<LocalConfig> LocalFederation::readConfig() const {
    const fs::path path = m_folder / "config.yaml";
    auto text = readFile(path);
    if (!text)
        return fail(std::move(text.error()));
    auto documents = kube::parseYaml(*text);
    if (!documents)
        return fail(std::move(documents.error()).withContext(path.string()));
    if (documents->size() != 1 || !documents->front().is_object())
        return fail(Code::InvalidArgument, "\"" + path.string() + "\" is not one mapping");
    const kube::JsonObject& document = documents->front().get_object();
    LocalConfig config;
    config.federation = kube::stringAt(document, {"federation"});
    config.federationId = kube::stringAt(document, {"federationId"});
    config.address = kube::stringAt(document, {"address"});
    config.hasDefaultPolicy = kube::stringAt(document, {"defaultPlacement"}) != "none";
    const auto port = kube::intAt(document, {"port"}).value_or(0);
    if (config.federation.empty() || config.federationId.empty() || config.address.empty() || port < 0 ||
        port > 65535)
        return fail(Code::InvalidArgument, "\"" + path.string() + "\" is not complete");
    config.port = static_cast<std::uint16_t>(port);
    return config;
}

std::optional<pid_t> LocalFederation::readPid() const {
    const auto text = readFile(pidFile());
    pid_t pid = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), pid).ec != std::errc{} ||
        pid <= 1)
        return std::nullopt;
    return pid;
}

Result<net::Identity> LocalFederation::adminIdentity() const {
    net::Identity identity;
    for (const auto& [file, target] : {std::pair{"ca.crt", &identity.caPem},
                                       {"admin.crt", &identity.clientCertPem},
                                       {"admin.key", &identity.clientKeyPem}}) {
        auto text = readFile(m_folder / "pki" / file);
        if (!text)
            return fail(std::move(text.error()));
        *target = std::move(*text);
    }
    return identity;
}

bool LocalFederation::isOrphaned() const {
    std::error_code ignored;
    return !exists() && fs::exists(storeFile(), ignored);
}

Result<void> LocalFederation::remove() const {
    return removeFolder(m_folder);
}

std::string LocalFederation::logTail(std::size_t lines) const {
    const auto text = readFile(logFile());
    if (!text)
        return "there is no log";
    std::istringstream stream(*text);
    std::deque<std::string> tail;
    for (std::string line; std::getline(stream, line);) {
        tail.push_back(line);
        if (tail.size() > lines)
            tail.pop_front();
    }
    std::string out;
    for (const std::string& line : tail)
        out += (out.empty() ? "" : "\n            ") + line;
    return out.empty() ? "nothing was logged" : out;
}

std::string makeUuid() {
    std::random_device random;
    unsigned words[4];
    for (unsigned& word : words)
        word = random();
    words[1] = (words[1] & 0xFFFF0FFFU) | 0x4000U;
    words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%04x%08x", words[0], words[1] >> 16U,
                  words[1] & 0xFFFFU, words[2] >> 16U, words[2] & 0xFFFFU, words[3]);
    return text;
}

bool isUuid(std::string_view text) {
    if (text.size() != 36)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

Result<std::uint16_t> freePort(const std::string& address) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    if (::inet_pton(AF_INET, address.c_str(), &where.sin_addr) != 1)
        return fail(Code::InvalidArgument, "\"" + address + "\" is not an IPv4 address");
    std::vector<std::uint16_t> candidates = net::lastingPorts(kPortAttempts);
    candidates.push_back(0);
    for (const std::uint16_t candidate : candidates) {
        where.sin_port = htons(candidate);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof where;
        const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
                           ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0;
        if (fd >= 0)
            ::close(fd);
        if (bound)
            return ntohs(where.sin_port);
    }
    return fail(Code::Unavailable, "cannot listen on \"" + address + "\"");
}

}  // namespace kubefed::cli
