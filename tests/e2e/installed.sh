#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kubefed as `cmake --install` lays it out: complete, and without the folder in which it was built.
#   installed.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "$1" && pwd) source=$PWD

folder=$(mktemp -d)
cmake --install "$build" --prefix "$folder/first" >/dev/null
mv "$folder/first" "$folder/installed"  # wherever it stands
export HOME=$folder XDG_DATA_HOME=$folder/data KUBECONFIG=$folder/kubeconfig
export PATH=$folder/installed/bin:/usr/bin:/bin
unset KUBEFED_CONTEXT KUBEFED_BIN_DIR LD_LIBRARY_PATH
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -n 40 "$folder"/*.log "$folder"/data/kubefed/*/*.log || true
  kubefed sandbox down >/dev/null 2>&1 || true
  kubefed deinit laid-out --yes >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap on_exit EXIT
fail() { echo "installed: $*" >&2; exit 1; }
try() { "$@" >"$folder/try.log" 2>&1 || fail "\"$*\" failed"; }
says() { grep -q "$1" "$folder/try.log" || fail "\"$1\" is not said"; }

for program in kubefed kubectl-kubefed kubefed-controller kubefed-sandbox kubefed-policy-probe kubefed-gui; do
  [ -x "$folder/installed/bin/$program" ] || fail "$program is not installed"
done
binaries=0
while read -r file; do
  binaries=$((binaries + 1))
  if found=$(readelf -d "$file" | grep -E 'R(UN)?PATH'); then fail "$file looks for libraries in folders: $found"; fi
  if missing=$(ldd "$file" | grep 'not found'); then fail "$file misses libraries: $missing"; fi
done < <(find "$folder/installed" -type f \( -path '*/bin/*' -o -name '*.so' \))
[ $binaries = 9 ] || fail "there are $binaries programs and policies, not 9"

try kubefed init laid-out
try kubefed sandbox up --clusters tokyo:jp,osaka:jp
# What runs is what was installed, and nothing that runs was told of another folder.
for process in "$folder"/data/kubefed/laid-out/*.pid "$folder"/data/kubefed-sandbox/*.pid; do
  pid=$(<"$process")
  case $(readlink "/proc/$pid/exe") in "$folder/installed/bin/"*) ;; *) fail "${process##*/} is of another program" ;; esac
  if tr '\0' '\n' <"/proc/$pid/cmdline" | grep -F -e "$build" -e "$source"; then fail "it was started on the build folder"; fi
  if grep -F -e "$build" "/proc/$pid/maps"; then fail "it has something of the build folder in its memory"; fi
done
try kubefed join tokyo
try kubefed join osaka
try kubefed apply -f examples/guestbook
healthy=0
for _ in $(seq 300); do
  # The last columns are SCHEDULED, APPLIED, HEALTHY and AGE.
  if kubefed get placements >"$folder/placements.log" 2>&1 &&
    [ "$(grep -cE ' True +True +True +[0-9]+s *$' "$folder/placements.log")" -ge 8 ]; then healthy=1; break; fi
  sleep 0.1
done
[ $healthy = 1 ] || fail "the guestbook does not become healthy"
try kubefed why rc/frontend
says 'frontend (ReplicationController, namespace default): 6 replicas over 2 of 2 clusters, policy default/web'
try kubefed policy list
for policy in affinity spread taints weighted; do says "^$policy "; done

cat >"$folder/case.yaml" <<'END'
apiVersion: policy.kubefed.io/v1alpha1
kind: PolicyCase
clusters: [{name: tokyo}, {name: osaka}]
workload: {name: frontend, replicas: 4}
config: {weights: {tokyo: 3, osaka: 1}}
expect: {placement: {tokyo: 3, osaka: 1}}
END
try kubefed policy run weighted --input "$folder/case.yaml"
says '^tokyo  *3 '
try kubefed policy test weighted --cases "$folder/case.yaml"
# The SDK beside it builds a policy, and the probe beside the controller tries it before it is installed.
cp -r examples/policy-plugin "$folder/example"
try cmake -S "$folder/example" -B "$folder/example/build" -DCMAKE_PREFIX_PATH="$folder/installed"
try cmake --build "$folder/example/build"
try ctest --test-dir "$folder/example/build" --no-tests=error
try kubefed policy install --trust "$folder/example/build/nearest.so"
try kubefed policy list
says '^nearest '

try kubefed-gui --version
try kubefed down laid-out
try kubefed up laid-out
try kubefed sandbox down
try kubefed deinit laid-out --yes
[ -z "$(ls -A "$folder/data/kubefed")" ] || fail "something was left: $(ls "$folder/data/kubefed")"
