// SPDX-License-Identifier: Apache-2.0
//
// What it means that the controller cannot be reached, said by gRPC for those who build on it. Values; any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace kubefed::client {

// "127.0.0.1:26503 refuses connections" for gRPC's words on a call that ended as unavailable; those of a
// controller, and what is not known, stay as they are.
[[nodiscard]] std::string connectionWords(std::string_view said, std::string_view address);

}  // namespace kubefed::client
