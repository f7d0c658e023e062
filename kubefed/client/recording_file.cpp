// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/recording_file.h"

#include <algorithm>
#include <array>

#include <QByteArray>

#include "kubefed/util/file.h"
#include "kubefed/v1/recording.pb.h"

namespace kubefed::client {
namespace {

constexpr std::string_view kHead = "kubefed-recording 1\n";
constexpr std::size_t kBlock = 256U << 10U;
// Against files that claim more than anything that we write.
constexpr std::size_t kMaxPlain = 128U << 20U;
constexpr std::size_t kMaxWhole = 2U << 30U;

void putLength(std::string& out, std::size_t length) {
    for (unsigned shift = 0; shift < 32; shift += 8)
        out += static_cast<char>((length >> shift) & 0xffU);
}

std::size_t lengthAt(std::string_view bytes) {
    std::size_t length = 0;
    for (unsigned i = 0; i < 4; ++i)
        length |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return length;
}

// qCompress puts the plain size before the data, big-endian; asked before anything is unpacked.
std::size_t plainSize(std::string_view packed) {
    std::size_t size = 0;
    for (unsigned i = 0; i < 4; ++i)
        size = size << 8U | static_cast<unsigned char>(packed[i]);
    return size;
}

std::unexpected<Error> invalid(const std::filesystem::path& file, std::string_view what) {
    return fail(Code::InvalidArgument, "\"" + file.string() + "\" " + std::string(what));
}

// False: it does not consist of items.
bool takeItems(std::string_view plain, std::vector<RecordedBytes>& items) {
    while (!plain.empty()) {
        if (plain.size() < 4)
            return false;
        const std::size_t length = lengthAt(plain);
        plain.remove_prefix(4);
        if (length > plain.size())
            return false;
        std::string bytes(plain.substr(0, length));
        plain.remove_prefix(length);
        v1::RecordedItem item;
        if (!item.ParseFromString(bytes))
            return false;
        // The controller's clock may have been set back: the recording's own time never goes back.
        const TimeMs time = items.empty() ? item.time() : std::max(item.time(), items.back().time);
        items.push_back({time, std::move(bytes)});
    }
    return true;
}

}  // namespace

Result<RecordingWriter> RecordingWriter::make(const std::filesystem::path& file) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << kHead << std::flush;
    if (!out)
        return fail(Code::PermissionDenied, "the recording \"" + file.string() + "\" cannot be written");
    return RecordingWriter(std::move(out));
}

void RecordingWriter::add(const v1::RecordedItem& item) {
    putLength(m_block, item.ByteSizeLong());
    item.AppendToString(&m_block);
    if (m_block.size() >= kBlock)
        flush();
}

bool RecordingWriter::flush() {
    if (m_block.empty())
        return m_file.good();
    const QByteArray packed =
        qCompress(reinterpret_cast<const uchar*>(m_block.data()), static_cast<qsizetype>(m_block.size()));
    std::string whole;
    putLength(whole, static_cast<std::size_t>(packed.size()));
    whole.append(packed.data(), static_cast<std::size_t>(packed.size()));
    m_block.clear();
    m_file.write(whole.data(), static_cast<std::streamsize>(whole.size()));
    m_file.flush();
    return m_file.good();
}

Result<RecordedFile> readRecording(const std::filesystem::path& file) {
    const Result<std::string> text = readFile(file);
    if (!text)
        return fail(text.error());
    std::string_view rest = *text;
    if (!rest.starts_with(kHead))
        return invalid(file, rest.starts_with("kubefed-recording ")
                                 ? "is a recording of a newer kubefed"
                                 : "is not a recording: it does not begin with \"kubefed-recording\"");
    rest.remove_prefix(kHead.size());
    RecordedFile recorded;
    std::size_t whole = 0;
    while (!rest.empty()) {
        recorded.isCutOff = rest.size() < 8 || lengthAt(rest) < 4 || lengthAt(rest) > rest.size() - 4;
        if (recorded.isCutOff)
            break;
        const std::string_view packed = rest.substr(4, lengthAt(rest));
        rest.remove_prefix(4 + packed.size());
        whole += plainSize(packed);
        if (plainSize(packed) > kMaxPlain)
            return invalid(file, "is a damaged recording: a block claims more than 128 MiB");
        if (whole > kMaxWhole)
            return invalid(file, "is too long to be played: unpacked it is more than 2 GiB");
        const QByteArray plain =
            qUncompress(reinterpret_cast<const uchar*>(packed.data()), static_cast<qsizetype>(packed.size()));
        if (plain.isEmpty() ||
            !takeItems({plain.data(), static_cast<std::size_t>(plain.size())}, recorded.items))
            return invalid(file, "is a damaged recording");
    }
    if (recorded.items.empty())
        return invalid(file, recorded.isCutOff ? "is a recording that was cut off before anything was whole"
                                               : "is a recording of nothing");
    return recorded;
}

}  // namespace kubefed::client
