// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/write_pipeline.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "kubefed/apiserver/auth.h"
#include "kubefed/apiserver/kinds/field.h"
#include "kubefed/apiserver/rest/metadata.h"
#include "kubefed/apiserver/rest/versions.h"
#include "kubefed/kube/go_values.h"
#include "kubefed/kube/round_trip.h"

namespace kubefed::apiserver {
namespace {

constexpr int kNameAttempts = 8;
// What etcd takes of one object; as JSON, ours are the larger ones.
constexpr std::size_t kMaxObjectBytes = 3U << 19U;
// Less than what parses, because lists and events stand around it.
constexpr int kMaxObjectDepth = kube::kMaxJsonDepth - 16;
const kube::Gvr kNamespaces{"", "v1", "namespaces"};
const kube::Gvr kCrds{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
constexpr std::string_view kCrdCleanup = "customresourcecleanup.apiextensions.k8s.io";

Error alreadyThere(const kube::Gvr& gvr, const Entry& present) {
    Error error = kube::alreadyExists(gvr, present.name);
    if (!present.deleting)
        return error;
    error.message = "object is being deleted: " + error.message;
    kube::JsonObject status = kube::toStatus(error);
    status["message"] = error.message;
    error.status->body = kube::printJson(status);
    return error;
}

// Equal but for managedFields and resourceVersion: nothing that anyone could see has changed.
bool sameButBookkeeping(const kube::JsonObject& a, const kube::JsonObject& b) {
    const auto stripped = [](const kube::JsonObject& object) {
        kube::JsonObject metadata = *kube::objectAt(object, {"metadata"});
        metadata.erase("managedFields");
        metadata.erase("resourceVersion");
        return metadata;
    };
    if (a.size() != b.size())
        return false;
    for (const auto& [key, value] : a) {
        const kube::Json* other = b.if_contains(key);
        if (other == nullptr || (key != "metadata" && !kube::equal(value, *other)))
            return false;
    }
    return kube::equal(stripped(a), stripped(b));
}

bool isFinished(const kube::JsonObject& object, const ResourceSpec& spec) {
    const kube::JsonArray* finalizers = kube::arrayAt(object, {"metadata", "finalizers"});
    if (finalizers != nullptr && !finalizers->empty())
        return false;
    if (spec.gvr == kNamespaces) {
        const kube::JsonArray* own = kube::arrayAt(object, {"spec", "finalizers"});
        if (own != nullptr && !own->empty())
            return false;
    }
    return kube::intAt(object, {"metadata", "deletionGracePeriodSeconds"}).value_or(0) == 0;
}

// Of a custom object only the metadata is Go's.
void takeGoValuesOf(const ResourceSpec& spec, kube::JsonObject& object) {
    if (!spec.schema)
        return;
    const kube::SchemaNode& root = spec.schema->root();
    if (!spec.custom)
        return kube::takeGoValues(object, root);
    const auto metadata = root.properties.find("metadata");
    if (metadata != root.properties.end())
        kube::takeGoValues(kube::ensureObject(object, {"metadata"}), *metadata->second);
}

bool isIndispensable(std::string_view ns) {
    return ns == "default" || ns == "kube-system" || ns == "kube-public";
}

WrittenDone warning(std::vector<std::string> warnings, WrittenDone done) {
    if (warnings.empty())
        return done;
    return [warnings = std::move(warnings), done = std::move(done)](Result<Written> written) mutable {
        if (written)
            written->warnings = std::move(warnings);
        done(std::move(written));
    };
}

bool isDeleting(const kube::JsonObject& object) {
    return !kube::stringAt(object, {"metadata", "deletionTimestamp"}).empty();
}

// Whether a custom type's status is a field like any other.
bool isStatusContent(const WriteTarget& target) {
    return target.spec->custom &&
           std::ranges::none_of(target.spec->subresources,
                                [](const SubresourceSpec& sub) { return sub.name == "status"; });
}

}  // namespace

Error namespaceTerminating(const kube::Gvr& gvr, std::string_view name, std::string_view ns) {
    const std::string space(ns);
    Error error = kube::forbidden(
        gvr, name, "unable to create new content in namespace " + space + " because it is being terminated");
    kube::JsonObject status = kube::toStatus(error);
    kube::ensureObject(status, {"details"})["causes"] =
        kube::JsonArray{kube::JsonObject{{"reason", "NamespaceTerminating"},
                                         {"message", "namespace " + space + " is being terminated"},
                                         {"field", "metadata.namespace"}}};
    error.status->body = kube::printJson(status);
    return error;
}

kube::WriteContext WritePipeline::writeContext(const WriteTarget& target) const {
    // Entries of scale have no time, as on a real server.
    const std::string now = target.subresource == "scale" ? std::string() : toRfc3339(target.now);
    return {target.fieldManager, target.subresource, target.spec->gvk().apiVersion(), now,
            resetFields(*target.spec, target.subresource)};
}

void WritePipeline::normalise(const ResourceSpec& spec, kube::JsonObject& object) const {
    takeGoValuesOf(spec, object);
    tidyMetadata(object);  // also of times that Go takes for none
    if (spec.custom && spec.schema) {
        kube::pruneUnknown(object, spec.schema->root());
        kube::Json value(std::move(object));
        kube::applyDefaults(value, spec.schema->root());
        object = std::move(value.get_object());
    }
    spec.strategy->applyDefaults(object);
}

Result<void> WritePipeline::admitNamespace(const WriteTarget& target) const {
    if (!target.spec->namespaced)
        return {};
    const kube::ObjectPtr space = m_state.get(kNamespaces, {"", target.ns});
    if (!space)
        return fail(kube::notFound(kNamespaces, target.ns));
    if (space->isDeleting())
        return fail(namespaceTerminating(target.spec->gvr, target.name, target.ns));
    return {};
}

Result<void> WritePipeline::checkEscalation(const WriteTarget& target, const kube::JsonObject* previous,
                                            const kube::JsonObject& object) const {
    if (target.spec->gvr.group != "rbac.authorization.k8s.io")
        return {};
    return checkGrant(target.user, target.spec->gvr, object, previous, target.ns, m_state);
}

Result<void> WritePipeline::prepareCreate(const WriteTarget& target, kube::JsonObject& object) const {
    const ResourceSpec& spec = *target.spec;
    if (!kube::stringAt(object, {"metadata", "resourceVersion"}).empty()) {
        Error error{.code = Code::Internal,
                    .message = "resourceVersion should not be set on objects to be created"};
        error.status = ApiStatus{500, "",
                                 kube::printJson(kube::JsonObject{{"kind", "Status"},
                                                                  {"apiVersion", "v1"},
                                                                  {"metadata", kube::JsonObject()},
                                                                  {"status", "Failure"},
                                                                  {"message", error.message},
                                                                  {"code", 500}})};
        return std::unexpected(std::move(error));
    }
    stampCreated(object, spec.strategy->hasGeneration(), target.now);
    const StrategyContext context{m_state, target.now, target.user, target.subresource};
    KUBEFED_TRY(spec.strategy->prepareForCreate(object, context));
    Causes causes = validateMetadata(object, spec);
    Causes own = spec.strategy->validate(object, context);
    causes.insert(causes.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    if (!causes.empty())
        return fail(kube::invalid(spec.gvk(), target.name, std::move(causes)));
    return checkEscalation(target, nullptr, object);
}

void WritePipeline::create(const WriteTarget& asked, kube::JsonObject object, WrittenDone done,
                           bool applied) {
    WriteTarget target = asked;
    const ResourceSpec& spec = *target.spec;
    normalise(spec, object);
    if (Result<void> admitted = admitNamespace(target); !admitted)
        return done(std::unexpected(std::move(admitted.error())));
    kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
    if (spec.namespaced)
        metadata["namespace"] = target.ns;
    else
        metadata.erase("namespace");
    const std::string base(kube::stringAt(object, {"metadata", "generateName"}));
    const bool generate = target.name.empty() && !base.empty();
    const Collection& collection = m_registry.collection(spec);
    for (int attempt = 0; generate && attempt < kNameAttempts; ++attempt) {
        target.name = generatedName(base);
        if (!collection.head(target.key()))
            break;
    }
    if (!target.name.empty())
        metadata["name"] = target.name;
    // As on a real server, what the server itself adds from here on belongs to nobody.
    if (!applied && spec.schema && !kube::find(object, {"metadata", "managedFields"}))
        kube::updateManagedFields(nullptr, object, spec.schema->root(), writeContext(target));
    if (Result<void> prepared = prepareCreate(target, object); !prepared)
        return done(std::unexpected(std::move(prepared.error())));
    if (const EntryPtr present = collection.head(target.key()))
        return done(std::unexpected(alreadyThere(spec.gvr, *present)));
    done = warning(spec.strategy->warnings(object, nullptr), std::move(done));
    store(target, std::move(object), true, std::move(done));
}

Result<void> WritePipeline::checkIdentity(const WriteTarget& target, const kube::JsonObject& previous,
                                          const kube::JsonObject& next, bool applied) const {
    const ResourceSpec& spec = *target.spec;
    const std::string uid(kube::stringAt(next, {"metadata", "uid"}));
    const std::string_view liveUid = kube::stringAt(previous, {"metadata", "uid"});
    if (uid.empty() || uid == liveUid)
        return {};
    if (!applied)
        return fail(kube::conflict(spec.gvr, target.name,
                                   "Precondition failed: UID in precondition: " + uid +
                                       ", UID in object meta: " + std::string(liveUid)));
    const kube::StatusCause cause{"FieldValueInvalid", "Invalid value: \"" + uid + "\": field is immutable",
                                  "metadata.uid"};
    return fail(kube::invalid(spec.gvk(), target.name, {cause, cause}));
}

void WritePipeline::forgiveStored(const ResourceSpec& spec, const kube::JsonObject& previous,
                                  const kube::JsonObject& next, const StrategyContext& context,
                                  Causes& causes) const {
    // Custom objects have their own way (CustomStrategy); of a subresource its strategy judges little enough.
    if (causes.empty() || spec.custom || !context.subresource.empty())
        return;
    kube::JsonObject untouched = previous;
    normalise(spec, untouched);
    spec.strategy->prepareForUpdate(untouched, previous, context);
    if (!sameContent(next, untouched))
        return;
    const Causes known = spec.strategy->validate(untouched, context);
    std::erase_if(causes, [&](const kube::StatusCause& cause) {
        return !cause.field.starts_with("metadata") ||
               std::ranges::any_of(known, [&](const kube::StatusCause& former) {
                   return former.field == cause.field && former.message == cause.message;
               });
    });
}

Result<void> WritePipeline::prepareUpdate(const WriteTarget& target, const kube::JsonObject& previous,
                                          const kube::JsonObject& seen, kube::JsonObject& next) const {
    const ResourceSpec& spec = *target.spec;
    const std::string_view version = kube::stringAt(next, {"metadata", "resourceVersion"});
    // "0" is any version.
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (!version.empty() && (error != std::errc{} || end != version.data() + version.size()))
        return fail(kube::unexpected("strconv.ParseUint: parsing " + goQuote(version) + ": invalid syntax"));
    if (number != 0 && version != kube::stringAt(previous, {"metadata", "resourceVersion"}))
        return fail(kube::conflict(
            spec.gvr, target.name,
            "the object has been modified; please apply your changes to the latest version and "
            "try again"));
    carrySystemMetadata(next, previous);
    const StrategyContext context{m_state, target.now, target.user, target.subresource};
    spec.strategy->prepareForUpdate(next, previous, context);
    if (spec.strategy->hasGeneration() && target.subresource != "binding")
        advanceGeneration(next, target.subresource == "status" ? previous : seen, isStatusContent(target));
    Causes causes = validateMetadataUpdate(next, previous, spec);
    Causes own = spec.strategy->validateUpdate(next, previous, context);
    forgiveStored(spec, previous, next, context, own);
    causes.insert(causes.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    if (!causes.empty())
        return fail(kube::invalid(spec.gvk(), target.name, std::move(causes)));
    return checkEscalation(target, &previous, next);
}

void WritePipeline::update(const WriteTarget& target, const Entry& head, kube::JsonObject next, bool applied,
                           WrittenDone done) {
    const kube::ObjectPtr live = decode(head);
    const kube::JsonObject& previous = live->document();
    next["kind"] = target.spec->kind;
    next["apiVersion"] = live->apiVersion();
    normalise(*target.spec, next);
    // What the version that was written does not declare, the writer has not removed.
    // And defaults that the version has got since are no change either.
    const bool other =
        target.spec->custom && (isConverted(*target.spec, head) || !declaresAll(*target.spec, previous) ||
                                !sameContent(next, previous));
    kube::JsonObject converted = other ? inVersionOf(*target.spec, head) : kube::JsonObject();
    if (other)
        converted["apiVersion"] = live->apiVersion();  // as in `next`: versions alone are no difference
    const kube::JsonObject& seen = other ? converted : previous;
    if (!applied && target.spec->schema)
        kube::updateManagedFields(&seen, next, target.spec->schema->root(), writeContext(target));
    if (Result<void> same = checkIdentity(target, previous, next, applied); !same)
        return done(std::unexpected(std::move(same.error())));
    if (Result<void> prepared = prepareUpdate(target, previous, seen, next); !prepared)
        return done(std::unexpected(std::move(prepared.error())));
    if (target.subresource != "status")
        done = warning(target.spec->strategy->warnings(next, &previous), std::move(done));
    const bool same = kube::keepTimesIfUnchanged(previous, next);
    if (isDeleting(next) && isFinished(next, *target.spec) && !target.dryRun)
        return erase(target, head, std::move(next), std::move(done));
    if (same) {
        // Nothing to write; but what the caller sees must be on disk, so it waits for writes under way.
        m_state.afterCommit(
            [done = std::move(done), entry = head.shared_from_this()](Result<void> result) mutable {
                if (!result)
                    return done(std::unexpected(std::move(result.error())));
                done(Written{.entry = std::move(entry)});
            });
        return;
    }
    store(target, std::move(next), false, std::move(done));
}

void WritePipeline::store(const WriteTarget& target, kube::JsonObject object, bool created,
                          WrittenDone done) {
    // What does not read back could never be served again, nor the server start on it.
    if (const std::string problem = kube::roundTripProblem(object, kMaxObjectDepth); !problem.empty())
        return done(std::unexpected(kube::badRequest("the object cannot be stored: " + problem)));
    if (kube::leastTextSize(object) > kMaxObjectBytes / 6 && kube::printJson(object).size() > kMaxObjectBytes)
        return done(std::unexpected(kube::unexpected("request is too large: an object has " +
                                                     std::to_string(kMaxObjectBytes) +
                                                     " bytes at most, as with etcd")));
    if (target.dryRun)
        return done(Written{.dryRunObject = std::move(object), .created = created});
    Collection& collection = m_registry.collection(*target.spec);
    // The entry is known only after put(), which may run the completion at once (in memory): hence the key.
    m_state.put(
        collection, std::move(object),
        [&collection, key = target.key(), created, done = std::move(done)](Result<void> committed) mutable {
            if (!committed)
                return done(std::unexpected(std::move(committed.error())));
            done(Written{.entry = collection.committed(key), .created = created});
        });
}

void WritePipeline::erase(const WriteTarget& target, const Entry& head, kube::JsonObject last,
                          WrittenDone done) {
    m_state.remove(
        m_registry.collection(*target.spec), head,
        [done = std::move(done), head = head.shared_from_this(),
         last = std::move(last)](Result<void> committed) mutable {
            if (!committed)
                return done(std::unexpected(std::move(committed.error())));
            done(Written{.entry = std::move(head), .dryRunObject = std::move(last), .removed = true});
        });
}

namespace {

Result<void> checkPreconditions(const WriteTarget& target, const DeleteOptions& options, const Entry& head) {
    const kube::Gvr kind{target.spec->gvr.group, target.spec->gvr.version, target.spec->kind};
    const auto mismatch = [&](const std::string& what, const std::string& asked, const std::string& present,
                              const char* happened) {
        return fail(kube::conflict(kind, target.name,
                                   "the " + what + " in the precondition (" + asked +
                                       ") does not match the " + what + " in record (" + present +
                                       "). The object might have been " + happened));
    };
    if (!options.uid.empty() && options.uid != head.uid)
        return mismatch("UID", options.uid, head.uid, "deleted and then recreated");
    if (!options.resourceVersion.empty() && options.resourceVersion != std::to_string(head.rv))
        return mismatch("ResourceVersion", options.resourceVersion, std::to_string(head.rv), "modified");
    return {};
}

void setFinalizer(kube::JsonObject& object, std::string_view finalizer, bool present) {
    kube::Json& value = kube::ensureObject(object, {"metadata"})["finalizers"];
    kube::JsonArray& finalizers = value.is_array() ? value.get_array() : value.emplace_array();
    for (auto it = finalizers.begin(); it != finalizers.end();)
        it = (it->is_string() && kube::view(it->get_string()) == finalizer) ? finalizers.erase(it)
                                                                            : std::next(it);
    if (present)
        finalizers.emplace_back(finalizer);
    if (finalizers.empty())
        kube::erase(object, {"metadata", "finalizers"});
}

// Seconds of grace for this deletion; nullopt: the kind knows none.
std::optional<std::int64_t> graceOf(const WriteTarget& target, const DeleteOptions& options,
                                    const kube::JsonObject& object, bool podsVanish) {
    const std::optional<std::int64_t> own = target.spec->strategy->gracePeriod(object);
    if (!own)
        return std::nullopt;
    const std::string_view phase = kube::stringAt(object, {"status", "phase"});
    const bool unassigned = kube::stringAt(object, {"spec", "nodeName"}).empty();
    if ((podsVanish && unassigned) || phase == "Succeeded" || phase == "Failed")
        return 0;
    const std::int64_t seconds = *own == 0 ? 0 : options.gracePeriodSeconds.value_or(*own);
    return seconds < 0 ? 1 : seconds;
}

}  // namespace

void WritePipeline::remove(const WriteTarget& target, const DeleteOptions& options, WrittenDone done) {
    const EntryPtr head = this->head(target);
    if (!head)
        return done(std::unexpected(kube::notFound(target.spec->gvr, target.name)));
    if (target.spec->gvr == kNamespaces && isIndispensable(target.name))
        return done(std::unexpected(
            kube::forbidden(target.spec->gvr, target.name, "this namespace may not be deleted")));
    if (Result<void> met = checkPreconditions(target, options, *head); !met)
        return done(std::unexpected(std::move(met.error())));
    kube::JsonObject object = decode(*head)->document();
    if (target.spec->gvr == kCrds)  // its objects go first
        setFinalizer(object, kCrdCleanup, true);
    if (!options.propagationPolicy.empty()) {
        setFinalizer(object, "orphan", options.propagationPolicy == "Orphan");
        setFinalizer(object, "foregroundDeletion", options.propagationPolicy == "Foreground");
    }
    const std::optional<std::int64_t> grace = graceOf(target, options, object, m_settings.podsVanishOnDelete);
    kube::JsonObject& metadata = kube::ensureObject(object, {"metadata"});
    const std::int64_t seconds = grace.value_or(0);
    const std::int64_t left = kube::intAt(object, {"metadata", "deletionGracePeriodSeconds"}).value_or(0);
    const bool deleting = isDeleting(object);
    if (!deleting || seconds < left) {
        metadata["deletionTimestamp"] = toRfc3339(target.now + std::chrono::seconds(seconds));
        if (target.spec->gvr != kNamespaces)
            metadata["deletionGracePeriodSeconds"] = seconds;
        if (!deleting && target.spec->strategy->hasGeneration())
            metadata["generation"] = kube::intAt(object, {"metadata", "generation"}).value_or(0) + 1;
    }
    if (target.spec->gvr == kNamespaces)
        kube::ensureObject(object, {"status"})["phase"] = "Terminating";
    if (target.dryRun)
        return done(Written{.entry = head, .dryRunObject = std::move(object), .removed = true});
    if (isFinished(object, *target.spec)) {
        if (!grace)
            object = decode(*head)->document();
        return erase(target, *head, std::move(object), std::move(done));
    }
    if (sameButBookkeeping(object, decode(*head)->document()))
        return m_state.afterCommit([done = std::move(done), head](Result<void> result) mutable {
            if (!result)
                return done(std::unexpected(std::move(result.error())));
            done(Written{.entry = head});
        });
    store(target, std::move(object), false, std::move(done));
}

}  // namespace kubefed::apiserver
