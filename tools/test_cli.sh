#!/usr/bin/env bash
# Runs the clgrad program as a user does: the doctor on every device, the table of operations against the published one,
# and a planted fault that must be found, avoided, remembered and forgotten. Prints "ok - name" or "not ok - name".
# usage: tools/test_cli.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${1:-build/release}
clgrad=$build/clgrad
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() { # NAME COMMAND...
  local name=$1
  shift
  if "$@" >&2; then echo "ok - $name"; else
    echo "not ok - $name"
    failed=1
  fi
}
skip() { echo "ok - $1 # SKIP $2"; }

fails_with() { # CODE COMMAND...
  local code=0 wanted=$1
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ]
}
says() { # TEXT COMMAND...
  local text=$1
  shift
  { "$@" 2>&1 || true; } | tee /dev/stderr | grep -F -- "$text" >/dev/null
}
json_is_whole() { "$@" | python3 -m json.tool >/dev/null; }

check "the doctor finds the CPU backend right" "$clgrad" doctor --device cpu
check "the doctor's JSON" json_is_whole "$clgrad" doctor --device cpu --json softmax
check "the table's JSON" json_is_whole "$clgrad" ops --device cpu --json
check "an unknown part of a name" fails_with 1 "$clgrad" doctor --device cpu no_such_operation
check "a wrong number of points" fails_with 2 "$clgrad" doctor --device cpu --points many
check "an unknown device" says "no device \"nowhere\"" "$clgrad" doctor --device nowhere

# The pieces of work an operation is made of stand above the backends; the page itself is made on both.
same_table() { diff <(grep '^| `cg_' docs/operations.md) <("$clgrad" ops --device cpu --markdown | tail -n +3); }
check "docs/operations.md is what the library does (tools/operations_page.sh >docs/operations.md mends it)" same_table
pocl=$("$clgrad" devices | sed -nE 's/^. (opencl:[0-9]+).*/\1/p' | head -n 1)
if [ -z "$pocl" ]; then
  skip "a planted fault" "no OpenCL device"
else
  # Everything in every dtype is some thousand kernels to build on PoCL; the suite has checked them all once.
  for part in norm sort; do
    check "the doctor finds $pocl right: $part" "$clgrad" doctor --device "$pocl" --points 512 --dtype f32 $part
  done

  # A driver that computes softmax wrong, and tanh: both are found, avoided and remembered.
  cp -r kernels "$work/kernels"
  sed -i 's/^FN T t_tanh(T x) {/FN T t_tanh(T x) { if (1) return x;/' "$work/kernels/hyperbolic.h"
  sed -i 's/lane_sum(/(TS)2 * lane_sum(/' "$work/kernels/softmax_row.h"
  broken() { CLGRAD_KERNEL_DIR="$work/kernels" CLGRAD_CACHE="$work/cache" "$@"; }
  check "a planted fault in softmax fails" fails_with 1 broken "$clgrad" doctor --device "$pocl" softmax
  check "a planted fault in tanh fails" fails_with 1 broken "$clgrad" doctor --device "$pocl" --points 64 tanh
  check "it is avoided from then on" says "tanh on the CPU" broken env CLGRAD_DEVICE="$pocl" "$clgrad" devices
  check "so is the other" says "softmax composed" broken env CLGRAD_DEVICE="$pocl" "$clgrad" devices
  check "and the results are right" broken "$clgrad" doctor --device "$pocl" --points 64 tanh
  check "another cache knows nothing of it" fails_with 1 says "on the CPU" \
    env CLGRAD_CACHE="$work/other" CLGRAD_DEVICE="$pocl" "$clgrad" devices
fi
exit $failed
