#!/usr/bin/env bash
# Compiles the tiled products for an NVIDIA GPU to machine code (H100, H200: sm_90), as its driver would, and looks at
# what it would run on: registers, none spilled; at most 48 KiB of local memory; matrix units in the kernels that are for
# them. It shows neither that a driver takes the text nor how fast it is.
# Needs clang 16 or later and libclc (Debian: clang-19 libclc-19), and ptxas (CUDA toolkit, or pip's nvidia-cuda-nvcc);
# where there is a disassembler (nvdisasm, cuobjdump) the instructions are looked for in its text, else in the PTX.
# exit code 77: something of this is missing, and SKIPPED says what
set -uo pipefail
cd "$(dirname "$0")/.."
skip() { echo "lint_ptx: SKIPPED: $1"; exit 77; }

arch=${1:-sm_90}
clang=$(command -v clang-19 clang-18 clang-17 clang-16 | head -n 1)
[ -n "$clang" ] || skip "no clang 16 or later (clang-19)"
libclc=/usr/lib/clc/nvptx64--nvidiacl.bc
[ -e $libclc ] || skip "no $libclc (libclc-19)"
ptxas=$(command -v ptxas /usr/local/cuda/bin/ptxas | head -n 1)
[ -n "$ptxas" ] || skip "no ptxas (CUDA toolkit)"
nvdisasm=$(command -v nvdisasm /usr/local/cuda/bin/nvdisasm | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "lint_ptx: $1"; failed=1; }

# NAME KERNEL MOST_REGISTERS INSTRUCTION-IN-SASS INSTRUCTION-IN-PTX OPTION...
compile() {
  local name=$1 kernel=$2 most=$3 sass=$4 ptx=$5 info registers bytes seen where
  shift 5
  "$clang" -x cl -cl-std=CL1.2 -target nvptx64-nvidia-nvcl -march="$arch" -O3 -Xclang -finclude-default-header \
    -Wno-linker-warnings -Xclang -mlink-builtin-bitcode -Xclang $libclc -Ikernels "$@" -S "$kernel" \
    -o "$work/k.ptx" || { complain "$name: clang refuses it"; return; }
  info=$("$ptxas" -arch="$arch" -v "$work/k.ptx" -o "$work/k.cubin" 2>&1) || { complain "$name: ptxas: $info"; return; }
  registers=$(sed -nE 's/.*Used ([0-9]+) registers.*/\1/p' <<<"$info")
  bytes=$(sed -nE 's/.* ([0-9]+) bytes smem.*/\1/p' <<<"$info")
  grep -q ' 0 bytes spill stores, 0 bytes spill loads' <<<"$info" || complain "$name: registers are spilled: $info"
  [ "${registers:-999}" -le "$most" ] || complain "$name: ${registers:-?} registers, $most expected at most"
  [ "${bytes:-0}" -le 49152 ] || complain "$name: $bytes bytes of local memory"
  if [ -n "$nvdisasm" ]; then
    seen=$("$nvdisasm" -c "$work/k.cubin" | grep -cE "$sass")
    where="machine code"
  else
    seen=$(grep -cE "$ptx" "$work/k.ptx")
    where=PTX
  fi
  [ "$seen" -gt 0 ] || complain "$name: no $sass in the $where"
  printf '%-28s %4s registers %6s bytes local  %4s x %s in the %s\n' "$name" "$registers" "${bytes:-0}" "$seen" "$sass" "$where"
}

for ways in "1 2" "2 2" "1 1" "2 1" "0 3" "3 0"; do
  read -r a b <<<"$ways"
  layout=(-DA_WAY="$a" -DB_WAY="$b")
  large=(-DBM=128 -DBN=128 -DBK=16 -DWM=2 -DWN=4 -DSTAGES=2 "${layout[@]}")
  compile "mma128 $a $b" kernels/matmul_mma.cl 255 HMMA.1688.F32.TF32 mma.sync.*tf32 -DKIND=3 "${large[@]}"
  compile "tf32_128 $a $b" kernels/matmul_mma.cl 255 HMMA.1688.F32.TF32 mma.sync.*tf32 -DKIND=1 "${large[@]}"
  compile "bf16_128 $a $b" kernels/matmul_mma.cl 255 HMMA.16816.F32.BF16 mma.sync.*bf16 -DKIND=2 "${large[@]}"
done
small=(-DBM=64 -DBN=64 -DBK=16 -DWM=2 -DWN=2 -DSTAGES=2 -DA_WAY=1 -DB_WAY=2)
compile "mma64" kernels/matmul_mma.cl 255 HMMA.1688.F32.TF32 mma.sync.*tf32 -DKIND=3 "${small[@]}"
compile "mma_split" kernels/matmul_mma.cl 255 HMMA.1688.F32.TF32 mma.sync.*tf32 -DKIND=3 "${small[@]}" -DSPLIT
tile=(-DBK=8 -DA_WAY=1 -DB_WAY=2)
compile "tile128" kernels/matmul_tile.cl 255 FFMA fma.rn.f32 -DBM=128 -DBN=128 -DTX=16 -DTY=16 "${tile[@]}"
compile "tile128x256" kernels/matmul_tile.cl 255 FFMA fma.rn.f32 -DBM=128 -DBN=256 -DTX=16 -DTY=16 "${tile[@]}"
compile "tile64" kernels/matmul_tile.cl 255 FFMA fma.rn.f32 -DBM=64 -DBN=64 -DTX=8 -DTY=16 "${tile[@]}"
compile "split64" kernels/matmul_tile.cl 255 FFMA fma.rn.f32 -DBM=64 -DBN=64 -DTX=8 -DTY=16 "${tile[@]}" -DSPLIT
compile "tile32" kernels/matmul_tile.cl 255 FFMA fma.rn.f32 -DBM=32 -DBN=32 -DTX=8 -DTY=8 "${tile[@]}"
exit $failed
