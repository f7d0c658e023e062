// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/library_loader.h"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/dll/library_info.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "plugins/host/registry.h"

#include <dlfcn.h>

namespace kubefed::plugins {

namespace fs = std::filesystem;

namespace {

// Looked up in the file, before any code of the library runs.
bool exportsManifest(const fs::path& library) {
    boost::dll::library_info info(library.string());
    const std::vector<std::string> symbols = info.symbols();
    return std::ranges::find(symbols, KUBEFED_POLICY_MANIFEST_SYMBOL) != symbols.end();
}

}  // namespace

Result<const kubefed_policy_manifest*> loadManifest(const fs::path& library) {
    try {
        if (!exportsManifest(library))
            return fail(Code::InvalidArgument, "it exports no " KUBEFED_POLICY_MANIFEST_SYMBOL
                                               "; a policy ends with the macro KUBEFED_POLICY");
        // RTLD_NODELETE: never unloaded, whatever becomes of handles.
        const auto mode = static_cast<boost::dll::load_mode::type>(
            boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local | RTLD_NODELETE);
        const boost::dll::shared_library handle(library.string(), mode);
        return &handle.get<const kubefed_policy_manifest>(KUBEFED_POLICY_MANIFEST_SYMBOL);
    } catch (const std::exception& e) {
        return fail(Code::InvalidArgument, std::string("it cannot be loaded: ") + e.what());
    }
}

fs::path builtinPolicyFolder() {
    boost::dll::fs::error_code error;
    const fs::path program = boost::dll::program_location(error).string();
    if (error)
        return {};
    for (const fs::path& folder :
         {program.parent_path() / "policies",
          program.parent_path().parent_path() / "lib" / "kubefed" / "policies",
          program.parent_path().parent_path() / KUBEFED_LIBDIR / "kubefed" / "policies"}) {
        std::error_code ignored;
        if (fs::is_directory(folder, ignored))
            return folder;
    }
    return {};
}

}  // namespace kubefed::plugins
