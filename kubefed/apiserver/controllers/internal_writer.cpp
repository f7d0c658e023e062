// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/internal_writer.h"

#include <utility>

#include "kubefed/util/log.h"

namespace kubefed::apiserver {

WriteTarget InternalWriter::target(const kube::Gvr& gvr, std::string_view ns, std::string_view name,
                                   std::string_view subresource) const {
    static const User kSelf{"system:apiserver", {}, {"system:masters", "system:authenticated"}};
    return {m_writes.registry().find(gvr),
            std::string(ns),
            std::string(name),
            std::string(subresource),
            kSelf,
            "kube-apiserver",
            false,
            m_clock.wallNow()};
}

WrittenDone InternalWriter::logFailure(const WriteTarget& target) {
    return [what = target.spec->gvr.text() + " " + target.key()](const Result<Written>& written) {
        if (!written && written.error().code != Code::NotFound && written.error().code != Code::Aborted)
            log::warning("a controller of the API server could not write",
                         {{"object", what}, {"error", written.error().text()}});
    };
}

void InternalWriter::create(const kube::Gvr& gvr, kube::JsonObject object) {
    const WriteTarget to = target(gvr, kube::stringAt(object, {"metadata", "namespace"}),
                                  kube::stringAt(object, {"metadata", "name"}));
    if (to.spec)
        m_writes.create(to, std::move(object), logFailure(to));
}

void InternalWriter::ensure(const kube::Gvr& gvr, kube::JsonObject object) {
    const WriteTarget to = target(gvr, kube::stringAt(object, {"metadata", "namespace"}),
                                  kube::stringAt(object, {"metadata", "name"}));
    if (to.spec && !m_writes.head(to))
        m_writes.create(to, std::move(object), logFailure(to));
}

void InternalWriter::modify(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                            std::string_view subresource,
                            const std::function<void(kube::JsonObject&)>& change) {
    const WriteTarget to = target(gvr, ns, name, subresource);
    const EntryPtr head = to.spec ? m_writes.head(to) : nullptr;
    if (!head)
        return;
    kube::JsonObject object = decode(*head)->document();
    change(object);
    m_writes.update(to, *head, std::move(object), false, logFailure(to));
}

void InternalWriter::remove(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                            const DeleteOptions& options) {
    const WriteTarget to = target(gvr, ns, name);
    if (to.spec && m_writes.head(to))
        m_writes.remove(to, options, logFailure(to));
}

}  // namespace kubefed::apiserver
