// SPDX-License-Identifier: Apache-2.0
//
// kubefed-apiserver-dev: the API server alone, for people and tests. Writes a kubeconfig of an administrator
// and prints its path; ends on SIGTERM or SIGINT.
//   kubefed-apiserver-dev --kubeconfig FILE [--data FILE] [--port N] [--crd FILE]...
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <QCoreApplication>
#include <QSocketNotifier>

#include "kubefed/apiserver/server.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/net/http_server.h"
#include "kubefed/net/tls.h"
#include "kubefed/util/base64.h"
#include "kubefed/util/qt_clock.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace {

using namespace kubefed;

struct Options {
    std::string kubeconfig, data;
    std::vector<std::string> crds;
    std::uint16_t port = 0;
};

std::string readFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

int complain(const Error& error) {
    std::fprintf(stderr, "%s\n", error.text().c_str());
    return 1;
}

void writeKubeconfig(const Options& options, std::uint16_t port, const std::string& caPem,
                     const net::KeyPair& admin) {
    std::ofstream out(options.kubeconfig, std::ios::trunc);
    out << "apiVersion: v1\nkind: Config\ncurrent-context: dev\n"
        << "clusters: [{name: dev, cluster: {server: 'https://127.0.0.1:" << port
        << "', certificate-authority-data: " << base64Encode(caPem) << "}}]\n"
        << "users: [{name: dev, user: {client-certificate-data: " << base64Encode(admin.certPem)
        << ", client-key-data: " << base64Encode(admin.keyPem) << "}}]\n"
        << "contexts: [{name: dev, context: {cluster: dev, user: dev}}]\n";
}

// Signals arrive as readable data, so that the loop ends in its own time.
int signalDescriptor() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int serve(QCoreApplication& app, const Options& options) {
    QtClock clock;
    using std::chrono::hours;
    const auto ca = net::makeCa("kubefed-dev CA", hours(24 * 30));
    const auto key = net::makeSigningKey();
    if (!ca || !key)
        return complain(ca ? key.error() : ca.error());
    const auto own = net::makeCertificate(
        *ca,
        {.commonName = "kubefed-dev", .dnsNames = {"localhost"}, .addresses = {"127.0.0.1"}, .server = true});
    const auto admin = net::makeCertificate(
        *ca, {.commonName = "admin", .organizations = {"system:masters"}, .client = true});
    if (!own || !admin)
        return complain(own ? admin.error() : own.error());
    apiserver::ApiServerConfig config{
        .database = options.data, .signingKeyPem = key->keyPem, .clusterCaPem = ca->certPem};
    for (const std::string& file : options.crds)
        for (const kube::Json& crd : kube::parseYaml(readFile(file)).value_or(std::vector<kube::Json>()))
            config.crds.push_back(crd.as_object());
    auto server = apiserver::ApiServer::open(std::move(config), clock);
    if (!server)
        return complain(server.error());
    net::HttpServer http({.port = options.port, .certificate = *own, .clientCaPem = ca->certPem}, **server,
                         clock);
    const Result<std::uint16_t> port = http.listen();
    if (!port)
        return complain(port.error());
    writeKubeconfig(options, *port, ca->certPem, *admin);
    std::printf("%s\n", options.kubeconfig.c_str());
    std::fflush(stdout);
    const int signals = signalDescriptor();
    QSocketNotifier notifier(signals, QSocketNotifier::Read);
    QObject::connect(&notifier, &QSocketNotifier::activated, &app, &QCoreApplication::quit);
    const int code = QCoreApplication::exec();
    close(signals);
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    QCoreApplication app(argc, argv);
    CLI::App cli("The kubefed API server alone, for development");
    Options options;
    cli.add_option("--kubeconfig", options.kubeconfig, "Where to write the administrator's kubeconfig")
        ->required();
    cli.add_option("--data", options.data, "The SQLite file; in memory without it");
    cli.add_option("--port", options.port, "0: any free one");
    cli.add_option("--crd", options.crds, "YAML files with CustomResourceDefinitions to serve");
    CLI11_PARSE(cli, argc, argv);
    return serve(app, options);
}
