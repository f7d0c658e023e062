// SPDX-License-Identifier: Apache-2.0
//
// Replays what a real kube-apiserver made of several hundred writes (tests/data/machinery/traces.json,
// recorded by tests/kube/record/trace_writes.py): managedFields must come out the same to the letter but for
// times, conflicts and errors word for word, and what a patch or an apply makes of the live object must
// stand in the object that the server stored (which adds defaults).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <QtTest/QTest>

#include "kubefed/kube/managed_fields.h"
#include "kubefed/kube/object.h"
#include "kubefed/kube/patch.h"
#include "kubefed/kube/schema.h"

using namespace kubefed;
using namespace kubefed::kube;

namespace {

std::string readFile(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

std::filesystem::path sourceDir() {
    return std::filesystem::path(qgetenv("KUBEFED_SOURCE_DIR").toStdString());
}

std::string queryOf(std::string_view path, std::string_view name) {
    const auto question = path.find('?');
    if (question == std::string_view::npos)
        return {};
    path.remove_prefix(question + 1);
    while (!path.empty()) {
        const auto part = path.substr(0, path.find('&'));
        if (part.starts_with(name) && part.size() > name.size() && part[name.size()] == '=')
            return std::string(part.substr(name.size() + 1));
        path.remove_prefix(std::min(part.size() + 1, path.size()));
    }
    return {};
}

// Sorted as the server sorts, with every time only "there".
std::string managedText(const JsonObject& document) {
    const auto* list = arrayAt(document, {"metadata", "managedFields"});
    if (list == nullptr)
        return "none";
    std::vector<std::string> out;
    for (const auto& value : *list) {
        JsonObject entry = value.as_object();
        if (entry.contains("time"))
            entry["time"] = "T";
        out.push_back(printCanonical(entry));
    }
    std::sort(out.begin(), out.end());
    std::string text;
    for (const auto& entry : out)
        text += entry + "\n";
    return text;
}

std::string differenceText(const JsonObject& ours, const JsonObject& theirs) {
    std::string out;
    const auto list = [&](const char* what, const JsonObject& a, const JsonObject& b) {
        const auto left = readManagedFields(a).value_or(std::vector<ManagedFieldsEntry>());
        const auto right = readManagedFields(b).value_or(std::vector<ManagedFieldsEntry>());
        for (const auto& entry : left) {
            FieldSet other;
            const auto same = std::find_if(right.begin(), right.end(), [&](const ManagedFieldsEntry& e) {
                return sameIdentity(e, entry);
            });
            if (same != right.end())
                other = same->fields;
            out += std::string(what) + " " + entry.manager + "/" + entry.operation + "/" + entry.subresource +
                   (same == right.end()                        ? " (entry)"
                    : entry.time.empty() != same->time.empty() ? " (time)"
                                                               : "") +
                   ":";
            for (const auto& path : entry.fields.subtract(other).paths())
                out += " " + path;
            out += "; ";
        }
    };
    list("only ours", ours, theirs);
    list("only theirs", theirs, ours);
    return out;
}

// Where `part` says something else than `whole`; empty if all of it stands there.
std::string missingFrom(const Json& part, const Json& whole, const std::string& path) {
    if (const auto* object = part.if_object()) {
        const auto* other = whole.if_object();
        if (other == nullptr)
            return path;
        for (const auto& member : *object) {
            const auto key = path + "." + std::string(member.key());
            if (key == ".metadata.managedFields" || member.value().is_null() ||
                key == ".metadata.resourceVersion" || key == ".metadata.generation" || key == ".stringData")
                continue;
            const auto* found = other->if_contains(member.key());
            if (found == nullptr) {
                if (member.value().is_structured() &&
                    missingFrom(member.value(), Json(json::object_kind), key).empty())
                    continue;
                return key;
            }
            if (auto problem = missingFrom(member.value(), *found, key); !problem.empty())
                return problem;
        }
        return {};
    }
    if (const auto* array = part.if_array()) {
        const auto* other = whole.if_array();
        if (other == nullptr || other->size() != array->size())
            return array->empty() && whole.is_object() ? std::string() : path + "[]";
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (auto problem = missingFrom((*array)[i], (*other)[i], path + "[" + std::to_string(i) + "]");
                !problem.empty())
                return problem;
        }
        return {};
    }
    return equal(part, whole) ? std::string() : path;
}

const JsonObject* objectOrNull(const JsonObject& trace, const char* key) {
    const auto* value = trace.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
}

FieldSet resetFields(bool status) {
    if (!status)
        return FieldSet::fromPaths({{"f:status"}});
    return FieldSet::fromPaths(
        {{"f:spec"}, {"f:metadata", "f:deletionTimestamp"}, {"f:metadata", "f:ownerReferences"}});
}

}  // namespace

class TraceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        std::vector<JsonObject> documents;
        for (const auto& file :
             std::filesystem::directory_iterator(sourceDir() / "kubefed/apiserver/schema")) {
            if (file.path().extension() == ".json")
                documents.push_back(parseJson(readFile(file.path()))->as_object());
        }
        auto set = SchemaSet::build(documents);
        QVERIFY2(set.has_value(), set ? "" : set.error().message.c_str());
        m_schemas = *set;
        const auto traces = parseJson(readFile(sourceDir() / "tests/data/machinery/traces.json"));
        QVERIFY(traces.has_value());
        m_traces = traces->as_array();
        QVERIFY(m_traces.size() >= 200);
    }

    void writesComeOutAsOnTheRealServer_data() {
        QTest::addColumn<int>("index");
        int index = 0;
        for (const auto& value : m_traces) {
            const auto& trace = value.as_object();
            const auto name =
                std::string(stringAt(trace, {"case"})) + " " + std::to_string(*intAt(trace, {"step"}));
            QTest::newRow(name.c_str()) << index++;
        }
    }

    void writesComeOutAsOnTheRealServer() {
        QFETCH(int, index);
        const auto& trace = m_traces[static_cast<std::size_t>(index)].as_object();
        const auto* after = objectOrNull(trace, "after");
        const auto* before = objectOrNull(trace, "before");
        const auto& body = *trace.if_contains("body");
        const auto* reference = after != nullptr ? after : before != nullptr ? before : body.if_object();
        QVERIFY(reference != nullptr);
        const Object named(*reference);
        const auto schema = m_schemas->byKind(named.gvk());
        if (schema == nullptr)
            QSKIP("a kind without schema");
        if (isNoPlainWrite(trace))
            QSKIP("the server itself wrote in between");
        const auto path = stringAt(trace, {"path"});
        const auto ignored = resetFields(stringAt(trace, {"subresource"}) == "status");
        WriteContext context{.manager = queryOf(path, "fieldManager"),
                             .subresource = std::string(stringAt(trace, {"subresource"})),
                             .apiVersion = std::string(named.apiVersion()),
                             .now = "2026-01-01T00:00:00Z",
                             .ignored = &ignored};
        if (context.manager.empty())
            context.manager = "record";
        const auto content = stringAt(trace, {"contentType"});
        if (content.starts_with("application/apply-patch"))
            apply(trace, before, after, body, *schema, context);
        else
            update(trace, before, after, body, *schema, context);
    }

private:
    // The definition's controllers run inside the API server; a Binding is no write of the pod that it binds.
    static bool isNoPlainWrite(const JsonObject& trace) {
        const auto name = stringAt(trace, {"case"});
        return name == "create/crd" ||
               (name.starts_with("subresource/binding") && *intAt(trace, {"step"}) == 1);
    }

    static void apply(const JsonObject& trace, const JsonObject* before, const JsonObject* after,
                      const Json& body, const Schema& schema, const WriteContext& context) {
        if (!body.is_object())
            return;
        const bool force = queryOf(stringAt(trace, {"path"}), "force") == "true";
        JsonObject applied = body.as_object();
        std::vector<StatusCause> causes;
        const auto result = serverSideApply(before, applied, schema.root(), context, force, &causes);
        const auto code = *intAt(trace, {"code"});
        if (after != nullptr) {
            QVERIFY2(result.has_value(), result ? "" : result.error().message.c_str());
            compareManaged(result->object, *after);
            const auto problem = missingFrom(Json(result->object), Json(*after), "");
            QVERIFY2(problem.empty() || isServersOwn(problem), problem.c_str());
            return;
        }
        const auto message = stringAt(trace, {"status", "message"});
        if (code == 500 || (code == 409 && message.starts_with("Apply failed"))) {
            QVERIFY(!result);
            QCOMPARE(QString::fromStdString(sortedLines(result.error().message)),
                     QString::fromStdString(sortedLines(std::string(message))));
            QCOMPARE(toHttpCode(result.error()), static_cast<int>(code));
        }
        if (code == 409 && message.starts_with("Apply failed"))
            QCOMPARE(causes.size(), arrayAt(trace, {"status", "details", "causes"})->size());
    }

    static void update(const JsonObject& trace, const JsonObject* before, const JsonObject* after,
                       const Json& body, const Schema& schema, const WriteContext& context) {
        const auto content = stringAt(trace, {"contentType"});
        const bool patch = stringAt(trace, {"method"}) == "PATCH";
        Result<Json> patched = Json(body);
        if (patch && before != nullptr)
            patched = patchedBy(content, *before, body, schema);
        if (after == nullptr) {
            if (patch && content.starts_with("application/strategic") && *intAt(trace, {"code"}) == 500) {
                QVERIFY(!patched);
                QCOMPARE(QString::fromStdString(patched.error().message),
                         QString::fromStdString(std::string(stringAt(trace, {"status", "message"}))));
            }
            return;
        }
        QVERIFY2(patched.has_value(), patched ? "" : patched.error().message.c_str());
        if (patch && stringAt(trace, {"subresource"}).empty()) {
            const auto problem = missingFrom(*patched, Json(*after), "");
            const bool status = problem.starts_with(".status");
            QVERIFY2(problem.empty() || status || isServersOwn(problem), problem.c_str());
        }
        JsonObject next = *after;
        erase(next, {"metadata", "managedFields"});
        if (patched->is_object()) {
            if (const auto* own = find(patched->get_object(), {"metadata", "managedFields"});
                own != nullptr && !own->is_null())
                ensureObject(next, {"metadata"})["managedFields"] = *own;
        }
        removeAllocated(next, before, body);
        updateManagedFields(before, next, schema.root(), context);
        compareManaged(next, *after);
    }

    static Result<Json> patchedBy(std::string_view content, const JsonObject& before, const Json& body,
                                  const Schema& schema) {
        if (content.starts_with("application/json-patch"))
            return applyJsonPatch(Json(before), body);
        if (content.starts_with("application/merge-patch"))
            return applyMergePatch(Json(before), body);
        auto result = applyStrategicPatch(before, body.as_object(), schema.root());
        if (!result)
            return std::unexpected(std::move(result.error()));
        return Json(std::move(*result));
    }

    // The server decides who owns what before it allocates and admits: what it adds there belongs to nobody.
    static void removeAllocated(JsonObject& next, const JsonObject* before, const Json& body) {
        const std::vector<std::vector<std::string>> kPaths{{"spec", "clusterIP"},
                                                           {"spec", "clusterIPs"},
                                                           {"spec", "ipFamilies"},
                                                           {"spec", "ipFamilyPolicy"},
                                                           {"spec", "healthCheckNodePort"},
                                                           {"spec", "ports", "*", "nodePort"},
                                                           {"spec", "finalizers"},
                                                           {"spec", "taints"},
                                                           {"spec", "priority"},
                                                           {"spec", "preemptionPolicy"},
                                                           {"spec", "serviceAccount"},
                                                           {"spec", "serviceAccountName"},
                                                           {"spec", "tolerations"},
                                                           {"spec", "volumes"},
                                                           {"spec", "containers", "*", "volumeMounts"},
                                                           {"spec", "initContainers", "*", "volumeMounts"}};
        Json document(std::move(next));
        for (const auto& path : kPaths)
            removeUnless(document, before, body, path, 0);
        next = std::move(document.as_object());
    }

    static void removeAdmitted(JsonArray& array) {
        for (auto it = array.begin(); it != array.end();) {
            const auto text = printJson(*it);
            const bool admitted = text.find("kube-api-access-") != std::string::npos;
            it = admitted ? array.erase(it) : it + 1;
        }
    }

    // `*`: each element of a list. Keeps what the client or the object before had.
    static void removeUnless(Json& value, const JsonObject* before, const Json& body,
                             const std::vector<std::string>& path, std::size_t depth) {
        if (path[depth] == "*") {
            if (auto* array = value.if_array()) {
                for (auto& element : *array)
                    removeUnless(element, before, body, path, depth + 1);
            }
            return;
        }
        auto* object = value.if_object();
        auto* child = object != nullptr ? object->if_contains(path[depth]) : nullptr;
        if (child == nullptr)
            return;
        if (depth + 1 < path.size()) {
            removeUnless(*child, before, body, path, depth + 1);
            return;
        }
        const std::string name = '"' + path[depth] + '"';
        const bool given = printJson(body).find(name) != std::string::npos ||
                           (before != nullptr && printJson(*before).find(name) != std::string::npos);
        if (!given)
            object->erase(path[depth]);
        else if (auto* array = child->if_array(); array != nullptr && before == nullptr)
            removeAdmitted(*array);
    }

    static void compareManaged(const JsonObject& ours, const JsonObject& theirs) {
        QVERIFY2(managedText(ours) == managedText(theirs), differenceText(ours, theirs).c_str());
    }

    // The server lists conflicts in the order of a hash map.
    static std::string sortedLines(const std::string& text) {
        std::vector<std::string> lines;
        std::stringstream in(text);
        for (std::string line; std::getline(in, line);)
            lines.push_back(line);
        std::sort(lines.begin(), lines.end());
        std::string out;
        for (const auto& line : lines)
            out += line + "\n";
        return out;
    }

    // The server writes the canonical form of quantities, and admits pods with two tolerations more.
    static bool isServersOwn(const std::string& path) {
        return path.find(".resources.") != std::string::npos || path == ".spec.tolerations[]";
    }

    std::shared_ptr<const SchemaSet> m_schemas;
    JsonArray m_traces;
};

QTEST_GUILESS_MAIN(TraceTest)
#include "trace_test.moc"
