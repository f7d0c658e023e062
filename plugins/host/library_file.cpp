// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/library_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <openssl/evp.h>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kubefed::plugins {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLibraryBytes = std::size_t{256} << 20U;

std::unexpected<Error> notUsable(std::string why) {
    return fail(Code::InvalidArgument, std::move(why));
}

std::string systemMessage(int error) {
    return std::generic_category().message(error);
}

template <class T>
T readAt(std::string_view bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

bool fits(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
}

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        return {};
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += "0123456789abcdef"[digest[i] >> 4U];
        hex += "0123456789abcdef"[digest[i] & 15U];
    }
    return hex;
}

Result<std::string> readWhole(const fs::path& file) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error)
        return fail(Code::NotFound, "cannot read it: " + error.message());
    if (size > kMaxLibraryBytes)
        return notUsable("larger than 256 MiB");
    std::ifstream stream(file, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad())
        return fail(Code::PermissionDenied, "cannot read it: " + systemMessage(errno));
    return bytes;
}

// Ours alone: whoever may write there runs code in this process.
Result<void> preparePrivateFolder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(Code::FailedPrecondition,
                    "cannot make the folder " + folder.string() + ": " + systemMessage(errno));
    struct stat info{};
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(Code::FailedPrecondition, folder.string() + " is not a folder; remove it");
    if (info.st_uid != ::geteuid() || (info.st_mode & 0077U) != 0)
        return fail(Code::FailedPrecondition,
                    "others may use the folder " + folder.string() +
                        ", from which libraries are loaded; give it to the user that runs "
                        "kubefed, with mode 0700");
    return {};
}

// 0, or what errno says.
int syncFolder(const fs::path& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const int error = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    return error;
}

Result<void> writeNew(const fs::path& target, std::string_view bytes) {
    const fs::path temporary = target.string() + "." + std::to_string(::getpid()) + ".new";
    ::unlink(temporary.c_str());
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
    if (file < 0)
        return fail(Code::FailedPrecondition,
                    "cannot write " + temporary.string() + ": " + systemMessage(errno));
    int error = 0;
    while (!bytes.empty() && error == 0) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written > 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            error = errno;
    }
    // The object that names the file is on the disk before a power loss, so the file is, too.
    if (error == 0 && ::fsync(file) != 0)
        error = errno;
    if (::close(file) != 0 && error == 0)
        error = errno;
    if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0)
        error = errno;
    if (error == 0)
        error = syncFolder(target.parent_path());
    if (error == 0)
        return {};
    ::unlink(temporary.c_str());
    return fail(Code::FailedPrecondition, "cannot write " + target.string() + ": " + systemMessage(error));
}

}  // namespace

Result<void> checkElf(std::string_view bytes) {
    if (bytes.size() < EI_NIDENT || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
        return notUsable("not an ELF library; a policy is a shared library built with kubefed_add_policy()");
    if (bytes[EI_CLASS] != ELFCLASS64 || bytes[EI_DATA] != ELFDATA2LSB)
        return notUsable("not a 64-bit little-endian ELF library; build it for this machine");
    if (bytes.size() < sizeof(Elf64_Ehdr))
        return notUsable("truncated: the file ends within its ELF header; copy it again");
    const auto header = readAt<Elf64_Ehdr>(bytes, 0);
    if (header.e_type != ET_DYN)
        return notUsable(
            "an ELF file, but not a shared library; a policy is built with kubefed_add_policy()");
#if defined(__x86_64__)
    constexpr auto kMachine = EM_X86_64;
#elif defined(__aarch64__)
    constexpr auto kMachine = EM_AARCH64;
#else
    const auto kMachine = header.e_machine;
#endif
    if (header.e_machine != kMachine)
        return notUsable("built for another processor (ELF machine " + std::to_string(header.e_machine) +
                         "); build it for this machine");
    const auto truncated = [] {
        return notUsable("truncated: parts of the library are missing; copy it again");
    };
    if (!fits(bytes, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr)) ||
        !fits(bytes, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr)))
        return truncated();
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = readAt<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (segment.p_type == PT_LOAD && !fits(bytes, segment.p_offset, segment.p_filesz))
            return truncated();
    }
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        const auto section = readAt<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
        if (section.sh_type != SHT_NOBITS && !fits(bytes, section.sh_offset, section.sh_size))
            return truncated();
    }
    return {};
}

Result<LibraryFile> importLibrary(const fs::path& file, const fs::path& cacheFolder) {
    KUBEFED_TRY(preparePrivateFolder(cacheFolder));
    auto bytes = readWhole(file);
    KUBEFED_TRY(bytes);
    KUBEFED_TRY(checkElf(*bytes));
    LibraryFile library;
    library.sha256 = sha256(*bytes);
    if (library.sha256.empty())
        return fail(Code::Internal, "cannot compute its sha256");
    library.copy = cacheFolder / (library.sha256 + ".so");
    // An older copy is used only if it still is what its name says.
    if (const auto present = readWhole(library.copy); present && sha256(*present) == library.sha256)
        return library;
    KUBEFED_TRY(writeNew(library.copy, *bytes));
    return library;
}

Result<std::vector<fs::path>> librariesOf(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".so")
            files.push_back(at->path());
    if (error)
        return fail(Code::NotFound,
                    "cannot read the plugin folder \"" + folder.string() + "\": " + error.message());
    std::ranges::sort(files);
    return files;
}

}  // namespace kubefed::plugins
