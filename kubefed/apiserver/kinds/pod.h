// SPDX-License-Identifier: Apache-2.0
//
// The parts of Pods that ReplicationControllers and the sandbox need too: defaulting and validation of a pod
// spec, and what admission adds to a new Pod. Pure functions of documents; any thread.
#pragma once

#include "kubefed/apiserver/kinds/field.h"

namespace kubefed::apiserver {

// Defaults and canonical values of spec.template.spec and of a Pod's own spec.
void defaultPodSpec(kube::JsonObject& spec);
// What only Pods get: requests from limits, enableServiceLinks, host ports.
void defaultPod(kube::JsonObject& spec);
void checkPodSpec(Checker& checker, const kube::JsonObject& spec, const Path& path, bool isPod);
// Volumes; the names of the sound ones, for volumeMounts.
[[nodiscard]] std::vector<std::string> checkVolumes(Checker& checker, const kube::JsonObject& spec,
                                                    const Path& path);
void checkContainers(Checker& checker, const kube::JsonObject& spec, const std::vector<std::string>& volumes,
                     const Path& path);
void checkProbes(Checker& checker, const kube::JsonObject& container, const Path& path);
// Affinity, spreading, scheduling gates and DNS; security contexts and the system. Parts of checkPodSpec().
void checkPodPlacing(Checker& checker, const kube::JsonObject& spec, const Path& path);
void checkPodSecurity(Checker& checker, const kube::JsonObject& spec, const Path& path);
void checkTolerations(Checker& checker, const kube::JsonObject& spec, const Path& path);
// Differences that a Pod's spec may not show after an update.
void checkPodSpecUpdate(Checker& checker, const kube::JsonObject& next, const kube::JsonObject& previous);

// Priority, ServiceAccount and DefaultTolerationSeconds admission. 403 as the real server words it.
[[nodiscard]] Result<void> admitPod(kube::JsonObject& pod, const ObjectReader& objects);
// The part of it that updates get too.
void addDefaultTolerations(kube::JsonObject& spec);
// What kube-apiserver warns of; `path` is where the spec stands ("spec", "spec.template.spec").
[[nodiscard]] std::vector<std::string> podWarnings(const kube::JsonObject& spec, const std::string& path);
[[nodiscard]] std::string_view qosClass(const kube::JsonObject& spec);
void podCells(const kube::JsonObject& pod, WallTime now, kube::JsonArray& out);
// `count` characters of the alphabet that generated names use.
[[nodiscard]] std::string randomSuffix(std::size_t count);

}  // namespace kubefed::apiserver
