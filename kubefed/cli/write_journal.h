// SPDX-License-Identifier: Apache-2.0
//
// What one run writes in two clusters, so that a failure takes back what it made, and says exactly what it
// could not. A write that was not answered may have been done: it is read back. What was there before is only
// updated, which cannot be taken back. One write at a time; main thread; owned by the verb, destroying it
// ends what is under way.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kubefed/kube/client.h"

namespace kubefed::cli {

class WriteJournal {
public:
    struct Write {
        kube::Client* client = nullptr;
        std::string where;  // the cluster, for people
        kube::Gvr gvr;
        kube::Object object;
        std::optional<std::string> before = {};  // its resourceVersion; nothing where it is not there
    };

    explicit WriteJournal(Duration timeout) : m_timeout(timeout) {}

    // Answers as the client does, once it is known what became of the write.
    void create(Write write, Callback<kube::Object> done);
    void apply(Write write, Callback<kube::Object> done);
    // A merge patch of something that is there: write.object has its kind, name, and the patch.
    void merge(Write write, Callback<kube::Object> done);
    // From here on nothing is to be taken back.
    void forget();
    // Removes what was made, the last first.
    void undo(std::function<void()> done);
    // After undo(): "updated: ...; could not be undone: ...". Empty: nothing was changed.
    [[nodiscard]] std::string changes() const;

private:
    struct Made {
        kube::Client* client;
        std::string where;
        kube::Gvr gvr;
        kube::ObjectKey key;
        std::string uid;
    };
    [[nodiscard]] Callback<kube::Object> answering(Write write, Callback<kube::Object> done);
    void readBack(Write write, Error error, Callback<kube::Object> done);
    void note(const Write& write, const kube::Object& written);

    const Duration m_timeout;
    std::vector<Made> m_made;
    std::vector<std::string> m_updated;
    std::vector<std::string> m_unknown;
    std::vector<std::string> m_leftovers;
    Request m_request;
};

}  // namespace kubefed::cli
