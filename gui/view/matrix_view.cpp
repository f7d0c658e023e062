// SPDX-License-Identifier: Apache-2.0
#include "gui/view/matrix_view.h"

#include <algorithm>

#include <QtGui/QKeyEvent>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QStyledItemDelegate>

#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kCellWide = 56;
constexpr int kCellTall = 4 * kGrid;
constexpr int kHeadTall = 112;
constexpr int kHeadWide = 232;

QColor mix(const QColor& from, const QColor& to, double part) {
    return QColor::fromRgbF(static_cast<float>(from.redF() + (to.redF() - from.redF()) * part),
                            static_cast<float>(from.greenF() + (to.greenF() - from.greenF()) * part),
                            static_cast<float>(from.blueF() + (to.blueF() - from.blueF()) * part));
}

class CellDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const Theme& theme = themeOf(*option.widget);
        painter->fillRect(option.rect, theme.surface);
        const QRectF box = QRectF(option.rect).adjusted(2, 2, -2, -2);
        const QString text = index.data().toString();
        if (text.isEmpty()) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(theme.line);
            painter->drawEllipse(box.center(), 1.5, 1.5);
        } else {
            paintShare(*painter, box, index, text, theme);
        }
        const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
        if (view != nullptr && view->currentIndex() == index) {
            painter->setPen(QPen(theme.accent, 2));
            painter->setBrush(Qt::NoBrush);
            painter->drawRoundedRect(box, 4, 4);
        }
        painter->restore();
    }

private:
    static void paintShare(QPainter& painter, const QRectF& box, const QModelIndex& index,
                           const QString& text, const Theme& theme) {
        const int old = index.data(OldRole).toInt();
        const auto told = static_cast<Level>(index.data(LevelRole).toInt());
        const Level level = old == 2 || (old == 1 && told != Level::Bad) ? Level::Unknown : told;
        const double deep = 0.35 + 0.65 * index.data(RatioRole).toDouble();
        painter.setPen(Qt::NoPen);
        painter.setBrush(mix(theme.surface, theme.tint(level), level == Level::Good ? deep : 1));
        painter.drawRoundedRect(box, 4, 4);
        QRectF rest = box;
        const QColor ink = level == Level::Good ? theme.text : theme.of(level);
        if (level != Level::Good) {
            paintSign(painter, QRectF(box.left() + 5, box.center().y() - 5, 10, 10), level, ink,
                      theme.tint(level));
            rest.setLeft(rest.left() + 14);
        }
        painter.setPen(ink);
        paintText(painter, rest, text, Qt::AlignCenter);
    }
};

// Names of clusters stand upright on their columns, names of objects lie beside their rows, each with its
// sign nearest to the cells.
class Heading final : public QHeaderView {
public:
    Heading(Qt::Orientation orientation, QWidget* parent) : QHeaderView(orientation, parent) {
        setSectionResizeMode(Fixed);
        setSectionsClickable(true);
        setHighlightSections(true);
        setMinimumSectionSize(kCellTall);
        const bool isAcross = orientation == Qt::Horizontal;
        setDefaultSectionSize(isAcross ? kCellWide : kCellTall);
        isAcross ? setFixedHeight(kHeadTall) : setFixedWidth(kHeadWide);
    }

protected:
    void paintSection(QPainter* painter, const QRect& rect, int section) const override {
        painter->save();
        const Theme& theme = themeOf(*this);
        const auto value = [&](int role) { return model()->headerData(section, orientation(), role); };
        const int old = value(OldRole).toInt();
        const bool isOld = old != 0;
        const auto told = static_cast<Level>(value(LevelRole).toInt());
        const Level level = isOld && told < Level::Unknown ? Level::Unknown : told;
        const bool isCurrent =
            selectionModel() != nullptr &&
            (orientation() == Qt::Horizontal ? selectionModel()->currentIndex().column()
                                             : selectionModel()->currentIndex().row()) == section;
        painter->fillRect(rect, isCurrent ? theme.selection : theme.surface);
        const QColor ground = isCurrent ? theme.selection : theme.surface;
        painter->setFont(font());
        const QColor ink = old == 2 || (isOld && level != Level::Bad) ? theme.dim : theme.of(level);
        const QColor words = isOld ? theme.dim : theme.text;
        if (orientation() == Qt::Horizontal) {
            paintSign(*painter, QRectF(rect.center().x() - 6, rect.bottom() - 18, 12, 12), level, ink,
                      ground);
            painter->setPen(words);
            painter->translate(rect.center().x(), rect.bottom() - 26);
            painter->rotate(-90);
            paintText(*painter, QRectF(0, -12, rect.height() - 32, 24), value(Qt::DisplayRole).toString());
        } else {
            paintSign(*painter, QRectF(rect.left() + 12, rect.center().y() - 6, 12, 12), level, ink, ground);
            painter->setPen(words);
            const QString name = value(Qt::DisplayRole).toString();
            const QRectF box = QRectF(rect).adjusted(32, 0, -12, 0);
            const QString space = value(DetailRole).toString();
            const QFont small = smallFont(font());
            // Where both do not fit, the name gets more, but never all: names recur in other namespaces.
            const double beside =
                box.width() - std::min(QFontMetricsF(small).horizontalAdvance(space), box.width() / 3) - 12;
            const double wide = std::min(QFontMetricsF(font()).horizontalAdvance(name) + 1, beside);
            paintText(*painter, QRectF(box.left(), box.top(), wide, box.height()), name);
            painter->setPen(theme.dim);
            painter->setFont(small);
            paintText(*painter, box.adjusted(wide + 12, 0, 0, 0), space, Qt::AlignRight | Qt::AlignVCenter);
        }
        painter->restore();
    }
};

}  // namespace

MatrixView::MatrixView(PlacementMatrixModel& model, QWidget* parent) : QTableView(parent), m_matrix(model) {
    setHorizontalHeader(new Heading(Qt::Horizontal, this));
    setVerticalHeader(new Heading(Qt::Vertical, this));
    setItemDelegate(new CellDelegate(this));
    setModel(&model);
    setShowGrid(false);
    setFrameShape(NoFrame);
    setSelectionMode(SingleSelection);
    setEditTriggers(NoEditTriggers);
    setTabKeyNavigation(false);
    setMouseTracking(true);
    setCornerButtonEnabled(false);
    setHorizontalScrollMode(ScrollPerPixel);
    connect(this, &QTableView::doubleClicked, this, [this] { Q_EMIT opened(currentKey()); });
    connect(verticalHeader(), &QHeaderView::sectionClicked, this,
            [this](int row) { setCurrentIndex(m_matrix.index(row, std::max(0, currentIndex().column()))); });
}

QString MatrixView::currentKey() const {
    return currentIndex().data(KeyRole).toString();
}

void MatrixView::select(const QString& key) {
    const int row = m_matrix.rowOf(key);
    if (row >= 0 && m_matrix.columnCount() > 0 && row != currentIndex().row())
        setCurrentIndex(m_matrix.index(row, std::max(0, currentIndex().column())));
}

bool MatrixView::viewportEvent(QEvent* event) {
    if (event->type() == QEvent::Enter || event->type() == QEvent::MouseMove)
        m_matrix.setColumnsHeld(true);
    else if (event->type() == QEvent::Leave)
        m_matrix.setColumnsHeld(false);
    return QTableView::viewportEvent(event);
}

void MatrixView::keyPressEvent(QKeyEvent* event) {
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && currentIndex().isValid())
        Q_EMIT opened(currentKey());
    else if (event->matches(QKeySequence::Copy) || !event->text().trimmed().isEmpty())
        event->ignore();
    else
        QTableView::keyPressEvent(event);
}

void MatrixView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QTableView::currentChanged(current, previous);
    horizontalHeader()->viewport()->update();
    verticalHeader()->viewport()->update();
    if (current.row() != previous.row())
        Q_EMIT chosen(currentKey());
}

}  // namespace kubefed::gui
