#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C at any moment of the quickstart leaves no process and nothing in the file system.
#   quickstart_interrupt.sh BIN_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$1

running_in() { # processes whose command line names the folder
  local command
  for command in /proc/[0-9]*/cmdline; do
    if tr '\0' ' ' <"$command" 2>/dev/null | grep -F "$1" >/dev/null; then tr '\0' ' ' <"$command"; echo; fi
  done 2>/dev/null
}

failed=0 interrupted=0
for moment in 0.05 0.3 0.6 0.9 1.2 1.6 2.2 3; do
  folder=$(mktemp -d)
  # A job of a script ignores SIGINT, and so would everything that it starts.
  TMPDIR=$folder setsid env --default-signal=INT tools/quickstart --once --bin "$bin" >"$folder.log" 2>&1 &
  pid=$!
  sleep "$moment"
  # Twice: an impatient person does.
  kill -INT -- "-$pid" 2>/dev/null || true
  kill -INT -- "-$pid" 2>/dev/null || true
  status=0
  wait "$pid" || status=$?
  left=$(running_in "$folder/")
  files=$(find "$folder" -mindepth 1)
  case $status in
    0) ;;  # it had ended
    130) interrupted=$((interrupted + 1)) ;;
    *) failed=1; echo "after $moment s: exit status $status"; cat "$folder.log" ;;
  esac
  if [ -n "$left$files" ]; then
    failed=1
    printf 'after %s s left behind:\n%s\n%s\n' "$moment" "$left" "$files"
    cat "$folder.log"
  fi
  rm -rf "$folder" "$folder.log"
done
echo "$interrupted of 8 runs were interrupted"
[ "$interrupted" -gt 0 ] || failed=1
exit $failed
