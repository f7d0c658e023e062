// SPDX-License-Identifier: Apache-2.0
#include "kubefed/client/connection_words.h"

#include <array>

namespace kubefed::client {
namespace {

struct Words {
    std::string_view grpc;  // found in what it says
    std::string_view ours;  // after the address
};

// What is most particular first: gRPC puts the cause last.
constexpr std::array kWords{
    Words{"Connection refused", " refuses connections"},
    Words{"No route to host", " cannot be reached: there is no route to it"},
    Words{"Network is unreachable", " cannot be reached: the network is down"},
    Words{"Connection reset by peer", " broke the connection"},
    Words{"Broken pipe", " broke the connection"},
    Words{"Socket closed", " closed the connection"},
    Words{"certificate verify failed", " has a certificate that is not this federation's"},
    Words{"Connection timed out", " does not answer"},
    Words{"DNS resolution failed", " has a name that does not resolve"},
};

}  // namespace

std::string connectionWords(std::string_view said, std::string_view address) {
    for (const Words& words : kWords)
        if (said.find(words.grpc) != std::string_view::npos)
            return std::string(address).append(words.ours);
    return std::string(said);
}

}  // namespace kubefed::client
