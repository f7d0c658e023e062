// SPDX-License-Identifier: Apache-2.0
//
// What `kubefed join` leaves in a member and in the federation, as documents: namespace, service account and
// exactly the rights that the controller needs there, and the MemberCluster with its Secret. Pure; any
// thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kubefed/kube/object.h"

namespace kubefed::cli {

// The federation's id on what stands in a member for the federation itself. (The label of that name marks
// propagated objects, and these are none.)
inline constexpr std::string_view kOwnerAnnotation = "kubefed.io/federation-id";
inline constexpr std::string_view kCliManager = "kubefed-cli";

struct FederationRef {
    std::string name;
    std::string id;
};

// One object with the resource under which it is reached.
struct ManagedObject {
    kube::Gvr gvr;
    kube::Object object;
};

// In the order in which they must be made; removed in the opposite one.
[[nodiscard]] std::vector<ManagedObject> memberObjects(const FederationRef& federation);
// How many types the ClusterRole covers.
[[nodiscard]] std::size_t memberTypeCount();

// The rights that a person needs in the member for the above, in the order in which join asks.
struct Right {
    std::string verb;
    std::string group;
    std::string resource;     // "serviceaccounts"
    std::string subresource;  // "token"
    std::string ns;
    std::string name;
    // "create serviceaccounts in namespace kubefed-system"
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::vector<Right> rightsInMember();
[[nodiscard]] std::vector<Right> rightsInFederation();
[[nodiscard]] kube::Object accessReview(const Right& right);

struct MemberSpec {
    std::string name;
    std::string endpoint;
    std::string caPem;
    std::string tlsServerName;
    std::string secretName;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations = {};
    kube::JsonObject others = {};   // of spec: what was set there by other means, such as taints
    std::string confirmedUid = {};  // of the cluster that takes the place of another one
};
[[nodiscard]] ManagedObject memberCluster(const MemberSpec& spec);
[[nodiscard]] ManagedObject memberSecret(const MemberSpec& spec, std::string_view token,
                                         std::string_view expires);
[[nodiscard]] kube::Object tokenRequest(const FederationRef& federation, std::int64_t seconds);
[[nodiscard]] kube::Gvr accessReviews();
[[nodiscard]] kube::Gvr serviceAccounts();
[[nodiscard]] kube::Gvr namespaces();
[[nodiscard]] kube::Gvr secrets();
[[nodiscard]] kube::Gvr configMaps();

}  // namespace kubefed::cli
