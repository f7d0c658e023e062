// SPDX-License-Identifier: Apache-2.0
#include "kubefed/apiserver/rest/protobuf.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kubefed/kube/gvk.h"
#include "kubefed/kube/round_trip.h"
#include "kubefed/kube/status_error.h"
#include "kubefed/util/base64.h"

namespace kubefed::apiserver {
namespace {

constexpr std::string_view kMagic{"k8s\0", 4};

// Flag and Number are written even where they say nothing, and then left out here.
enum class Form {
    Text,
    Bytes,
    Bool,
    Integer,
    Flag,
    Number,
    IntOrText,
    TextMap,
    BytesMap,
    Message,
    TextList,
    MessageList
};

struct Field;
using Message = std::vector<Field>;

// Field numbers as in the published generated.proto files of the API.
struct Field {
    std::uint32_t number;
    const char* name;
    Form form;
    const Message* message = nullptr;
};

const Message& ownerReference() {
    static const Message kMessage{{1, "kind", Form::Text},       {3, "name", Form::Text},
                                  {4, "uid", Form::Text},        {5, "apiVersion", Form::Text},
                                  {6, "controller", Form::Bool}, {7, "blockOwnerDeletion", Form::Bool}};
    return kMessage;
}

// Timestamps and managedFields are the server's to say at creation and are left out.
const Message& objectMeta() {
    static const Message kMessage{{1, "name", Form::Text},
                                  {2, "generateName", Form::Text},
                                  {3, "namespace", Form::Text},
                                  {5, "uid", Form::Text},
                                  {6, "resourceVersion", Form::Text},
                                  {11, "labels", Form::TextMap},
                                  {12, "annotations", Form::TextMap},
                                  {13, "ownerReferences", Form::MessageList, &ownerReference()},
                                  {14, "finalizers", Form::TextList}};
    return kMessage;
}

// The requests about oneself that kubectl sends: auth can-i, whoami, create token.
const Message& reviewOf(std::string_view kind) {
    static const Message kNone;
    static const Message kResource{{1, "namespace", Form::Text}, {2, "verb", Form::Text},
                                   {3, "group", Form::Text},     {4, "version", Form::Text},
                                   {5, "resource", Form::Text},  {6, "subresource", Form::Text},
                                   {7, "name", Form::Text}};
    static const Message kPath{{1, "path", Form::Text}, {2, "verb", Form::Text}};
    static const Message kAccessSpec{{1, "resourceAttributes", Form::Message, &kResource},
                                     {2, "nonResourceAttributes", Form::Message, &kPath}};
    static const Message kAccess{{2, "spec", Form::Message, &kAccessSpec}};
    static const Message kRulesSpec{{1, "namespace", Form::Text}};
    static const Message kRules{{2, "spec", Form::Message, &kRulesSpec}};
    static const Message kSelf{{1, "metadata", Form::Message, &objectMeta()}};
    static const Message kBound{{1, "kind", Form::Text},
                                {2, "apiVersion", Form::Text},
                                {3, "name", Form::Text},
                                {4, "uid", Form::Text}};
    static const Message kTokenSpec{{1, "audiences", Form::TextList},
                                    {3, "boundObjectRef", Form::Message, &kBound},
                                    {4, "expirationSeconds", Form::Integer}};
    static const Message kToken{{2, "spec", Form::Message, &kTokenSpec}};
    if (kind == "SelfSubjectAccessReview")
        return kAccess;
    if (kind == "SelfSubjectRulesReview")
        return kRules;
    if (kind == "SelfSubjectReview")
        return kSelf;
    return kind == "TokenRequest" ? kToken : kNone;
}

// kubectl create role, clusterrole, rolebinding, clusterrolebinding.
const Message& accessOf(std::string_view kind) {
    static const Message kNone;
    static const Message kRule{{1, "verbs", Form::TextList},
                               {2, "apiGroups", Form::TextList},
                               {3, "resources", Form::TextList},
                               {4, "resourceNames", Form::TextList},
                               {5, "nonResourceURLs", Form::TextList}};
    static const Message kTerm{
        {1, "key", Form::Text}, {2, "operator", Form::Text}, {3, "values", Form::TextList}};
    static const Message kSelector{{1, "matchLabels", Form::TextMap},
                                   {2, "matchExpressions", Form::MessageList, &kTerm}};
    static const Message kAggregation{{1, "clusterRoleSelectors", Form::MessageList, &kSelector}};
    static const Message kRole{{1, "metadata", Form::Message, &objectMeta()},
                               {2, "rules", Form::MessageList, &kRule},
                               {3, "aggregationRule", Form::Message, &kAggregation}};
    static const Message kSubject{{1, "kind", Form::Text},
                                  {2, "apiGroup", Form::Text},
                                  {3, "name", Form::Text},
                                  {4, "namespace", Form::Text}};
    static const Message kRoleRef{
        {1, "apiGroup", Form::Text}, {2, "kind", Form::Text}, {3, "name", Form::Text}};
    static const Message kBinding{{1, "metadata", Form::Message, &objectMeta()},
                                  {2, "subjects", Form::MessageList, &kSubject},
                                  {3, "roleRef", Form::Message, &kRoleRef}};
    if (kind == "Role" || kind == "ClusterRole")
        return kRole;
    return kind == "RoleBinding" || kind == "ClusterRoleBinding" ? kBinding : kNone;
}

const Message& service() {
    static const Message kPort{{1, "name", Form::Text},       {2, "protocol", Form::Text},
                               {3, "port", Form::Integer},    {4, "targetPort", Form::IntOrText},
                               {5, "nodePort", Form::Number}, {6, "appProtocol", Form::Text}};
    static const Message kClientIp{{1, "timeoutSeconds", Form::Integer}};
    static const Message kAffinity{{1, "clientIP", Form::Message, &kClientIp}};
    static const Message kSpec{{1, "ports", Form::MessageList, &kPort},
                               {2, "selector", Form::TextMap},
                               {3, "clusterIP", Form::Text},
                               {4, "type", Form::Text},
                               {5, "externalIPs", Form::TextList},
                               {7, "sessionAffinity", Form::Text},
                               {8, "loadBalancerIP", Form::Text},
                               {9, "loadBalancerSourceRanges", Form::TextList},
                               {10, "externalName", Form::Text},
                               {11, "externalTrafficPolicy", Form::Text},
                               {12, "healthCheckNodePort", Form::Number},
                               {13, "publishNotReadyAddresses", Form::Flag},
                               {14, "sessionAffinityConfig", Form::Message, &kAffinity},
                               {17, "ipFamilyPolicy", Form::Text},
                               {18, "clusterIPs", Form::TextList},
                               {19, "ipFamilies", Form::TextList},
                               {20, "allocateLoadBalancerNodePorts", Form::Bool},
                               {21, "loadBalancerClass", Form::Text},
                               {22, "internalTrafficPolicy", Form::Text}};
    static const Message kMessage{{1, "metadata", Form::Message, &objectMeta()},
                                  {2, "spec", Form::Message, &kSpec}};
    return kMessage;
}

const Message& messageOf(std::string_view kind) {
    static const Message kConfigMap{{1, "metadata", Form::Message, &objectMeta()},
                                    {2, "data", Form::TextMap},
                                    {3, "binaryData", Form::BytesMap},
                                    {4, "immutable", Form::Bool}};
    static const Message kSecret{{1, "metadata", Form::Message, &objectMeta()},
                                 {2, "data", Form::BytesMap},
                                 {3, "type", Form::Text},
                                 {4, "stringData", Form::TextMap},
                                 {5, "immutable", Form::Bool}};
    static const Message kNamespaceSpec{{1, "finalizers", Form::TextList}};
    static const Message kNamespaceStatus{{1, "phase", Form::Text}};
    static const Message kNamespace{{1, "metadata", Form::Message, &objectMeta()},
                                    {2, "spec", Form::Message, &kNamespaceSpec},
                                    {3, "status", Form::Message, &kNamespaceStatus}};
    static const Message kReference{{1, "kind", Form::Text},
                                    {2, "namespace", Form::Text},
                                    {3, "name", Form::Text},
                                    {4, "uid", Form::Text}};
    static const Message kLocalReference{{1, "name", Form::Text}};
    static const Message kServiceAccount{{1, "metadata", Form::Message, &objectMeta()},
                                         {2, "secrets", Form::MessageList, &kReference},
                                         {3, "imagePullSecrets", Form::MessageList, &kLocalReference},
                                         {4, "automountServiceAccountToken", Form::Bool}};
    static const Message kPreconditions{{1, "uid", Form::Text}, {2, "resourceVersion", Form::Text}};
    static const Message kDeleteOptions{{1, "gracePeriodSeconds", Form::Integer},
                                        {2, "preconditions", Form::Message, &kPreconditions},
                                        {3, "orphanDependents", Form::Bool},
                                        {4, "propagationPolicy", Form::Text},
                                        {5, "dryRun", Form::TextList}};
    if (kind == "ConfigMap")
        return kConfigMap;
    if (kind == "Secret")
        return kSecret;
    if (kind == "Namespace")
        return kNamespace;
    if (kind == "ServiceAccount")
        return kServiceAccount;
    if (kind == "Service")
        return service();
    if (const Message& access = accessOf(kind); !access.empty())
        return access;
    return kind == "DeleteOptions" ? kDeleteOptions : reviewOf(kind);
}

struct Token {
    std::uint32_t number = 0;
    std::uint32_t wire = 0;
    std::uint64_t value = 0;
    std::string_view bytes;
};

class Reader {
public:
    explicit Reader(std::string_view text) : m_text(text) {}
    [[nodiscard]] bool atEnd() const { return m_text.empty(); }
    // False: malformed.
    bool next(Token& token) {
        std::uint64_t tag = 0;
        if (!varint(tag))
            return false;
        token = {static_cast<std::uint32_t>(tag >> 3U), static_cast<std::uint32_t>(tag & 7U), 0, {}};
        switch (token.wire) {
            case 0:
                return varint(token.value);
            case 1:
                return take(8, token.bytes);
            case 2:
                return varint(token.value) && take(token.value, token.bytes);
            case 5:
                return take(4, token.bytes);
            default:
                return false;
        }
    }

private:
    bool varint(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 64 && !m_text.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(m_text.front());
            m_text.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
            if ((byte & 0x80U) == 0)
                return true;
        }
        return false;
    }
    bool take(std::uint64_t size, std::string_view& out) {
        if (size > m_text.size())
            return false;
        out = m_text.substr(0, size);
        m_text.remove_prefix(size);
        return true;
    }
    std::string_view m_text;
};

bool readMapEntry(std::string_view text, bool bytes, kube::JsonObject& out) {
    std::string_view key, value;
    Reader reader(text);
    for (Token token; !reader.atEnd();) {
        if (!reader.next(token))
            return false;
        (token.number == 1 ? key : value) = token.bytes;
    }
    if (bytes)
        out[key] = base64Encode(value);
    else
        out[key] = value;
    return true;
}

bool readMessage(std::string_view text, const Message& message, kube::JsonObject& out);

// 1 type (0: a number), 2 intVal, 3 strVal.
bool readIntOrText(std::string_view text, kube::Json& out) {
    std::uint64_t type = 0, number = 0;
    std::string_view word;
    Reader reader(text);
    for (Token token; !reader.atEnd();) {
        if (!reader.next(token))
            return false;
        (token.number == 1 ? type : number) = token.number < 3 ? token.value : number;
        if (token.number == 3)
            word = token.bytes;
    }
    if (type == 0)
        out = static_cast<std::int64_t>(number);
    else
        out = word;
    return true;
}

bool readField(const Token& token, const Field& field, kube::JsonObject& out) {
    const auto child = [&](kube::JsonArray& array) {
        return readMessage(token.bytes, *field.message, array.emplace_back(kube::JsonObject()).get_object());
    };
    const auto list = [&]() -> kube::JsonArray& {
        kube::Json& value = out[field.name];
        return value.is_array() ? value.get_array() : value.emplace_array();
    };
    switch (field.form) {
        case Form::Text:
            if (!token.bytes.empty())
                out[field.name] = token.bytes;
            return true;
        case Form::Bytes:
            out[field.name] = base64Encode(token.bytes);
            return true;
        case Form::Bool:
            out[field.name] = token.value != 0;
            return true;
        case Form::Integer:
            out[field.name] = static_cast<std::int64_t>(token.value);
            return true;
        case Form::Flag:
            if (token.value != 0)
                out[field.name] = true;
            return true;
        case Form::Number:
            if (token.value != 0)
                out[field.name] = static_cast<std::int64_t>(token.value);
            return true;
        case Form::IntOrText:
            return readIntOrText(token.bytes, out[field.name]);
        case Form::TextMap:
        case Form::BytesMap:
            return readMapEntry(token.bytes, field.form == Form::BytesMap,
                                kube::ensureObject(out, {field.name}));
        case Form::Message:
            return readMessage(token.bytes, *field.message, kube::ensureObject(out, {field.name}));
        case Form::TextList:
            list().emplace_back(token.bytes);
            return true;
        case Form::MessageList:
            return child(list());
    }
    return false;
}

bool readMessage(std::string_view text, const Message& message, kube::JsonObject& out) {
    Reader reader(text);
    for (Token token; !reader.atEnd();) {
        if (!reader.next(token))
            return false;
        for (const Field& field : message)
            if (field.number == token.number && !readField(token, field, out))
                return false;
    }
    return true;
}

// runtime.Unknown: 1 typeMeta {1 apiVersion, 2 kind}, 2 raw.
bool readEnvelope(std::string_view text, std::string& apiVersion, std::string& kind, std::string_view& raw) {
    Reader reader(text);
    for (Token token; !reader.atEnd();) {
        if (!reader.next(token))
            return false;
        if (token.number == 2)
            raw = token.bytes;
        if (token.number != 1)
            continue;
        Reader type(token.bytes);
        for (Token part; !type.atEnd();) {
            if (!type.next(part))
                return false;
            (part.number == 1 ? apiVersion : kind) = part.bytes;
        }
    }
    return true;
}

}  // namespace

Result<kube::JsonObject> readProtobuf(std::string_view body) {
    std::string apiVersion, kind;
    std::string_view raw;
    if (!body.starts_with(kMagic) || !readEnvelope(body.substr(kMagic.size()), apiVersion, kind, raw))
        return fail(kube::badRequest("the body is not a Kubernetes protobuf message"));
    const Message& message = messageOf(kind);
    if (message.empty())
        return fail(
            kube::unsupportedMediaType("protobuf bodies are accepted for what kubectl create sends so, not "
                                       "for \"" +
                                       kind + "\"; send application/json"));
    kube::JsonObject object{{"kind", kind}, {"apiVersion", apiVersion}};
    if (!readMessage(raw, message, object))
        return fail(kube::badRequest("the body is not a " + kind + " in Kubernetes' protobuf form"));
    if (const std::string problem = kube::roundTripProblem(object, kube::kMaxJsonDepth); !problem.empty())
        return fail(kube::badRequest("the body cannot be taken as a " + kind + ": " + problem));
    return object;
}

}  // namespace kubefed::apiserver
