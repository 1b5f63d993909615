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
. tools/checks.sh
json_is_whole() { "$@" | python3 -m json.tool >/dev/null; }

check "the doctor finds the CPU backend right" "$clgrad" doctor --device cpu
check "the doctor's JSON" json_is_whole "$clgrad" doctor --device cpu --json softmax
check "the table's JSON" json_is_whole "$clgrad" ops --device cpu --json
check "an unknown part of a name" fails_with 1 "$clgrad" doctor --device cpu no_such_operation
check "a wrong number of points" fails_with 2 "$clgrad" doctor --device cpu --points many
check "says what is right" says "--points takes a whole number from 0 to 16777216" "$clgrad" doctor --points many
check "an unknown device" says "no device \"nowhere\"" "$clgrad" doctor --device nowhere

# Training, from the command line alone; every process anew.
small=(--data data/digits --device cpu --epochs 3 --model mlp:16 --batch 128)
train() { "$clgrad" train "${small[@]}" "$@"; }
last_line() { # TEXT COMMAND...: what the last line begins with
  local text=$1
  shift
  case $("$@" 2>/dev/null | tail -n 1) in "$text"*) ;; *) return 1 ;; esac
}
losses() { cut -d, -f1-6 "$1/history.csv"; } # all but the seconds
same_losses() { diff <(losses "$1") <(losses "$2"); }
holds() { # FOLDER FILE...: exactly these files
  local folder=$1
  shift
  diff <(ls "$folder") <(printf '%s\n' "$@")
}

check "training says its accuracy last" last_line "test accuracy 0." train
check "no step waits for the device" says "launches and 0 waits for the device in each" train
check "training writes its files" train --quiet --out "$work/plain"
check "these and no other" holds "$work/plain" history.csv learning-curve.svg weights.safetensors
check "the same seed gives the same training" train --quiet --out "$work/again"
check "loss for loss" same_losses "$work/plain" "$work/again"
check "a stopped training, first part" train --quiet --out "$work/parts" --epochs 1 --save-every 1
check "and the rest in another process" train --quiet --out "$work/parts" --save-every 1 --resume
check "gives the losses of one that was not stopped" same_losses "$work/plain" "$work/parts"

# Ctrl-C after two epochs, wherever the third one is then: exit code 130, a checkpoint, and the same losses in the end.
long=(--data data/digits --device cpu --epochs 60 --model mlp:64 --batch 16 --shift 1)
interrupt_training() {
  local pid code=0
  "$clgrad" train "${long[@]}" --out "$work/long" 2>"$work/progress" &
  pid=$!
  for _ in $(seq 600); do
    ! grep -q 'epoch  2/' "$work/progress" || break
    sleep 0.05
  done
  kill -INT "$pid"
  wait "$pid" || code=$?
  [ "$code" -eq 130 ] && grep -q 'interrupted; --resume goes on from here' "$work/progress"
}
check "Ctrl-C ends a training" interrupt_training
check "and leaves a checkpoint" holds "$work/long" checkpoint.safetensors
check "with which it goes on" "$clgrad" train "${long[@]}" --quiet --out "$work/long" --resume
check "a training that nobody ended" "$clgrad" train "${long[@]}" --quiet --out "$work/whole"
check "has the same losses" same_losses "$work/whole" "$work/long"

check "early stopping" says "the best was epoch" train --epochs 100 --early-stop 2 --validation 0.2 --lr 0.05
check "runs with a spread" last_line "test accuracy 0." train --runs 2
check "their spread" says ": the mean of 2 runs, 0." train --runs 2
for schedule in constant step exponential cosine one-cycle plateau; do
  check "schedule $schedule" train --quiet --schedule $schedule
done
for optimizer in adam adamw sgd rmsprop adagrad; do
  check "optimizer $optimizer" train --quiet --optimizer $optimizer --weight-decay 0.001 --clip 5
done
check "lenet, with images moved" train --quiet --model lenet --epochs 1 --shift 1 --rotate 10
check "a network there is none of" fails_with 2 train --model resnet
check "says what there is" says "mlp:SIZES" train --model resnet
check "a schedule there is none of" says "--schedule takes one of constant, step" train --schedule linear
check "a number that is none" says "--epochs takes a whole number from 1 to 1000000, not 'few'" train --epochs few
check "a step size below 0" says "--lr takes a number above 0, at most 1e+06, not '-1'" train --lr -1
check "an argument too many" says "no argument is expected: 'more'" train more
check "a checkpoint without a folder" fails_with 2 train --resume
check "a checkpoint of another network" fails_with 1 train --out "$work/parts" --resume --model mlp:17
check "runs and files" fails_with 2 train --runs 2 --out "$work/x"
check "a share that is none" fails_with 2 train --validation 0.9
check "a loss that is no number" says "the loss of epoch" train --optimizer sgd --lr 1000000 --model mlp:64,64,64:swish

# Prediction with what was written.
predict() { "$clgrad" predict --device cpu "$@"; }
same_accuracy() { # the held-back samples are those of the training
  local trained predicted
  trained=$(train --quiet --out "$work/plain" | sed -n 's/^test accuracy \([0-9.]*\).*/\1/p')
  predicted=$(predict --weights "$work/plain" --data data/digits | sed -n 's/^accuracy \([0-9.]*\).*/\1/p')
  [ -n "$trained" ] && [ "$trained" = "$predicted" ]
}
rows() { # COUNT COMMAND...: lines on stdout
  local count=$1
  shift
  [ "$("$@" 2>/dev/null | wc -l)" -eq "$count" ]
}
check "prediction has the accuracy of the training" same_accuracy
check "a row for each sample" rows 360 predict --weights "$work/plain" --data data/digits --csv
check "of all of them" rows 1798 predict --weights "$work/plain/weights.safetensors" --data data/digits --csv --set all
check "the summary only" rows 12 predict --weights "$work/plain" --data data/digits --quiet
check "a confusion matrix" says 'label \ class' predict --weights "$work/plain" --data data/digits
printf 'P2 8 8 255\n' >"$work/a picture.pgm"
for _ in 1 2 3 4 5 6 7 8; do echo 0 0 0 255 255 0 0 0; done >>"$work/a picture.pgm"
check "a picture" rows 2 predict --weights "$work/plain" "$work/a picture.pgm"
check "its class" says "a picture.pgm" predict --weights "$work/plain" "$work/a picture.pgm" --csv
check "what is no picture" fails_with 1 predict --weights "$work/plain" README.md
check "weights without a description" fails_with 1 predict --weights "$work/parts/checkpoint.safetensors" --data data/digits
check "says so" says "does not say which network" predict --weights "$work/parts/checkpoint.safetensors" --data data/digits
check "no weights" fails_with 1 predict --weights "$work/none" --data data/digits
check "nothing to predict" fails_with 2 predict --weights "$work/plain"
check "a set there is none of" fails_with 2 predict --weights "$work/plain" --data data/digits --set some

# The pieces of work an operation is made of stand above the backends; the page itself is made on both.
# The page has the CPU backend's table first, then what OpenCL devices do otherwise.
same_table() {
  diff <(sed '/^## On OpenCL devices/,$d' docs/operations.md | grep '^| `cg_') \
    <("$clgrad" ops --device cpu --markdown | tail -n +3)
}
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
  # Tuning, then with kernels that never end, are wrong, or crash.
  tune() { CLGRAD_CACHE="$work/tuned" "$clgrad" tune --device "$pocl" --quick "$@"; }
  check "a quick tuning" tune --json "$work/tuned.json"
  check "its JSON" json_is_whole cat "$work/tuned.json"
  check "a second one goes on from it" says "measured before" tune
  check "the list of devices knows of it" says "Tuned: " env CLGRAD_CACHE="$work/tuned" CLGRAD_DEVICE="$pocl" "$clgrad" devices
  check "the CPU backend has nothing to tune" says "nothing to tune" "$clgrad" tune --device cpu
  cp -r kernels "$work/bad-kernels"
  sed -i 's/^    steps(rows, vectors, .*/    for (volatile int forever = 1; forever;) {}/' "$work/bad-kernels/matmul_block.cl"
  sed -i 's/ = lane_sum(/ = 2 * lane_sum(/' "$work/bad-kernels/matmul_dot.cl"
  CLGRAD_KERNEL_DIR="$work/bad-kernels" CLGRAD_CACHE="$work/bad" "$clgrad" tune --device "$pocl" --quick --limit 8 \
    >"$work/bad.txt" 2>&1
  check "a kernel that never ends is left out" grep 'left out: block: hangs' "$work/bad.txt"
  check "so is one that is wrong" grep 'left out: dot: .*wrong' "$work/bad.txt"
  cp kernels/matmul_block.cl kernels/matmul_dot.cl "$work/bad-kernels"
  sed -i 's/^    (void)b_row;/    *(volatile __global float *)(ulong)8 = 1;/' "$work/bad-kernels/matmul_dot.cl"
  crash() { CLGRAD_KERNEL_DIR="$work/bad-kernels" tune --again; }
  check "and one that crashes the driver" says "left out: dot: crashed" crash
  again() { CLGRAD_KERNEL_DIR="$work/bad-kernels" tune; }
  check "which nothing tries again" says "left out: dot: by an earlier run" again
  unspoiled() { ! says "left out" tune; }
  check "but the built-in kernels are others" unspoiled
  # The same at first use, without a process for it: matrix units, emulated, whose kernel crashes.
  cp tests/support/warp_emulated.h "$work/bad-kernels/warp_matrix.h"
  sed -i 's/^    const int item = (int)get_local_id(0).*/&\n    *(volatile __global float *)(ulong)8 = 1;/' \
    "$work/bad-kernels/matmul_mma.cl"
  units() {
    CLGRAD_KERNEL_DIR="$work/bad-kernels" CLGRAD_CACHE="$work/units" CLGRAD_CL_STYLE=gpu CLGRAD_CL_MMA=1 "$@"
  }
  use() { units "$clgrad" bench --device "$pocl" --filter matmul/256 --seconds 0.01 --times-only; }
  check "a first use may end the program" fails_with 139 use
  units env CLGRAD_DEVICE="$pocl" "$clgrad" devices >"$work/units.txt"
  check "which is not repeated" grep -a 'avoid mma128' "$work"/units/*.tune
  check "another cache knows nothing of it" fails_with 1 says "on the CPU" \
    env CLGRAD_CACHE="$work/other" CLGRAD_DEVICE="$pocl" "$clgrad" devices
fi
echo "1..$checks"
exit $failed
