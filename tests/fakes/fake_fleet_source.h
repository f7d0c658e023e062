// SPDX-License-Identifier: Apache-2.0
//
// A FleetSource whose stream a test writes by hand, and whose explanations it sets. Time is the clock's wall
// time. Calls come to the sink at once when a test tells them (which a real source never does from inside
// start()). Single thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "kubefed/client/fleet_source.h"
#include "kubefed/util/clock.h"

namespace kubefed {

class FakeFleetSource final : public client::FleetSource {
public:
    explicit FakeFleetSource(Clock& clock) : m_clock(clock) {}

    void start(client::FleetSink& sink) override { m_sink = &sink; }
    [[nodiscard]] client::TimeMs now() const override {
        return std::chrono::duration_cast<Duration>(m_clock.wallNow().time_since_epoch()).count();
    }
    [[nodiscard]] Request explain(const client::ObjectId& object,
                                  Callback<client::Explanation> done) override {
        return answer<client::Explanation>(std::move(done), [this, object]() -> Result<client::Explanation> {
            if (whyRefusal)
                return std::unexpected(*whyRefusal);
            if (const auto it = explanations.find(object); it != explanations.end())
                return it->second;
            return fail(Code::NotFound, "nothing was decided for it yet");
        });
    }
    [[nodiscard]] Request listPolicies(Callback<std::vector<client::PolicyPlugin>> done) override {
        return answer<std::vector<client::PolicyPlugin>>(
            std::move(done), [this]() -> Result<std::vector<client::PolicyPlugin>> {
                return refusal ? Result<std::vector<client::PolicyPlugin>>(std::unexpected(*refusal))
                               : policies;
            });
    }

    [[nodiscard]] client::FleetSink* sink() const { return m_sink; }
    // The connection stands and tells all of it.
    void tell(client::FleetInfo info, client::FleetChanges all) {
        m_sink->stateChanged(client::ConnectionState::Live, Error{.code = Code::Ok});
        m_sink->reset(info, std::move(all));
    }
    // A sign of life, without news.
    void beat() { m_sink->heard(now()); }
    void lose(client::ConnectionState state, Error error) { m_sink->stateChanged(state, error); }

    std::map<client::ObjectId, client::Explanation> explanations;
    std::vector<client::PolicyPlugin> policies;
    std::optional<Error> refusal;     // of the list of policies
    std::optional<Error> whyRefusal;  // of explanations
    int asked = 0;

private:
    template <class T, class Make>
    Request answer(Callback<T> done, Make make) {
        ++asked;
        return m_clock.after(Duration{1}, [done = std::move(done), make]() mutable { done(make()); });
    }

    Clock& m_clock;
    client::FleetSink* m_sink = nullptr;
};

}  // namespace kubefed
