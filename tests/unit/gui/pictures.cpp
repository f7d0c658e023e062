// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/gui/pictures.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <QtCore/QDir>
#include <QtGui/QFontDatabase>
#include <QtGui/QImage>
#include <QtGui/QPixmap>
#include <QtWidgets/QApplication>
#include <QtWidgets/QWidget>

namespace kubefed {

namespace {

constexpr int kNear = 40;    // of 255, per channel: edges are smoothed differently between releases
constexpr int kSquare = 16;  // about the height of a line of text
constexpr int kStep = 4;     // squares overlap: nothing hides on the border of two
constexpr int kFar = 12;     // pixels of a square; the smallest letter has more
constexpr double kTone = 4;  // of 255, per channel, of a square's mean: smoothing leaves that as it is

struct Square {
    int far = 0;
    std::array<double, 3> tone{};
};

Square compare(const QImage& is, const QImage& expected, int left, int top) {
    Square square;
    const int right = std::min(left + kSquare, is.width());
    const int bottom = std::min(top + kSquare, is.height());
    for (int y = top; y < bottom; ++y) {
        const auto* a = reinterpret_cast<const QRgb*>(is.constScanLine(y));
        const auto* b = reinterpret_cast<const QRgb*>(expected.constScanLine(y));
        for (int x = left; x < right; ++x) {
            const std::array<int, 3> by{qRed(a[x]) - qRed(b[x]), qGreen(a[x]) - qGreen(b[x]),
                                        qBlue(a[x]) - qBlue(b[x])};
            square.far += std::ranges::any_of(by, [](int value) { return std::abs(value) > kNear; }) ? 1 : 0;
            for (std::size_t i = 0; i < by.size(); ++i)
                square.tone[i] += static_cast<double>(by[i]) / ((right - left) * (bottom - top));
        }
    }
    return square;
}

}  // namespace

QString usePictureFont() {
    QFont font("DejaVu Sans");
    font.setPixelSize(13);
    font.setHintingPreference(QFont::PreferNoHinting);
    QApplication::setFont(font);
    QApplication::setStyle("Fusion");
    return QFontInfo(font).family() == "DejaVu Sans"
               ? QString()
               : QString("DejaVu Sans is not installed (tools/deps test)");
}

QString differenceOf(const QImage& is, const QImage& expected) {
    Square worst;
    QRect where;
    for (int y = 0; y < is.height(); y += kStep)
        for (int x = 0; x < is.width(); x += kStep) {
            const Square square = compare(is, expected, x, y);
            const bool isOtherTone =
                std::ranges::any_of(square.tone, [](double value) { return std::abs(value) > kTone; });
            if ((square.far <= kFar && !isOtherTone) || (!where.isNull() && square.far <= worst.far))
                continue;
            worst = square;
            where = QRect(x, y, kSquare, kSquare);
        }
    if (where.isNull())
        return {};
    return QString("most at (%1, %2): %3 of %4 pixels are others, the mean by (%5, %6, %7)")
        .arg(where.x())
        .arg(where.y())
        .arg(worst.far)
        .arg(kSquare * kSquare)
        .arg(worst.tone[0], 0, 'f', 1)
        .arg(worst.tone[1], 0, 'f', 1)
        .arg(worst.tone[2], 0, 'f', 1);
}

QString comparePicture(QWidget& widget, const QString& name) {
    const QImage is = widget.grab().toImage().convertToFormat(QImage::Format_RGB32);
    const QString file = qEnvironmentVariable("KUBEFED_SOURCE_DIR") + "/tests/data/gui/" + name + ".png";
    if (qEnvironmentVariableIsSet("KUBEFED_UPDATE_PICTURES"))
        return is.save(file) ? QString() : "cannot write " + file;
    const QImage expected = QImage(file).convertToFormat(QImage::Format_RGB32);
    const QString actual = QDir::currentPath() + '/' + name + ".png";
    if (expected.size() != is.size()) {
        is.save(actual);
        return QString("%1 is missing or of another size; see %2").arg(file, actual);
    }
    const QString difference = differenceOf(is, expected);
    if (difference.isEmpty())
        return {};
    is.save(actual);
    return QString("%1 differs, %2; see %3").arg(file, difference, actual);
}

}  // namespace kubefed
