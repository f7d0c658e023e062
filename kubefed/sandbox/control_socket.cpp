// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/control_socket.h"

#include <algorithm>
#include <filesystem>

#include <QtCore/QPointer>
#include <QtNetwork/QLocalServer>
#include <QtNetwork/QLocalSocket>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace kubefed::sandbox {

namespace {
constexpr qint64 kMaxLine = 4096;
}

class ControlSocket::Impl {
public:
    Impl(Sandbox& sandbox, std::filesystem::path path) : m_sandbox(sandbox), m_path(std::move(path)) {
        m_server.setSocketOptions(QLocalServer::UserAccessOption);
        QObject::connect(&m_server, &QLocalServer::newConnection, &m_server, [this] {
            while (QLocalSocket* socket = m_server.nextPendingConnection())
                serve(socket);
        });
    }

    Result<void> listen() {
        QLocalServer::removeServer(QString::fromStdString(m_path.string()));
        if (!m_server.listen(QString::fromStdString(m_path.string())))
            return fail(Code::Unavailable,
                        "the control socket \"" + m_path.string() +
                            "\" cannot be opened: " + m_server.errorString().toStdString());
        return {};
    }

private:
    void serve(QLocalSocket* socket) {
        QObject::connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
        QObject::connect(socket, &QLocalSocket::readyRead, socket, [this, socket] {
            while (socket->canReadLine()) {
                const std::string line = socket->readLine(kMaxLine).trimmed().toStdString();
                m_sandbox.command(line, [known = QPointer<QLocalSocket>(socket)](const std::string& answer) {
                    if (known)
                        known->write(QByteArray::fromStdString(answer + "\n"));
                });
            }
            if (socket->bytesAvailable() > kMaxLine)
                socket->abort();
        });
    }

    Sandbox& m_sandbox;
    const std::filesystem::path m_path;
    QLocalServer m_server;
};

ControlSocket::ControlSocket(Sandbox& sandbox, std::filesystem::path path)
    : m_impl(std::make_unique<Impl>(sandbox, std::move(path))) {}
ControlSocket::~ControlSocket() = default;

Result<void> ControlSocket::listen() {
    return m_impl->listen();
}

bool ControlSocket::tell(const std::filesystem::path& path, std::string_view line) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof(address.sun_path))
        return false;
    std::ranges::copy(text, std::begin(address.sun_path));
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answered =
        socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    if (answered)
        (void)::send(socket, line.data(), line.size(), MSG_NOSIGNAL);
    if (socket >= 0)
        ::close(socket);
    return answered;
}

}  // namespace kubefed::sandbox
