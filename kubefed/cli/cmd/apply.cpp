// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/apply.h"

#include <algorithm>
#include <filesystem>
#include <istream>
#include <iterator>
#include <ostream>

#include "kubefed/cli/member_objects.h"
#include "kubefed/fed/names.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/kube/yaml.h"
#include "kubefed/util/file.h"

namespace kubefed::cli {
namespace {

namespace fs = std::filesystem;

// What others need comes first: namespaces, types, then policies, so that nothing is placed by another one
// and moved at once.
int rank(const kube::Object& object) {
    const auto gvk = object.gvk();
    if (gvk.group.empty() && gvk.kind == "Namespace")
        return 0;
    if (gvk.kind == "CustomResourceDefinition")
        return 1;
    return gvk.group == fed::kGroup ? 2 : 3;
}

std::string remedyOf(const ApiStatus& status) {
    switch (status.httpCode) {
        case 401:
        case 403:
            return "ask for the right that the error names, or use a context that has it";
        case 404:
            return "make what the error names first (a namespace: kubectl create namespace), then apply "
                   "again";
        case 409:
            return "a field that another manager owns: take it out of the manifest, or kubectl apply "
                   "--server-side --force-conflicts";
        case 429:
            return "the federation's API server is busy: apply again in a while";
        default:
            // API servers answer 500 to a manifest that does not fit the schema of its type.
            return status.httpCode < 500 || kube::tellsMisfit(status.body)
                       ? "correct what the error names, then apply again"
                       : "apply again once the federation's API server does better";
    }
}

}  // namespace

Apply::Apply(Environment& environment, ApplyOptions options)
    : FederationVerb(environment, options.common), m_options(std::move(options)) {}

void Apply::run() {
    if (!readAll() || !connect())
        return;
    m_request = kube::discover(client(), Duration(10'000), [this](Result<kube::Discovery> discovery) {
        if (!discovery)
            return failWith(discovery.error(), "reading what the federation serves");
        if (!findTypes(discovery->apis))
            return;
        std::ranges::stable_sort(m_items, {}, [](const Item& item) { return rank(item.object); });
        applyNext(0);
    });
}

void Apply::failManifest(std::string message, std::string evidence) {
    fail({.id = "KF1301",
          .message = std::move(message),
          .evidence = std::move(evidence),
          .remedy = "correct the manifest, then apply again",
          .changed = "nothing was changed"});
}

bool Apply::readAll() {
    for (const std::string& name : m_options.files) {
        if (name == "-") {
            const std::string text{std::istreambuf_iterator<char>(env().in), {}};
            if (!readText(text, "standard input"))
                return false;
            continue;
        }
        std::vector<fs::path> paths{name};
        std::error_code ignored;
        if (fs::is_directory(name, ignored)) {
            paths.clear();
            for (const auto& entry : fs::directory_iterator(name, ignored))
                if (const auto extension = entry.path().extension();
                    extension == ".yaml" || extension == ".yml" || extension == ".json")
                    paths.push_back(entry.path());
            std::ranges::sort(paths);
        }
        for (const fs::path& path : paths) {
            auto text = readFile(path);
            if (!text) {
                failManifest("a manifest cannot be read", text.error().text());
                return false;
            }
            if (!readText(*text, path.string()))
                return false;
        }
    }
    if (!m_items.empty())
        return true;
    failManifest("there is nothing to apply", "no manifest holds an object");
    return false;
}

bool Apply::readText(const std::string& text, const std::string& origin) {
    auto documents = kube::parseYaml(text);
    if (!documents) {
        failManifest("\"" + origin + "\" is not YAML", documents.error().text());
        return false;
    }
    return std::ranges::all_of(*documents,
                               [&](kube::Json& document) { return add(std::move(document), origin); });
}

bool Apply::add(kube::Json document, const std::string& origin) {
    if (!document.is_object()) {
        failManifest("\"" + origin + "\" holds something that is not an object", kube::printJson(document));
        return false;
    }
    kube::Object object(std::move(document.get_object()));
    if (object.kind() == "List" && object.apiVersion() == "v1") {
        kube::Json* items = object.document().if_contains("items");
        if (items != nullptr && items->is_array())
            for (kube::Json& item : items->get_array())
                if (!add(std::move(item), origin))
                    return false;
        return true;
    }
    if (object.kind().empty() || object.apiVersion().empty() || object.name().empty()) {
        failManifest("an object in \"" + origin + "\" is not complete",
                     "it needs apiVersion, kind and metadata.name; it has \"" +
                         std::string(object.apiVersion()) + "\", \"" + std::string(object.kind()) +
                         "\" and \"" + std::string(object.name()) + "\"");
        return false;
    }
    m_items.push_back({std::move(object), {}, origin});
    return true;
}

bool Apply::findTypes(const kube::ApiSet& apis) {
    for (Item& item : m_items) {
        const kube::ApiResource* resource = apis.byKind(item.object.gvk());
        if (resource == nullptr) {
            fail({.id = "KF1010",
                  .message =
                      "federation \"" + federationName() + "\" does not serve " + item.object.gvk().text(),
                  .evidence = "\"" + item.origin + "\" has " + std::string(item.object.kind()) + " \"" +
                              std::string(item.object.name()) + "\"",
                  .remedy = "leave it out, or apply its CustomResourceDefinition first",
                  .changed = "nothing was changed"});
            return false;
        }
        item.resource = *resource;
        const std::string ns(item.object.ns());
        if (!resource->namespaced) {
            kube::erase(item.object.document(), {"metadata", "namespace"});
        } else if (ns.empty()) {
            item.object.metadata()["namespace"] = m_options.ns.empty() ? federation().ns : m_options.ns;
        } else if (!m_options.ns.empty() && ns != m_options.ns) {
            failManifest("\"" + item.origin + "\" places " + std::string(item.object.kind()) + " \"" +
                             std::string(item.object.name()) + "\" in another namespace than -n " +
                             m_options.ns,
                         "its namespace is \"" + ns + "\"");
            return false;
        }
    }
    return true;
}

void Apply::applyNext(std::size_t index) {
    if (index == m_items.size())
        return end();
    if (!common().errorUnchanged)
        return write(index);
    m_request = client().get(
        m_items[index].resource.gvr, m_items[index].object.key(), [this, index](Result<kube::Object> before) {
            m_before.reset();
            // Else it would be taken for new, each time.
            if (!before && !(before.error().status && before.error().status->httpCode == 404))
                return onApplied(index, std::move(before));
            if (before)
                m_before = std::move(*before);
            write(index);
        });
}

void Apply::write(std::size_t index) {
    const Item& item = m_items[index];
    m_request = client().patch(
        item.resource.gvr, item.object.key(), kube::PatchType::Apply, item.object.text(),
        {.fieldManager = std::string(kCliManager), .dryRun = m_options.dryRun, .fieldValidation = "Strict"},
        [this, index](Result<kube::Object> answer) { onApplied(index, std::move(answer)); });
}

void Apply::onApplied(std::size_t index, Result<kube::Object> answer) {
    const Item& item = m_items[index];
    const std::string name = item.text();
    if (answer) {
        m_hasChanged = m_hasChanged || !m_before || !isSameContent(*m_before, *answer);
        env().out << name
                  << (m_options.dryRun ? " serverside-applied (server dry run)" : " serverside-applied")
                  << '\n'
                  << std::flush;
        return applyNext(index + 1);
    }
    if (!answer.error().status)
        return endWithoutConnection(index, answer.error());
    ++m_failed;
    env().report.bad(name + " (" + item.origin + "): " + answer.error().text());
    if (m_firstFailure.empty())
        m_firstFailure = name + ": " + answer.error().text();
    if (std::string remedy = remedyOf(*answer.error().status);
        std::ranges::find(m_remedies, remedy) == m_remedies.end())
        m_remedies.push_back(std::move(remedy));
    applyNext(index + 1);
}

std::string Apply::Item::text() const {
    const std::string group = resource.gvr.group.empty() ? "" : "." + resource.gvr.group;
    return resource.singular + group + "/" + std::string(object.name());
}

// Every other one would wait for its time-out and fail in the same way.
void Apply::endWithoutConnection(std::size_t index, const Error& error) {
    const auto all = static_cast<std::int64_t>(m_items.size());
    const auto applied = static_cast<std::int64_t>(index - m_failed);
    CliError lost = federationError(error, federation(), "applying " + m_items[index].text());
    if (applied > 0 || m_failed > 0)
        lost.id = applied > 0 ? std::string_view("KF1302") : std::string_view("KF1303");
    lost.remedy = lost.remedy.text() + "; then apply again";
    lost.changed = std::to_string(applied) + " of " + counted(all, "object") + " applied; whether " +
                   m_items[index].text() + " was is not known";
    fail(lost);
}

void Apply::end() {
    if (m_failed == 0)
        return finish(m_hasChanged ? kDone : unchangedCode(common()));
    const auto all = static_cast<std::int64_t>(m_items.size());
    const auto failed = static_cast<std::int64_t>(m_failed);
    std::string remedy;
    for (const std::string& each : m_remedies)
        remedy += (remedy.empty() ? "" : "; ") + each;
    fail({.id = failed == all ? std::string_view("KF1303") : std::string_view("KF1302"),
          .message = std::to_string(failed) + " of " + counted(all, "object") + " could not be applied",
          .evidence = m_firstFailure +
                      (failed == 1 ? "" : "; and " + std::to_string(failed - 1) + " more, named above"),
          .remedy = remedy,
          .changed = failed == all      ? "nothing was changed"
                     : m_options.dryRun ? "nothing was changed (dry run): " +
                                              counted(all - failed, "object") + " would be applied"
                                        : counted(all - failed, "object") + " applied"});
}

}  // namespace kubefed::cli
