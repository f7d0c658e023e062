// SPDX-License-Identifier: Apache-2.0
//
// An owning handle on something under way: a timer, an HTTP exchange, a watch, a subscription. Destroying
// the handle (or cancel()) ends it, and after that none of its callbacks runs. Callbacks come on the thread
// that started the operation and never from inside the call that started it. Move-only; destroy it on that
// same thread. A handle may be destroyed from inside its own callback.
#pragma once

#include <memory>

namespace kubefed {

class Request {
public:
    // What an implementation keeps for the operation; its destructor cancels.
    class State {
    public:
        State() = default;
        State(const State&) = delete;
        State& operator=(const State&) = delete;
        virtual ~State() = default;
    };

    Request() = default;
    explicit Request(std::unique_ptr<State> state) : m_state(std::move(state)) {}

    void cancel() { m_state.reset(); }
    [[nodiscard]] bool isActive() const { return m_state != nullptr; }

private:
    std::unique_ptr<State> m_state;
};

}  // namespace kubefed
