// SPDX-License-Identifier: Apache-2.0
//
// Helper of apiserver_crash_test: writes ConfigMaps into a store as fast as it can, 64 at a time, and prints
// the name of each one that was acknowledged. Runs until it is killed. Arguments: store, name prefix, key
// file.
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <QCoreApplication>

#include "kubefed/apiserver/server.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_response.h"

namespace {

using namespace kubefed;

class Load {
public:
    Load(apiserver::ApiServer& server, std::string prefix) : m_server(server), m_prefix(std::move(prefix)) {}

    void next() {
        const std::string name = m_prefix + std::to_string(m_count++);
        m_server.handle(
            m_caller.request("POST", "/api/v1/namespaces/default/configmaps",
                             "{\"metadata\":{\"name\":\"" + name + "\"},\"data\":{\"k\":\"" + name + "\"}}"),
            std::make_shared<Acknowledged>(*this, name));
    }

private:
    // Prints when the server says that the object is stored, then asks for the next one.
    class Acknowledged final : public net::ResponseWriter {
    public:
        Acknowledged(Load& load, std::string name) : m_load(load), m_name(std::move(name)) {}
        void respond(int status, net::Headers headers, std::string body) override {
            (void)headers, (void)body;
            if (status == 201) {
                std::printf("%s\n", m_name.c_str());
                std::fflush(stdout);
            }
            m_load.next();
        }
        void begin(int status, net::Headers headers) override { (void)status, (void)headers; }
        bool write(std::string chunk) override { return !chunk.empty(); }
        void finish() override {}
        void reset() override {}
        void setOnDrained(std::function<void()> drained) override { (void)drained; }
        void setOnClosed(std::function<void()> closed) override { (void)closed; }
        [[nodiscard]] bool isClosed() const override { return false; }

    private:
        Load& m_load;
        std::string m_name;
    };

    apiserver::ApiServer& m_server;
    const std::string m_prefix;
    net::FakeCaller m_caller;
    std::uint64_t m_count = 0;
};

}  // namespace

int main(int argc, char** argv) {
    QCoreApplication app(argc, argv);
    if (argc != 4)
        return 2;
    std::ifstream in(argv[3]);
    std::ostringstream key;
    key << in.rdbuf();
    QtClock clock;
    auto server = apiserver::ApiServer::open({.database = argv[1], .signingKeyPem = key.str()}, clock);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().text().c_str());
        return 1;
    }
    Load load(**server, argv[2]);
    for (int i = 0; i < 64; ++i)
        load.next();
    return QCoreApplication::exec();
}
