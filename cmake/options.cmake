# SPDX-License-Identifier: Apache-2.0
# Build options, and the one INTERFACE target through which every flag reaches our code.
option(KUBEFED_BUILD_TESTS "Build the tests" ON)
option(KUBEFED_WERROR "Turn warnings into errors" OFF)
option(KUBEFED_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(KUBEFED_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, e.g. 'address,undefined' or 'thread'")

add_library(kubefed_options INTERFACE)
add_library(kubefed::options ALIAS kubefed_options)
target_compile_features(kubefed_options INTERFACE cxx_std_23)
target_include_directories(kubefed_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(kubefed_options INTERFACE QT_NO_KEYWORDS QT_NO_CAST_TO_ASCII QT_NO_FOREACH)
target_compile_options(kubefed_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
  -Wimplicit-fallthrough -Wextra-semi -Wnull-dereference
  # Leaving members out of a designated initializer is how options are given here.
  -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these on correct library code (PR105562, PR105329, PR104336), only when it inlines.
  target_compile_options(kubefed_options INTERFACE -Wno-null-dereference -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(KUBEFED_WERROR)
  target_compile_options(kubefed_options INTERFACE -Werror)
endif()
if(KUBEFED_SANITIZE)
  target_compile_options(kubefed_options INTERFACE -fsanitize=${KUBEFED_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(kubefed_options INTERFACE -fsanitize=${KUBEFED_SANITIZE})
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Programs find each other and the built-in policies beside themselves, so all of them share one folder.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

find_program(KUBEFED_CCACHE ccache)
if(KUBEFED_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KUBEFED_CCACHE})
endif()
find_program(KUBEFED_MOLD mold)
if(KUBEFED_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
