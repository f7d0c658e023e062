// SPDX-License-Identifier: Apache-2.0
#include "gui/view/table_view.h"

#include <algorithm>
#include <utility>

#include <QtGui/QKeyEvent>
#include <QtGui/QMouseEvent>
#include <QtWidgets/QHeaderView>

#include "gui/widget/share_bar.h"
#include "gui/widget/theme.h"

namespace kubefed::gui {

namespace {

constexpr int kRow = 4 * kGrid;
constexpr int kBeside = 24;    // at the left and right of a cell's text
constexpr int kSign = 20;      // before a state
constexpr int kLastWide = 96;  // what the last column needs to say anything

// Titles over their figures, the one that orders the rows with an arrow.
class TableHeading final : public QHeaderView {
public:
    explicit TableHeading(QWidget* parent) : QHeaderView(Qt::Horizontal, parent) {
        setSectionsClickable(true);
        setSectionsMovable(true);
    }

protected:
    void paintSection(QPainter* painter, const QRect& rect, int section) const override {
        painter->save();
        const Theme& theme = themeOf(*this);
        painter->fillRect(rect, theme.surface);
        painter->setPen(QPen(theme.line, 1));
        painter->drawLine(rect.bottomLeft(), rect.bottomRight());
        painter->setFont(smallFont(font()));
        const bool isSorted = sortIndicatorSection() == section;
        painter->setPen(isSorted ? theme.text : theme.dim);
        QString title = model()->headerData(section, Qt::Horizontal, Qt::DisplayRole).toString();
        if (isSorted)
            title += sortIndicatorOrder() == Qt::AscendingOrder ? " ▾" : " ▴";
        const int align = model()->headerData(section, Qt::Horizontal, Qt::TextAlignmentRole).toInt();
        painter->drawText(QRectF(rect).adjusted(12, 0, -12, 0), align | Qt::TextSingleLine, title);
        painter->restore();
    }
};

}  // namespace

void TableDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    painter->save();
    const Theme& theme = themeOf(*option.widget);
    const bool isSelected = option.state.testFlag(QStyle::State_Selected);
    const bool isFocused =
        option.state.testFlag(QStyle::State_HasFocus) || option.state.testFlag(QStyle::State_Active);
    const QColor ground = isSelected                 ? theme.selection
                          : index.row() == m_hovered ? theme.hover
                                                     : theme.surface;
    painter->fillRect(option.rect, ground);
    if (isSelected && isFocused && index.column() == 0)
        painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()),
                          theme.accent);
    painter->setPen(QPen(theme.line, 1));
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());

    const bool isAllOld = index.data(OldRole).toInt() == 2 || index.data(GoneRole).toBool();
    const bool isOld = isAllOld || index.data(OldRole).toBool();
    QFont font = option.font;
    font.setStrikeOut(index.data(GoneRole).toBool());
    painter->setFont(font);
    QRectF box = QRectF(option.rect).adjusted(12, 0, -12, 0);
    const QString text = index.data().toString();
    const auto align = static_cast<Qt::Alignment>(index.data(Qt::TextAlignmentRole).toInt());
    QColor ink = isOld ? theme.dim : theme.text;
    if (index.data(StatusRole).toBool() && !text.isEmpty()) {
        const auto level = static_cast<Level>(index.data(LevelRole).toInt());
        const Level shown = isOld && level < Level::Unknown ? Level::Unknown : level;
        // Trouble keeps its colour only as long as it is known to last.
        ink = isAllOld || (isOld && shown != Level::Bad) ? theme.dim : theme.of(shown);
        paintSign(*painter, QRectF(box.left(), box.center().y() - 6, 12, 12), shown, ink, ground);
        box.setLeft(box.left() + kSign);
    }
    painter->setPen(ink);
    const double ratio = index.data(RatioRole).toDouble();
    if (ratio >= 0) {
        paintShares(*painter, QRectF(box.left(), box.bottom() - 7, box.width(), 3),
                    {{ratio, ratio < 1 ? Level::Busy : Level::Good}}, 1, theme, isOld);
        box.setBottom(box.bottom() - 6);
    }
    paintText(*painter, box, text, static_cast<int>(align));
    painter->restore();
}

TableView::TableView(OrderedTable& model, QWidget* parent)
    : QTableView(parent), m_table(model), m_delegate(new TableDelegate(this)) {
    setItemDelegate(m_delegate);
    setHorizontalHeader(new TableHeading(this));
    setModel(&model);
    setShowGrid(false);
    setMouseTracking(true);
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setEditTriggers(NoEditTriggers);
    setTabKeyNavigation(false);
    setWordWrap(false);
    setHorizontalScrollMode(ScrollPerPixel);
    setFrameShape(NoFrame);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(kRow);
    QHeaderView* head = horizontalHeader();
    head->setHighlightSections(false);
    head->setStretchLastSection(true);
    head->setMinimumSectionSize(48);
    head->setFixedHeight(kRow);
    head->setSortIndicatorClearable(true);
    head->setSortIndicator(model.sortColumn(), model.sortOrder());
    setSortingEnabled(true);
    connect(&model, &QAbstractItemModel::modelReset, head,
            [head, &model] { head->setSortIndicator(model.sortColumn(), model.sortOrder()); });
    connect(&model, &OrderedTable::holdEnded, this, &TableView::holdingChanged);
    connect(this, &QTableView::doubleClicked, this,
            [this](const QModelIndex& index) { Q_EMIT opened(index.data(KeyRole).toString()); });
}

void TableView::setWidths(const std::vector<int>& letters) {
    const int letter = fontMetrics().horizontalAdvance('0');
    for (std::size_t i = 0; i < letters.size(); ++i) {
        const int column = static_cast<int>(i);
        m_widths[column] = std::max(letters[i] * letter + kBeside, widthFor(column));
        setColumnWidth(column, m_widths[column]);
    }
    fold();
}

// Its title with the arrow of the order, and the longest that it may say.
int TableView::widthFor(int column) const {
    const auto of = [&](int role) { return m_table.headerData(column, Qt::Horizontal, role); };
    int wide = QFontMetrics(smallFont(font())).horizontalAdvance(of(Qt::DisplayRole).toString() + " ▾");
    const int sign = of(StatusRole).toBool() ? kSign : 0;
    for (const QString& text : of(TextsRole).toStringList())
        wide = std::max(wide, fontMetrics().horizontalAdvance(text) + sign + 2);
    return wide + kBeside;
}

void TableView::setFolding(std::vector<int> columns) {
    m_folding = std::move(columns);
    fold();
}

void TableView::setAbsent(std::set<int> columns) {
    if (columns == m_absent)
        return;
    m_absent = std::move(columns);
    fold();
}

void TableView::setStretched(int column) {
    horizontalHeader()->setStretchLastSection(false);
    horizontalHeader()->setSectionResizeMode(column, QHeaderView::Stretch);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
}

void TableView::setEmptyText(const QString& text) {
    if (text == m_emptyText)
        return;
    m_emptyText = text;
    viewport()->update();
}

void TableView::fold() {
    if (m_folding.empty())
        return;
    const int last = m_table.columnCount() - 1;
    int needed = m_absent.contains(last) ? 0 : kLastWide;
    int stretched = last;  // whichever is the last that is shown has all that is left
    while (stretched > 0 && isColumnHidden(stretched))
        --stretched;
    for (int column = 0; column < last; ++column) {
        if (!isColumnHidden(column) && column != stretched)
            m_widths[column] = columnWidth(column);  // as a person may have made it
        needed += m_absent.contains(column) ? 0 : m_widths[column];
    }
    std::set<int> hidden = m_absent;
    for (const int column : m_folding) {
        if (needed <= viewport()->width())
            break;
        if (hidden.insert(column).second)
            needed -= m_widths[column];
    }
    for (int column = 0; column <= last; ++column)
        if (isColumnHidden(column) != hidden.contains(column))
            setColumnHidden(column, hidden.contains(column));
    // The last one keeps what it had when there was more room, unless it is told.
    if (const int room = viewport()->width() - horizontalHeader()->length();
        room < 0 && !hidden.contains(last))
        setColumnWidth(last, std::max(horizontalHeader()->minimumSectionSize(), columnWidth(last) + room));
}

void TableView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fold();
}

void TableView::paintEvent(QPaintEvent* event) {
    QTableView::paintEvent(event);
    if (m_emptyText.isEmpty() || m_table.rowCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setFont(font());
    painter.setPen(themeOf(*this).dim);
    painter.drawText(QRectF(viewport()->rect()).adjusted(12, 8, -12, -8),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, m_emptyText);
}

QString TableView::currentKey() const {
    return currentIndex().data(KeyRole).toString();
}

void TableView::select(const QString& key) {
    const int row = m_table.rowOf(key);
    if (row < 0)
        return;
    setCurrentIndex(m_table.index(row, 0));
    scrollTo(currentIndex());
}

void TableView::sortBy(int column) {
    const bool isAgain = column == m_table.sortColumn() && m_table.sortOrder() == Qt::AscendingOrder;
    horizontalHeader()->setSortIndicator(column, isAgain ? Qt::DescendingOrder : Qt::AscendingOrder);
    if (column < 0)
        horizontalHeader()->setSortIndicator(m_table.sortColumn(), m_table.sortOrder());
}

bool TableView::viewportEvent(QEvent* event) {
    switch (event->type()) {
        case QEvent::Enter:
            hold(true);
            break;
        case QEvent::Leave:
            hold(false);
            setHovered(-1);
            break;
        case QEvent::MouseMove:
            hold(true);
            setHovered(indexAt(static_cast<QMouseEvent*>(event)->pos()).row());
            break;
        default:
            break;
    }
    return QTableView::viewportEvent(event);
}

void TableView::hold(bool isHeld) {
    const bool isOther = isHeld != isHolding();
    m_table.setHeld(isHeld);
    if (isOther)
        Q_EMIT holdingChanged();
}

void TableView::setHovered(int row) {
    if (row == m_hovered)
        return;
    m_hovered = row;
    m_delegate->setHovered(row);
    viewport()->update();
}

void TableView::keyPressEvent(QKeyEvent* event) {
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && currentIndex().isValid()) {
        Q_EMIT opened(currentKey());
        return;
    }
    // Copying a command is the window's; letters are shortcuts, not a search for rows.
    if (event->matches(QKeySequence::Copy) || !event->text().trimmed().isEmpty()) {
        event->ignore();
        return;
    }
    QTableView::keyPressEvent(event);
}

// Qt makes the first row the current one without selecting it, where rows came before the focus.
void TableView::focusInEvent(QFocusEvent* event) {
    QTableView::focusInEvent(event);
    if (currentIndex().isValid())
        setCurrentIndex(currentIndex());
}

void TableView::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
    QTableView::currentChanged(current, previous);
    const QString key = current.data(KeyRole).toString();
    if (key == m_chosen)
        return;
    m_chosen = key;
    Q_EMIT chosen(key);
}

}  // namespace kubefed::gui
