// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/patient_transport.h"

#include <charconv>
#include <optional>

namespace kubefed::cli {
namespace {

constexpr int kAttempts = 4;
constexpr int kLongestSeconds = 5;

std::optional<int> secondsToWait(const Result<net::HttpResponse>& response) {
    if (!response || (response->status != 429 && response->status != 503))
        return std::nullopt;
    const std::string_view text = net::header(response->headers, "retry-after");
    int seconds = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{})
        return std::nullopt;
    return seconds >= 0 && seconds <= kLongestSeconds ? std::optional(seconds) : std::nullopt;
}

// One request with its repetitions.
class Attempts final : public std::enable_shared_from_this<Attempts> {
public:
    Attempts(std::shared_ptr<net::HttpTransport> inner, Clock& clock, net::HttpRequest request,
             Callback<net::HttpResponse> done)
        : m_inner(std::move(inner)), m_clock(clock), m_request(std::move(request)), m_done(std::move(done)) {}

    void ask() {
        ++m_attempt;
        m_current = m_inner->send(m_request, [this](Result<net::HttpResponse> response) {
            const auto self = shared_from_this();
            const auto wait = secondsToWait(response);
            if (!wait || m_attempt == kAttempts)
                return std::exchange(m_done, nullptr)(std::move(response));
            m_current = m_clock.after(std::chrono::seconds(*wait), [this] {
                const auto alive = shared_from_this();
                ask();
            });
        });
    }
    void cancel() { m_current.cancel(); }

private:
    std::shared_ptr<net::HttpTransport> m_inner;
    Clock& m_clock;
    const net::HttpRequest m_request;
    Callback<net::HttpResponse> m_done;
    int m_attempt = 0;
    Request m_current;
};

class Handle final : public Request::State {
public:
    explicit Handle(std::shared_ptr<Attempts> attempts) : m_attempts(std::move(attempts)) {}
    ~Handle() override { m_attempts->cancel(); }

private:
    std::shared_ptr<Attempts> m_attempts;
};

}  // namespace

PatientTransport::PatientTransport(std::shared_ptr<net::HttpTransport> inner, Clock& clock)
    : m_inner(std::move(inner)), m_clock(clock) {}

Request PatientTransport::send(net::HttpRequest request, Callback<net::HttpResponse> done) {
    auto attempts = std::make_shared<Attempts>(m_inner, m_clock, std::move(request), std::move(done));
    attempts->ask();
    return Request(std::make_unique<Handle>(std::move(attempts)));
}

Request PatientTransport::stream(net::HttpRequest request, net::HttpStream& stream) {
    return m_inner->stream(std::move(request), stream);
}

void PatientTransport::resume(net::HttpStream& stream) {
    m_inner->resume(stream);
}

}  // namespace kubefed::cli
