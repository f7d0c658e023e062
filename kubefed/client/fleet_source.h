// SPDX-License-Identifier: Apache-2.0
//
// Where a fleet comes from: a controller (FederationClient) or a recording (ReplaySource). The sink is told
// whole snapshots and then changes, on the thread that made the source, never from inside a call; it outlives
// the source. Reconnecting, resynchronising and back-off are the source's: the sink keeps what it has and
// shows how old it is.
#pragma once

#include <string>

#include "kubefed/client/fleet_types.h"
#include "kubefed/util/error.h"
#include "kubefed/util/request.h"

namespace kubefed::client {

enum class ConnectionState {
    Connecting,    // first attempt
    Live,          // all that there is was told, and messages come, at least one a second
    Stalled,       // the connection stands, but nothing came for 3 s
    Disconnected,  // tried again by itself, `error` says why
    Forbidden,     // the caller may not watch, or is not known: retried each minute
};

class FleetSink {
public:
    FleetSink() = default;
    FleetSink(const FleetSink&) = delete;
    FleetSink& operator=(const FleetSink&) = delete;
    virtual ~FleetSink() = default;

    // `error` is empty (Code::Ok) unless Disconnected or Forbidden.
    virtual void stateChanged(ConnectionState state, const Error& error) = 0;
    // Replaces everything that was told before: the whole fleet in one value.
    virtual void reset(const FleetInfo& info, FleetChanges all) = 0;
    virtual void changed(FleetChanges changes) = 0;
    // Something came, be it a sign of life alone: what was told is as it was at `time` by the source's clock,
    // which is before now where a recording is entered after its controller was lost. Must not end the
    // source.
    virtual void heard(TimeMs time) { (void)time; }
};

class FleetSource {
public:
    FleetSource() = default;
    FleetSource(const FleetSource&) = delete;
    FleetSource& operator=(const FleetSource&) = delete;
    virtual ~FleetSource() = default;

    // Once.
    virtual void start(FleetSink& sink) = 0;
    // The controller's clock now (a recording's: its place in the recording); goes on while disconnected.
    [[nodiscard]] virtual TimeMs now() const = 0;
    // Unimplemented where there is no controller behind it and the recording holds no such explanation.
    [[nodiscard]] virtual Request explain(const ObjectId& object, Callback<Explanation> done) = 0;
    [[nodiscard]] virtual Request listPolicies(Callback<std::vector<PolicyPlugin>> done) = 0;
};

}  // namespace kubefed::client
