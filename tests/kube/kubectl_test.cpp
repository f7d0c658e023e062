// SPDX-License-Identifier: Apache-2.0
//
// A person's kubectl against a real cluster and against our API server: the commands of
// tests/data/kubectl/steps.yaml give the same exit codes, outputs and errors, but for what changes from run
// to run and for the differences that tests/data/kube/differences.yaml accepts.
#include <fstream>
#include <memory>
#include <sstream>

#include <QtCore/QRegularExpression>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include "kubefed/kube/yaml.h"
#include "tests/kube/support/real_cluster.h"
#include "tests/support/differences.h"

using namespace kubefed;
using namespace kubefed::test;

namespace {

struct Step {
    QString name, editor;
    QStringList args, meanwhile;
    QByteArray input;
    int lines = 0;
    bool anyOrder = false;
};

struct Outcome {
    int exitCode = -1;
    QString out, prose, err;  // `prose`: what "explain" says in sentences, which stands apart from `out`
};

std::filesystem::path source(const char* path) {
    return std::filesystem::path(qEnvironmentVariable("KUBEFED_SOURCE_DIR", ".").toStdString()) / path;
}

QStringList stringsAt(const kube::JsonObject& object, std::string_view key) {
    QStringList out;
    if (const kube::JsonArray* list = kube::arrayAt(object, {key}))
        for (const kube::Json& element : *list)
            out << QString::fromStdString(std::string(kube::view(element.as_string())));
    return out;
}

std::vector<Step> readSteps() {
    std::ifstream in(source("tests/data/kubectl/steps.yaml"), std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    std::vector<Step> steps;
    const Result<std::vector<kube::Json>> documents = kube::parseYaml(content.str());
    if (!documents || documents->size() != 1)
        return steps;
    const auto text = [](const kube::JsonObject& object, const char* key) {
        return std::string(kube::stringAt(object, {key}));
    };
    for (const kube::Json& element : documents->front().at("steps").as_array()) {
        const kube::JsonObject& object = element.as_object();
        steps.push_back({QString::fromStdString(text(object, "name")),
                         QString::fromStdString(text(object, "editor")), stringsAt(object, "args"),
                         stringsAt(object, "meanwhile"), QByteArray::fromStdString(text(object, "input")),
                         static_cast<int>(kube::intAt(object, {"lines"}).value_or(0)),
                         kube::boolAt(object, {"anyOrder"}, false)});
    }
    return steps;
}

// The entries of managedFields stand in the order of their times, which are whole seconds: whether two writes
// share one is chance. How they stand within one is compared by the recorded writes.
QString withManagersInOrder(const QString& yaml) {
    static const QRegularExpression kBegin("^( *)managedFields:$");
    QStringList out, entries;
    QString indent;
    const auto flush = [&] {
        entries.sort();
        out += entries;
        entries.clear();
        indent.clear();
    };
    for (const QString& line : yaml.split('\n')) {
        if (!indent.isNull() && line.startsWith(indent + "- "))
            entries.append(line);
        else if (!entries.isEmpty() && line.startsWith(indent + "  "))
            entries.last() += '\n' + line;
        else {
            flush();
            out += line;
            if (const QRegularExpressionMatch begin = kBegin.match(line); begin.hasMatch())
                indent = begin.captured(1);
        }
    }
    flush();
    return out.join('\n');
}

// What differs from run to run: times, ages, ids, addresses, versions, temporary files, columns' widths.
QString normalised(QString text) {
    static const std::pair<QRegularExpression, const char*> kRules[] = {
        {QRegularExpression("\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?( ?[+-]\\d{4}|Z)?"),
         "<time>"},
        {QRegularExpression("[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}"),
         "<time>"},
        {QRegularExpression("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"},
        {QRegularExpression("(resourceVersion\"?: ?\"?|Resource Version: +)\\d+"), "\\1<version>"},
        {QRegularExpression("https://127\\.0\\.0\\.1:\\d+"), "<server>"},
        {QRegularExpression("\\b10\\.\\d+\\.\\d+\\.\\d+\\b"), "<address>"},
        {QRegularExpression("kube-api-access-[a-z0-9]{5}"), "kube-api-access-<random>"},
        {QRegularExpression("/tmp/[^ \\t\\n\"]*|/[^ \\t\\n\"]*/(LIVE|MERGED)-\\d+[^ \\t\\n\"]*"), "<file>"},
        {QRegularExpression("\\b(\\d+[smhd])+\\b(?=\\s)"), "<age>"},
    };
    static const QRegularExpression kWidth("[ \\t]+"), kTrailing(" +\\n");
    for (const auto& [pattern, to] : kRules)
        text.replace(pattern, QLatin1String(to));
    return withManagersInOrder(text).replace(kWidth, " ").replace(kTrailing, "\n");
}

// Takes out of what "explain" printed the sentences, which stand four spaces in and are neither fields nor
// the values of the field above.
QString takeProse(QString& text) {
    static const QRegularExpression kField("^ +\\S+\t<");
    QStringList structure, prose;
    bool belowField = false;
    for (const QString& line : text.split('\n')) {
        const bool field = kField.match(line).hasMatch();
        const bool values = belowField && line.trimmed().startsWith("enum: ");
        (line.startsWith("    ") && !field && !values ? prose : structure).append(line);
        belowField = field;
    }
    text = structure.join('\n');
    return prose.join('\n');
}

QString sortedLines(const QString& text) {
    QStringList lines = text.split('\n');
    lines.sort();
    return lines.join('\n');
}

void compareLines(const char* place, const QString& expected, const QString& actual,
                  std::vector<std::string>& found) {
    const QStringList wanted = expected.split('\n'), got = actual.split('\n');
    for (qsizetype i = 0; i < std::max(wanted.size(), got.size()); ++i) {
        const QString a = wanted.value(i, "(nothing)"), b = got.value(i, "(nothing)");
        if (a != b)
            found.push_back(place + ("/" + std::to_string(i + 1)) + ": expected \"" + a.toStdString() +
                            "\", got \"" + b.toStdString() + "\"");
    }
}

}  // namespace

class KubectlTest : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::unique_ptr<RealCluster> m_real;
    QProcess m_ours;
    std::vector<Step> m_steps;
    AcceptedDifferences m_accepted;
    int m_ran = 0, m_alike = 0;

    [[nodiscard]] QString ourKubeconfig() const { return m_folder.filePath("ours"); }

    // `home` keeps the caches of kubectl's discovery apart.
    [[nodiscard]] QProcessEnvironment environment(const QString& editor) const {
        QProcessEnvironment variables = QProcessEnvironment::systemEnvironment();
        variables.insert("HOME", m_folder.path());
        variables.insert("TMPDIR", m_folder.path());
        variables.insert("KUBE_EDITOR", editor);
        return variables;
    }
    Outcome run(const QString& kubeconfig, const Step& step) {
        QProcess process;
        process.setProcessEnvironment(environment(step.editor));
        process.start(RealCluster::assets() + "/kubectl",
                      QStringList{"--kubeconfig", kubeconfig, "--namespace", "shop"} + step.args);
        process.write(step.input);
        process.closeWriteChannel();
        Outcome outcome;
        if (step.lines > 0) {
            outcome.out = watch(process, kubeconfig, step);
            outcome.exitCode = 0;
            return outcome;
        }
        process.waitForFinished(30'000);
        outcome.exitCode = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
        QString out = QString::fromUtf8(process.readAllStandardOutput());
        if (step.args.first() == "explain")
            outcome.prose = normalised(takeProse(out));
        outcome.out = normalised(out);
        if (step.anyOrder)
            outcome.out = sortedLines(outcome.out);
        outcome.err = normalised(QString::fromUtf8(process.readAllStandardError()));
        return outcome;
    }
    // Everything up to the lines that the change brings; then the watch is ended.
    QString watch(QProcess& process, const QString& kubeconfig, const Step& step) {
        QByteArray out;
        const auto grown = [&](qsizetype lines) {
            return QTest::qWaitFor(
                [&] {
                    out += process.readAllStandardOutput();
                    return out.count('\n') >= lines;
                },
                10'000);
        };
        if (grown(1)) {
            const qsizetype before = out.count('\n');
            (void)run(kubeconfig, {step.name, {}, step.meanwhile, {}, {}});
            (void)grown(before + step.lines);
        }
        process.terminate();
        process.waitForFinished(5'000);
        return normalised(QString::fromUtf8(out));
    }
    [[nodiscard]] Outcome plain(const QString& kubeconfig, const QStringList& args) {
        return run(kubeconfig, {"plain", {}, args, {}, {}});
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        auto accepted = AcceptedDifferences::load(source("tests/data/kube/differences.yaml"));
        QVERIFY2(accepted, accepted ? "" : accepted.error().text().c_str());
        m_accepted = std::move(*accepted);
        m_steps = readSteps();
        QVERIFY(m_steps.size() >= 40);
        m_ours.start(qEnvironmentVariable("KUBEFED_BIN_DIR") + "/kubefed-apiserver-dev",
                     {"--kubeconfig", ourKubeconfig()});
        m_real = std::make_unique<RealCluster>("m1", m_folder.filePath("m1"), QStringList{"--nodes", "1"});
        const QString why = m_real->waitReady();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QVERIFY(m_ours.waitForReadyRead(10'000) || m_ours.bytesAvailable() > 0);
        // Both sides furnish a namespace; then nothing but the API servers may act.
        for (const QString& kubeconfig : {m_real->kubeconfig(), ourKubeconfig()}) {
            for (const char* space : {"shop", "extra"})
                QCOMPARE(plain(kubeconfig, {"create", "namespace", space}).exitCode, 0);
            for (const char* space : {"shop", "extra"})
                QTRY_COMPARE_WITH_TIMEOUT(
                    plain(kubeconfig, {"get", "-n", space, "sa/default", "cm/kube-root-ca.crt"}).exitCode, 0,
                    15'000);
        }
        QCOMPARE(m_real->control("kill controller-manager scheduler kwok"), QString());
    }

    void command_data() {
        QTest::addColumn<int>("index");
        for (std::size_t i = 0; i < m_steps.size(); ++i)
            QTest::newRow(qPrintable(m_steps[i].name)) << static_cast<int>(i);
    }
    void command() {
        QFETCH(const int, index);
        const Step& step = m_steps[static_cast<std::size_t>(index)];
        const Outcome expected = run(m_real->kubeconfig(), step), actual = run(ourKubeconfig(), step);
        std::vector<std::string> found;
        if (expected.exitCode != actual.exitCode)
            found.push_back("exit: expected " + std::to_string(expected.exitCode) + ", got " +
                            std::to_string(actual.exitCode));
        compareLines("out", expected.out, actual.out, found);
        compareLines("prose", expected.prose, actual.prose, found);
        compareLines("err", expected.err, actual.err, found);
        ++m_ran;
        m_alike += found.empty() ? 1 : 0;
        std::string text;
        for (const std::string& line : m_accepted.rejected(step.name.toStdString(), found))
            text += "\n  " + line;
        QVERIFY2(text.empty(), text.c_str());
    }

    void nothingIsAcceptedThatDoesNotOccur() {
        std::string text;
        for (const std::string& stale : m_accepted.unused())
            text += "\n  " + stale;
        QVERIFY2(text.empty(), text.c_str());
    }

    void cleanupTestCase() {
        qInfo("%d commands, %d alike", m_ran, m_alike);
        if (m_ours.state() != QProcess::NotRunning) {
            m_ours.terminate();
            QVERIFY(m_ours.waitForFinished(10'000));
            QCOMPARE(m_ours.exitCode(), 0);
        }
    }
};

QTEST_GUILESS_MAIN(KubectlTest)
#include "kubectl_test.moc"
