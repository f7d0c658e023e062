// SPDX-License-Identifier: Apache-2.0
//
// Each way in which joining a real cluster fails has its id, its exit code and its remedy, and leaves both
// sides as they were; and what join says of its token's life is what the cluster granted. A cluster that is
// too old is not here: there is one version of it in this tier (cli_join_test.tooOld has it).
#include <array>
#include <utility>

#include <QDateTime>
#include <QRegularExpression>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrl>
#include <QtTest/QTest>

#include "kubefed/fed/names.h"
#include "kubefed/kube/kubeconfig.h"
#include "tests/kube/support/fleet.h"

using namespace kubefed;
using namespace kubefed::test;

namespace {

// What the member lets a token live at most; 30 days are asked for.
constexpr int kGrantedHours = 30;

// What a join needs to be allowed, as `kubectl auth can-i` and as a rule write it.
struct Right {
    const char* text;
    const char* verb;
    const char* group;
    const char* resource;
};
constexpr std::array kRights{
    Right{"get namespaces \"kube-system\"", "get", "", "namespaces"},
    Right{"create namespaces", "create", "", "namespaces"},
    Right{"create serviceaccounts in namespace kubefed-system", "create", "", "serviceaccounts"},
    Right{"create serviceaccounts/token in namespace kubefed-system", "create", "", "serviceaccounts/token"},
    Right{"create clusterroles.rbac.authorization.k8s.io", "create", "rbac.authorization.k8s.io",
          "clusterroles"},
    Right{"create clusterrolebindings.rbac.authorization.k8s.io", "create", "rbac.authorization.k8s.io",
          "clusterrolebindings"},
    Right{"create roles.rbac.authorization.k8s.io in namespace kubefed-system", "create",
          "rbac.authorization.k8s.io", "roles"},
    Right{"create rolebindings.rbac.authorization.k8s.io in namespace kubefed-system", "create",
          "rbac.authorization.k8s.io", "rolebindings"},
};

std::string without(std::size_t right) {
    return "without-" + std::to_string(right);
}

// Leads to a server from an address that its certificate does not name.
class Relay {
public:
    explicit Relay(const QUrl& server) {
        QObject::connect(&m_listener, &QTcpServer::newConnection, &m_listener, [this, server] {
            while (QTcpSocket* near = m_listener.nextPendingConnection()) {
                auto* far = new QTcpSocket(near);
                far->connectToHost(server.host(), static_cast<quint16>(server.port()));
                if (!far->waitForConnected(5'000)) {
                    near->deleteLater();
                    continue;
                }
                passOn(near, far);
                passOn(far, near);
            }
        });
        m_listener.listen(QHostAddress("127.0.0.2"));
    }
    QString url() const { return QString("https://127.0.0.2:%1").arg(m_listener.serverPort()); }

private:
    static void passOn(QTcpSocket* from, QTcpSocket* to) {
        const auto pass = [from, to] { to->write(from->readAll()); };
        QObject::connect(from, &QTcpSocket::readyRead, to, pass);
        QObject::connect(from, &QTcpSocket::disconnected, to, [to] { to->disconnectFromHost(); });
        pass();
    }

    QTcpServer m_listener;
};

}  // namespace

class JoinFailuresTest : public QObject {
    Q_OBJECT

    std::unique_ptr<Fleet> m_fleet;
    std::unique_ptr<Relay> m_relay;

    // What a join writes on either side and what stands beside it, by UID and version. Of a MemberCluster,
    // whose status is written every minute, the generation counts.
    QStringList bothSides() {
        QStringList out;
        const auto add = [&](const QString& context, const QString& kinds, std::string_view version) {
            const kube::Json list = m_fleet->read(context, {kinds, "-A"});
            const kube::Json* items = kube::find(list, {"items"});
            if (items == nullptr) {
                QTest::qFail(qPrintable(context + " does not list " + kinds), __FILE__, __LINE__);
                return;
            }
            for (const kube::Json& item : items->get_array()) {
                QStringList words{context};
                for (const std::string_view field : {"namespace", "name", "uid"})
                    words << QString::fromUtf8(
                        std::string(kube::stringAt(item.get_object(), {"metadata", field})));
                words << QString::fromStdString(kube::printJson(item.at("kind")))
                      << QString::fromStdString(kube::printJson(item.at("metadata").at(version)));
                out << words.join(' ');
            }
        };
        add("prod", "memberclusters", "generation");
        add("prod", "secrets", "resourceVersion");
        add("m1", "namespaces,serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings",
            "resourceVersion");
        out.sort();
        return out;
    }

    // A new cluster, or namespace, is furnished by the cluster's own controllers. "" or that it goes on.
    QString comeToRest() {
        QStringList last;
        return Fleet::eventually([&] {
            const QStringList before = std::exchange(last, bothSides());
            return before == last ? QString() : QString("something is still being made");
        });
    }

    // A join of "tokyo" that must fail.
    void tells(const QStringList& arguments, int exitCode, const QString& id, const QStringList& words,
               const QString& remedy) {
        const Outcome join = m_fleet->kubefed(QStringList{"join", "tokyo"} + arguments);
        QVERIFY2(join.exitCode == exitCode, qPrintable(join.text()));
        QVERIFY2(join.err.count("error KF") == 1 && join.err.contains("error " + id + ": "),
                 qPrintable(join.text()));
        for (const QString& word : words)
            QVERIFY2(join.err.contains(word), qPrintable(word + " is not in " + join.text()));
        QVERIFY2(join.err.contains("\n  evidence: "), qPrintable(join.text()));
        QVERIFY2(join.err.contains("\n  remedy:   " + remedy), qPrintable(join.text()));
        QVERIFY2(join.err.contains("\nnothing was changed"), qPrintable(join.text()));
    }
    void fails(const QStringList& arguments, int exitCode, const QString& id, const QStringList& words,
               const QString& remedy) {
        const QStringList before = bothSides();
        tells(arguments, exitCode, id, words, remedy);
        QCOMPARE(bothSides(), before);
    }

    // An account of the member for each right that may do everything else that a join needs.
    QString makeAccounts() {
        kube::JsonArray items;
        const auto object = [](const char* apiVersion, const char* kind, const std::string& name) {
            return kube::JsonObject{
                {"apiVersion", apiVersion}, {"kind", kind}, {"metadata", kube::JsonObject{{"name", name}}}};
        };
        for (std::size_t right = 0; right < kRights.size(); ++right) {
            const std::string name = without(right);
            items.push_back(object("v1", "ServiceAccount", name));
            items.back().at("metadata").get_object()["namespace"] = "default";
            kube::JsonArray rules;
            for (std::size_t other = 0; other < kRights.size(); ++other)
                if (other != right)
                    rules.push_back(kube::JsonObject{{"apiGroups", kube::JsonArray{kRights[other].group}},
                                                     {"resources", kube::JsonArray{kRights[other].resource}},
                                                     {"verbs", kube::JsonArray{kRights[other].verb}}});
            kube::JsonObject role = object("rbac.authorization.k8s.io/v1", "ClusterRole", name);
            role["rules"] = std::move(rules);
            items.push_back(std::move(role));
            kube::JsonObject binding = object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name);
            binding["roleRef"] = kube::JsonObject{
                {"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", name}};
            binding["subjects"] = kube::JsonArray{
                kube::JsonObject{{"kind", "ServiceAccount"}, {"name", name}, {"namespace", "default"}}};
            items.push_back(std::move(binding));
        }
        const kube::JsonObject list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
        const Outcome created =
            m_fleet->kubectl("m1", {"create", "-f", "-"}, QByteArray::fromStdString(kube::printJson(list)));
        if (created.exitCode != 0)
            return created.text();
        // The authorizer learns of a role and of a binding in its own time.
        for (std::size_t right = 0; right < kRights.size(); ++right) {
            const Right& granted = kRights[right == 0 ? 1 : 0];
            const QString why = Fleet::eventually([&] {
                const Outcome asked = m_fleet->kubectl(
                    "m1", {"auth", "can-i", granted.verb, granted.resource, "--as",
                           "system:serviceaccount:default:" + QString::fromStdString(without(right))});
                return asked.exitCode == 0 ? QString() : asked.text();
            });
            if (!why.isEmpty())
                return why;
        }
        return {};
    }

    static QString errorOf(const Result<void>& result) {
        return result ? QString() : QString::fromStdString(result.error().text());
    }

    // Contexts that lead to the member, or to the federation, in other ways than theirs.
    QString makeContexts() {
        const auto config = kube::Kubeconfig::load(m_fleet->m1().kubeconfig().toStdString());
        const auto member = config ? config->resolve("m1") : kubefed::fail(config.error());
        const auto own = kube::Kubeconfig::load((m_fleet->folder() + "/kubeconfig").toStdString());
        const auto federation = own ? own->resolve("prod") : kubefed::fail(own.error());
        const auto ca = net::makeCa("somebody else", std::chrono::hours(1));
        if (!member || !federation || !ca)
            return "no contexts to begin with";
        const QString file = m_fleet->folder() + "/further-kubeconfig";
        QString why;
        const auto add = [&](const std::string& name, const std::string& server, net::Identity identity) {
            if (why.isEmpty())
                why = errorOf(kube::addContext(
                    file.toStdString(), {.name = name, .server = server, .identity = std::move(identity)}));
        };
        const std::string server = member->endpoint.url();
        net::Identity untrusting = member->identity;
        untrusting.caPem = ca->certPem;
        add("untrusted", server, untrusting);
        add("unknown", server, {.caPem = member->identity.caPem, .bearerToken = "nobody"});
        add("misnamed", m_relay->url().toStdString(), member->identity);
        for (std::size_t right = 0; right < kRights.size(); ++right) {
            const Outcome token = m_fleet->kubectl(
                "m1", {"create", "token", QString::fromStdString(without(right)), "-n", "default"});
            if (token.exitCode != 0)
                return token.text();
            add(without(right), server,
                {.caPem = member->identity.caPem, .bearerToken = token.out.trimmed().toStdString()});
        }
        add("unmarked", federation->endpoint.url(), federation->identity);
        net::Endpoint otherwise = federation->endpoint;
        otherwise.host = "localhost";
        add("otherwise", otherwise.url(), federation->identity);
        m_fleet->addKubeconfig(file);
        return why;
    }

private Q_SLOTS:
    void initTestCase() {
        KUBEFED_REQUIRE_REAL_KUBERNETES();
        m_fleet = std::make_unique<Fleet>();
        QString why = m_fleet->startMembers(
            {"--arg", QString("apiserver=--service-account-max-token-expiration=%1h").arg(kGrantedHours)},
            {"m1"});
        QVERIFY2(why.isEmpty(), qPrintable(why));
        const Outcome init = m_fleet->kubefed({"init", "prod"});
        QVERIFY2(init.exitCode == 0, qPrintable(init.text()));
        m_relay = std::make_unique<Relay>(QUrl(m_fleet->m1().server()));
        why = makeAccounts();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        why = makeContexts();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        why = comeToRest();
        QVERIFY2(why.isEmpty(), qPrintable(why));
    }
    void cleanupTestCase() {
        m_relay.reset();
        m_fleet.reset();
    }

    void noSuchContext() {
        fails({"--cluster-context", "kyoto"}, 2, "KF1001", {"\"kyoto\"", "the contexts are ", "m1"},
              "choose one of them, or another file with --kubeconfig\n");
        fails({}, 2, "KF1001", {"\"tokyo\""}, "choose one of them, or another file with --kubeconfig\n");
    }

    void refused() {
        const QStringList before = bothSides();
        QString why = m_fleet->m1().control("kill");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        tells({"--cluster-context", "m1"}, 4, "KF1101", {m_fleet->m1().server()},
              "check that the cluster runs and that the server's address in the kubeconfig is right\n");
        why = m_fleet->m1().control("start");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QCOMPARE(bothSides(), before);
    }

    void timedOut() {
        const QStringList before = bothSides();
        QString why = m_fleet->m1().control("freeze");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        tells({"--cluster-context", "m1"}, 4, "KF1102", {m_fleet->m1().server()},
              "check firewalls and that the address can be reached from here\n");
        why = m_fleet->m1().control("thaw");
        QVERIFY2(why.isEmpty(), qPrintable(why));
        QCOMPARE(bothSides(), before);
    }

    // The remedy is a command: it joins.
    void nameMismatch() {
        const QString command = "kubefed join tokyo --cluster-context misnamed --tls-server-name ";
        fails({"--cluster-context", "misnamed"}, 4, "KF1103", {"not for \"127.0.0.2\"", "127.0.0.1"},
              command);
        const Outcome join = m_fleet->kubefed({"join", "tokyo", "--cluster-context", "misnamed"});
        const QString name = join.err.section("  remedy:   " + command, 1).section('\n', 0, 0);
        QVERIFY2(QRegularExpression("^[a-z.]+$").match(name).hasMatch(), qPrintable(join.text()));
        const QStringList before = bothSides();
        const Outcome remedied = m_fleet->kubefed(
            {"join", "tokyo", "--cluster-context", "misnamed", "--tls-server-name", name, "--dry-run"});
        QVERIFY2(remedied.exitCode == 0, qPrintable(remedied.text()));
        QCOMPARE(bothSides(), before);
    }

    void unknownCa() {
        fails({"--cluster-context", "untrusted"}, 4, "KF1104", {"does not trust"},
              "put the cluster's CA into the kubeconfig (certificate-authority), then join again\n");
    }

    void unauthorized() {
        fails({"--cluster-context", "unknown"}, 4, "KF1106", {"evidence: Unauthorized"},
              "log in to the cluster again, or correct the user of the context\n");
    }

    void oneRightIsMissing() {
        const QStringList before = bothSides();
        for (std::size_t right = 0; right < kRights.size(); ++right) {
            tells({"--cluster-context", QString::fromStdString(without(right))}, 4, "KF1107",
                  {QString("may not %1\n").arg(kRights[right].text)},
                  "ask for that right, or join with a context that has it\n");
            if (QTest::currentTestFailed())
                return;
        }
        QCOMPARE(bothSides(), before);
    }

    void theFederationItself() {
        const QString remedy = "name the member's context with --cluster-context\n";
        fails({"--cluster-context", "prod"}, 2, "KF1110", {"itself"}, remedy);
        fails({"--cluster-context", "unmarked"}, 2, "KF1110", {"itself"}, remedy);
        fails({"--cluster-context", "otherwise"}, 2, "KF1110", {"the same namespace kube-system"}, remedy);
    }

    // From here on the member is joined; and what a join writes is what the others would have written.
    void theGrantedLifeIsSaid() {
        const QStringList before = bothSides();
        const Outcome join = m_fleet->kubefed({"join", "m1"});
        QVERIFY2(join.exitCode == 0, qPrintable(join.text()));
        QStringList written = bothSides();
        for (const QString& line : before)
            written.removeOne(line);
        for (const char* kind : {"MemberCluster", "Secret", "Namespace", "ServiceAccount", "ClusterRole",
                                 "ClusterRoleBinding", "Role", "RoleBinding"})
            QVERIFY2(!written.filter(QString("\"%1\"").arg(kind)).isEmpty(), kind);
        const kube::Json secret = m_fleet->read("prod", {"secret", "m1-credentials", "-n", "kubefed-system"});
        QVERIFY(secret.is_object());
        const std::string_view token = kube::stringAt(secret.get_object(), {"data", "token"});
        const QByteArray body = QByteArray::fromBase64(
            QByteArray::fromBase64(QByteArray::fromStdString(std::string(token))).split('.').value(1),
            QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
        const auto claims = kube::parseJson(body.toStdString());
        QVERIFY2(claims && claims->is_object(), body.constData());
        const qint64 begins = kube::intAt(claims->get_object(), {"iat"}).value_or(0);
        const qint64 expires = kube::intAt(claims->get_object(), {"exp"}).value_or(0);
        QCOMPARE(expires - begins, qint64{kGrantedHours} * 3600);
        const QString told = QDateTime::fromSecsSinceEpoch(expires, Qt::UTC).toString(Qt::ISODate);
        QCOMPARE(QString::fromUtf8(std::string(kube::stringAt(
                     secret.get_object(), {"metadata", "annotations", fed::kTokenExpiryAnnotation}))),
                 told);
        const QString said = QString("token obtained, valid until %1 (%2 hours granted, 30 days asked)")
                                 .arg(told.left(10))
                                 .arg(kGrantedHours);
        QVERIFY2(join.err.contains(said), qPrintable(said + " is not in " + join.text()));
    }

    void alreadyJoinedUnderAnotherName() {
        const QString why = comeToRest();
        QVERIFY2(why.isEmpty(), qPrintable(why));
        fails({"--cluster-context", "m1"}, 1, "KF1109", {"already joined as \"m1\""},
              "use that name, or kubefed unjoin m1 first\n");
    }
};

QTEST_GUILESS_MAIN(JoinFailuresTest)
#include "join_failures_test.moc"
