#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs docs/policy-sdk.md as it is read: its files are written, its commands run, in their order, against a
# federation of its own.   policy_tutorial.sh BUILD_FOLDER
set -euo pipefail
build=$(cd "$1" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
export HOME=$work XDG_DATA_HOME=$work/data KUBECONFIG=$work/kubeconfig KUBEFED_BUILD=$build PATH=$build/bin:$PATH
unset KUBEFED_CONTEXT
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -20 "$work"/data/kubefed/*/*.log >&2 || true
  kubefed deinit tutorial --yes >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap on_exit EXIT

kubefed init tutorial
cd "$work"
# Blocks with file=NAME become that file, sh blocks become commands; all in one shell, so that cd lasts.
awk '
  /^```/ && inside { if (kind == "file") print "KUBEFED_END_OF_FILE"; inside = 0; next }
  /^```[a-z]+ file=/ { sub(/.*file=/, ""); print "cat > " $0 " <<\"KUBEFED_END_OF_FILE\""; inside = 1; kind = "file"; next }
  /^```sh$/ { inside = 1; kind = "sh"; next }
  /^```/ { inside = 1; kind = "other"; next }
  inside && kind != "other" { print }
' "$source/docs/policy-sdk.md" >"$work/tutorial.sh"
grep -c . "$work/tutorial.sh" >/dev/null
set -x
# shellcheck disable=SC1091
. "$work/tutorial.sh"
set +x
! kubefed policy list | grep '^nearest' >/dev/null || { echo "policy_tutorial: nearest is still there" >&2; exit 1; }
echo "policy_tutorial: every command of docs/policy-sdk.md works"
