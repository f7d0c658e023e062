# SPDX-License-Identifier: Apache-2.0

# kubefed_add_proto(<target> ROOT <folder> FILES <file>... [GRPC <file>...])
# A static library of what protoc makes of FILES (paths below ROOT), and of the services in those named by
# GRPC. Its headers count as system headers and its code gets none of our warnings: it is not ours.
function(kubefed_add_proto target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROOT" "FILES;GRPC")
  set(out ${PROJECT_BINARY_DIR}/proto)
  set(root ${CMAKE_CURRENT_SOURCE_DIR}/${arg_ROOT})
  file(MAKE_DIRECTORY ${out})
  set(sources "")
  foreach(file IN LISTS arg_FILES)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set(made ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    set(service "")
    if(file IN_LIST arg_GRPC)
      list(APPEND made ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
      set(service --grpc_out=${out} --plugin=protoc-gen-grpc=${KUBEFED_GRPC_CPP_PLUGIN})
    endif()
    add_custom_command(
      OUTPUT ${made}
      COMMAND protobuf::protoc --proto_path=${root} --cpp_out=${out} ${service} ${root}/${file}
      DEPENDS ${root}/${file}
      VERBATIM)
    list(APPEND sources ${made})
  endforeach()
  add_library(kubefed_${target} STATIC ${sources})
  add_library(kubefed::${target} ALIAS kubefed_${target})
  target_include_directories(kubefed_${target} SYSTEM PUBLIC ${out})
  target_link_libraries(kubefed_${target} PUBLIC protobuf::libprotobuf PkgConfig::grpcpp)
  if(KUBEFED_SANITIZE)
    target_compile_options(kubefed_${target} PRIVATE -fsanitize=${KUBEFED_SANITIZE})
  endif()
endfunction()
