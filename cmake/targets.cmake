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

# kubefed_add_executable(<name> SOURCES <file>... [DEPS <target>...] [QT])
function(kubefed_add_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "QT" "" "SOURCES;DEPS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE kubefed::options ${arg_DEPS})
  if(arg_QT)
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
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
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE kubefed::options Qt6::Test ${arg_DEPS})
  set_target_properties(${name} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(tmp ${PROJECT_BINARY_DIR}/tests/tmp/${name})
  file(MAKE_DIRECTORY ${tmp})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} WORKING_DIRECTORY ${tmp}
    ENVIRONMENT "TMPDIR=${tmp};HOME=${tmp};XDG_DATA_HOME=${tmp}/data;XDG_CONFIG_HOME=${tmp}/config;QT_QPA_PLATFORM=offscreen;LC_ALL=C.UTF-8;KUBEFED_BIN_DIR=${PROJECT_BINARY_DIR}/bin;KUBEFED_SOURCE_DIR=${PROJECT_SOURCE_DIR};TSAN_OPTIONS=halt_on_error=1 second_deadlock_stack=1 suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan.supp;ASAN_OPTIONS=detect_leaks=1;UBSAN_OPTIONS=print_stacktrace=1 halt_on_error=1;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp")
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
