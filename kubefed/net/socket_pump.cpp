// SPDX-License-Identifier: Apache-2.0
#include "kubefed/net/socket_pump.h"

#include <algorithm>
#include <utility>

#include "kubefed/net/tls_config.h"

namespace kubefed::net {
namespace {

constexpr std::size_t kReadSize = 64U << 10U;
constexpr std::size_t kWriteSize = 128U << 10U;
constexpr qint64 kMostWaiting = 256 << 10;
constexpr Duration kGoodbye{5'000};

}  // namespace

Error socketError(const QSslSocket& socket) {
    const std::string peer = socket.peerName().isEmpty() ? socket.peerAddress().toString().toStdString()
                                                         : socket.peerName().toStdString();
    // A socket that never connected may know no peer any more.
    const std::string detail =
        peer.empty() ? "" : "'" + peer + ":" + std::to_string(socket.peerPort()) + "': ";
    const std::string text = socket.errorString().toStdString();
    switch (socket.error()) {
        case QAbstractSocket::ConnectionRefusedError:
            return makeProblem(Problem::Refused, detail + "nobody listens there");
        case QAbstractSocket::HostNotFoundError:
            return makeProblem(Problem::NameNotFound, "'" + peer + "'");
        case QAbstractSocket::NetworkError:
            return makeProblem(Problem::Unreachable, detail + text);
        case QAbstractSocket::SocketTimeoutError:
            return makeProblem(Problem::Timeout, detail + text);
        case QAbstractSocket::SslHandshakeFailedError:
        case QAbstractSocket::SslInternalError:
        case QAbstractSocket::SslInvalidUserDataError:
            // What a server says that speaks only HTTP/1.1.
            if (text.find("no application protocol") != std::string::npos)
                return makeProblem(Problem::Protocol, detail + "it does not speak HTTP/2");
            return makeProblem(worstTlsProblem(socket.sslHandshakeErrors()), detail + text);
        default:
            return makeProblem(Problem::Reset, detail + text);
    }
}

SocketPump::SocketPump(std::unique_ptr<QSslSocket> socket, PumpOwner& owner, Loop& loop, Duration stall)
    : m_socket(std::move(socket)),
      m_owner(owner),
      m_loop(loop),
      m_stall(stall),
      m_lastReceived(loop.now()),
      m_lastProgress(m_lastReceived) {
    QSslSocket* s = m_socket.get();
    QObject::connect(s, &QSslSocket::readyRead, s, [this] { onReadyRead(); });
    QObject::connect(s, &QSslSocket::encryptedBytesWritten, s, [this] { onBytesWritten(); });
    QObject::connect(s, &QSslSocket::errorOccurred, s, [this] { onSocketError(); });
    QObject::connect(s, &QSslSocket::disconnected, s, [this] { onSocketError(); });
}

SocketPump::~SocketPump() {
    dropSocket();
}

void SocketPump::start() {
    m_started = true;
    m_lastReceived = m_lastProgress = m_loop.now();
    wake();
    if (m_socket && m_socket->bytesAvailable() > 0)
        readLater();
}

void SocketPump::readLater() {
    m_loop.later([this, owner = m_owner.weak_from_this()] {
        if (const auto keep = owner.lock())
            onReadyRead();
    });
}

void SocketPump::wake() {
    if (m_busy || m_flushPending || !m_started || !m_socket)
        return;
    m_flushPending = true;
    m_loop.later([this, owner = m_owner.weak_from_this()] {
        const auto keep = owner.lock();
        if (!keep)
            return;
        m_flushPending = false;
        if (!m_busy)
            flush();
    });
}

void SocketPump::setReading(bool on) {
    if (m_reading == on || !m_socket)
        return;
    m_reading = on;
    m_socket->setReadBufferSize(on ? 0 : static_cast<qint64>(kReadSize));
    if (on)
        readLater();
}

void SocketPump::onReadyRead() {
    if (m_busy) {
        m_readMissed = true;  // writing also decrypts what has come, and says so only once
        return;
    }
    if (!m_started || !m_socket)
        return;
    const auto keep = m_owner.shared_from_this();
    m_busy = true;
    m_lastReceived = m_loop.now();
    std::string& in = m_loop.readBuffer();
    in.resize(kReadSize);
    while (m_socket && m_reading && !m_closing) {
        const qint64 size = m_socket->read(in.data(), static_cast<qint64>(kReadSize));
        if (size <= 0)
            break;
        m_owner.onBytes(std::string_view(in).substr(0, static_cast<std::size_t>(size)));
    }
    m_busy = false;
    flush();
}

void SocketPump::onBytesWritten() {
    m_lastProgress = m_loop.now();
    if (!m_busy)
        wake();
}

qint64 SocketPump::waiting() const {
    return m_socket->bytesToWrite() + m_socket->encryptedBytesToWrite();
}

void SocketPump::flush() {
    if (!m_socket || m_closing)
        return;
    const auto keep = m_owner.shared_from_this();
    m_busy = true;
    std::string& out = m_loop.writeBuffer();
    while (m_socket && waiting() < kMostWaiting) {
        out.clear();
        m_owner.onPull(out, kWriteSize);
        if (out.empty() || !m_socket)
            break;
        m_socket->write(out.data(), static_cast<qint64>(out.size()));
        m_socket->flush();
    }
    m_busy = false;
    if (m_socket && waiting() > 0)
        watchStall();
    if (std::exchange(m_readMissed, false))
        readLater();
}

void SocketPump::watchStall() {
    m_stallDeadline = m_loop.at(std::max(m_lastProgress, m_loop.now() - m_stall) + m_stall, [this] {
        if (!m_socket || waiting() == 0)
            return;
        if (m_loop.now() - m_lastProgress >= m_stall)
            lose(makeProblem(Problem::Reset, "the peer does not take what is sent to it"));
        else
            watchStall();
    });
}

void SocketPump::onSocketError() {
    if (!m_socket)
        return;
    if (m_busy) {
        // In the middle of reading or writing: what has arrived is handled first.
        m_loop.later([this, owner = m_owner.weak_from_this()] {
            if (const auto keep = owner.lock())
                onSocketError();
        });
        return;
    }
    const auto keep = m_owner.shared_from_this();
    if (m_socket->bytesAvailable() > 0 && m_started)
        onReadyRead();
    if (m_socket)
        lose(socketError(*m_socket));
}

void SocketPump::lose(Error error) {
    const auto keep = m_owner.shared_from_this();
    dropSocket();
    m_owner.onLost(std::move(error));
}

void SocketPump::close() {
    dropSocket();
}

void SocketPump::closeAfterSending() {
    if (!m_socket || m_closing)
        return;
    m_busy = true;
    std::string out;
    do {
        out.clear();
        m_owner.onPull(out, kWriteSize);
        m_socket->write(out.data(), static_cast<qint64>(out.size()));
    } while (!out.empty());
    m_closing = true;
    m_socket->disconnectFromHost();
    m_busy = false;
    m_stallDeadline = m_loop.at(m_loop.now() + kGoodbye, [this] {
        if (m_socket)
            lose(makeProblem(Problem::Reset, "closed"));
    });
    if (m_socket->state() == QAbstractSocket::UnconnectedState)
        m_loop.later([this, owner = m_owner.weak_from_this()] {
            if (const auto keep = owner.lock(); keep && m_socket)
                lose(makeProblem(Problem::Reset, "closed"));
        });
}

// The socket may be the one whose signal is being handled, so it is destroyed by the event loop.
void SocketPump::dropSocket() {
    if (!m_socket)
        return;
    QSslSocket* socket = m_socket.release();
    m_stallDeadline.cancel();
    socket->disconnect();
    socket->abort();
    socket->deleteLater();
}

}  // namespace kubefed::net
