// SPDX-License-Identifier: Apache-2.0
#include "kubefed/util/file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kubefed {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failErrno(std::string_view what, const fs::path& path, int number) {
    const Code code = number == ENOENT                       ? Code::NotFound
                      : number == EACCES || number == EPERM  ? Code::PermissionDenied
                      : number == ENOSPC || number == EDQUOT ? Code::ResourceExhausted
                                                             : Code::Unavailable;
    return fail(code, "cannot " + std::string(what) + " \"" + path.string() + "\": " + std::strerror(number));
}

class Descriptor {
public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    ~Descriptor() {
        if (m_fd >= 0)
            ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return m_fd; }

private:
    int m_fd;
};

bool writeAll(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

Result<std::string> readFile(const fs::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0)
        return failErrno("read", path, errno);
    std::string content;
    char buffer[16384];
    for (;;) {
        const ssize_t n = ::read(file.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failErrno("read", path, errno);
        if (n == 0)
            return content;
        content.append(buffer, static_cast<std::size_t>(n));
    }
}

Result<void> writeFile(const fs::path& path, std::string_view content, int mode) {
    std::error_code ignored;
    fs::path target = fs::canonical(path, ignored);
    if (target.empty())
        target = path;
    std::string temporary = target.string() + ".XXXXXX";
    const Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
    if (file.get() < 0)
        return failErrno("write beside", target, errno);
    const bool written = ::fchmod(file.get(), static_cast<mode_t>(mode)) == 0 &&
                         writeAll(file.get(), content) && ::fsync(file.get()) == 0 &&
                         ::rename(temporary.c_str(), target.c_str()) == 0;
    if (!written) {
        const int number = errno;
        ::unlink(temporary.c_str());
        return failErrno("write", target, number);
    }
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() >= 0)
        ::fsync(directory.get());  // some file systems refuse it; the rename itself is done
    return {};
}

}  // namespace kubefed
