// SPDX-License-Identifier: Apache-2.0
#include "gui/view/asking.h"

#include <cstdlib>
#include <utility>

#include "gui/model/facts.h"

namespace kubefed::gui {

void Asking::ask(Request request) {
    m_request = std::move(request);
    m_asked = m_store.source()->now();
    m_wasLost = m_isRefused = false;
}

void Asking::succeeded() {
    m_answered = m_store.source()->now();
    m_failure.clear();
}

void Asking::refused() {
    m_answered = 0;
    m_failure.clear();
    m_isRefused = true;
}

void Asking::forget() {
    m_request.cancel();
    m_asked = m_answered = 0;
    m_wasLost = m_isRefused = false;
    m_failure.clear();
}

void Asking::follow() {
    if (m_store.isStale())
        m_wasLost = true;
}

bool Asking::isDue() const {
    // A recording's time may go back, too.
    return m_store.source() != nullptr && !m_store.isStale() &&
           (m_wasLost || (!m_isRefused && std::abs(m_store.now() - m_asked) >= kEvery));
}

bool Asking::isOld() const {
    return hasAnswer() && (m_store.isStale() || std::abs(m_store.now() - m_answered) > kOld);
}

QString Asking::age() const {
    if (!hasAnswer())
        return {};
    const QString age = "asked " + since(m_answered, m_store.now()) + " ago";
    return m_failure.isEmpty() ? age : age + "; since then no answer: " + m_failure;
}

}  // namespace kubefed::gui
