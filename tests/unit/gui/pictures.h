// SPDX-License-Identifier: Apache-2.0
//
// Golden pictures of the window: grabbed offscreen with one font at one size, and compared with what is kept
// in tests/data/gui, where a few pixels may differ. KUBEFED_UPDATE_PICTURES=1 writes them anew: look at each
// before it is committed.
#pragma once

#include <QtCore/QString>

class QWidget;

namespace kubefed {

// The font of all pictures. Empty: there, else what is missing.
[[nodiscard]] QString usePictureFont();
// Empty: as it should be, else what is not.
[[nodiscard]] QString comparePicture(QWidget& widget, const QString& name);

}  // namespace kubefed
