// SPDX-License-Identifier: Apache-2.0
//
// The rounded surface on which the parts of a page stand. Called from a widget's paintEvent(); GUI thread.
#pragma once

class QWidget;

namespace kubefed::gui {

// Over the whole widget, in the colours of its theme.
void paintCard(QWidget& widget);

}  // namespace kubefed::gui
