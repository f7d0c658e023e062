# SPDX-License-Identifier: Apache-2.0
# find_package(Kubefed COMPONENTS PolicySdk): the target kubefed::policy_sdk, kubefed_add_policy() and
# kubefed_add_policy_test().
if(NOT Kubefed_FIND_COMPONENTS)
  set(Kubefed_FIND_COMPONENTS PolicySdk)
endif()
foreach(component IN LISTS Kubefed_FIND_COMPONENTS)
  if(component STREQUAL "PolicySdk")
    include(${CMAKE_CURRENT_LIST_DIR}/KubefedPolicySdkTargets.cmake)
    include(${CMAKE_CURRENT_LIST_DIR}/kubefed_policy.cmake)
    set(Kubefed_PolicySdk_FOUND TRUE)
  elseif(Kubefed_FIND_REQUIRED_${component})
    set(Kubefed_FOUND FALSE)
    set(Kubefed_NOT_FOUND_MESSAGE "Kubefed has no component ${component}; there is PolicySdk")
  endif()
endforeach()
