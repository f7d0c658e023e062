#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The README's first command, whole, in private folders, by neither kubectl nor Go.
#   quickstart.sh BIN_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
for program in kubectl go; do
  printf '#!/bin/sh\necho "%s $*" >>%s/called\nexit 127\n' "$program" "$private" >"$private/$program"
  chmod +x "$private/$program"
done
PATH=$private:$PATH tools/quickstart --once --bin "$1"
[ ! -e "$private/called" ] || { echo "the quickstart asked for:" >&2; cat "$private/called" >&2; exit 1; }
