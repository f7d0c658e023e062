// SPDX-License-Identifier: Apache-2.0
#include <QtGui/QImage>
#include <QtGui/QPainter>
#include <QtTest/QTest>

#include "tests/unit/gui/pictures.h"

using namespace kubefed;

// What the golden pictures let pass, and what not.
class ComparisonTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const QString missing = usePictureFont();
        QVERIFY2(missing.isEmpty(), qPrintable(missing));
    }

    void theSameIsTheSame() {
        QCOMPARE(differenceOf(drawn("Generation", "4"), drawn("Generation", "4")), QString());
    }

    // A line of the facts in a window of 1280×800: 0.1 % of its pixels.
    void anotherWordIsSeen() {
        QVERIFY(!differenceOf(drawn("Loaded", "4 times"), drawn("Generation", "4")).isEmpty());
    }

    void anotherLetterIsSeen_data() {
        QTest::addColumn<QString>("is");
        QTest::addColumn<QString>("expected");
        QTest::newRow("figure") << "3 s" << "4 s";
        QTest::newRow("letter") << "Ready" << "Reedy";
        QTest::newRow("one more") << "1" << "11";
        QTest::newRow("unit") << "4 ms" << "4 µs";
    }
    void anotherLetterIsSeen() {
        QFETCH(const QString, is);
        QFETCH(const QString, expected);
        QVERIFY(!differenceOf(drawn("Latency", is), drawn("Latency", expected)).isEmpty());
    }

    void movedByAPixelIsSeen() {
        const QImage picture = drawn("Latency", "4 ms");
        QVERIFY(!differenceOf(picture.copy(1, 0, picture.width(), picture.height()), picture).isEmpty());
    }

    // Too little for any single pixel to be another one.
    void anotherGroundIsSeen() {
        QImage paler = drawn("Latency", "4 ms");
        QPainter painter(&paler);
        painter.fillRect(200, 100, 60, 20, QColor("#f4f4f4"));
        painter.end();
        QVERIFY(!differenceOf(paler, drawn("Latency", "4 ms")).isEmpty());
    }

    void edgesMayBeSmoothedALittleOtherwise() {
        QImage other = drawn("Latency", "4 ms");
        for (int y = 0; y < other.height(); ++y)
            for (int x = 0; x < other.width(); ++x)
                if (const QColor here = other.pixelColor(x, y); here != Qt::white)
                    other.setPixelColor(x, y, (x + y) % 2 == 0 ? here.lighter(112) : here.darker(112));
        QCOMPARE(differenceOf(other, drawn("Latency", "4 ms")), QString());
    }

private:
    static QImage drawn(const QString& name, const QString& value) {
        QImage picture(1280, 800, QImage::Format_RGB32);
        picture.fill(Qt::white);
        QPainter painter(&picture);
        painter.setPen(QColor("#1a1f26"));
        painter.drawText(921, 333, name);
        painter.drawText(1033, 333, value);
        return picture;
    }
};

QTEST_MAIN(ComparisonTest)
#include "comparison_test.moc"
