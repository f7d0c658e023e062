#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a policy that passed its probe does to a running federation when it crashes, leaves without a word or never
# comes back: the next start (after an end without a word the second) disables it and says why, /livez tells of the
# hang, and what is placed stays and is kept as it should be.
#   policy_faults.sh BUILD_FOLDER
set -euo pipefail
build=$(cd "$1" && pwd)
work=$(mktemp -d)
export HOME=$work XDG_DATA_HOME=$work/data KUBECONFIG=$work/kubeconfig PATH=$build/bin:$PATH
unset KUBEFED_CONTEXT
data=$work/data/kubefed/faults
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -20 "$data"/*.log >&2 || true
  [ ! -f "$data/kubefed-controller.pid" ] || kill -9 "$(cat "$data/kubefed-controller.pid")" 2>/dev/null || true
  kubefed sandbox down >/dev/null 2>&1 || true
  kubefed deinit faults --yes >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $status
}
trap on_exit EXIT
fail() { echo "policy_faults: $*" >&2; exit 1; }
until_true() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  fail "never came true: $*"
}
says() { local text=$1; shift; "$@" 2>&1 | grep -F -- "$text" >/dev/null; }
livez() { curl -sk "https://127.0.0.1:$(sed -n 's/^port: //p' "$data/config.yaml")/livez"; }
# As somebody who works in the member itself: in_member MEMBER METHOD PATH.
in_member() {
  local server part
  server=$(awk -v name="$1" '$1 == "server:" { at = $2 } $0 == "  name: " name { print at; exit }' "$KUBECONFIG")
  for part in certificate key; do
    awk -v name="$1" -v key="client-$part-data:" '/^- name: / { mine = $3 == name } mine && $1 == key { print $2 }' \
      "$KUBECONFIG" | base64 -d >"$work/member.$part"
  done
  curl -sk --cert "$work/member.certificate" --key "$work/member.key" -X "$2" "$server$3"
}
gone() { ! kill -0 "$1" 2>/dev/null; }
workload() {
  kubefed apply -f - <<YAML
apiVersion: v1
kind: ReplicationController
metadata: {name: $1, namespace: default, labels: {app: $2}}
spec:
  replicas: 2
  selector: {app: $1}
  template:
    metadata: {labels: {app: $1}}
    spec: {containers: [{name: web, image: web}]}
YAML
}

kubefed init faults --plugin-dir "$build/tests/trap_plugins"
kubefed down faults
echo 'policyCallLimitMillis: 1500' >>"$data/config.yaml"
kubefed up faults
export KUBEFED_CONTEXT=faults
kubefed sandbox up --clusters 2
for member in $(kubefed sandbox status | awk 'NR > 1 { print $1 }'); do kubefed join "$member" --cluster-context "$member"; done
for plugin in trap tar; do
  until_true says Active kubefed get policyplugins "$plugin"
  kubefed apply -f - <<YAML
apiVersion: kubefed.io/v1alpha1
kind: PlacementPolicy
metadata: {name: $plugin, namespace: default}
spec:
  resourceSelectors: [{labelSelector: {matchLabels: {app: $plugin}}}]
  plugins: [{name: $plugin}]
YAML
  workload "good-$plugin" "$plugin"
  until_true says "over 2 of 2 clusters" kubefed why "rc/good-$plugin"
done
until_true says ok livez

# It crashes.
pid=$(cat "$data/kubefed-controller.pid")
workload crash trap || true  # it may be gone before it has answered
until_true gone "$pid"
kubefed up faults
until_true says "Crashed: it crashed in filter (Aborted)" kubefed policy list
says "Disabled" kubefed get policyplugins trap || fail "trap is not disabled"
says "over 2 of 2 clusters" kubefed why rc/good-trap || fail "what trap placed has moved"
workload good-again tar
until_true says "over 2 of 2 clusters" kubefed why rc/good-again

# What it crashed on goes elsewhere, and it is taken back.
says "kubefed policy enable trap" kubefed policy list || fail "the list does not say what to do"
workload crash other
until_true says "over 2 of 2 clusters" kubefed why rc/crash
kubefed policy enable trap
until_true says Active kubefed get policyplugins trap
workload good-once-more trap
until_true says "over 2 of 2 clusters" kubefed why rc/good-once-more

# It ends the process without a word, or a thread of its own crashes: the second time tells.
for way in leave thread; do
  pid=$(cat "$data/kubefed-controller.pid")
  workload "$way" trap || true
  until_true gone "$pid"
  if [ "$way" = leave ]; then
    # Whatever it does, there is a start without it, in which nothing moves.
    kubefed up faults --without-policies
    until_true says "NotLoaded: the controller was started with --without-policies" kubefed policy list
    says "over 2 of 2 clusters" kubefed why rc/good-trap || fail "what trap placed has moved without policies"
    kubefed down faults
  fi
  kubefed up faults || true  # and it ends in the same way, perhaps before it answers
  until_true gone "$(cat "$data/kubefed-controller.pid")"
  grep -F 'ended without a word' "$data"/*.log | grep plugin.*trap >/dev/null || fail "the log does not name whom it doubts"
  kubefed up faults
  until_true says "Crashed: it was in filter when the process ended, twice" kubefed policy list
  says "Disabled" kubefed get policyplugins trap || fail "trap is not disabled after $way"
  says "over 2 of 2 clusters" kubefed why rc/good-trap || fail "what trap placed has moved after $way"
  workload "$way" other
  until_true says "over 2 of 2 clusters" kubefed why "rc/$way"
  kubefed policy enable trap
  until_true says Active kubefed get policyplugins trap
done
kubefed policy disable trap
until_true says "Disabled: spec.mode is Disabled" kubefed policy list

# It does not come back: decisions stop, the rest goes on, and whoever watches /livez ends it.
pid=$(cat "$data/kubefed-controller.pid")
workload hang tar
until_true says 'policy plugin "tar" did not come back from filter' livez
until_true says "Hung: it did not come back from filter" kubefed policy list
(kubefed why rc/hang 2>&1 || true) | grep -F "kubefed down faults && kubefed up faults" >/dev/null || fail "why does not name the restart"
unexplained() { (kubefed why rc/good-tar -o wide 2>&1 || true) | grep 'KF1014\|did not come back from filter' >/dev/null; }
until_true unexplained
member=$(kubefed sandbox status | awk 'NR > 1 { print $1; exit }')
here=/api/v1/namespaces/default/replicationcontrollers/good-tar
uid_of() { in_member "$member" GET "$here" | grep -o '"uid": *"[^"]*"' | sed -n 1p; }
before=$(uid_of)
[ -n "$before" ] || fail "good-tar is not in $member"
in_member "$member" DELETE "$here" >/dev/null
made_again() { local now; now=$(uid_of); [ -n "$now" ] && [ "$now" != "$before" ]; }
until_true made_again
kubefed get clusters | grep "$member *Ready" >/dev/null || fail "$member is not Ready any more"
says 'policy plugin "tar" did not come back from filter' livez || fail "the hang was over before it was seen to"
# Nothing waits for it for ever: the controller can be ended as usual.
kubefed down faults
until_true gone "$pid"
kubefed up faults
until_true says "Hung: it did not come back from filter" kubefed policy list
says "over 2 of 2 clusters" kubefed why rc/good-tar || fail "what tar placed has moved"
until_true says ok livez
kubefed policy list
echo "policy_faults: crash, silent end and hang are found, named and disabled"
