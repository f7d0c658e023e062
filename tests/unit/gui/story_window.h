// SPDX-License-Identifier: Apache-2.0
//
// What tests that look at the whole window share: a session that tells a story, settings of its own, and the
// window itself, which each test makes as it needs it. A test class derives from it, beside QObject.
#pragma once

#include <memory>
#include <utility>

#include <QtCore/QSettings>
#include <QtCore/QTemporaryDir>

#include "tests/fakes/fake_session.h"
#include "tests/fakes/synthetic_fleet.h"

#include "gui/view/main_window.h"

namespace kubefed::gui {

class StoryWindow {
protected:
    void begin() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_settings = std::make_unique<QSettings>(m_folder->filePath("gui.ini"), QSettings::IniFormat);
        m_session = std::make_unique<FakeSession>();
    }
    void end() {
        m_window.reset();
        m_session.reset();
    }
    void tellStory() { tell(testing::storyFleet(m_session->source.now())); }
    // With an explanation of each object.
    void tell(client::FleetChanges all) {
        for (const client::Object& object : all.objects)
            m_session->source.explanations.emplace(
                object.id, testing::storyExplanation(all, object.id, m_session->source.now()));
        m_session->tell(std::move(all));
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<QSettings> m_settings;
    std::unique_ptr<FakeSession> m_session;
    std::unique_ptr<MainWindow> m_window;
};

}  // namespace kubefed::gui
