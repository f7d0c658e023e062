#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C at any moment of the quickstart leaves no process, and in the file system what was there before: with --once,
# without it, and while it builds.
#   quickstart_interrupt.sh BIN_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1
unset KUBEFED_CONTEXT XDG_DATA_HOME KUBECONFIG DISPLAY WAYLAND_DISPLAY

failed=0
folder=''
begin() { folder=$(mktemp -d) && mkdir "$folder/home"; }
end() { rm -rf "$folder" "$folder.log"; }
complain() { failed=1; echo "$*"; cat "$folder.log"; }
content() { (cd "$folder" && find . -mindepth 1 \( -type d -printf '%p/\n' -o -type f -exec cksum {} + -o -printf '%p\n' \) | sort); }

running_in() { # processes whose command line names the folder
  local command
  for command in /proc/[0-9]*/cmdline; do
    if tr '\0' ' ' <"$command" 2>/dev/null | grep -F "$1" >/dev/null; then tr '\0' ' ' <"$command"; echo; fi
  done 2>/dev/null
}

# start ARG...: a quickstart at home in the folder, as its own process group. A job of a script ignores SIGINT, and so
# would everything that it starts.
start() {
  HOME=$folder/home TMPDIR=$folder setsid env --default-signal=INT tools/quickstart "$@" >"$folder.log" 2>&1 &
  pid=$!
}
# interrupt WHEN [PAUSE]: its exit status in $status. Three times, as an impatient person does: at once, or while
# it takes down what it started.
interrupt() {
  local press
  for press in 1 2 3; do
    kill -INT -- "-$pid" 2>/dev/null || true
    [ $press = 3 ] || sleep "${2:-0}"
  done
  status=0
  wait "$pid" || status=$?
  case $status in 0 | 130) ;; *) complain "$1: exit status $status" ;; esac
}
# nothing_left WHEN BEFORE
nothing_left() {
  local processes now
  processes=$(running_in "$folder/") now=$(content)
  [ -z "$processes" ] || complain "$1: still running: $processes"
  [ "$now" = "$2" ] || complain "$1: there was"$'\n'"$2"$'\n'"and there is"$'\n'"$now"
}

interrupted=0 runs=0 pauses=(0 0.1 0.25 0.5)
for moment in 0.05 0.3 0.6 0.9 1.2 1.6 2.2 3; do
  for mode in --once '' used; do
    begin
    if [ "$mode" = used ]; then # by somebody who has had kubefed and kubectl before
      mkdir -p "$folder/home/.kube" "$folder/home/.local/share/kubefed"
      printf 'apiVersion: v1\nclusters: []\ncontexts: []\nkind: Config\nusers: []\n' >"$folder/home/.kube/config"
      chmod 600 "$folder/home/.kube/config"
    fi
    before=$(content) runs=$((runs + 1)) when="\"${mode:-without --once}\" after $moment s"
    if [ "$mode" = --once ]; then start --once --bin "$bin"; else start --bin "$bin"; fi
    sleep "$moment"
    interrupt "$when" "${pauses[runs % ${#pauses[@]}]}"
    [ $status = 0 ] || interrupted=$((interrupted + 1))
    if [ $status = 0 ] && [ "$mode" != --once ]; then # it had ended, and goes on as it should
      HOME=$folder/home tools/quickstart --down --bin "$bin" >"$folder.log" 2>&1 || complain "$when: --down"
    else
      nothing_left "$when" "$before"
    fi
    end
  done
done
echo "$interrupted of $runs runs were interrupted"
[ "$interrupted" -ge 8 ] || failed=1

# The build, by a cmake that does not come to an end. (Nothing is installed by a test.)
for call in preset build; do
  begin
  mkdir "$folder/stubs"
  printf '#!/bin/sh\nexit 1\n' | tee "$folder/stubs/apt-get" >"$folder/stubs/sudo"
  cat >"$folder/stubs/cmake" <<END
#!/bin/sh
[ "\$1" = --$call ] || exit 0
echo \$\$ >"$folder.pid"
exec sleep 600
END
  chmod +x "$folder"/stubs/*
  before=$(content)
  PATH=$folder/stubs:$PATH start
  for _ in $(seq 100); do [ -s "$folder.pid" ] || sleep 0.1; done
  interrupt "cmake --$call"
  [ $status = 130 ] || complain "cmake --$call: not interrupted, exit status $status"
  nothing_left "cmake --$call" "$before"
  if kill -0 "$(<"$folder.pid")"; then complain "cmake --$call goes on"; fi 2>/dev/null
  rm -f "$folder.pid"
  end
done
exit $failed
