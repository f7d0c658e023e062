// SPDX-License-Identifier: Apache-2.0
//
// Requests per second and CPU per request of our HTTP/2 client and server over loopback TLS.
//   net_bench [seconds] [requests at once] [bytes per answer]
//   net_bench --serve            only the server, on a printed port, for h2load; until killed
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <QCoreApplication>
#include <QSemaphore>
#include <QThread>

#include "kubefed/net/in_process_transport.h"
#include "kubefed/util/qt_clock.h"
#include "tests/unit/net/net_fixture.h"

using namespace kubefed;
using namespace kubefed::net;

namespace {

double cpuSeconds(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class ServerThread : public QThread {
public:
    ServerThread(ServerConfig config, std::size_t answerSize)
        : m_config(std::move(config)), m_answer(answerSize, 'x') {
        start();
        m_ready.acquire();
    }
    ~ServerThread() override {
        quit();
        wait();
    }
    [[nodiscard]] std::uint16_t port() const { return m_port; }
    [[nodiscard]] InProcessServer& inProcess() const { return *m_inProcess; }

protected:
    void run() override {
        QtClock clock;
        FunctionHandler handler([this](const ServerRequest&, const std::shared_ptr<ResponseWriter>& w) {
            w->respond(200, {{"content-type", "application/json"}}, m_answer);
        });
        HttpServer server(m_config, handler, clock);
        InProcessServer inProcess(handler);
        m_inProcess = &inProcess;
        m_port = server.listen().value();
        m_ready.release();
        exec();
    }

private:
    const ServerConfig m_config;
    const std::string m_answer;
    std::uint16_t m_port = 0;
    InProcessServer* m_inProcess = nullptr;
    QSemaphore m_ready;
};

struct Figures {
    long requests = 0;
    double seconds = 0;
    double cpu = 0;
    double clientCpu = 0;
};

Figures measure(HttpTransport& transport, Clock& clock, std::chrono::seconds duration, std::size_t atOnce) {
    Figures figures;
    std::vector<Request> handles(atOnce);
    bool running = true;
    std::size_t open = 0;
    std::function<void(std::size_t)> next = [&](std::size_t slot) {
        HttpRequest request = get("/api/v1/namespaces/default/services/web-12345");
        request.method = "POST";
        request.body.assign(700, 'b');
        request.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
        ++open;
        handles[slot] = transport.send(std::move(request), [&, slot](const Result<HttpResponse>& r) {
            figures.requests += r && r->status == 200 ? 1 : 0;
            --open;
            if (running)
                next(slot);
            else if (open == 0)
                QCoreApplication::quit();
        });
    };
    const double begun = cpuSeconds(CLOCK_MONOTONIC);
    const double cpu = cpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    const double clientCpu = cpuSeconds(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t slot = 0; slot < atOnce; ++slot)
        next(slot);
    const Request stop = clock.after(duration, [&running] { running = false; });
    QCoreApplication::exec();
    figures.seconds = cpuSeconds(CLOCK_MONOTONIC) - begun;
    figures.cpu = cpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    figures.clientCpu = cpuSeconds(CLOCK_THREAD_CPUTIME_ID) - clientCpu;
    return figures;
}

void print(const char* name, const Figures& f) {
    const double n = static_cast<double>(f.requests);
    std::printf("%-11s %9.0f requests/s   CPU per request: %6.2f us client, %6.2f us server\n", name,
                n / f.seconds, 1e6 * f.clientCpu / n, 1e6 * (f.cpu - f.clientCpu) / n);
}

}  // namespace

int main(int argc, char** argv) {
    const QCoreApplication app(argc, argv);
    const TestPki pki;
    const bool serve = argc > 1 && std::string_view(argv[1]) == "--serve";
    const auto number = [&](int i, long otherwise) {
        return argc > i && !serve ? std::atol(argv[i]) : otherwise;
    };
    ServerThread server(pki.serverConfig(), static_cast<std::size_t>(number(3, 1000)));
    if (serve) {
        std::printf("https://127.0.0.1:%d/\n", server.port());
        std::fflush(stdout);
        return QCoreApplication::exec();
    }
    QtClock clock;
    const std::chrono::seconds duration(number(1, 3));
    const auto atOnce = static_cast<std::size_t>(number(2, 64));
    {
        ConnectionCache cache(clock);
        const auto transport = cache.transport(loopback(server.port()), pki.as(pki.alice));
        print("TLS, h2", measure(*transport, clock, duration, atOnce));
    }
    const auto transport = server.inProcess().connect(readCertificate(pki.alice.certPem).value(), clock);
    print("in process", measure(*transport, clock, duration, atOnce));
    return 0;
}
