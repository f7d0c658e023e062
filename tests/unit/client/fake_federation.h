// SPDX-License-Identifier: Apache-2.0
//
// A controller's gRPC service with everything but the answers of its own: a test says what streams send. It
// runs on gRPC's threads; every function may be called on any thread. The destructor ends all calls.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kubefed/net/tls.h"
#include "kubefed/v1/federation.pb.h"

namespace kubefed::client {

class FakeFederation {
public:
    // Port 0: any. Client certificates of `clientCaPem` are asked for, not demanded.
    FakeFederation(const net::KeyPair& server, const std::string& clientCaPem, int port = 0);
    ~FakeFederation();
    FakeFederation(const FakeFederation&) = delete;
    FakeFederation& operator=(const FakeFederation&) = delete;

    [[nodiscard]] int port() const;
    // What each new stream sends at once; a code other than 0 ends it with that instead.
    void setGreeting(std::vector<v1::FleetMessage> messages, int code = 0, const std::string& text = {});
    void send(const v1::FleetMessage& message);
    void endStreams(int code, const std::string& text);
    [[nodiscard]] int streams() const;              // open now
    [[nodiscard]] int streamsEver() const;          // opened so far
    [[nodiscard]] std::size_t unsent() const;       // messages that a stream has not taken yet
    [[nodiscard]] std::string credentials() const;  // of the last call: "cn:NAME" or the authorization
    // Until then Explain and InstallPolicy give no answer; what is held then never gets one.
    void holdExplain(bool hold);
    void holdUploads(bool hold);
    // What InstallPolicy answers of it; else whether it was trusted.
    void setUnchanged(bool isUnchanged);
    [[nodiscard]] std::string uploaded() const;  // "file name:bytes" of the last upload

private:
    class Service;
    std::unique_ptr<Service> m_service;
};

}  // namespace kubefed::client
