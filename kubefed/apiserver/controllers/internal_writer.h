// SPDX-License-Identifier: Apache-2.0
//
// How the server's own controllers write: through the same pipeline as requests, as system:apiserver, with
// errors logged (their queues come back to what is not done). Server thread.
#pragma once

#include <string>

#include "kubefed/apiserver/rest/write_pipeline.h"

namespace kubefed::apiserver {

class InternalWriter {
public:
    InternalWriter(WritePipeline& writes, const Clock& clock) : m_writes(writes), m_clock(clock) {}

    [[nodiscard]] WriteTarget target(const kube::Gvr& gvr, std::string_view ns, std::string_view name,
                                     std::string_view subresource = {}) const;
    // Nothing happens if it exists.
    void ensure(const kube::Gvr& gvr, kube::JsonObject object);
    void create(const kube::Gvr& gvr, kube::JsonObject object);
    // `change` edits a copy of the head; nothing happens if the object is gone.
    void modify(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                std::string_view subresource, const std::function<void(kube::JsonObject&)>& change);
    void remove(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                const DeleteOptions& options);

    [[nodiscard]] WritePipeline& pipeline() { return m_writes; }
    [[nodiscard]] const Clock& clock() const { return m_clock; }

private:
    [[nodiscard]] static WrittenDone logFailure(const WriteTarget& target);

    WritePipeline& m_writes;
    const Clock& m_clock;
};

}  // namespace kubefed::apiserver
