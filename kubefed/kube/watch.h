// SPDX-License-Identifier: Apache-2.0
//
// The receiving side of one watch: takes the bytes of a streamed answer as they come, cuts them into JSON
// documents without buffering text, and hands events to the WatchHandler. Made and owned by Client::watch();
// same thread as its transport. Survives being cancelled from inside any of the handler's callbacks.
#pragma once

#include <memory>
#include <string>

#include "kubefed/kube/client.h"

namespace kubefed::kube {

class Watch final : public net::HttpStream, public std::enable_shared_from_this<Watch> {
public:
    explicit Watch(WatchHandler& handler);

    void start(net::HttpTransport& transport, net::HttpRequest request);
    void cancel();
    // True: the transport should be resumed as well.
    [[nodiscard]] bool resume();

    void onHead(int status, const net::Headers& headers) override;
    bool onData(std::string_view chunk) override;
    void onEnd(Result<void> result) override;

private:
    // Takes documents from `chunk` until it is used up, the handler pauses, or the watch ends.
    void consume(std::string_view chunk);
    void handleDocument(Json document);
    void finish(Result<void> result);
    [[nodiscard]] Error httpError() const;

    WatchHandler* m_handler;  // null once ended or cancelled
    Request m_request;
    json::stream_parser m_parser;
    std::size_t m_documentSize = 0;
    bool m_inDocument = false;
    bool m_paused = false;
    std::string m_held;  // arrived, but not told because the handler paused
    std::optional<Result<void>> m_heldEnd;
    int m_status = 0;
    std::string m_retryAfter;
    std::string m_errorBody;
};

}  // namespace kubefed::kube
