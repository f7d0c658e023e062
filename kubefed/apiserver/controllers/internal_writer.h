// SPDX-License-Identifier: Apache-2.0
//
// How the server's own controllers write: through the same pipeline as requests, as system:apiserver, with
// errors logged and told, so that their queues come back to what is not done. Server thread.
#pragma once

#include <functional>
#include <string>

#include "kubefed/apiserver/rest/write_pipeline.h"

namespace kubefed::apiserver {

class InternalWriter {
public:
    InternalWriter(WritePipeline& writes, const Clock& clock) : m_writes(writes), m_clock(clock) {}

    [[nodiscard]] WriteTarget target(const kube::Gvr& gvr, std::string_view ns, std::string_view name,
                                     std::string_view subresource = {}) const;
    // Told when the write is durable, or was refused; true: nothing is left to do (also if the object was
    // gone or another one by then, which is a change of its own). Not called where there was nothing to
    // write.
    using Outcome = std::function<void(bool done)>;

    // Nothing happens if it exists.
    void ensure(const kube::Gvr& gvr, kube::JsonObject object, Outcome outcome);
    void create(const kube::Gvr& gvr, kube::JsonObject object, Outcome outcome);
    // The two that follow take another version where this one (in which it is stored) is not served.
    // `change` edits a copy of the head; nothing happens if the object is gone, or no version is served.
    void modify(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                std::string_view subresource, const std::function<void(kube::JsonObject&)>& change,
                Outcome outcome);
    // Of a type that is served in no version nobody else can ask for it: the object goes at once, unless
    // finalizers hold it, which nobody can take off until it is served again.
    void remove(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                const DeleteOptions& options, Outcome outcome);

    [[nodiscard]] WritePipeline& pipeline() { return m_writes; }
    [[nodiscard]] const Clock& clock() const { return m_clock; }

private:
    // The target of what is stored.
    [[nodiscard]] WriteTarget storedTarget(const kube::Gvr& gvr, std::string_view ns, std::string_view name,
                                           std::string_view subresource = {}) const;
    [[nodiscard]] static WrittenDone told(const WriteTarget& target, Outcome outcome);
    void discard(const kube::Gvr& gvr, const std::string& key, Outcome outcome);

    WritePipeline& m_writes;
    const Clock& m_clock;
};

}  // namespace kubefed::apiserver
