#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the policy SDK alone and builds examples/policy-plugin against nothing else.
#   policy_sdk.sh BUILD_FOLDER
set -euo pipefail
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "policy_sdk: $*" >&2; exit 1; }

cmake --install "$build" --component PolicySdk --prefix "$work/sdk" >/dev/null
for wanted in policy_abi.h policy.hpp policy_testing.hpp policy_properties.hpp; do
  [ -f "$work/sdk/include/kubefed/$wanted" ] || fail "$wanted is not installed"
done
if leaked=$(grep -rniE 'include *[<"](Q[A-Z]|qt|boost|grpc|google)|find_(package|dependency)\((Qt|Boost|gRPC|Protobuf)' "$work/sdk"); then
  fail "the SDK needs what it must not: $leaked"
fi
if leaked=$(grep -rnF -e "$source" -e "$build" "$work/sdk"); then
  fail "the SDK names the folders it was built in: $leaked"
fi

cp -r "$source/examples/policy-plugin" "$work/example"  # nothing of the source tree around it
[ "$(wc -l <"$work/example/nearest.cpp")" -lt 60 ] || fail "nearest.cpp has grown to 60 lines"
cmake -S "$work/example" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/sdk" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Wshadow -Werror" -DKUBEFED_PROGRAM="$build/bin/kubefed" >/dev/null
cmake --build "$work/build"
(cd "$work/build" && ctest --output-on-failure --no-tests=error)

needed=$(readelf -d "$work/build/nearest.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
if foreign=$(grep -vE '^(libstdc\+\+|libm|libgcc_s|libc|ld-linux.*)\.so' <<<"$needed"); then
  fail "nearest.so needs $foreign"
fi
exported=$(nm -D --defined-only "$work/build/nearest.so" | awk '{print $3}')
[ "$exported" = kubefed_policy_manifest_v1 ] || fail "nearest.so exports $exported"
echo "policy_sdk: built against the installed SDK alone"
