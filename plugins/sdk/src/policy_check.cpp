// SPDX-License-Identifier: Apache-2.0
//
// The program behind kubefed_add_policy_test(): checks the properties of one policy library.
//   policy_check LIBRARY [--config KEY=VALUE] [--rising FIGURE] [--falling FIGURE] [--rounds N]
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <kubefed/policy_properties.hpp>

namespace {

using kubefed::policy::testing::PropertyOptions;
using kubefed::policy::testing::Value;

Value readValue(const std::string& text) {
    if (text == "true" || text == "false")
        return {text == "true"};
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    return !text.empty() && *end == '\0' ? Value(number) : Value(text);
}

bool readOption(std::string_view option, const std::string& value, PropertyOptions& options) {
    if (option == "--rising")
        options.rising.push_back(value);
    else if (option == "--falling")
        options.falling.push_back(value);
    else if (option == "--rounds")
        options.rounds = std::atoi(value.c_str());
    else if (const auto equals = value.find('='); option == "--config" && equals != std::string::npos)
        options.config.set(value.substr(0, equals), readValue(value.substr(equals + 1)));
    else
        return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    PropertyOptions options;
    bool isUnderstood = argc >= 2 && argc % 2 == 0;
    for (int i = 2; isUnderstood && i < argc; i += 2)
        isUnderstood = readOption(argv[i], argv[i + 1], options);
    if (!isUnderstood) {
        std::fprintf(stderr,
                     "usage: %s LIBRARY [--config KEY=VALUE] [--rising FIGURE] [--falling FIGURE]"
                     " [--rounds N]\n",
                     argv[0]);
        return 2;
    }
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    const auto* manifest =
        library == nullptr
            ? nullptr
            : static_cast<const kubefed_policy_manifest*>(dlsym(library, KUBEFED_POLICY_MANIFEST_SYMBOL));
    if (manifest == nullptr) {
        std::fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    const auto problems = kubefed::policy::testing::checkProperties(*manifest, options);
    for (const std::string& problem : problems)
        std::fprintf(stderr, "%s\n", problem.c_str());
    if (problems.empty())
        std::printf("%s: %d rounds of every stage, every property holds\n",
                    std::string(kubefed::policy::view(manifest->name)).c_str(), options.rounds);
    return problems.empty() ? 0 : 1;
}
