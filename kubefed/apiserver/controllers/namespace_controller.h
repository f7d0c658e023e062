// SPDX-License-Identifier: Apache-2.0
//
// A namespace's life: a new one gets its ServiceAccount "default" and the ConfigMap kube-root-ca.crt; a
// terminating one loses everything in it and is finalised when it is empty, and says meanwhile in its
// conditions what it waits for. Level-triggered. Owned by the server, used on its thread.
#pragma once

#include <string>

#include "kubefed/apiserver/controllers/internal_writer.h"
#include "kubefed/apiserver/controllers/key_queue.h"

namespace kubefed::apiserver {

class NamespaceController final : public StateObserver {
public:
    NamespaceController(InternalWriter& writer, Clock& clock, std::string caPem);
    void start();  // looks at every namespace that there is
    void onChange(const Collection& collection, const HistoryEvent& event) override;

private:
    void sync(const std::string& ns);
    void furnish(const std::string& ns);
    void empty(const std::string& ns);
    void report(const std::string& ns, std::size_t left, const std::string& finalizers);

    InternalWriter& m_writer;
    const std::string m_caPem;
    KeyQueue<std::string> m_queue;
};

}  // namespace kubefed::apiserver
