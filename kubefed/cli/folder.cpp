// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/folder.h"

#include <system_error>

namespace kubefed::cli {

namespace fs = std::filesystem;

fs::path goneFolder(const fs::path& folder) {
    // No federation and no sandbox can have such a name.
    return folder.parent_path() / ("." + folder.filename().string() + ".removed");
}

Result<void> removeFolder(const fs::path& folder) {
    const fs::path gone = goneFolder(folder);
    std::error_code ec;
    fs::remove_all(gone, ec);
    if (!ec)
        fs::rename(folder, gone, ec);
    if (ec == std::errc::no_such_file_or_directory)
        return {};
    if (!ec)
        fs::remove_all(gone, ec);
    if (ec)
        return fail(Code::PermissionDenied, "cannot remove \"" + folder.string() + "\": " + ec.message());
    return {};
}

}  // namespace kubefed::cli
