// SPDX-License-Identifier: Apache-2.0
//
// What the whole window says as long as there is no fleet to show: connecting, lost, forbidden, or no
// federation at all, each with its next step. A pure function.
#pragma once

#include "gui/view/session.h"
#include "gui/widget/notice.h"

namespace kubefed::gui {

[[nodiscard]] Notice::Content connectionNotice(Session& session);

}  // namespace kubefed::gui
