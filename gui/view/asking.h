// SPDX-License-Identifier: Apache-2.0
//
// What a page knows by asking, not by the stream: how old the answer is, and when to ask again. As long as
// somebody looks that is each five seconds, but not after a refusal; and at once when the connection came
// back. A value of the page's; times are the store's. GUI thread.
#pragma once

#include "gui/model/fleet_store.h"

namespace kubefed::gui {

class Asking {
public:
    static constexpr client::TimeMs kEvery = 5'000;
    static constexpr client::TimeMs kOld = 3 * kEvery;

    explicit Asking(const FleetStore& store) : m_store(store) {}

    // Replaces one that is under way.
    void ask(Request request);
    void succeeded();
    // Of what was answered before it stays, with its age.
    void failed(const QString& why) { m_failure = why; }
    // It may not be asked: what was answered before is nobody's to see any more.
    void refused();
    // With what it was about; whatever is under way is not answered any more.
    void forget();
    // At each publication, also while nobody looks: a connection that was lost is noted.
    void follow();

    [[nodiscard]] bool isDue() const;
    [[nodiscard]] bool hasAnswer() const { return m_answered != 0; }
    // To be greyed: nothing is heard of the controller, or it gives no answer any more.
    [[nodiscard]] bool isOld() const;
    // "asked 3 s ago", with why not later; empty without an answer.
    [[nodiscard]] QString age() const;

private:
    const FleetStore& m_store;
    Request m_request;
    client::TimeMs m_asked = 0;
    client::TimeMs m_answered = 0;
    bool m_wasLost = false;
    bool m_isRefused = false;
    QString m_failure;
};

}  // namespace kubefed::gui
