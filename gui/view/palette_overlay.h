// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-K: type, choose with the arrows, Enter. Finds clusters, objects and actions; what is chosen can be
// copied as the command it stands for. Lies over the window that is its parent. GUI thread.
#pragma once

#include <vector>

#include <QtWidgets/QWidget>

#include "gui/model/fleet_store.h"
#include "gui/model/palette_index.h"

class QLineEdit;

namespace kubefed::gui {

class PaletteOverlay final : public QWidget {
    Q_OBJECT

public:
    PaletteOverlay(const FleetStore& store, QWidget* parent);
    // `typed`: what stands in the line already.
    void open(std::vector<PaletteEntry> actions, const QString& typed = {});
    [[nodiscard]] const std::vector<PaletteEntry>& entries() const { return m_entries; }
    [[nodiscard]] QLineEdit& line() const { return *m_line; }

Q_SIGNALS:
    void chosen(const kubefed::gui::PaletteEntry& entry);
    void copyWanted(const kubefed::gui::PaletteEntry& entry);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void search();
    void close(bool isChosen);
    void place();
    [[nodiscard]] QRect card() const;
    [[nodiscard]] QRect placeOf(int entry) const;
    void paintEntry(QPainter& painter, int index);

    const FleetStore& m_store;
    QLineEdit* m_line;
    std::vector<PaletteEntry> m_actions;
    std::vector<PaletteEntry> m_entries;
    int m_current = 0;
    QWidget* m_before = nullptr;  // had the focus
};

}  // namespace kubefed::gui
