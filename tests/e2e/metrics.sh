#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# /metrics of a real, small federation against docs/metrics.md: every name with its type and labels, and values
# that can be.
#   metrics.sh BIN_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1

kubectl=${KUBEFED_KUBE_CACHE:-$HOME/.cache/kubefed/kube-v1.34.4}/kubectl
[ -x "$kubectl" ] || kubectl=$(command -v kubectl)
folder=$(mktemp -d)
export HOME=$folder XDG_DATA_HOME=$folder/data KUBECONFIG=$folder/kubeconfig KUBEFED_CONTEXT=measured
# What fails inside of a redirection ends there.
exec 3>&1
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -n 200 "$folder"/*.log "$folder/metrics" >&3 2>/dev/null || true
  "$bin/kubefed" sandbox down >/dev/null 2>&1 || true
  "$bin/kubefed" deinit measured --yes >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap on_exit EXIT
fail() { echo "metrics: $*" >&2; exit 1; }

{
  "$bin/kubefed" init measured
  "$bin/kubefed" sandbox up --clusters tokyo:jp
  "$bin/kubefed" join tokyo
  "$bin/kubefed" apply -f examples/guestbook
} >"$folder/start.log" 2>&1

# value NAME{LABELS}: of the one sample that is printed so; nothing where there is none.
value() { awk -v sample="$1" 'substr($0, 1, length(sample) + 1) == sample " " { print $NF }' "$folder/metrics"; }
is() { awk -v value="$(value "$1")" "BEGIN { exit !(value != \"\" && value $2) }" || fail "$1 is \"$(value "$1")\", not $2"; }

# The controller's part is brought up to date every 5 seconds.
done=0
for _ in $(seq 300); do
  "$kubectl" --context measured get --raw /metrics >"$folder/metrics" 2>"$folder/kubectl.log"
  if [ "$(value 'kubefed_decisions_total{outcome="Scheduled"}')" ] &&
     awk -v n="$(value kubefed_propagation_seconds_count)" 'BEGIN { exit !(n >= 8) }'; then done=1; break; fi
  sleep 0.1
done
[ $done = 1 ] || fail "the guestbook does not show in the figures"

# | `name` | type | `label`, `label` | meaning |
rows=0
while IFS='|' read -r _ name type labels _; do
  name=$(tr -d ' `' <<<"$name") type=$(tr -d ' ' <<<"$type")
  keys=$(tr -d ' `' <<<"$labels" | tr ',' '\n' | sort | paste -sd,)
  rows=$((rows + 1))
  grep -qx "# TYPE $name $type" "$folder/metrics" || fail "$name is not a $type, or absent"
  grep -q "^# HELP $name " "$folder/metrics" || fail "$name is not explained"
  sample=$name
  [ "$type" != histogram ] || sample=${name}_count
  grep -q "^$sample[{ ]" "$folder/metrics" || fail "$name has no sample"
  found=$(grep -m1 "^$sample[{ ]" "$folder/metrics" | sed -n 's/^[^{]*{\(.*\)} .*/\1/p' | sed 's/="[^"]*"//g' | tr ',' '\n' | sort | paste -sd,)
  [ "$found" = "$keys" ] || fail "$name has the labels \"$found\", not \"$keys\""
done < <(grep '^| `kubefed_' docs/metrics.md)
[ $rows -ge 14 ] || fail "docs/metrics.md lists $rows figures only"
undocumented=$(sed -n 's/^# TYPE \(kubefed_[a-z_]*\) .*/\1/p' "$folder/metrics" | while read -r name; do
  grep -q "^| \`$name\`" docs/metrics.md || echo "$name"; done)
[ -z "$undocumented" ] || fail "not in docs/metrics.md: $undocumented"

version=$("$bin/kubefed" version --client | grep -o '[0-9][0-9.]*' | sed -n 1p)
is "kubefed_build_info{version=\"$version\"}" '== 1'
is 'kubefed_cluster_ready{cluster="tokyo"}' '== 1'
is 'kubefed_cluster_last_contact_seconds{cluster="tokyo"}' '>= 0'
is 'kubefed_cluster_last_contact_seconds{cluster="tokyo"}' '<= 20'
is 'kubefed_queue_depth{cluster="tokyo"}' '== 0'
is 'kubefed_queue_latency_seconds{cluster="tokyo"}' '== 0'
is 'kubefed_member_requests_total{cluster="tokyo",code="200"}' '>= 8'
is kubefed_propagation_seconds_sum '> 0'
is 'kubefed_propagation_seconds_bucket{le="60"}' '>= 8'
is 'kubefed_policy_calls_total{plugin="affinity"}' '>= 1'
is 'kubefed_policy_failures_total{plugin="affinity"}' '== 0'
is 'kubefed_policy_active{plugin="weighted"}' '== 1'
