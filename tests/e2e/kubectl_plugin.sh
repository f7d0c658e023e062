#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `kubectl kubefed`: the installed name, found by kubectl's own plugin mechanism, against a federation.
#   kubectl_plugin.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1

kubectl=${KUBEFED_KUBE_CACHE:-$HOME/.cache/kubefed/kube-v1.34.4}/kubectl
[ -x "$kubectl" ] || kubectl=$(command -v kubectl)
folder=$(mktemp -d)
mkdir "$folder/tools"
ln -s "$kubectl" "$folder/tools/kubectl"
cmake --install "$build" --component Cli --prefix "$folder/installed" >/dev/null
export HOME=$folder XDG_DATA_HOME=$folder/data KUBECONFIG=$folder/kubeconfig
export PATH=$folder/tools:$folder/installed/bin:/usr/bin:/bin
unset KUBEFED_CONTEXT
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -n 40 "$folder"/*.log || true
  kubefed deinit plugged --yes >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap on_exit EXIT
fail() { echo "kubectl_plugin: $*" >&2; exit 1; }

kubectl plugin list >"$folder/list.log" 2>&1 || fail "kubectl finds no plugin, or complains about one"
grep -qx "$folder/installed/bin/kubectl-kubefed" "$folder/list.log" || fail "kubectl does not list it"
[ "$(kubectl kubefed version --client)" = "$(kubefed version --client)" ] || fail "it has another version"

kubectl kubefed init plugged >"$folder/init.log" 2>&1
[ "$(kubectl kubefed get ns/default -o name --context plugged)" = "$(kubefed get ns/default -o name)" ] ||
  fail "it answers otherwise than kubefed"
status=0
kubectl kubefed get clusters/absent --context plugged >"$folder/absent.log" 2>&1 || status=$?
[ $status = 1 ] || fail "its exit status is lost ($status)"
grep -q '^error KF' "$folder/absent.log" || fail "its error is lost"
