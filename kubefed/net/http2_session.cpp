// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/http2_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <nghttp2/nghttp2.h>

namespace kubefed::net {
namespace {

// How far beyond its limit a header list is still decoded (to answer 431) before the connection is closed.
constexpr std::size_t kHeaderTolerance = 8;

// What one stream still has to send.
struct Outgoing {
    std::shared_ptr<const std::string> body;  // of a client's request
    std::vector<std::string> chunks;
    std::size_t chunk = 0;   // the first one not sent completely
    std::size_t offset = 0;  // in body or in that chunk
    std::size_t unsent = 0;
    bool finished = false;
    bool deferred = false;

    std::size_t copy(std::uint8_t* to, std::size_t room);
};

std::size_t Outgoing::copy(std::uint8_t* to, std::size_t room) {
    const std::size_t wanted = std::min(room, unsent);
    std::size_t copied = 0;
    while (copied < wanted) {
        const std::string& from = body ? *body : chunks[chunk];
        const std::size_t part = std::min(wanted - copied, from.size() - offset);
        std::memcpy(to + copied, from.data() + offset, part);
        copied += part;
        offset += part;
        if (offset < from.size())
            break;
        offset = 0;
        if (body)
            body.reset();
        else
            chunks[chunk++] = {};
    }
    if (chunk == chunks.size()) {
        chunks.clear();
        chunk = 0;
    }
    unsent -= copied;
    return copied;
}

// The header list that is being received; only one at a time can be, on one connection.
struct Incoming {
    std::int32_t stream = 0;
    std::size_t size = 0;
    Headers headers;
};

nghttp2_nv field(std::string_view name, std::string_view value) {
    // nghttp2 copies both before the call returns; its interface is not const.
    return {.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
            .namelen = name.size(),
            .valuelen = value.size(),
            .flags = NGHTTP2_NV_FLAG_NONE};
}

std::string_view view(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

struct Http2Session::Impl {
    Impl(Side sessionSide, const Http2Limits& sessionLimits);
    ~Impl() { nghttp2_session_del(session); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void addEvent(Http2Event::Kind kind, std::int32_t stream, std::uint32_t error = 0) {
        events.push_back({.kind = kind, .stream = stream, .error = error});
    }
    void onHeadersComplete(const nghttp2_frame& frame);
    int onFrame(const nghttp2_frame& frame);
    nghttp2_session_callbacks* makeCallbacks();
    [[nodiscard]] nghttp2_data_provider provider();

    static Impl& self(void* user) { return *static_cast<Impl*>(user); }

    const Side side;
    const Http2Limits limits;
    nghttp2_session* session = nullptr;
    std::vector<Http2Event> events;
    std::unordered_map<std::int32_t, Outgoing> outgoing;
    Incoming incoming;
    std::size_t open = 0;
    std::int32_t notSent = 0;  // the last request that was given up before it was sent
    bool goawayReceived = false;
    std::string* out = nullptr;  // during output()
    std::size_t outLimit = 0;
    std::string problem;
};

nghttp2_session_callbacks* Http2Session::Impl::makeCallbacks() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(
        callbacks,
        [](nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* user) -> ssize_t {
            Impl& impl = self(user);
            if (impl.out->size() >= impl.outLimit)
                return NGHTTP2_ERR_WOULDBLOCK;
            impl.out->append(view(data, size));
            return static_cast<ssize_t>(size);
        });
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
            Impl& impl = self(user);
            impl.incoming.stream = frame->hd.stream_id;
            impl.incoming.size = 0;
            impl.incoming.headers.clear();
            if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
                ++impl.open;
            return 0;
        });
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t nameSize,
           const std::uint8_t* value, std::size_t valueSize, std::uint8_t, void* user) -> int {
            Impl& impl = self(user);
            // RFC 9113, 6.5.2: each field counts 32 bytes more than its text.
            impl.incoming.size += nameSize + valueSize + 32;
            if (impl.incoming.size > impl.limits.maxHeader * kHeaderTolerance) {
                impl.problem = "the peer's header list is too long";
                return NGHTTP2_ERR_CALLBACK_FAILURE;
            }
            if (impl.incoming.size <= impl.limits.maxHeader)
                impl.incoming.headers.emplace_back(view(name, nameSize), view(value, valueSize));
            return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, void* user) { return self(user).onFrame(*frame); });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session* own, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
           std::size_t size, void* user) -> int {
            Impl& impl = self(user);
            impl.events.push_back(
                {.kind = Http2Event::Kind::Data, .stream = stream, .data = view(data, size)});
            // Only the stream's own window waits for its consumer: one that stalls must not stop the others.
            nghttp2_session_consume_connection(own, size);
            return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t error, void* user) {
            Impl& impl = self(user);
            if (impl.notSent == stream)
                return 0;  // told already
            impl.outgoing.erase(stream);
            impl.open -= impl.open > 0 ? 1 : 0;
            impl.addEvent(Http2Event::Kind::Closed, stream, error);
            return 0;
        });
    nghttp2_session_callbacks_set_on_frame_not_send_callback(
        callbacks, [](nghttp2_session* own, const nghttp2_frame* frame, int, void* user) {
            if (frame->hd.type != NGHTTP2_HEADERS)
                return 0;
            Impl& impl = self(user);
            if (impl.side == Side::Server) {
                // A head that is too long to send: its stream would wait for it for ever.
                nghttp2_submit_rst_stream(own, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                          NGHTTP2_INTERNAL_ERROR);
                return 0;
            }
            // A request that GOAWAY overtook; nghttp2 may or may not close its stream, too.
            if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
                impl.notSent = frame->hd.stream_id;
                impl.outgoing.erase(impl.notSent);
                impl.open -= impl.open > 0 ? 1 : 0;
                impl.addEvent(Http2Event::Kind::Closed, impl.notSent, NGHTTP2_REFUSED_STREAM);
            }
            return 0;
        });
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, int error, void* user) {
            self(user).problem = nghttp2_strerror(error);
            return 0;
        });
    nghttp2_session_callbacks_set_error_callback2(
        callbacks, [](nghttp2_session*, int, const char* message, std::size_t size, void* user) {
            self(user).problem.assign(message, size);
            return 0;
        });
    return callbacks;
}

Http2Session::Impl::Impl(Side sessionSide, const Http2Limits& sessionLimits)
    : side(sessionSide), limits(sessionLimits) {
    nghttp2_session_callbacks* callbacks = makeCallbacks();
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_send_header_block_length(option, 4U << 20U);
    std::vector<nghttp2_settings_entry> settings{
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.maxHeader)}};
    if (side == Side::Client) {
        nghttp2_option_set_peer_max_concurrent_streams(option, limits.maxStreams);
        nghttp2_session_client_new2(&session, callbacks, this, option);
        settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    } else {
        nghttp2_session_server_new2(&session, callbacks, this, option);
        settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.maxStreams});
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(limits.connectionWindow));
}

void Http2Session::Impl::onHeadersComplete(const nghttp2_frame& frame) {
    const bool isFirst = frame.headers.cat == NGHTTP2_HCAT_REQUEST ||
                         frame.headers.cat == NGHTTP2_HCAT_RESPONSE ||
                         (frame.headers.cat == NGHTTP2_HCAT_HEADERS && side == Side::Client);
    if (!isFirst)
        return;  // a request's trailers
    if (side == Side::Client) {
        const std::string_view status = header(incoming.headers, ":status");
        // Neither an interim answer (1xx) nor trailers; a list cut off by the limit begins with its status.
        if (status.empty() || status.starts_with('1'))
            return;
    }
    if (incoming.size > limits.maxHeader)
        addEvent(Http2Event::Kind::HeadTooLong, frame.hd.stream_id);
    else
        events.push_back({.kind = Http2Event::Kind::Head,
                          .stream = frame.hd.stream_id,
                          .headers = std::exchange(incoming.headers, {})});
}

int Http2Session::Impl::onFrame(const nghttp2_frame& frame) {
    switch (frame.hd.type) {
        case NGHTTP2_HEADERS:
            onHeadersComplete(frame);
            [[fallthrough]];
        case NGHTTP2_DATA:
            if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
                addEvent(Http2Event::Kind::End, frame.hd.stream_id);
            break;
        case NGHTTP2_GOAWAY:
            goawayReceived = true;
            addEvent(Http2Event::Kind::Goaway, frame.goaway.last_stream_id, frame.goaway.error_code);
            break;
        case NGHTTP2_SETTINGS:
            if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0)
                addEvent(Http2Event::Kind::Settings, 0);
            break;
        default:
            break;
    }
    return 0;
}

nghttp2_data_provider Http2Session::Impl::provider() {
    nghttp2_data_provider source{};
    source.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* buffer, std::size_t room,
                              std::uint32_t* flags, nghttp2_data_source*, void* user) -> ssize_t {
        Impl& impl = self(user);
        const auto found = impl.outgoing.find(stream);
        if (found == impl.outgoing.end()) {
            *flags |= NGHTTP2_DATA_FLAG_EOF;
            return 0;
        }
        Outgoing& from = found->second;
        if (from.unsent == 0 && !from.finished) {
            from.deferred = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        const std::size_t copied = from.copy(buffer, room);
        if (from.unsent == 0 && from.finished)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(copied);
    };
    return source;
}

Http2Session::Http2Session(Side side, const Http2Limits& limits)
    : m_impl(std::make_unique<Impl>(side, limits)) {}
Http2Session::~Http2Session() = default;

Result<void> Http2Session::receive(std::string_view bytes) {
    const ssize_t taken = nghttp2_session_mem_recv(
        m_impl->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken >= 0)
        return {};
    if (m_impl->problem.empty())
        m_impl->problem = nghttp2_strerror(static_cast<int>(taken));
    return fail(makeProblem(Problem::Protocol, m_impl->problem));
}

void Http2Session::output(std::string& out, std::size_t limit) {
    m_impl->out = &out;
    m_impl->outLimit = out.size() + limit;
    if (const int error = nghttp2_session_send(m_impl->session); error != 0 && m_impl->problem.empty())
        m_impl->problem = nghttp2_strerror(error);
    m_impl->out = nullptr;
}

void Http2Session::takeEvents(std::vector<Http2Event>& into) {
    into.clear();
    into.swap(m_impl->events);
}

bool Http2Session::isFinished() const {
    return nghttp2_session_want_read(m_impl->session) == 0 &&
           nghttp2_session_want_write(m_impl->session) == 0;
}

Result<std::int32_t> Http2Session::request(const Headers& headers, std::shared_ptr<const std::string> body) {
    std::vector<nghttp2_nv> fields;
    fields.reserve(headers.size());
    for (const auto& [name, value] : headers)
        fields.push_back(field(name, value));
    const bool hasBody = body && !body->empty();
    const nghttp2_data_provider provider = m_impl->provider();
    const std::int32_t stream = nghttp2_submit_request(m_impl->session, nullptr, fields.data(), fields.size(),
                                                       hasBody ? &provider : nullptr, nullptr);
    if (stream < 0)
        return fail(makeProblem(Problem::Malformed, nghttp2_strerror(stream)));
    ++m_impl->open;
    if (hasBody) {
        const std::size_t size = body->size();
        m_impl->outgoing.emplace(
            stream, Outgoing{.body = std::move(body), .chunks = {}, .unsent = size, .finished = true});
    }
    return stream;
}

std::size_t Http2Session::freeStreams() const {
    if (m_impl->goawayReceived || nghttp2_session_check_request_allowed(m_impl->session) == 0)
        return 0;
    const std::size_t limit = streamLimit();
    return limit > m_impl->open ? limit - m_impl->open : 0;
}

std::uint32_t Http2Session::streamLimit() const {
    return nghttp2_session_get_remote_settings(m_impl->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void Http2Session::respond(std::int32_t stream, int status, const Headers& headers, bool more) {
    std::array<char, 8> digits{};
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
    std::vector<nghttp2_nv> fields;
    fields.reserve(headers.size() + 1);
    fields.push_back(field(":status", {digits.data(), static_cast<std::size_t>(end - digits.data())}));
    for (const auto& [name, value] : headers)
        fields.push_back(field(name, value));
    if (status < 200) {
        nghttp2_submit_headers(m_impl->session, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(),
                               fields.size(), nullptr);
        return;
    }
    const nghttp2_data_provider provider = m_impl->provider();
    if (more)
        m_impl->outgoing.try_emplace(stream);
    nghttp2_submit_response(m_impl->session, stream, fields.data(), fields.size(),
                            more ? &provider : nullptr);
}

std::size_t Http2Session::write(std::int32_t stream, std::string chunk) {
    const auto found = m_impl->outgoing.find(stream);
    if (found == m_impl->outgoing.end() || found->second.finished || chunk.empty())
        return unsent(stream);
    Outgoing& to = found->second;
    to.unsent += chunk.size();
    to.chunks.push_back(std::move(chunk));
    if (std::exchange(to.deferred, false))
        nghttp2_session_resume_data(m_impl->session, stream);
    return to.unsent;
}

void Http2Session::finish(std::int32_t stream) {
    const auto found = m_impl->outgoing.find(stream);
    if (found == m_impl->outgoing.end())
        return;
    found->second.finished = true;
    if (std::exchange(found->second.deferred, false))
        nghttp2_session_resume_data(m_impl->session, stream);
}

std::size_t Http2Session::unsent(std::int32_t stream) const {
    const auto found = m_impl->outgoing.find(stream);
    return found == m_impl->outgoing.end() ? 0 : found->second.unsent;
}

void Http2Session::consume(std::int32_t stream, std::size_t bytes) {
    nghttp2_session_consume_stream(m_impl->session, stream, bytes);
}

void Http2Session::reset(std::int32_t stream, Http2Error error) {
    m_impl->outgoing.erase(stream);
    nghttp2_submit_rst_stream(m_impl->session, NGHTTP2_FLAG_NONE, stream, std::to_underlying(error));
}

void Http2Session::ping() {
    nghttp2_submit_ping(m_impl->session, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2Session::goaway(bool final, Http2Error error) {
    if (!final) {
        nghttp2_submit_shutdown_notice(m_impl->session);
        return;
    }
    const std::int32_t last = nghttp2_session_get_last_proc_stream_id(m_impl->session);
    nghttp2_submit_goaway(m_impl->session, NGHTTP2_FLAG_NONE, last, std::to_underlying(error), nullptr, 0);
}

std::size_t Http2Session::openStreams() const {
    return m_impl->open;
}

}  // namespace kubefed::net
