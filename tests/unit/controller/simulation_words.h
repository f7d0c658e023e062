// SPDX-License-Identifier: Apache-2.0
//
// What tests of a Simulation say all the time: objects of namespace shop by their kind, and texts compared so
// that a failure shows both.
#pragma once

#include <string>

#include <QtTest/QTest>

#include "tests/unit/controller/simulation.h"

namespace kubefed::controller {

inline TemplateId rc(const std::string& name) {
    return Simulation::id("ReplicationController", name);
}
inline TemplateId service(const std::string& name) {
    return Simulation::id("Service", name);
}
inline TemplateId pod(const std::string& name) {
    return Simulation::id("Pod", name);
}

}  // namespace kubefed::controller

#define SAME_TEXT(a, b) QCOMPARE(QString::fromStdString(a), QString::fromStdString(b))
