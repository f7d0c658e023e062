// SPDX-License-Identifier: Apache-2.0
//
// kubefed-policy-probe LIBRARY BUILTIN_FOLDER SCRATCH_FOLDER: loads a policy library where it can do no harm,
// in a process of its own with limits, and puts it through its golden rounds. Reads a JSON array of
// configurations from standard input. Writes lines: "step WHAT" before each step, "name NAME" where the
// library's manifest tells one, and at the end "ok {manifest}" or "refused WHY".
#include <exception>
#include <iostream>
#include <iterator>
#include <string>

#include "plugins/probe/probe.h"

#include <unistd.h>

namespace {

using namespace kubefed;

Result<std::vector<kube::JsonObject>> readConfigs() {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    auto parsed = kube::parseJson(text);
    KUBEFED_TRY(parsed);
    std::vector<kube::JsonObject> configs;
    if (const kube::JsonArray* array = parsed->if_array())
        for (const kube::Json& config : *array)
            if (config.is_object())
                configs.push_back(config.get_object());
    return configs;
}

}  // namespace

int main(int argc, char** argv) {
    const ProbeAnswers answers;
    try {
        if (argc != 4) {
            std::cerr << "kubefed-policy-probe is started by kubefed-controller\n";
            return 2;
        }
        auto configs = readConfigs();
        const auto result = configs ? probe({argv[1], argv[2], argv[3], *std::move(configs)}, answers)
                                    : fail(configs.error());
        if (result)
            answers.say("ok", kube::printJson(*result));
        else
            answers.say("refused", result.error().text());
        // Without destructors: how a plugin behaves at the end of a process is not the question.
        ::_exit(result ? 0 : 1);
    } catch (const std::exception& error) {
        answers.say("refused", error.what());
        return 1;
    }
}
