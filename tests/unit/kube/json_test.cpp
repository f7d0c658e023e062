// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/json.h"

#include <string>
#include <utility>
#include <vector>

#include <QtTest/QTest>

#include "kubefed/kube/object.h"
#include "kubefed/kube/status_error.h"

using namespace kubefed;
using namespace kubefed::kube;

class JsonTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void numbersAreReadAndPrintedAsGoDoes() {
        const std::vector<std::pair<std::string, std::string>> cases{
            {"0", "0"},
            {"-0", "0"},
            {"1", "1"},
            {"-17", "-17"},
            {"1.0", "1"},
            {"1.5", "1.5"},
            {"1e3", "1000"},
            {"1E0", "1"},
            {"-2.50", "-2.5"},
            {"9223372036854775807", "9223372036854775807"},
            {"9223372036854775808", "9223372036854775808"},
            {"18446744073709551615", "18446744073709551615"},
            {"18446744073709551616", "18446744073709552000"},
            {"-9223372036854775808", "-9223372036854775808"},
            {"1e21", "1e+21"},
            {"1e20", "100000000000000000000"},
            {"0.000001", "0.000001"},
            {"0.0000001", "1e-7"},
            {"1.5e-10", "1.5e-10"},
            {"0.1", "0.1"},
            {"1e-400", "0"},
            {"3.14159265358979", "3.14159265358979"},
            {"5e-324", "5e-324"},
            {"1.7976931348623157e308", "1.7976931348623157e+308"},
        };
        for (const auto& [in, out] : cases) {
            const auto value = parseJson(in);
            QVERIFY2(value.has_value(), in.c_str());
            QCOMPARE(printJson(*value), out);
        }
        QVERIFY(parseJson("9223372036854775807")->is_int64());
        QVERIFY(parseJson("9223372036854775808")->is_uint64());
        QVERIFY(parseJson("1.0")->is_double());
    }

    void textRoundTrips() {
        const std::vector<std::string> cases{"null",
                                             "true",
                                             "false",
                                             "[]",
                                             "{}",
                                             "[1,[2,{}],\"x\"]",
                                             "{\"b\":1,\"a\":{\"c\":[null]}}",
                                             "\"\\\"\\\\\\n\\r\\t\\u0001\"",
                                             "\"h\xC3\xA4\xF0\x9F\x98\x80\"",
                                             "\"<&>\""};
        for (const auto& text : cases) {
            const auto value = parseJson(text);
            QVERIFY2(value.has_value(), text.c_str());
            QCOMPARE(printJson(*value), text);
        }
        QCOMPARE(printJson(*parseJson("\"\\ud83d\\ude00\\u00e4\\/\\b\"")),
                 std::string("\"\xF0\x9F\x98\x80\xC3\xA4/\\u0008\""));
        QVERIFY(!parseJson("\"\\ud800x\""));  // half of a surrogate pair
        QCOMPARE(printCanonical(*parseJson("{\"b\":{\"z\":1,\"y\":[{\"d\":1,\"c\":2}]},\"a\":0}")),
                 std::string("{\"a\":0,\"b\":{\"y\":[{\"c\":2,\"d\":1}],\"z\":1}}"));
    }

    void badTextIsRefusedWithItsPlace() {
        const std::vector<std::pair<std::string, std::string>> cases{{"", "line 1, column 1"},
                                                                     {"{", "line 1, column 2: incomplete"},
                                                                     {"{\n  \"a\": ,\n}", "line 2, column 8"},
                                                                     {"[1,]", "line 1, column 4"},
                                                                     {"[1 2]", "line 1, column 4"},
                                                                     {"{\"a\" 1}", "line 1, column 6"},
                                                                     {"{a:1}", "line 1, column 2"},
                                                                     {"tru", "line 1, column"},
                                                                     {"01", "extra data"},
                                                                     {"1.", "column 3"},
                                                                     {"1e", "incomplete"},
                                                                     {"-", "incomplete"},
                                                                     {"+1", "column 1"},
                                                                     {"1e999", "exponent overflow"},
                                                                     {"\"a", "incomplete"},
                                                                     {"\"\\x\"", "column 3"},
                                                                     {"\"\\u12g4\"", "hex digit"},
                                                                     {"1 1", "extra data"},
                                                                     {std::string("\"\x01\""), "column 2"},
                                                                     {"\"\xC0\x80\"", "column 2"},
                                                                     {"\"\xED\xA0\x80\"", "column 2"},
                                                                     {"\"\xF5\x80\x80\x80\"", "column 2"},
                                                                     {"\"\xE2\x82\"", "column 2"},
                                                                     {"NaN", "column 1"},
                                                                     {std::string(300, '['), "too deep"}};
        for (const auto& [text, part] : cases) {
            const auto value = parseJson(text);
            QVERIFY2(!value, text.c_str());
            QVERIFY(value.error().code == Code::InvalidArgument);
            QVERIFY2(value.error().message.find(part) != std::string::npos, value.error().message.c_str());
        }
        QVERIFY(parseJson(std::string(200, '[') + std::string(200, ']')).has_value());
    }

    void duplicateKeysAreReportedAndTheLastCounts() {
        const auto strict = parseStrict(
            "{\"a\":1,\"spec\":{\"x\":1,\"l\":[{},{\"k\":1,\"k\":2,\"k\":3}],\"x\":2},\"a\":2,\"b\":{\"a\":1}"
            "}");
        QVERIFY(strict.has_value());
        QCOMPARE(strict->duplicates,
                 (std::vector<std::string>{"duplicate field \"spec.l[1].k\"", "duplicate field \"spec.x\"",
                                           "duplicate field \"a\""}));
        QCOMPARE(intAt(strict->value.as_object(), {"a"}).value_or(0), 2);
        QCOMPARE(strict->value.as_object().size(), std::size_t(3));
    }

    void lookupsAreTotal() {
        const auto value = *parseJson(
            "{\"a\":{\"s\":\"x\",\"n\":3,\"f\":4.0,\"b\":true,\"l\":[1],\"d\":1.5},\"s\":\"top\"}");
        const auto& object = value.as_object();
        QCOMPARE(stringAt(object, {"a", "s"}), std::string_view("x"));
        QCOMPARE(stringAt(object, {"a", "n"}), std::string_view());
        QCOMPARE(stringAt(object, {"s", "deeper"}), std::string_view());
        QCOMPARE(intAt(object, {"a", "n"}).value_or(-1), 3);
        QCOMPARE(intAt(object, {"a", "f"}).value_or(-1), 4);
        QVERIFY(!intAt(object, {"a", "d"}).has_value());
        QVERIFY(boolAt(object, {"a", "b"}, false));
        QVERIFY(boolAt(object, {"a", "none"}, true));
        QVERIFY(arrayAt(object, {"a", "l"}) != nullptr);
        QVERIFY(objectAt(object, {"a", "l"}) == nullptr);
        QVERIFY(find(value, {}) == &value);
        JsonObject made;
        ensureObject(made, {"x", "y"})["z"] = 1;
        QCOMPARE(printJson(made), std::string("{\"x\":{\"y\":{\"z\":1}}}"));
        QVERIFY(!erase(made, {"x", "q", "z"}));
        QVERIFY(erase(made, {"x", "y"}));
        QVERIFY(!erase(made, {"x", "y"}));
        QCOMPARE(printJson(made), std::string("{\"x\":{}}"));
    }

    void equalityIsByValue() {
        const auto same = [](const char* a, const char* b) { return equal(*parseJson(a), *parseJson(b)); };
        QVERIFY(same("1", "1.0"));
        QVERIFY(same("{\"a\":1,\"b\":[1.0]}", "{\"b\":[1],\"a\":1}"));
        QVERIFY(same("18446744073709551615", "18446744073709551615"));
        QVERIFY(!same("9223372036854775808", "9223372036854775807"));
        QVERIFY(!same("9223372036854775807", "9223372036854775808.0"));
        QVERIFY(same("9223372036854775808", "9223372036854775808.0"));
        QVERIFY(!same("1", "\"1\""));
        QVERIFY(!same("[1,2]", "[2,1]"));
        QVERIFY(!same("{\"a\":1}", "{\"b\":1}"));
        QVERIFY(!same("null", "false"));
    }

    void objectsGiveWhatEveryObjectHas() {
        auto object = *Object::parse(
            "{\"apiVersion\":\"apps/"
            "v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"n\",\"namespace\":\"s\","
            "\"uid\":\"u\",\"resourceVersion\":\"7\",\"generation\":3,\"labels\":{\"a\":\"b\"},"
            "\"finalizers\":[\"f/x\"],\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
            "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p\",\"uid\":\"q\","
            "\"controller\":true}]}}");
        QCOMPARE(object.gvk().text(), std::string("apps/v1 Deployment"));
        QCOMPARE(object.key().text(), std::string("s/n"));
        QCOMPARE(object.uid(), std::string_view("u"));
        QCOMPARE(object.resourceVersion(), std::string_view("7"));
        QCOMPARE(object.generation(), 3);
        QVERIFY(object.isDeleting());
        QVERIFY(object.hasFinalizer("f/x"));
        QVERIFY(!object.hasFinalizer("f"));
        QCOMPARE(object.label("a"), std::string_view("b"));
        QCOMPARE(object.annotation("a"), std::string_view());
        QCOMPARE(object.ownerReferences().size(), std::size_t(1));
        QVERIFY(object.ownerReferences()[0].controller);
        object.setAnnotation("k", "v");
        QCOMPARE(object.annotation("k"), std::string_view("v"));
        QVERIFY(!Object::parse("[]"));
        QCOMPARE(Object::make({"", "v1", "Pod"}, "", "x").text(),
                 std::string("{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}"));
    }

    void namesMakePaths() {
        QCOMPARE((Gvr{"", "v1", "pods"}.path("ns", "a", "status")),
                 std::string("/api/v1/namespaces/ns/pods/a/status"));
        QCOMPARE((Gvr{"apps", "v1", "deployments"}.path()), std::string("/apis/apps/v1/deployments"));
        QCOMPARE((Gvr{"rbac.authorization.k8s.io", "v1", "clusterroles"}.path("", "system:a b")),
                 std::string("/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%20b"));
        QCOMPARE((Gvr{"apps", "v1", "deployments"}.text()), std::string("deployments.apps"));
        QCOMPARE(GroupVersion::parse("apps/v1").group, std::string("apps"));
        QCOMPARE(GroupVersion::parse("v1").group, std::string());
    }

    void statusErrorsReadAsTheyWereMade() {
        const Gvr pods{"", "v1", "pods"};
        const Gvr roles{"rbac.authorization.k8s.io", "v1", "roles"};
        const Gvk pod{"", "v1", "Pod"};
        struct Case {
            Error error;
            int http;
            std::string reason;
            Code code;
            std::string message;
        };
        const std::vector<Case> cases{
            {notFound(pods, "x"), 404, "NotFound", Code::NotFound, "pods \"x\" not found"},
            {alreadyExists(roles, "x"), 409, "AlreadyExists", Code::AlreadyExists,
             "roles.rbac.authorization.k8s.io \"x\" already exists"},
            {conflict(pods, "x", "why"), 409, "Conflict", Code::Aborted,
             "Operation cannot be fulfilled on pods \"x\": why"},
            {invalid(pod, "x", {{"FieldValueRequired", "Required value", "spec.containers"}}), 422, "Invalid",
             Code::InvalidArgument, "Pod \"x\" is invalid: spec.containers: Required value"},
            {invalid(pod, "x", {{"A", "m", "a"}, {"B", "n", "b"}, {"A", "m", "a"}}), 422, "Invalid",
             Code::InvalidArgument, "Pod \"x\" is invalid: [a: m, b: n]"},
            {applyConflict(pods, "x",
                           {{"FieldManagerConflict", "conflict with \"a\" using v1", ".spec.replicas"}}),
             409, "Conflict", Code::Aborted,
             "Apply failed with 1 conflict: conflict with \"a\" using v1: .spec.replicas"},
            {applyConflict(pods, "x",
                           {{"", "conflict with \"b\"", ".b"},
                            {"", "conflict with \"a\"", ".a"},
                            {"", "conflict with \"a\"", ".c"}}),
             409, "Conflict", Code::Aborted,
             "Apply failed with 3 conflicts: conflicts with \"a\":\n- .a\n- .c\nconflicts with \"b\":\n- .b"},
            {forbidden(pods, "x", "no"), 403, "Forbidden", Code::PermissionDenied,
             "pods \"x\" is forbidden: no"},
            {forbidden(pods, "", "no"), 403, "Forbidden", Code::PermissionDenied, "pods is forbidden: no"},
            {unauthorized(), 401, "Unauthorized", Code::Unauthenticated, "Unauthorized"},
            {badRequest("b"), 400, "BadRequest", Code::InvalidArgument, "b"},
            {methodNotAllowed("delete", "pods"), 405, "MethodNotAllowed", Code::Unimplemented,
             "delete is not supported on resources of kind \"pods\""},
            {notAcceptable("n"), 406, "NotAcceptable", Code::InvalidArgument, "n"},
            {unsupportedMediaType("u"), 415, "UnsupportedMediaType", Code::InvalidArgument, "u"},
            {expired("old"), 410, "Expired", Code::OutOfRange, "old"},
            {tooManyRequests("slow", 3), 429, "TooManyRequests", Code::ResourceExhausted, "slow"},
            {internalError("x"), 500, "InternalError", Code::Internal, "Internal error occurred: x"},
            {serviceUnavailable("x"), 503, "ServiceUnavailable", Code::Unavailable, "x"},
            {tooLarge("x"), 413, "RequestEntityTooLarge", Code::InvalidArgument,
             "Request entity too large: x"},
        };
        for (const auto& c : cases) {
            QCOMPARE(c.error.message, c.message);
            QCOMPARE(toHttpCode(c.error), c.http);
            QVERIFY(c.error.code == c.code);
            QVERIFY(c.error.isReason(c.reason));
            const auto status = toStatus(c.error);
            QCOMPARE(stringAt(status, {"kind"}), std::string_view("Status"));
            QCOMPARE(intAt(status, {"code"}).value_or(0), std::int64_t(c.http));
            const auto read = fromHttp(c.http, printJson(status), "");
            QCOMPARE(read.message, c.message);
            QVERIFY(read.code == c.code);
            QVERIFY(read.isReason(c.reason));
        }
        QCOMPARE(std::chrono::seconds(3),
                 std::chrono::duration_cast<std::chrono::seconds>(
                     *fromHttp(429, tooManyRequests("s", 3).status->body, "").retryAfter));
    }

    void answersOfProxiesAreErrorsToo() {
        const auto error = fromHttp(502, "<html>\n  bad   gateway</html>", "7");
        QVERIFY(error.code == Code::Unavailable);
        QCOMPARE(error.message, std::string("the server answered HTTP 502: <html> bad gateway</html>"));
        QCOMPARE(error.retryAfter->count(), 7000);
        for (const char* asked : {"601", "2147483648", "99999999999999999999"})
            QVERIFY(*fromHttp(503, "", asked).retryAfter == std::chrono::minutes(10));
        QVERIFY(*fromHttp(429, R"({"kind":"Status","details":{"retryAfterSeconds":9223372036854775807}})", "")
                     .retryAfter == std::chrono::minutes(10));
        QVERIFY(!fromHttp(503, "", "-5").retryAfter);
        QVERIFY(fromHttp(404, "", "").code == Code::NotFound);
        QVERIFY(fromHttp(418, "", "").code == Code::InvalidArgument);
        QVERIFY(fromHttp(599, "", "").code == Code::Unavailable);
        const auto status = toStatus(Error{.code = Code::NotFound, .message = "gone"});
        QCOMPARE(stringAt(status, {"reason"}), std::string_view("NotFound"));
        QCOMPARE(intAt(toStatus(Error{.code = Code::DataLoss, .message = "x"}), {"code"}).value_or(0), 500);
    }
};

QTEST_GUILESS_MAIN(JsonTest)
#include "json_test.moc"
