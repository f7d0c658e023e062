// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/selector.h"

#include <string>
#include <vector>

#include <QtTest/QTest>

#include "kubefed/kube/quantity.h"

using namespace kubefed;
using namespace kubefed::kube;

namespace {

struct SelectorCase {
    const char* query;
    const char* text;      // canonical
    const char* matching;  // labels as JSON
    const char* failing;   // labels as JSON, "" for none
};

const SelectorCase kSelectors[] = {
    {"", "", "{}", ""},
    {"a=b", "a=b", "{\"a\":\"b\"}", "{\"a\":\"c\"}"},
    {"a==b", "a=b", "{\"a\":\"b\"}", "{}"},
    {" a = b ", "a=b", "{\"a\":\"b\"}", "{}"},
    {"a=", "a=", "{\"a\":\"\"}", "{}"},
    {"a=,b", "a=,b", "{\"a\":\"\",\"b\":\"x\"}", "{\"a\":\"\"}"},
    {"a!=b", "a!=b", "{}", "{\"a\":\"b\"}"},
    {"a!=b", "a!=b", "{\"a\":\"c\"}", "{\"a\":\"b\"}"},
    {"a", "a", "{\"a\":\"\"}", "{}"},
    {"!a", "!a", "{}", "{\"a\":\"\"}"},
    {"! a", "!a", "{}", "{\"a\":\"\"}"},
    {"a in (c, b)", "a in (b,c)", "{\"a\":\"c\"}", "{\"a\":\"d\"}"},
    {"a in (b)", "a in (b)", "{\"a\":\"b\"}", "{}"},
    {"a in (,b)", "a in (,b)", "{\"a\":\"\"}", "{}"},
    {"a in (b,,c)", "a in (,b,c)", "{\"a\":\"\"}", "{}"},
    {"a in (b,)", "a in (,b)", "{\"a\":\"\"}", "{}"},
    {"a notin (b,c)", "a notin (b,c)", "{}", "{\"a\":\"b\"}"},
    {"a>1", "a>1", "{\"a\":\"2\"}", "{\"a\":\"1\"}"},
    {"a<10", "a<10", "{\"a\":\"9\"}", "{\"a\":\"x\"}"},
    {"z=1,a=2", "a=2,z=1", "{\"a\":\"2\",\"z\":\"1\"}", "{\"a\":\"2\"}"},
    {"in=in", "in=in", "{\"in\":\"in\"}", "{}"},
    {"notin in (in)", "notin in (in)", "{\"notin\":\"in\"}", "{}"},
    {"example.com/role=x_y.z-1", "example.com/role=x_y.z-1", "{\"example.com/role\":\"x_y.z-1\"}", "{}"},
    {"a,!b,c in (d)", "a,!b,c in (d)", "{\"a\":\"1\",\"c\":\"d\"}", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"d\"}"},
};

struct QuantityCase {
    const char* in;
    const char* out;  // "" refused
};

const QuantityCase kQuantities[] = {
    {"0", "0"},
    {"0m", "0"},
    {"-0", "0"},
    {"0.0Gi", "0"},
    {"1", "1"},
    {"1000m", "1"},
    {"0.5", "500m"},
    {"1500m", "1500m"},
    {"1.5", "1500m"},
    {"2000", "2k"},
    {"100000", "100k"},
    {"1100", "1100"},
    {"1024", "1024"},
    {"1000k", "1M"},
    {"1e3", "1e3"},
    {"1000e3", "1e6"},
    {"1E6", "1e6"},
    {"15e2", "1500"},
    {"1e-3", "1e-3"},
    {"12e-4", "1200e-6"},
    {"1.5e3", "1500"},
    {"1024Ki", "1Mi"},
    {"1.5Gi", "1536Mi"},
    {"1Gi", "1Gi"},
    {"1000Ki", "1000Ki"},
    {"0.5Ki", "512"},
    {"0.5Mi", "512Ki"},
    {"1025", "1025"},
    {"1.25Mi", "1280Ki"},
    {"0.1Ki", "102400m"},
    {"1.1Ki", "1126400m"},
    {"-1", "-1"},
    {"-500m", "-500m"},
    {"-1.5Gi", "-1536Mi"},
    {"+5", "5"},
    {"1n", "1n"},
    {"1000n", "1u"},
    {"0.1n", "1n"},
    {"1.1n", "2n"},
    {"-0.1n", "-1n"},
    {"0.0000000001", "1n"},
    {"1u", "1u"},
    {"1E", "1E"},
    {"1000P", "1E"},
    {"10E", "10E"},
    {"1Ei", "1Ei"},
    {"7Ei", "7Ei"},
    {"8Ei", "9223372036854775807"},
    {"9223372036854775807", "9223372036854775807"},
    {"100Mi", "100Mi"},
    {"512Mi", "512Mi"},
    {"1.0", "1"},
    {"01", "1"},
    {"00.50", "500m"},
    {".5", "500m"},
    {"5.", "5"},
    {"100m", "100m"},
    {"0.1", "100m"},
    {"0.25", "250m"},
    {"2.5k", "2500"},
    {"1T", "1T"},
    {"1048576Ki", "1Gi"},
    {"3e0", "3"},
    {"1e+3", "1e3"},
    {"999999999999999999999n", "999999999999999999999n"},
    {"", ""},
    {"a", ""},
    {"1x", ""},
    {"1 ", ""},
    {" 1", ""},
    {"1.1.1", ""},
    {"1+1", ""},
    {"1Kii", ""},
    {"1ki", ""},
    {"1K", ""},
    {"1mi", ""},
    {"0.1am", ""},
    {".5i", ""},
    {"--1", ""},
    {"1e", ""},
    {"1ee3", ""},
    {"1e3k", ""},
    {".", ""},
    {"-", ""},
    {"1e40", ""},
    {"1e999999999999", ""},
    {"\xC3\xA4", ""},
};

}  // namespace

class SelectorTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void labelSelectorTable() {
        for (const auto& c : kSelectors) {
            const auto selector = LabelSelector::parse(c.query);
            QVERIFY2(selector.has_value(), c.query);
            QCOMPARE(selector->text(), std::string(c.text));
            QVERIFY2(selector->matches(&parseJson(c.matching)->as_object()), c.query);
            if (*c.failing != '\0')
                QVERIFY2(!selector->matches(&parseJson(c.failing)->as_object()), c.query);
            const auto again = LabelSelector::parse(selector->text());
            QVERIFY2(again.has_value(), c.text);
            QVERIFY(again->requirements() == selector->requirements());
        }
    }

    void badLabelSelectorsAreRefused() {
        for (const char* query :
             {"a=b=c", "a in", "a in b",     "a in (b", ",",      "a,",    "a,,b",  "!",     "!a=b",
              "a>x",   "a>",   "=b",         "-a",      "a-",     "a/b/c", "/a",    "A_B/c", "a=-b",
              "a b",   "(a)",  "a in (b c)", "a=b,!",   "a..b/c", "a!b",   "a=(b)", "a>=1",  "a>-2"})
            QVERIFY2(!LabelSelector::parse(query), query);
        QVERIFY(!LabelSelector::parse(std::string(64, 'a')));
        QVERIFY(LabelSelector::parse(std::string(63, 'a')).has_value());
    }

    void jsonSelectors() {
        const auto selector =
            LabelSelector::fromJson(parseJson("{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":"
                                              "\"c\",\"operator\":\"In\",\"values\":[\"e\",\"d\"]},"
                                              "{\"key\":\"f\",\"operator\":\"DoesNotExist\"},{\"key\":\"g\","
                                              "\"operator\":\"Exists\",\"values\":[]},"
                                              "{\"key\":\"h\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]}")
                                        ->as_object());
        QVERIFY(selector.has_value());
        QCOMPARE(selector->text(), std::string("a=b,c in (d,e),!f,g,h notin (x)"));
        QVERIFY(selector->matches(&parseJson("{\"a\":\"b\",\"c\":\"d\",\"g\":\"\"}")->as_object()));
        QVERIFY(!selector->matches(nullptr));
        QVERIFY(LabelSelector::fromJson({})->matches(nullptr));
        for (const char* bad :
             {"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Gt\",\"values\":[\"1\"]}]}",
              "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}",
              "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\",\"values\":[\"x\"]}]}",
              "{\"matchExpressions\":[{\"key\":\"\",\"operator\":\"Exists\"}]}",
              "{\"matchLabels\":{\"a\":\"b c\"}}", "{\"matchLabels\":{\"a\":1}}",
              "{\"matchExpressions\":[1]}"})
            QVERIFY2(!LabelSelector::fromJson(parseJson(bad)->as_object()), bad);
        const auto map = LabelSelector::fromMap(parseJson("{\"b\":\"2\",\"a\":\"1\"}")->as_object());
        QCOMPARE(map.text(), std::string("a=1,b=2"));
    }

    void fieldSelectors() {
        const auto pod = parseJson(
                             "{\"metadata\":{\"name\":\"a,b\",\"generation\":3},\"spec\":{\"on\":true},"
                             "\"status\":{\"phase\":\"Running\"}}")
                             ->as_object();
        for (const char* yes : {"", "status.phase=Running", "status.phase==Running", "status.phase!=Pending",
                                "metadata.name=a\\,b", "metadata.generation=3", "spec.on=true", "spec.off=",
                                "status.phase=Running,spec.nodeName=", "spec=,", "spec.nodeName!=x"}) {
            const auto selector = FieldSelector::parse(yes);
            QVERIFY2(selector.has_value(), yes);
            QVERIFY2(selector->matches(pod), yes);
        }
        for (const char* no :
             {"status.phase=Pending", "status.phase!=Running", "spec.nodeName=x", "metadata.name=a"})
            QVERIFY2(!FieldSelector::parse(no)->matches(pod), no);
        for (const char* bad : {"a", "a=b=c", "a=\\x", "a=b\\", "a,b=c"})
            QVERIFY2(!FieldSelector::parse(bad), bad);
        QCOMPARE(FieldSelector::parse("a.b!=c\\=d")->terms()[0].value, std::string("c=d"));
        QVERIFY(FieldSelector::parse("a.b!=c")->terms()[0].negated);
    }

    void quantityTable() {
        for (const auto& c : kQuantities) {
            const auto quantity = Quantity::parse(c.in);
            QVERIFY2(quantity.has_value() == (*c.out != '\0'), c.in);
            if (!quantity)
                continue;
            QCOMPARE(quantity->canonical(), std::string(c.out));
            const auto again = Quantity::parse(quantity->canonical());
            QVERIFY2(again.has_value(), c.out);
            QVERIFY2(*again == *quantity, c.in);
            QCOMPARE(again->canonical(), std::string(c.out));
        }
    }

    void quantitiesCountAndCompare() {
        QCOMPARE(Quantity::parse("1.0001")->milli(), 1001);
        QCOMPARE(Quantity::parse("-1.0001")->milli(), -1001);
        QCOMPARE(Quantity::parse("1500m")->units(), 2);
        QCOMPARE(Quantity::parse("1Gi")->units(), 1LL << 30);
        QCOMPARE(Quantity::parse("100E")->milli(), std::numeric_limits<std::int64_t>::max());
        QVERIFY(*Quantity::parse("1") == *Quantity::parse("1000m"));
        QVERIFY(*Quantity::parse("1Ki") > *Quantity::parse("1k"));
        QVERIFY(Quantity::parse("-1")->isNegative());
        QCOMPARE((*Quantity::parse("1Gi") + *Quantity::parse("512Mi")).canonical(), std::string("1536Mi"));
        QCOMPARE((*Quantity::parse("1") - *Quantity::parse("250m")).canonical(), std::string("750m"));
        QCOMPARE((Quantity() + *Quantity::parse("1Gi")).canonical(), std::string("1Gi"));
        QCOMPARE(Quantity::fromMilli(2500).canonical(), std::string("2500m"));
        QCOMPARE(Quantity::fromUnits(2048, Quantity::Format::BinarySi).canonical(), std::string("2Ki"));
        QCOMPARE(Quantity::parse("1500m")->toDouble(), 1.5);
    }
};

QTEST_GUILESS_MAIN(SelectorTest)
#include "selector_test.moc"
