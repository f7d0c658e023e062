// SPDX-License-Identifier: Apache-2.0
//
// Who wants to know what changes in a Controller. Told after each change, on the core thread, often more than
// once for one change: it notes and looks later. Outlives the Controller that it observes.
#pragma once

#include <string>

#include "controller/ids.h"
#include "controller/membership/member.h"

namespace kubefed::controller {

class ControllerObserver {
public:
    ControllerObserver() = default;
    ControllerObserver(const ControllerObserver&) = delete;
    ControllerObserver& operator=(const ControllerObserver&) = delete;
    virtual ~ControllerObserver() = default;

    virtual void memberChanged(const std::string& name) = 0;  // also: it is gone
    virtual void memberProbed(const Member& member, const fed::Probe& probe) = 0;
    virtual void objectChanged(const TemplateId& id) = 0;  // the template or its Placement; also: gone
};

}  // namespace kubefed::controller
