// SPDX-License-Identifier: Apache-2.0
#include "kubefed/sandbox/fault_gate.h"

#include <algorithm>
#include <functional>

namespace kubefed::sandbox {

namespace {
constexpr std::size_t kMaxWaiting = 1000;    // requests
constexpr std::size_t kMaxHeld = 4U << 20U;  // bytes of one stream
}  // namespace

// Passes an answer on, or keeps it while frozen.
class GatedWriter final : public net::ResponseWriter {
public:
    GatedWriter(std::shared_ptr<bool> frozen, std::shared_ptr<net::ResponseWriter> inner)
        : m_frozen(std::move(frozen)), m_inner(std::move(inner)) {}

    void respond(int status, net::Headers headers, std::string body) override {
        run([inner = m_inner, status, headers = std::move(headers), body = std::move(body)]() mutable {
            inner->respond(status, std::move(headers), std::move(body));
        });
    }
    void begin(int status, net::Headers headers) override {
        run([inner = m_inner, status, headers = std::move(headers)]() mutable {
            inner->begin(status, std::move(headers));
        });
    }
    bool write(std::string chunk) override {
        if (!*m_frozen && m_held.empty())
            return m_inner->write(std::move(chunk));
        m_heldBytes += chunk.size();
        m_held.emplace_back(
            [inner = m_inner, chunk = std::move(chunk)]() mutable { inner->write(std::move(chunk)); });
        m_full = m_full || m_heldBytes > kMaxHeld;
        return m_heldBytes <= kMaxHeld;
    }
    void finish() override {
        run([inner = m_inner] { inner->finish(); });
    }
    void reset() override { m_inner->reset(); }
    void setOnDrained(std::function<void()> drained) override {
        m_drained = drained;
        m_inner->setOnDrained(std::move(drained));
    }
    void setOnClosed(std::function<void()> closed) override { m_inner->setOnClosed(std::move(closed)); }
    [[nodiscard]] bool isClosed() const override { return m_inner->isClosed(); }

    void thaw() {
        m_heldBytes = 0;
        for (auto& step : std::exchange(m_held, {}))
            step();
        if (std::exchange(m_full, false) && m_drained)
            m_drained();
    }

private:
    void run(std::move_only_function<void()> step) {
        if (*m_frozen || !m_held.empty())
            m_held.push_back(std::move(step));
        else
            step();
    }

    std::shared_ptr<bool> m_frozen;
    std::shared_ptr<net::ResponseWriter> m_inner;
    std::deque<std::move_only_function<void()>> m_held;
    std::size_t m_heldBytes = 0;
    bool m_full = false;
    std::function<void()> m_drained;
};

FaultGate::~FaultGate() = default;

void FaultGate::handle(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) {
    if (!*m_frozen)
        pass(std::move(request), std::move(writer));
    else if (m_waiting.size() < kMaxWaiting)
        m_waiting.push_back({std::move(request), std::move(writer)});
    else
        writer->reset();
}

void FaultGate::pass(net::ServerRequest request, std::shared_ptr<net::ResponseWriter> writer) {
    auto gated = std::make_shared<GatedWriter>(m_frozen, std::move(writer));
    std::erase_if(m_writers, [](const std::weak_ptr<GatedWriter>& known) { return known.expired(); });
    m_writers.push_back(gated);
    m_behind.handle(std::move(request), std::move(gated));
}

void FaultGate::thaw() {
    *m_frozen = false;
    const std::vector<std::weak_ptr<GatedWriter>> writers = m_writers;
    for (const std::weak_ptr<GatedWriter>& known : writers)
        if (const std::shared_ptr<GatedWriter> writer = known.lock())
            writer->thaw();
    for (Waiting& waiting : std::exchange(m_waiting, {}))
        if (!waiting.writer->isClosed())
            pass(std::move(waiting.request), std::move(waiting.writer));
}

}  // namespace kubefed::sandbox
