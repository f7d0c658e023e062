// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/write_journal.h"

#include <algorithm>

#include "kubefed/cli/member_errors.h"
#include "kubefed/cli/member_objects.h"

namespace kubefed::cli {
namespace {

std::string describe(const std::string& where, const kube::Gvr& gvr, const kube::ObjectKey& key) {
    return gvr.text() + " \"" + key.text() + "\" in \"" + where + "\"";
}

// Then it was certainly not done; a server error or silence leaves that open.
bool wasRefused(const Error& error) {
    return error.status && error.status->httpCode < 500;
}

// Somebody else may have made one of this name just now.
bool isOurs(const kube::Object& found) {
    const kube::JsonArray* fields = kube::arrayAt(found.document(), {"metadata", "managedFields"});
    return fields != nullptr && std::ranges::any_of(*fields, [](const kube::Json& entry) {
               return entry.is_object() && kube::stringAt(entry.get_object(), {"manager"}) == kCliManager;
           });
}

void add(std::string& text, std::string_view what, const std::vector<std::string>& names) {
    if (!names.empty())
        text += (text.empty() ? "" : "; ") + std::string(what) + nameList(names, names.size());
}

}  // namespace

void WriteJournal::create(Write write, Callback<kube::Object> done) {
    kube::Client& client = *write.client;
    const kube::Gvr gvr = write.gvr;
    const kube::Object object = write.object;
    m_request = client.create(gvr, object, {.fieldManager = std::string(kCliManager), .timeout = m_timeout},
                              answering(std::move(write), std::move(done)));
}

void WriteJournal::apply(Write write, Callback<kube::Object> done) {
    kube::Client& client = *write.client;
    const kube::Gvr gvr = write.gvr;
    const kube::ObjectKey key = write.object.key();
    std::string body = write.object.text();
    m_request = client.patch(gvr, key, kube::PatchType::Apply, std::move(body),
                             {.fieldManager = std::string(kCliManager), .force = true, .timeout = m_timeout},
                             answering(std::move(write), std::move(done)));
}

void WriteJournal::merge(Write write, Callback<kube::Object> done) {
    kube::Client& client = *write.client;
    const kube::Gvr gvr = write.gvr;
    const kube::ObjectKey key = write.object.key();
    std::string body = write.object.text();
    m_request = client.patch(gvr, key, kube::PatchType::Merge, std::move(body),
                             {.fieldManager = std::string(kCliManager), .timeout = m_timeout},
                             answering(std::move(write), std::move(done)));
}

Callback<kube::Object> WriteJournal::answering(Write write, Callback<kube::Object> done) {
    return [this, write = std::move(write), done = std::move(done)](Result<kube::Object> answer) mutable {
        if (!answer && !wasRefused(answer.error()))
            return readBack(std::move(write), std::move(answer.error()), std::move(done));
        if (answer)
            note(write, *answer);
        done(std::move(answer));
    };
}

void WriteJournal::readBack(Write write, Error error, Callback<kube::Object> done) {
    kube::Client& client = *write.client;
    const kube::Gvr gvr = write.gvr;
    const kube::ObjectKey key = write.object.key();
    m_request =
        client.get(gvr, key,
                   [this, write = std::move(write), error = std::move(error),
                    done = std::move(done)](Result<kube::Object> found) mutable {
                       if (found && (write.before || isOurs(*found)))
                           note(write, *found);
                       else if (!found && !(found.error().status && found.error().status->httpCode == 404))
                           m_unknown.push_back(describe(write.where, write.gvr, write.object.key()));
                       done(kubefed::fail(std::move(error)));
                   });
}

void WriteJournal::note(const Write& write, const kube::Object& written) {
    if (!write.before) {
        m_made.push_back(
            {write.client, write.where, write.gvr, write.object.key(), std::string(written.uid())});
        return;
    }
    std::string text = describe(write.where, write.gvr, write.object.key());
    if (*write.before != written.resourceVersion() && std::ranges::find(m_updated, text) == m_updated.end())
        m_updated.push_back(std::move(text));
}

void WriteJournal::forget() {
    m_made.clear();
    m_updated.clear();
}

void WriteJournal::undo(std::function<void()> done) {
    if (m_made.empty())
        return done();
    const Made made = std::move(m_made.back());
    m_made.pop_back();
    m_request = made.client->remove(
        made.gvr, made.key, {.uid = made.uid, .timeout = m_timeout},
        [this, made, done = std::move(done)](Result<kube::Object> answer) mutable {
            if (!answer && !(answer.error().status && answer.error().status->httpCode == 404))
                m_leftovers.push_back(describe(made.where, made.gvr, made.key));
            undo(std::move(done));
        });
}

std::string WriteJournal::changes() const {
    std::string text;
    add(text, "updated: ", m_updated);
    add(text, "could not be undone: ", m_leftovers);
    add(text, "not known whether it was done: ", m_unknown);
    return text;
}

}  // namespace kubefed::cli
