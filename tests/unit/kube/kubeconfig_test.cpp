// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/kubeconfig.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/util/base64.h"
#include "kubefed/util/file.h"

#include <sys/stat.h>

using namespace kubefed;
using namespace kubefed::kube;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

const char* kFirst =
    "apiVersion: v1\n"
    "kind: Config\n"
    "clusters:\n"
    "- name: one\n"
    "  cluster: {server: 'https://one:6443', certificate-authority: ca.pem, tls-server-name: api.one}\n"
    "users:\n"
    "- name: anna\n"
    "  user: {tokenFile: token}\n"
    "contexts:\n"
    "- name: one\n"
    "  context: {cluster: one, user: anna, namespace: shop}\n"
    "current-context: one\n"
    "unknown-to-us: {kept: true}\n";

const char* kSecond =
    "clusters:\n"
    "- name: one\n"
    "  cluster: {server: 'https://loses:1'}\n"
    "- name: two\n"
    "  cluster: {server: 'https://two', certificate-authority-data: Q0E=, certificate-authority: gone.pem}\n"
    "users:\n"
    "- name: bert\n"
    "  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: wins, tokenFile: gone}\n"
    "- name: program\n"
    "  user: {exec: {command: aws-login}}\n"
    "contexts:\n"
    "- name: two\n"
    "  context: {cluster: two, user: bert}\n"
    "- name: exec\n"
    "  context: {cluster: two, user: program}\n"
    "- name: lost\n"
    "  context: {cluster: nowhere, user: bert}\n"
    "current-context: two\n";

}  // namespace

class KubeconfigTest : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;

    fs::path path(const std::string& name) const { return fs::path(m_folder->path().toStdString()) / name; }
    void write(const std::string& name, const std::string& text) const {
        fs::create_directories(path(name).parent_path());
        std::ofstream(path(name)) << text;
    }
    Kubeconfig load(const std::string& name) const {
        auto config = Kubeconfig::load(path(name));
        if (!config)
            qFatal("%s", config.error().text().c_str());
        return *config;
    }

private Q_SLOTS:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        qunsetenv("KUBECONFIG");
    }

    void listsMergeAndTheFirstWins() {
        write("a/config", kFirst);
        write("a/ca.pem", "CA of one");
        write("a/token", "secret\n");
        write("b/config", kSecond);
        const std::string list =
            path("missing").string() + ":" + path("a/config").string() + ":" + path("b/config").string();
        qputenv("KUBECONFIG", list.c_str());
        const auto config = Kubeconfig::load(std::nullopt);
        QVERIFY(config);
        QCOMPARE(config->contexts(), (Names{"one", "two", "exec", "lost"}));
        QCOMPARE(config->currentContext(), std::string("one"));
        QVERIFY(config->writePath() == path("missing"));
        const auto one = config->resolve("one");
        QVERIFY(one);
        QCOMPARE(one->endpoint.url(), std::string("https://one:6443"));
        QCOMPARE(one->ns, std::string("shop"));
        QCOMPARE(one->identity.caPem, std::string("CA of one"));  // relative to its file
        QCOMPARE(one->identity.bearerToken, std::string("secret"));
        QCOMPARE(one->identity.tlsServerName, std::string("api.one"));
        const auto two = config->resolve("two");
        QVERIFY(two);
        QCOMPARE(two->identity.caPem, std::string("CA"));  // data beats the file
        QCOMPARE(two->identity.clientCertPem, std::string("CERT"));
        QCOMPARE(two->identity.clientKeyPem, std::string("KEY"));
        QCOMPARE(two->identity.bearerToken, std::string("wins"));
        QCOMPARE(two->ns, std::string("default"));
        QVERIFY(!two->isFederation);
    }

    void certificateAndKeyAreReadFromTheirFiles() {
        write("a/pki/carl.crt", "CERT of carl");
        write("keys/carl.key", "KEY of carl");
        write("a/config",
              "clusters:\n"
              "- {name: one, cluster: {server: 'https://one:6443'}}\n"
              "users:\n"
              "- {name: carl, user: {client-certificate: pki/carl.crt, client-key: '" +
                  path("keys/carl.key").string() +
                  "'}}\n"
                  "contexts:\n"
                  "- {name: one, context: {cluster: one, user: carl}}\n");
        const auto config = load("a/config");
        const auto one = config.resolve("one");
        QVERIFY2(one, one ? "" : one.error().text().c_str());
        QCOMPARE(one->identity.clientCertPem, std::string("CERT of carl"));  // relative to its file
        QCOMPARE(one->identity.clientKeyPem, std::string("KEY of carl"));
        for (const auto& [file, key] : {std::pair("keys/carl.key", "\"client-key\""),
                                        std::pair("a/pki/carl.crt", "\"client-certificate\"")}) {
            fs::remove(path(file));
            const auto gone = config.resolve("one");
            QVERIFY(!gone);
            QVERIFY2(gone.error().text().find(key) != std::string::npos &&
                         gone.error().text().find(path(file).string()) != std::string::npos,
                     gone.error().text().c_str());
        }
    }

    void whatCannotBeUsedSaysWhy() {
        write("config", kSecond);
        const auto config = load("config");
        const auto missing = config.resolve("three");
        QVERIFY(!missing && missing.error().code == Code::NotFound);
        QVERIFY2(missing.error().message.find("\"two\", \"exec\"") != std::string::npos,
                 missing.error().message.c_str());
        const auto program = config.resolve("exec");
        QVERIFY(!program && program.error().code == Code::Unimplemented);
        QVERIFY(program.error().message.find("aws-login") != std::string::npos);
        const auto lost = config.resolve("lost");
        QVERIFY(!lost && lost.error().message.find("nowhere") != std::string::npos);
        QVERIFY(!Kubeconfig::load(path("nothing")));
        write("broken", "clusters: [");
        QVERIFY(!Kubeconfig::load(path("broken")));
    }

    void aContextIsAddedAtomicallyAndEverythingElseIsKept() {
        write("config", kFirst);
        const NewContext context{.name = "prod",
                                 .server = "https://127.0.0.1:7443",
                                 .identity = {.caPem = "ca", .clientCertPem = "cert", .clientKeyPem = "key"},
                                 .federation = "prod"};
        QVERIFY(addContext(path("config"), context));
        const auto config = load("config");
        QCOMPARE(config.currentContext(), std::string("one"));
        QCOMPARE(config.federationContexts(), Names{"prod"});
        const auto prod = config.resolve("prod");
        QVERIFY(prod && prod->isFederation);
        QCOMPARE(prod->federation, std::string("prod"));
        QCOMPARE(prod->identity.clientKeyPem, std::string("key"));
        QVERIFY(readFile(path("config"))->find("unknown-to-us") != std::string::npos);
        struct stat info{};
        QCOMPARE(::stat(path("config").c_str(), &info), 0);
        QCOMPARE(info.st_mode & 0777U, 0600U);
        QVERIFY(!fs::exists(path("config.lock")));
        // Again is no mistake, and changes only ours.
        QVERIFY(addContext(path("config"), context));
        QCOMPARE(load("config").contexts(), (Names{"one", "prod"}));
        // And it keeps its place: what is the same is the same to the byte.
        NewContext later = context;
        later.name = "later";
        QVERIFY(addContext(path("config"), later));
        const std::string before = *readFile(path("config"));
        QVERIFY(addContext(path("config"), context));
        QCOMPARE(*readFile(path("config")), before);
        QVERIFY(removeContext(path("config"), "later"));
        QVERIFY(removeContext(path("config"), "prod"));
        QCOMPARE(load("config").contexts(), Names{"one"});
        QVERIFY(readFile(path("config"))->find("127.0.0.1") == std::string::npos);
        const auto again = removeContext(path("config"), "prod");
        QVERIFY(!again && again.error().code == Code::NotFound);
    }

    void aForeignContextClusterOrUserIsNotOverwritten() {
        for (const char* name : {"one", "anna"}) {
            write("config", kFirst);
            const auto before = *readFile(path("config"));
            const auto added = addContext(
                path("config"), {.name = name, .server = "https://x", .identity = {}, .federation = "f"});
            QVERIFY(!added && added.error().code == Code::AlreadyExists);
            QCOMPARE(*readFile(path("config")), before);
        }
    }

    void anotherProgramsLockIsRespected() {
        write("config", kFirst);
        write("config.lock", "");
        const auto added = addContext(
            path("config"), {.name = "p", .server = "https://x", .identity = {}, .federation = "f"});
        QVERIFY(!added && added.error().code == Code::Aborted);
        QVERIFY(fs::exists(path("config.lock")));
    }

    void aNewFileAndItsFolderAreMadeAndALinkStaysOne() {
        QVERIFY(addContext(path("new/dir/config"),
                           {.name = "p", .server = "https://x", .identity = {}, .federation = "f"}));
        QCOMPARE(load("new/dir/config").contexts(), Names{"p"});
        write("target", kFirst);
        fs::create_symlink(path("target"), path("link"));
        QVERIFY(addContext(path("link"),
                           {.name = "p", .server = "https://x", .identity = {}, .federation = "f"}));
        QVERIFY(fs::is_symlink(path("link")));
        QCOMPARE(load("target").contexts(), (Names{"one", "p"}));
    }

    void base64IsExact() {
        for (const char* text : {"", "a", "ab", "abc", "abcd"})
            QCOMPARE(base64Decode(base64Encode(text)).value(), std::string(text));
        QCOMPARE(base64Encode("any carnal pleas"), std::string("YW55IGNhcm5hbCBwbGVhcw=="));
        QCOMPARE(base64Decode("YW\nJj\n").value(), std::string("abc"));
        for (const char* bad : {"a", "ab", "abc", "ab=c", "a===", "ab==cd==", "a*cd", "=abc"})
            QVERIFY2(!base64Decode(bad), bad);
    }
};

QTEST_GUILESS_MAIN(KubeconfigTest)
#include "kubeconfig_test.moc"
