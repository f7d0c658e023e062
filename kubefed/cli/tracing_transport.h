// SPDX-License-Identifier: Apache-2.0
//
// An HttpTransport that says each request and its outcome to the Report before passing it on: what -v shows.
// Bodies and headers are never shown. Same thread as the transport it wraps.
#pragma once

#include <memory>
#include <string>

#include "kubefed/cli/report.h"
#include "kubefed/net/http.h"

namespace kubefed::cli {

class TracingTransport final : public net::HttpTransport {
public:
    TracingTransport(std::shared_ptr<net::HttpTransport> inner, Report& report, Clock& clock,
                     std::string label)
        : m_inner(std::move(inner)), m_report(report), m_clock(clock), m_label(std::move(label)) {}

    [[nodiscard]] Request send(net::HttpRequest request, Callback<net::HttpResponse> done) override {
        std::string what = m_label + ": " + request.method + " " + request.target;
        const SteadyTime start = m_clock.now();
        return m_inner->send(
            std::move(request), [this, what = std::move(what), start,
                                 done = std::move(done)](Result<net::HttpResponse> response) mutable {
                const auto took = std::chrono::duration_cast<Duration>(m_clock.now() - start);
                m_report.trace(what + " → " +
                               (response ? std::to_string(response->status) : response.error().message) +
                               ", " + shortDuration(took));
                done(std::move(response));
            });
    }
    [[nodiscard]] Request stream(net::HttpRequest request, net::HttpStream& stream) override {
        m_report.trace(m_label + ": " + request.method + " " + request.target);
        return m_inner->stream(std::move(request), stream);
    }
    void resume(net::HttpStream& stream) override { m_inner->resume(stream); }

private:
    std::shared_ptr<net::HttpTransport> m_inner;
    Report& m_report;
    Clock& m_clock;
    std::string m_label;
};

}  // namespace kubefed::cli
