// SPDX-License-Identifier: Apache-2.0
//
// An HttpTransport that repeats what a server was only too busy for: 429 and 503 with a short Retry-After (a
// kube-apiserver that just started says so) are asked again a few times. Other answers and streams pass
// through. Same thread as the transport it wraps.
#pragma once

#include <memory>

#include "kubefed/net/http.h"

namespace kubefed::cli {

class PatientTransport final : public net::HttpTransport {
public:
    PatientTransport(std::shared_ptr<net::HttpTransport> inner, Clock& clock);
    [[nodiscard]] Request send(net::HttpRequest request, Callback<net::HttpResponse> done) override;
    [[nodiscard]] Request stream(net::HttpRequest request, net::HttpStream& stream) override;
    void resume(net::HttpStream& stream) override;

private:
    std::shared_ptr<net::HttpTransport> m_inner;
    Clock& m_clock;
};

}  // namespace kubefed::cli
