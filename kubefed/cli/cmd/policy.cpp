// SPDX-License-Identifier: Apache-2.0
#include "kubefed/cli/cmd/policy.h"

#include <ostream>

#include "kubefed/cli/format/decision.h"
#include "kubefed/cli/member_errors.h"
#include "kubefed/cli/policy/policy_bench.h"

namespace kubefed::cli {

void PolicyRun::run() {
    PolicyBench bench(env());
    const auto subject = bench.load(m_options.subject, m_options.libraries);
    if (!subject)
        return fail(subject.error());
    const auto cases = loadCases(m_options.input);
    if (!cases)
        return fail(cases.error());
    kube::JsonArray documents;
    std::string failure;
    for (const PolicyCase& policyCase : *cases) {
        const auto decision = bench.decide(*subject, policyCase);
        if (!decision)
            return fail(decision.error());
        if (decision->reason == fed::kReasonPolicyError && failure.empty())
            failure = policyCase.name + ": " + decision->message;
        if (m_options.output == "json")
            documents.emplace_back(decisionJson(*decision, policyCase));
        else
            env().out << (cases->size() > 1 ? "# " + policyCase.name + "\n" : "")
                      << decisionText(*decision, policyCase, env().clock.wallNow(),
                                      m_options.output == "wide");
    }
    if (m_options.output == "json")
        env().out << kube::printJson(documents.size() == 1 ? std::move(documents.front())
                                                           : kube::Json(std::move(documents)))
                  << "\n";
    env().out << std::flush;
    if (failure.empty())
        return finish(kDone);
    fail({.id = "KF1603",
          .message = "the policy failed",
          .evidence = failure,
          .remedy = "correct the policy or its config as the evidence says, then run it again",
          .changed = "nothing was changed"});
}

void PolicyTest::run() {
    PolicyBench bench(env());
    const auto subject = bench.load(m_options.subject, m_options.libraries);
    if (!subject)
        return fail(subject.error());
    const auto cases = loadCases(m_options.input);
    if (!cases)
        return fail(cases.error());
    std::vector<std::string> failed;
    for (const PolicyCase& policyCase : *cases) {
        if (policyCase.expect.isEmpty())
            return fail({.id = "KF1602",
                         .message = "the case cannot be used",
                         .evidence = "\"" + policyCase.file + "\" expects nothing, so it could not fail",
                         .remedy = "add expect; kubefed policy run shows what comes out",
                         .changed = "nothing was changed"});
        const auto decision = bench.decide(*subject, policyCase);
        if (!decision)
            return fail(decision.error());
        const std::vector<Difference> differences = compare(policyCase.expect, *decision, policyCase);
        env().out << (differences.empty() ? " ✓ " : " ✗ ") << policyCase.name << "\n";
        for (const Difference& difference : differences)
            env().out << "     " << difference.what << "\n       - expected  " << difference.expected
                      << "\n       + got       " << difference.got << "\n";
        if (!differences.empty())
            failed.push_back(policyCase.name);
    }
    const auto all = static_cast<std::int64_t>(cases->size());
    const auto count = static_cast<std::int64_t>(failed.size());
    env().out << std::to_string(all - count) << " of " << counted(all, "case") << " pass\n" << std::flush;
    if (failed.empty())
        return finish(kDone);
    fail({.id = "KF1604",
          .message = counted(count, "case") + " of " + std::to_string(all) +
                     (count == 1 ? " does not pass" : " do not pass"),
          .evidence = nameList(failed) + ": the lines above show what was expected, and what came",
          .remedy = "correct the policy, or the expectation if what it does now is right",
          .changed = "nothing was changed"});
}

}  // namespace kubefed::cli
