// SPDX-License-Identifier: Apache-2.0
//
// Helper of apiserver_crash_test: writes objects into a store as fast as it can, 64 at a time, and prints
// after each write that was acknowledged which object it was and the step that it has reached. Runs until it
// is killed. Arguments: store, name prefix, key file. tests/integration/crash_load.h says what the steps are.
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <QCoreApplication>

#include "kubefed/apiserver/server.h"
#include "kubefed/util/qt_clock.h"
#include "tests/fakes/fake_response.h"
#include "tests/integration/crash_load.h"

namespace {

using namespace kubefed;
using namespace kubefed::test;

// One object, taken through its steps for ever.
class Lane {
public:
    Lane(apiserver::ApiServer& server, std::string name, int number)
        : m_server(server), m_name(std::move(name)), m_type(typeOf(number)) {}

    void next() {
        const CrashRequest request = crashRequest(m_type, m_name, m_step + 1);
        m_server.handle(m_caller.request(request.method, request.path, request.body, request.contentType),
                        std::make_shared<Acknowledged>(*this));
    }

private:
    class Acknowledged final : public net::ResponseWriter {
    public:
        explicit Acknowledged(Lane& lane) : m_lane(lane) {}
        void respond(int status, net::Headers headers, std::string body) override {
            (void)headers;
            m_lane.answered(status, body);
        }
        void begin(int status, net::Headers headers) override { (void)status, (void)headers; }
        bool write(std::string chunk) override { return !chunk.empty(); }
        void finish() override {}
        void reset() override {}
        void setOnDrained(std::function<void()> drained) override { (void)drained; }
        void setOnClosed(std::function<void()> closed) override { (void)closed; }
        [[nodiscard]] bool isClosed() const override { return false; }

    private:
        Lane& m_lane;
    };

    void answered(int status, const std::string& body) {
        if (status >= 300) {
            std::fprintf(stderr, "%s: %s\n", m_name.c_str(), body.c_str());
            std::exit(1);
        }
        ++m_step;
        std::printf("%d %s %d\n", static_cast<int>(m_type), m_name.c_str(), m_step);
        std::fflush(stdout);
        next();
    }

    apiserver::ApiServer& m_server;
    const std::string m_name;
    const CrashType m_type;
    net::FakeCaller m_caller;
    int m_step = -1;
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
    auto server = apiserver::ApiServer::open(
        {.database = argv[1], .signingKeyPem = key.str(), .crds = {crashDefinition()}}, clock);
    if (!server) {
        std::fprintf(stderr, "%s\n", server.error().text().c_str());
        return 1;
    }
    std::vector<std::unique_ptr<Lane>> lanes;
    for (int i = 0; i < 64; ++i)
        lanes.push_back(std::make_unique<Lane>(**server, argv[2] + std::to_string(i), i));
    Request start, heard;
    const auto begin = [&] {
        start = clock.after(Duration(0), [&] {
            for (const auto& lane : lanes)
                lane->next();
        });
    };
    if (net::FakeCaller().ask(**server, "GET", "/apis/example.com/v1/crashes")->status() == 200)
        begin();
    else  // the definition is served once it is stored
        heard = (*server)->listen([&](const kube::Gvr& gvr, auto, const kube::ObjectPtr&) {
            if (gvr.resource == "customresourcedefinitions" && !start.isActive())
                begin();
        });
    return QCoreApplication::exec();
}
