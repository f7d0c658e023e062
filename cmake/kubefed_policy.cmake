# SPDX-License-Identifier: Apache-2.0

# kubefed_add_policy(<name> SOURCES <file>...)
# A placement policy: the target policy_<name>, the library <name>.so, built against the SDK's headers alone,
# with everything hidden but its manifest. The same function builds the built-in policies and, from the
# installed SDK, anybody's own.
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

# kubefed_add_policy_test(<name> [CASES <folder>] [CONFIG <key>=<value>...] [RISING <figure>...]
#                         [FALLING <figure>...])
# Tests for ctest of the policy made by kubefed_add_policy(<name>): <name>_properties checks the properties
# that every policy must have (RISING and FALLING: and that its points are monotone in these figures of a
# cluster); with CASES, <name>_cases runs that folder's golden cases through `kubefed policy test`.
function(kubefed_add_policy_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CASES" "CONFIG;RISING;FALLING")
  if(NOT TARGET kubefed_policy_check)
    set(source ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/policy_check.cpp)
    if(NOT EXISTS ${source})  # in kubefed's own tree
      set(source ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../plugins/sdk/src/policy_check.cpp)
    endif()
    add_executable(kubefed_policy_check ${source})
    target_link_libraries(kubefed_policy_check PRIVATE kubefed::policy_sdk ${CMAKE_DL_LIBS})
  endif()
  set(options "")
  foreach(kind config rising falling)
    string(TOUPPER ${kind} list)
    foreach(value IN LISTS arg_${list})
      list(APPEND options --${kind} ${value})
    endforeach()
  endforeach()
  add_test(NAME ${name}_properties COMMAND kubefed_policy_check $<TARGET_FILE:policy_${name}> ${options})
  if(arg_CASES)
    find_program(KUBEFED_PROGRAM kubefed DOC "The kubefed command, for golden cases")
    if(KUBEFED_PROGRAM)
      add_test(NAME ${name}_cases
        COMMAND ${KUBEFED_PROGRAM} policy test $<TARGET_FILE:policy_${name}> --cases ${arg_CASES}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    else()
      message(STATUS "kubefed is not on the PATH: the golden cases of ${name} are not run")
    endif()
  endif()
endfunction()
