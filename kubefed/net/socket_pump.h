// SPDX-License-Identifier: Apache-2.0
//
// Moves bytes between one QSslSocket and the protocol above it: one write per turn of the event loop, never
// more than a fixed amount waiting in the socket, a deadline on a peer that does not take them. The owner
// holds the pump as a member and is itself held by shared_ptr, which the pump keeps during calls, so an owner
// may let go of itself in any of them. Private to net.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <QSslSocket>

#include "kubefed/net/http.h"
#include "kubefed/net/loop.h"

namespace kubefed::net {

class PumpOwner : public std::enable_shared_from_this<PumpOwner> {
public:
    PumpOwner() = default;
    PumpOwner(const PumpOwner&) = delete;
    PumpOwner& operator=(const PumpOwner&) = delete;
    virtual ~PumpOwner() = default;
    virtual void onBytes(std::string_view bytes) = 0;
    // Append about `limit` bytes to be sent next; nothing means that there is nothing now.
    virtual void onPull(std::string& out, std::size_t limit) = 0;
    // Once; the socket is gone. Not called after close().
    virtual void onLost(Error error) = 0;
};

class SocketPump {
public:
    SocketPump(std::unique_ptr<QSslSocket> socket, PumpOwner& owner, Loop& loop, Duration stall);
    ~SocketPump();
    SocketPump(const SocketPump&) = delete;
    SocketPump& operator=(const SocketPump&) = delete;

    // Handles what has arrived before the owner existed, and from now on what arrives.
    void start();
    // There is something to pull: in this turn of the loop if it is handling bytes, else in the next one.
    void wake();
    // While off, bytes stay in the socket (at most 64 KiB of them, the rest with the peer).
    void setReading(bool on);
    // Ends at once and silently.
    void close();
    // Sends what waits, says good-bye and ends; onLost() follows.
    void closeAfterSending();
    [[nodiscard]] bool isOpen() const { return m_socket != nullptr; }
    [[nodiscard]] SteadyTime lastReceived() const { return m_lastReceived; }
    [[nodiscard]] QSslSocket* socket() { return m_socket.get(); }

private:
    void onReadyRead();
    void readLater();
    void onBytesWritten();
    void onSocketError();
    void flush();
    void lose(Error error);
    void dropSocket();
    void watchStall();
    [[nodiscard]] qint64 waiting() const;

    std::unique_ptr<QSslSocket> m_socket;
    PumpOwner& m_owner;
    Loop& m_loop;
    const Duration m_stall;
    SteadyTime m_lastReceived;
    SteadyTime m_lastProgress;
    Loop::Deadline m_stallDeadline;
    bool m_started = false;
    bool m_reading = true;
    bool m_busy = false;  // inside a call of the socket's or into the owner
    bool m_flushPending = false;
    bool m_readMissed = false;
    bool m_closing = false;
};

// What a socket's error means; after a failed handshake also why its certificate was not accepted.
[[nodiscard]] Error socketError(const QSslSocket& socket);

}  // namespace kubefed::net
