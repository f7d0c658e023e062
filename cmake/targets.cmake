# SPDX-License-Identifier: Apache-2.0

# kubefed_add_library(<area> SOURCES <file>... [DEPS <target>...] [PRIVATE_DEPS <target>...] [QT])
# A static library kubefed_<area> with the alias kubefed::<area>. QT runs moc on its headers.
function(kubefed_add_library area)
  cmake_parse_arguments(PARSE_ARGV 1 arg "QT" "" "SOURCES;DEPS;PRIVATE_DEPS")
  add_library(kubefed_${area} STATIC ${arg_SOURCES})
  add_library(kubefed::${area} ALIAS kubefed_${area})
  target_link_libraries(kubefed_${area} PUBLIC kubefed::options ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  if(arg_QT)
    set_target_properties(kubefed_${area} PROPERTIES AUTOMOC ON)
  endif()
endfunction()

# kubefed_add_executable(<name> SOURCES <file>... [DEPS <target>...] [QT] [COMPONENT <name>])
# A program. What is shipped is installed with the component Cli, which is whole by itself, or with COMPONENT.
function(kubefed_add_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "QT" "COMPONENT" "SOURCES;DEPS")
  if(NOT arg_COMPONENT)
    set(arg_COMPONENT Cli)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE kubefed::options ${arg_DEPS})
  if(arg_QT)
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
  endif()
  # Programs of tests/ (bench, helpers) are not what is shipped.
  if(NOT CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/tests/")
    set_property(GLOBAL APPEND PROPERTY KUBEFED_PROGRAMS ${name})
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${arg_COMPONENT})
  endif()
endfunction()

# kubefed_add_test(<name> LABELS <label>... SOURCES <file>... [DEPS <target>...] [TIMEOUT <s>] [SERIAL])
# A Qt Test program <name> (with QTEST_*MAIN in its first source) run by ctest with a private temporary
# folder, offscreen, UTF-8. Labels: unit, integration, e2e, kube, gui, bench, and the area's name, by which
# the sanitizer runs pick their share.
function(kubefed_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "LABELS;SOURCES;DEPS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(KUBEFED_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
  endif()
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(cache $ENV{XDG_CACHE_HOME})
  else()
    set(cache $ENV{HOME}/.cache)
  endif()
  add_executable(${name} ${arg_SOURCES})
  set(sources "")
  foreach(source IN LISTS arg_SOURCES)
    get_filename_component(source ${source} ABSOLUTE)
    string(APPEND sources " ${source}")
  endforeach()
  set_property(GLOBAL APPEND_STRING PROPERTY KUBEFED_TEST_SOURCES "${name}${sources}\n")
  target_link_libraries(${name} PRIVATE kubefed::options Qt6::Test ${arg_DEPS})
  if(KUBEFED_SANITIZE)
    # For counts that prove as much with less; only tests may know.
    target_compile_definitions(${name} PRIVATE KUBEFED_SANITIZED)
  endif()
  set_target_properties(${name} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(tmp ${PROJECT_BINARY_DIR}/tests/tmp/${name})
  file(MAKE_DIRECTORY ${tmp})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} WORKING_DIRECTORY ${tmp}
    ENVIRONMENT "TMPDIR=${tmp};HOME=${tmp};XDG_DATA_HOME=${tmp}/data;XDG_CONFIG_HOME=${tmp}/config;QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;KUBEFED_BIN_DIR=${PROJECT_BINARY_DIR}/bin;KUBEFED_SOURCE_DIR=${PROJECT_SOURCE_DIR};KUBEFED_KUBE_CACHE=${cache}/kubefed/kube-v1.34.4;TSAN_OPTIONS=halt_on_error=1 second_deadlock_stack=1 suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp;ASAN_OPTIONS=detect_leaks=1;UBSAN_OPTIONS=print_stacktrace=1 halt_on_error=1;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp")
  if("net" IN_LIST arg_LABELS OR "cache" IN_LIST arg_LABELS OR "apiserver" IN_LIST arg_LABELS)
    set_property(GLOBAL APPEND PROPERTY KUBEFED_TSAN_TESTS ${name})
  endif()
  if("unit" IN_LIST arg_LABELS OR "integration" IN_LIST arg_LABELS)
    set_property(GLOBAL APPEND PROPERTY KUBEFED_ASAN_TESTS ${name})
  endif()
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

# A target that builds whatever was appended to a global property.
function(kubefed_add_collection name property)
  get_property(members GLOBAL PROPERTY ${property})
  add_custom_target(${name})
  if(members)
    add_dependencies(${name} ${members})
  endif()
endfunction()

# Last in the root: kubefed_programs (what is shipped, with the built-in policies), and asan_tests and tsan_tests
# (what the test presets of those names run, with what that needs, and nothing else).
function(kubefed_add_collections)
  kubefed_add_collection(kubefed_programs KUBEFED_PROGRAMS)
  kubefed_add_collection(asan_tests KUBEFED_ASAN_TESTS)
  kubefed_add_collection(tsan_tests KUBEFED_TSAN_TESTS)
  # Which source has a test's functions: for tests/unit/proofs.sh.
  get_property(sources GLOBAL PROPERTY KUBEFED_TEST_SOURCES)
  file(WRITE ${PROJECT_BINARY_DIR}/tests/sources.txt "${sources}")
  # Tests start programs, and those load policies, from where all are built.
  add_dependencies(asan_tests kubefed_programs)
endfunction()
