# SPDX-License-Identifier: Apache-2.0

# kubefed_add_policy(<name> SOURCES <file>...)
# A placement policy: the library <name>.so, built against the SDK's header alone, with everything hidden but
# its manifest. The same function builds the built-in policies and, from the installed SDK, anybody's own.
function(kubefed_add_policy name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  add_library(policy_${name} MODULE ${arg_SOURCES})
  target_link_libraries(policy_${name} PRIVATE kubefed::policy_sdk)
  set_target_properties(policy_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  # Hides the standard library's templates too: two builds of one policy must not share their statics.
  target_link_options(policy_${name} PRIVATE
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kubefed_policy.map)
endfunction()
