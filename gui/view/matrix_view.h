// SPDX-License-Identifier: Apache-2.0
//
// The placement matrix: objects down, clusters across, in each cell the replicas that are ready of those
// placed there, on a ground that deepens with the share. What is not as it should be has its sign. Only what
// is visible is painted. GUI thread.
#pragma once

#include <QtWidgets/QTableView>

#include "gui/model/placement_matrix_model.h"

namespace kubefed::gui {

class MatrixView final : public QTableView {
    Q_OBJECT

public:
    explicit MatrixView(PlacementMatrixModel& model, QWidget* parent = nullptr);
    [[nodiscard]] QString currentKey() const;
    void select(const QString& key);

Q_SIGNALS:
    void chosen(const QString& key);
    void opened(const QString& key);

protected:
    bool viewportEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;

private:
    PlacementMatrixModel& m_matrix;
};

}  // namespace kubefed::gui
