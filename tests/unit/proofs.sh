#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/proofs.md names what there is: tests that ctest knows, functions in their sources, fuzz targets, recorded
# cases; and no promise twice.
#   proofs.sh BUILD_DIR CTEST
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1 ctest=$2 file=docs/proofs.md

declare -A is_test=() sources=()
while read -r name; do is_test[$name]=1; done < <("$ctest" --test-dir "$build" -N | sed -n 's/^ *Test *#[0-9]*: //p')
while read -r name list; do sources[$name]=$list; done <"$build/tests/sources.txt"

failed=0 row=''
wrong() { failed=1; echo "$file: $*"$'\n'"  in: $row"; }

# NAME of a function of $test; NAME… is the beginning of one.
check_function() {
  local name=$1 end='\('
  case $name in *…) name=${name%…} end='[A-Za-z0-9_]*\(' ;; esac
  if [ -z "${sources[$test]:-}" ]; then
    wrong "\"$1\" is to be a function of \"$test\", which has none"
  elif ! grep -qE "\bvoid ([A-Za-z]+::)?$name$end" ${sources[$test]}; then
    wrong "\"$test\" has no function \"$1\""
  fi
}

rows=0 functions=0 promises=''
while IFS='|' read -r _ promise shown rest; do
  row=$promise
  [ -z "$rest" ] || wrong "a row has more than two columns"
  rows=$((rows + 1)) promises+=$promise$'\n'
  case $shown in " by hand"*) continue ;; esac
  # Between the backticks, and what stands before each. After "test: " come its functions or cases, until a ";".
  test='' in_list=0 shows=0
  while [[ $shown == *'`'*'`'* ]]; do
    before=${shown%%'`'*} shown=${shown#*'`'}
    token=${shown%%'`'*} shown=${shown#*'`'} shows=$((shows + 1))
    case $before in *';'*) in_list=0 ;; ': ') in_list=1 ;; esac
    case $before in
      *differences*) grep -q "^- id: $token\$" tests/data/kube/differences.yaml || wrong "there is no difference \"$token\""; continue ;;
    esac
    if [ $in_list = 1 ] && [[ $token == */* ]]; then
      compgen -G "tests/data/kube/$token.json" >/dev/null || wrong "there is no recorded case \"$token\""
      continue
    fi
    function=''
    case $token in
      fuzz_*) grep -q "^kubefed_add_fuzzer($token\b" tests/fuzz/CMakeLists.txt || wrong "there is no fuzz target \"$token\""; continue ;;
      .*) function=${token#.} ;;
      *.*) test=${token%%.*} function=${token#*.} ;;
      *) if [ $in_list = 1 ]; then function=$token; else test=$token; fi ;;
    esac
    if [ -z "${is_test[$test]:-}" ]; then
      wrong "ctest knows no \"$test\""
    elif [ -n "$function" ]; then
      functions=$((functions + 1))
      check_function "$function"
    fi
  done
  [ $shows -gt 0 ] || wrong "nothing shows it"
done < <(grep '^| ' "$file" | grep -v '^| promise | shown by |$')

row=''
while read -r promise; do wrong "it stands twice: $promise"; done < <(sort <<<"$promises" | uniq -d)
[ $rows -ge 150 ] && [ $functions -ge 200 ] || wrong "only $rows rows with $functions functions were understood"
echo "$rows promises, $functions functions"
exit $failed
