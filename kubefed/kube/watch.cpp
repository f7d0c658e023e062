// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/watch.h"

#include <algorithm>
#include <exception>

#include "kubefed/kube/status_error.h"

namespace kubefed::kube {
namespace {

constexpr std::size_t kMaxDocument = 32U << 20U;
constexpr std::size_t kMaxErrorBody = 64U << 10U;
constexpr std::size_t kMaxDepth = 256;

json::parse_options parseOptions() {
    json::parse_options options;
    options.max_depth = kMaxDepth;
    return options;
}

bool isSpace(char c) {
    return c == '\n' || c == ' ' || c == '\r' || c == '\t';
}

std::optional<EventType> eventType(std::string_view type) {
    if (type == "ADDED")
        return EventType::Added;
    if (type == "MODIFIED")
        return EventType::Modified;
    if (type == "DELETED")
        return EventType::Deleted;
    if (type == "BOOKMARK")
        return EventType::Bookmark;
    return std::nullopt;
}

}  // namespace

Watch::Watch(WatchHandler& handler) : m_handler(&handler), m_parser({}, parseOptions()) {}

void Watch::start(net::HttpTransport& transport, net::HttpRequest request) {
    m_request = transport.stream(std::move(request), *this);
}

void Watch::cancel() {
    m_handler = nullptr;
    m_request.cancel();
}

bool Watch::resume() {
    if (m_handler == nullptr || !m_paused)
        return false;
    const auto self = shared_from_this();
    m_paused = false;
    std::string held = std::exchange(m_held, {});
    consume(held);
    if (m_paused || m_handler == nullptr)
        return false;
    if (m_heldEnd) {
        finish(std::move(*m_heldEnd));
        return false;
    }
    return true;
}

void Watch::onHead(int status, const net::Headers& headers) {
    const auto self = shared_from_this();
    m_status = status;
    m_retryAfter = net::header(headers, "retry-after");
    if (status == 200 && m_handler != nullptr)
        m_handler->onWatchBegin();
}

bool Watch::onData(std::string_view chunk) {
    const auto self = shared_from_this();
    if (m_handler == nullptr)
        return true;
    if (m_status != 200) {
        m_errorBody += chunk.substr(0, kMaxErrorBody - std::min(kMaxErrorBody, m_errorBody.size()));
        return true;
    }
    if (m_paused) {
        m_held += chunk;
        return false;
    }
    consume(chunk);
    return !m_paused;
}

void Watch::onEnd(Result<void> result) {
    const auto self = shared_from_this();
    if (m_handler == nullptr)
        return;
    if (result && m_status != 200)
        result = fail(httpError());
    else if (result && m_inDocument && !m_paused)
        result = fail(Code::Unavailable, "the watch ended in the middle of an event");
    if (m_paused)
        m_heldEnd = std::move(result);
    else
        finish(std::move(result));
}

Error Watch::httpError() const {
    return fromHttp(m_status, m_errorBody, m_retryAfter);
}

void Watch::consume(std::string_view chunk) {
    while (!chunk.empty() && m_handler != nullptr) {
        if (m_paused) {
            m_held.assign(chunk);
            return;
        }
        if (!m_inDocument) {
            if (isSpace(chunk.front())) {
                chunk.remove_prefix(1);
                continue;
            }
            m_parser.reset();
            m_inDocument = true;
            m_documentSize = 0;
        }
        boost::system::error_code failure;
        std::size_t used = 0;
        Json document;
        try {
            used = m_parser.write_some(chunk.data(), chunk.size(), failure);
            if (!failure && m_parser.done())
                document = m_parser.release();
        } catch (const std::exception& e) {
            return finish(fail(Code::DataLoss, std::string("unreadable watch event: ") + e.what()));
        }
        if (failure)
            return finish(fail(Code::DataLoss, "malformed JSON in a watch: " + failure.message()));
        m_documentSize += used;
        if (m_documentSize > kMaxDocument)
            return finish(fail(Code::ResourceExhausted, "a watch event is larger than 32 MiB"));
        chunk.remove_prefix(used);
        if (!m_parser.done())
            continue;  // needs more: the chunk is used up
        m_inDocument = false;
        handleDocument(std::move(document));
    }
}

void Watch::handleDocument(Json document) {
    JsonObject* event = document.if_object();
    Json* payload = event != nullptr ? event->if_contains("object") : nullptr;
    if (payload == nullptr || !payload->is_object())
        return finish(fail(Code::DataLoss, "a watch event without an object"));
    const std::string_view type = stringAt(*event, {"type"});
    JsonObject& object = payload->get_object();
    if (type == "ERROR") {
        const auto code = intAt(object, {"code"});
        return finish(fail(fromHttp(static_cast<int>(code.value_or(500)), printJson(*payload), {})));
    }
    const auto known = eventType(type);
    if (!known)
        return;  // newer servers may tell more than we know
    if (!m_handler->onEvent(WatchEvent{.type = *known, .object = Object(std::move(object))}))
        m_paused = true;
}

void Watch::finish(Result<void> result) {
    m_held.clear();
    m_request.cancel();
    if (WatchHandler* handler = std::exchange(m_handler, nullptr))
        handler->onWatchEnd(std::move(result));
}

}  // namespace kubefed::kube
