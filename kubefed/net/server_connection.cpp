// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/server_connection.h"

#include <array>
#include <cstdio>
#include <utility>

namespace kubefed::net {
namespace {

// A writer that ignores a full buffer this many times over is cut off.
constexpr std::size_t kPatience = 4;

}  // namespace

// A handler that lets go of its writer without an answer must not leave the client waiting.
ServerWriter::~ServerWriter() {
    if (m_state == State::Fresh || m_state == State::Streaming)
        reset();
}

void ServerWriter::respond(int status, Headers headers, std::string body) {
    const auto connection = keep();
    if (!connection || m_state != State::Fresh)
        return;
    m_state = State::Finished;
    m_sink->sendHead(m_id, status, std::move(headers), std::move(body));
}

void ServerWriter::begin(int status, Headers headers) {
    const auto connection = keep();
    if (!connection || m_state != State::Fresh)
        return;
    m_state = State::Streaming;
    m_sink->sendHead(m_id, status, std::move(headers), std::nullopt);
}

bool ServerWriter::write(std::string chunk) {
    const auto connection = keep();
    if (!connection || m_state != State::Streaming)
        return false;
    const std::size_t unsent = m_sink->sendData(m_id, std::move(chunk));
    if (m_full && unsent > kPatience * m_maxBuffered) {
        reset();
        return false;
    }
    m_full = unsent > m_maxBuffered;
    return !m_full;
}

void ServerWriter::finish() {
    const auto connection = keep();
    if (!connection || m_state != State::Streaming)
        return;
    m_state = State::Finished;
    m_sink->sendEnd(m_id);
}

void ServerWriter::reset() {
    if (const auto connection = keep())
        m_sink->sendReset(m_id);
    end();
}

void ServerWriter::end() {
    m_state = State::Closed;
    m_onDrained = nullptr;
    m_onClosed = nullptr;
}

void ServerWriter::connectionGone() {
    if (m_state == State::Closed)
        return;
    const auto closed = m_state == State::Finished ? nullptr : std::move(m_onClosed);
    end();
    if (closed)
        closed();
}

void ServerWriter::connectionProgress(std::size_t unsent) {
    if (!m_full || unsent > m_maxBuffered / 2)
        return;
    m_full = false;
    if (const auto drained = m_onDrained)  // a copy: the call may replace it
        drained();
}

std::string refusalBody(int status) {
    const bool headers = status == 431;
    const std::string_view message = status == 413   ? "Request entity too large"
                                     : headers       ? "Request header fields too large"
                                     : status == 400 ? "Bad Request"
                                                     : "the request was refused";
    const std::string_view reason = status == 413   ? "RequestEntityTooLarge"
                                    : status == 400 ? "BadRequest"
                                                    : "";
    return std::string(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")")
        .append(message)
        .append(R"(","reason":")")
        .append(reason)
        .append(R"(","code":)")
        .append(std::to_string(status))
        .append("}\n");
}

void setTarget(ServerRequest& request, std::string_view target) {
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos)
        request.query = target.substr(mark + 1);
}

std::string httpDate(WallTime time) {
    using namespace std::chrono;
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{floor<seconds>(time - day)};
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                  kDays[weekday{day}.c_encoding()], unsigned(date.day()), kMonths[unsigned(date.month()) - 1],
                  int(date.year()), int(clock.hours().count()), int(clock.minutes().count()),
                  int(clock.seconds().count()));
    return text.data();
}

void completeHead(Headers& headers, int status, const std::string* body, WallTime now) {
    if (header(headers, "date").empty())
        headers.emplace_back("date", httpDate(now));
    if (body != nullptr && status != 204 && status != 304 && header(headers, "content-length").empty())
        headers.emplace_back("content-length", std::to_string(body->size()));
}

}  // namespace kubefed::net
