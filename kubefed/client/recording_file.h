// SPDX-License-Identifier: Apache-2.0
//
// The file of a recording: the line "kubefed-recording 1", then blocks of
//   length of what follows (4 bytes, little-endian) | that many bytes: zlib data behind its plain size
// whose plain text is RecordedItems, each behind its length. A block that is not whole is the end: a crash or
// a full disk left it so, and what came before can be played. Blocking; any one thread. Internal to
// kubefed/client.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "kubefed/client/fleet_types.h"
#include "kubefed/util/error.h"

namespace kubefed::v1 {
class RecordedItem;
}

namespace kubefed::client {

class RecordingWriter {
public:
    [[nodiscard]] static Result<RecordingWriter> make(const std::filesystem::path& file);
    // Kept until flush(), or until there is a block's worth of it.
    void add(const v1::RecordedItem& item);
    // False: the file cannot be written (any more); what came before stays readable.
    bool flush();

private:
    explicit RecordingWriter(std::ofstream file) : m_file(std::move(file)) {}
    std::ofstream m_file;
    std::string m_block;
};

struct RecordedBytes {
    TimeMs time = 0;
    std::string item;  // a serialised RecordedItem
};

struct RecordedFile {
    std::vector<RecordedBytes> items;  // in the order of the file, times never going back; at least one
    bool isCutOff = false;             // what came after them is missing
};

// InvalidArgument names the file and what is wrong.
[[nodiscard]] Result<RecordedFile> readRecording(const std::filesystem::path& file);

}  // namespace kubefed::client
