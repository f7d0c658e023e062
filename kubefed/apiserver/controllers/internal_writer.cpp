// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/controllers/internal_writer.h"

#include <utility>

#include "kubefed/util/log.h"

namespace kubefed::apiserver {

namespace {

// Whether nothing is left to do; else it is logged.
bool isDone(const std::string& what, const Error* error) {
    const Code code = error == nullptr ? Code::Ok : error->code;
    const bool done =
        code == Code::Ok || code == Code::NotFound || code == Code::Aborted || code == Code::AlreadyExists;
    if (!done)
        log::warning("a controller of the API server could not write",
                     {{"object", what}, {"error", error->text()}});
    return done;
}

}  // namespace

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

WriteTarget InternalWriter::storedTarget(const kube::Gvr& gvr, std::string_view ns, std::string_view name,
                                         std::string_view subresource) const {
    WriteTarget to = target(gvr, ns, name, subresource);
    if (!to.spec)
        to.spec = m_writes.registry().ofResource(gvr.group, gvr.resource);
    return to;
}

WrittenDone InternalWriter::told(const WriteTarget& target, Outcome outcome) {
    return [what = target.spec->gvr.text() + " " + target.key(),
            outcome = std::move(outcome)](const Result<Written>& written) {
        outcome(isDone(what, written ? nullptr : &written.error()));
    };
}

void InternalWriter::create(const kube::Gvr& gvr, kube::JsonObject object, Outcome outcome) {
    const WriteTarget to = target(gvr, kube::stringAt(object, {"metadata", "namespace"}),
                                  kube::stringAt(object, {"metadata", "name"}));
    if (to.spec)
        m_writes.create(to, std::move(object), told(to, std::move(outcome)));
}

void InternalWriter::ensure(const kube::Gvr& gvr, kube::JsonObject object, Outcome outcome) {
    const WriteTarget to = target(gvr, kube::stringAt(object, {"metadata", "namespace"}),
                                  kube::stringAt(object, {"metadata", "name"}));
    if (to.spec && !m_writes.head(to))
        m_writes.create(to, std::move(object), told(to, std::move(outcome)));
}

void InternalWriter::modify(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                            std::string_view subresource,
                            const std::function<void(kube::JsonObject&)>& change, Outcome outcome) {
    const WriteTarget to = storedTarget(gvr, ns, name, subresource);
    const EntryPtr head = to.spec ? m_writes.head(to) : nullptr;
    if (!head)
        return;
    kube::JsonObject object = decode(*head)->document();
    change(object);
    m_writes.update(to, *head, std::move(object), false, told(to, std::move(outcome)));
}

void InternalWriter::remove(const kube::Gvr& gvr, const std::string& ns, const std::string& name,
                            const DeleteOptions& options, Outcome outcome) {
    const WriteTarget to = storedTarget(gvr, ns, name);
    if (!to.spec)
        return discard(gvr, to.key(), std::move(outcome));
    if (m_writes.head(to))
        m_writes.remove(to, options, told(to, std::move(outcome)));
}

void InternalWriter::discard(const kube::Gvr& gvr, const std::string& key, Outcome outcome) {
    Collection* collection = m_writes.state().find(gvr.text());
    const EntryPtr head = collection == nullptr ? nullptr : collection->head(key);
    if (!head || head->hasFinalizers)
        return;
    m_writes.state().remove(
        *collection, *head,
        [what = gvr.text() + " " + key, outcome = std::move(outcome)](const Result<void>& removed) {
            outcome(isDone(what, removed ? nullptr : &removed.error()));
        });
}

}  // namespace kubefed::apiserver
