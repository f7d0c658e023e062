// SPDX-License-Identifier: Apache-2.0
//
// Golden pictures of the window: grabbed offscreen with one font at one size, and compared with what is kept
// in tests/data/gui, region by region: edges may be smoothed a little otherwise, but no letter, sign or
// colour may be another one. KUBEFED_UPDATE_PICTURES=1 writes them anew: look at each before it is committed.
#pragma once

#include <QtCore/QString>

class QImage;
class QWidget;

namespace kubefed {

// The font of all pictures. Empty: there, else what is missing.
[[nodiscard]] QString usePictureFont();
// Where two pictures of one size differ; empty: nowhere. A difference is a square of 16 pixels of which one
// in twenty is another one, or whose mean colour is. Pure.
[[nodiscard]] QString differenceOf(const QImage& is, const QImage& expected);
// Empty: as it should be, else what is not.
[[nodiscard]] QString comparePicture(QWidget& widget, const QString& name);

}  // namespace kubefed
