#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The quickstart a second time, beside what a person has made: it replaces its own, never anybody else's. And how
# long it takes, as it says itself.
#   quickstart_again.sh BIN_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1
kubefed=$bin/kubefed

folder=$(mktemp -d)
export HOME=$folder XDG_DATA_HOME=$folder/data KUBECONFIG=$folder/kubeconfig
unset KUBEFED_CONTEXT DISPLAY WAYLAND_DISPLAY
on_exit() {
  local status=$?
  [ $status = 0 ] || tail -n 60 "$folder"/*.log || true
  "$kubefed" sandbox down >/dev/null 2>&1 || true
  "$kubefed" deinit quickstart --yes >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap on_exit EXIT
fail() { echo "quickstart_again: $*" >&2; exit 1; }
federation_uid() { "$kubefed" get ns/kube-system -o json | sed -n 's/.*"uid": *"\([^"]*\)".*/\1/p' | sed -n 1p; }

tools/quickstart --bin "$bin" >"$folder/first.log" 2>&1 || fail "the first run failed"
first=$(federation_uid)
tools/quickstart --bin "$bin" >"$folder/second.log" 2>&1 || fail "the second run failed"
second=$(federation_uid)
[ -n "$second" ] && [ "$first" != "$second" ] || fail "the second run did not start anew ($first, $second)"

# The better of the two: a machine may be busy with something else.
took=$(sed -n 's/^From nothing to healthy in \([0-9.]*\) s\.$/\1/p' "$folder/first.log" "$folder/second.log" | sort -n | sed -n 1p)
[ -n "$took" ] || fail "it does not say how long it took"
awk -v took="$took" 'BEGIN { exit !(took < 15) }' || fail "it took $took s, 15 are promised"
echo "from nothing to healthy in $took s"

# What it shows goes together: each cluster has all that is placed there, as the Placements below it say.
synced() { sed -nE 's#^(tokyo|osaka|oregon) .* ([0-9]+)/\2  .*#\2#p' "$1" | awk '{ sum += $1 } END { print NR ": " sum }'; }
placed=$("$kubefed" get placements -o yaml | grep -c '^ *state: Synced$')
for log in first second; do
  [ "$(synced "$folder/$log.log")" = "3: $placed" ] || fail "the $log run shows clusters without what is placed there ($placed in all)"
done

# What it says to try next works as it is printed. The last of it ends everything, further down.
mapfile -t try_next < <(sed -n '/^Try next/,$s/^  \([^#]*[^# ]\).*$/\1/p' "$folder/second.log")
[ ${#try_next[@]} = 4 ] || fail "it names ${#try_next[@]} commands to try: ${try_next[*]}"
try() { bash -c "$1" >"$folder/try.log" 2>&1 && grep -q "$2" "$folder/try.log" || fail "\"$1\" does not say \"$2\""; }
try "${try_next[0]}" '^replicationcontroller/frontend .*6'
try "${try_next[1]}" 'frontend (Service, namespace default)'
try "${try_next[2]}" 'tokyo'
"$kubefed" sandbox status | grep '^tokyo .*killed' >/dev/null || fail "tokyo was not killed"

# A build that fails takes nothing with it. (Nothing is installed by a test either.)
mkdir "$folder/stubs"
for program in cmake apt-get sudo; do
  printf '#!/bin/sh\nexit 1\n' >"$folder/stubs/$program"
  chmod +x "$folder/stubs/$program"
done
PATH=$folder/stubs:$PATH tools/quickstart >"$folder/build.log" 2>&1 && fail "it did not notice that the build failed"
[ "$(federation_uid)" = "$second" ] || fail "a build that failed removed the federation"

# With --once, whatever step fails: its status, what failed, and nothing is left. The programs are those of BIN_DIR
# but for one. (kubefed looks for the others beside itself, wherever a link to it is: it is copied.)
processes_of() { # process ids whose command line names the folder
  local command
  for command in /proc/[0-9]*/cmdline; do
    if tr '\0' ' ' <"$command" 2>/dev/null | grep -F "$1" >/dev/null; then command=${command%/cmdline}; echo "${command#/proc/}"; fi
  done 2>/dev/null
}
fails_once() { # PROGRAM WORDS...: with a PROGRAM that only fails
  local program=$1 bins=$folder/bin-$1 tmp=$folder/tmp-$1 log=$folder/once-$1.log status=0 words
  mkdir "$bins" "$tmp"
  ln -s "$bin"/* "$bins"
  rm "$bins/$program" "$bins/kubefed"
  cp "$bin/kubefed" "$bins/kubefed"
  printf '#!/bin/sh\necho "the stub of %s fails" >&2\nexit 7\n' "$program" >"$bins/$program"
  chmod +x "$bins/$program"
  TMPDIR=$tmp tools/quickstart --once --bin "$bins" >"$log" 2>&1 || status=$?
  [ $status = 1 ] || fail "--once ended with status $status although $program failed"
  shift
  for words in "$@" 'quickstart: stopping, removing what was started'; do
    grep -qF "$words" "$log" || fail "--once does not say \"$words\" when $program fails"
  done
  if grep -q 'From nothing to healthy' "$log"; then fail "--once calls itself healthy although $program failed"; fi
  [ -z "$(processes_of "$tmp/")" ] || fail "--once left processes when $program failed: $(processes_of "$tmp/")"
  [ -z "$(ls -A "$tmp")" ] || fail "--once left files when $program failed: $(ls -A "$tmp")"
}
fails_once kubefed-controller '▸ Federation' 'error KF1204: ' 'the stub of kubefed-controller fails'
fails_once kubefed-sandbox '▸ Three simulated clusters' 'error KF1501: ' 'the stub of kubefed-sandbox fails'
[ "$(federation_uid)" = "$second" ] || fail "a run with --once that failed removed the federation"

# Now the sandbox is a person's own.
"$kubefed" sandbox down >"$folder/sandbox.log" 2>&1
"$kubefed" sandbox up --clusters paris:eu >>"$folder/sandbox.log" 2>&1
status=0
tools/quickstart --bin "$bin" >"$folder/third.log" 2>&1 || status=$?
[ $status = 1 ] || fail "it started over somebody's sandbox (exit status $status)"
grep -q 'kubefed sandbox down' "$folder/third.log" || fail "it names no remedy"
"$kubefed" sandbox status | grep '^paris ' >/dev/null || fail "somebody's sandbox is gone"
[ "$(federation_uid)" = "$second" ] || fail "a run that began nothing removed the federation"

try "${try_next[3]}" 'left as it is'
[ ! -e "$folder/data/kubefed/quickstart" ] || fail "--down left the federation"
"$kubefed" sandbox status | grep '^paris ' >/dev/null || fail "--down ended somebody's sandbox"

# And the federation of that name.
"$kubefed" sandbox down >>"$folder/sandbox.log" 2>&1
"$kubefed" init quickstart >"$folder/init.log" 2>&1
own=$(federation_uid)
tools/quickstart --bin "$bin" >"$folder/fourth.log" 2>&1 && fail "it started over somebody's federation"
tools/quickstart --down --bin "$bin" >"$folder/down.log" 2>&1 || fail "--down failed"
[ -n "$own" ] && [ "$(federation_uid)" = "$own" ] || fail "somebody's federation is gone"
