// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/schema_pattern.h"

#include <boost/regex.hpp>

namespace kubefed::kube {

std::shared_ptr<const void> compilePattern(const std::string& pattern) {
    try {
        return std::make_shared<const boost::regex>(pattern, boost::regex::perl | boost::regex::no_mod_m);
    } catch (const std::exception&) {
        return nullptr;
    }
}

bool matchesPattern(const void* compiled, std::string_view text) {
    try {
        return boost::regex_search(text.begin(), text.end(), *static_cast<const boost::regex*>(compiled));
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace kubefed::kube
