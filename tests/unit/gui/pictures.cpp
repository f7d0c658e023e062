// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/gui/pictures.h"

#include <cstdlib>

#include <QtCore/QDir>
#include <QtGui/QFontDatabase>
#include <QtGui/QImage>
#include <QtGui/QPixmap>
#include <QtWidgets/QApplication>
#include <QtWidgets/QWidget>

namespace kubefed {

namespace {

constexpr int kNear = 40;          // of 255, per channel: edges are smoothed differently between releases
constexpr double kBudget = 0.004;  // of all pixels

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
    qint64 far = 0;
    for (int y = 0; y < is.height(); ++y) {
        const auto* a = reinterpret_cast<const QRgb*>(is.constScanLine(y));
        const auto* b = reinterpret_cast<const QRgb*>(expected.constScanLine(y));
        for (int x = 0; x < is.width(); ++x)
            far += std::abs(qRed(a[x]) - qRed(b[x])) > kNear ||
                           std::abs(qGreen(a[x]) - qGreen(b[x])) > kNear ||
                           std::abs(qBlue(a[x]) - qBlue(b[x])) > kNear
                       ? 1
                       : 0;
    }
    const double part = static_cast<double>(far) / (static_cast<double>(is.width()) * is.height());
    if (part <= kBudget)
        return {};
    is.save(actual);
    return QString("%1% of the pixels of %2 differ; see %3").arg(part * 100, 0, 'f', 2).arg(file, actual);
}

}  // namespace kubefed
