// SPDX-License-Identifier: Apache-2.0
//
// What tests of sync() and of what it uses say all the time: objects made from the texts of sync_test_data.h,
// and a case of one object in one cluster.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <QtTest/QTest>

#include "kubefed/fed/sync.h"
#include "tests/unit/fed/sync_test_data.h"

// For enumerations: Qt would look for its own kind of toString().
#define SAME(a, b) QVERIFY((a) == (b))

namespace kubefed::test {

inline kube::Object parse(const char* text) {
    return kube::Object::parse(text).value();
}

inline const fed::KindTraits& traits(std::string_view kind) {
    return *fed::findKind("v1", kind);
}

inline std::shared_ptr<const fed::Manifest> manifest(const char* text) {
    const kube::Object object = parse(text);
    return fed::Manifest::build(object, traits(object.kind()), "fed-1");
}

inline kube::Object sent(const char* text, std::optional<std::int64_t> replicas = {},
                         std::string_view uid = {}) {
    return kube::Object::parse(manifest(text)->body(replicas, uid)).value();
}

inline fed::MemberObject memberRc() {
    return fed::project(parse(kMemberRc), traits("ReplicationController"), "fed-1");
}

inline Error apiError(int code, std::string reason, std::string message = "no") {
    return Error{.code = Code::Unknown,
                 .message = std::move(message),
                 .id = {},
                 .context = {},
                 .status = ApiStatus{.httpCode = code, .reason = std::move(reason), .body = {}},
                 .retryAfter = {}};
}

// A replication controller wanted with three replicas, and what of it is there.
struct Case {
    std::shared_ptr<const fed::Manifest> wanted = manifest(kTemplateRc);
    std::optional<fed::MemberObject> live;
    fed::SyncInput input;
    fed::SyncMemory memory;

    Case() {
        input.manifest = wanted.get();
        input.wanted = true;
        input.replicas = 3;
    }
    // As our own last write left it.
    void settle() {
        live = memberRc();
        live->appliedHash = wanted->hash(3);
        memory.settledUid = live->uid;
        memory.settledOwnedHash = live->ownedHash;
    }
    fed::SyncVerdict run() {
        input.live = live ? &*live : nullptr;
        return fed::sync(input, memory);
    }
};

}  // namespace kubefed::test
