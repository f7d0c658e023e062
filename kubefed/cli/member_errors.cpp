// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/member_errors.h"

#include "kubefed/cli/report.h"

namespace kubefed::cli {
namespace {

std::string quoted(const std::string& text) {
    return "\"" + text + "\"";
}

CliError nameError(const MemberIn& member, std::string evidence, const std::string& suggestion) {
    return {.id = "KF1103",
            .message = "the server's certificate does not name the address in context " +
                       quoted(member.context.context),
            .evidence = std::move(evidence),
            .remedy = suggestion.empty()
                          ? member.joinCommand + " --tls-server-name NAME, with a name of the certificate"
                          : member.joinCommand + " --tls-server-name " + suggestion,
            .changed = kNothingChanged};
}

CliError untrusted(const MemberIn& member, std::string evidence) {
    return {.id = "KF1104",
            .message = "the server's certificate is signed by an authority that context " +
                       quoted(member.context.context) + " does not trust",
            .evidence = std::move(evidence),
            .remedy = "put the cluster's CA into the kubeconfig (certificate-authority), then join again",
            .changed = kNothingChanged};
}

CliError notValidNow(const MemberIn& member, std::string evidence) {
    return {.id = "KF1105",
            .message =
                "the server's certificate in context " + quoted(member.context.context) + " is not valid now",
            .evidence = std::move(evidence),
            .remedy = "renew the cluster's serving certificate, or correct the clock of this machine",
            .changed = kNothingChanged};
}

}  // namespace

std::string nameList(const std::vector<std::string>& names, std::size_t atMost) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < atMost; ++i)
        text += (i > 0 ? ", " : "") + names[i];
    if (names.size() > atMost)
        text += ", and " + std::to_string(names.size() - atMost) + " more";
    return text;
}

CliError connectionError(const Error& error, const MemberIn& member) {
    const std::string where = member.context.endpoint.url();
    const std::string who = "the API server of context " + quoted(member.context.context) + " at " + where;
    switch (net::problemOf(error)) {
        case net::Problem::Timeout:
            return {.id = "KF1102",
                    .message = who + " does not answer in time",
                    .evidence = error.text(),
                    .remedy = "check firewalls and that the address can be reached from here",
                    .changed = kNothingChanged};
        case net::Problem::UnknownCa:
            return untrusted(member, error.text());
        case net::Problem::NameMismatch:
            return nameError(member, error.text(), {});
        case net::Problem::Expired:
        case net::Problem::NotYetValid:
            return notValidNow(member, error.text());
        default:
            break;
    }
    if (error.code == Code::DeadlineExceeded)
        return {.id = "KF1102",
                .message = who + " does not answer in time",
                .evidence = error.text(),
                .remedy = "check firewalls and that the address can be reached from here",
                .changed = kNothingChanged};
    if (error.code == Code::DataLoss)
        return {.id = "KF1117",
                .message = who + " does not speak the Kubernetes API",
                .evidence = error.text(),
                .remedy = "check the server's address in the kubeconfig",
                .changed = kNothingChanged};
    if (net::problemOf(error) == net::Problem::Tls)
        return {.id = "KF1106",
                .message = who + " refuses the TLS connection",
                .evidence = error.text(),
                .remedy = "check the client certificate of the context's user",
                .changed = kNothingChanged};
    return {.id = "KF1101",
            .message = who + " cannot be reached",
            .evidence = error.text(),
            .remedy = "check that the cluster runs and that the server's address in the kubeconfig is right",
            .changed = kNothingChanged};
}

CliError certificateError(const net::ServerProbe& probe, const MemberIn& member, WallTime now) {
    const auto& names = probe.certificate.subjectAltNames;
    switch (probe.problem) {
        case net::Problem::NameMismatch: {
            // A DNS name reads better than an address, and lives longer.
            std::string suggestion;
            for (const std::string& name : names)
                if (name.find_first_not_of("0123456789.:") != std::string::npos &&
                    name.find('*') == std::string::npos) {
                    suggestion = name;
                    break;
                }
            if (suggestion.empty() && !names.empty())
                suggestion = names.front();
            return nameError(member, "subject alternative names are " + nameList(names), suggestion);
        }
        case net::Problem::Expired:
            return notValidNow(
                member,
                "it expired " +
                    longDuration(std::chrono::duration_cast<Duration>(now - probe.certificate.notAfter)) +
                    " ago, on " + toRfc3339(probe.certificate.notAfter));
        case net::Problem::NotYetValid:
            return notValidNow(member, "it is valid from " + toRfc3339(probe.certificate.notBefore));
        default:
            return untrusted(member, probe.problemText);
    }
}

CliError memberApiError(const Error& error, const std::string& what, const MemberIn& member) {
    if (!error.status)
        return connectionError(error, member);
    const std::string context = quoted(member.context.context);
    if (error.status->httpCode == 401)
        return {.id = "KF1106",
                .message = "the cluster of context " + context + " does not accept its credentials",
                .evidence = error.text(),
                .remedy = "log in to the cluster again, or correct the user of the context",
                .changed = kNothingChanged};
    if (error.status->httpCode == 403)
        return {.id = "KF1107",
                .message = "your credentials in context " + context + " may not " + what,
                .evidence = error.text(),
                .remedy = "ask for that right, or join with a context that has it",
                .changed = kNothingChanged};
    return {.id = "KF1114",
            .message = "the cluster of context " + context + " refused to " + what,
            .evidence = error.text(),
            .remedy = "see the evidence; join again once it is solved",
            .changed = kNothingChanged};
}

}  // namespace kubefed::cli
