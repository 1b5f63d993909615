#!/usr/bin/env bash
# Compiles every kernel as a strict OpenCL compiler would: 1.2 with no extension, 1.2 with doubles, 3.0.
# Unused parameters are allowed: what a generated hook does not need is still passed to it.
# exit code 77: no clang here
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang >/dev/null || exit 77

common=(-x cl -Xclang -finclude-default-header -Ikernels
  -Wall -Wextra -Wno-unused-parameter -Wdouble-promotion -Werror -fsyntax-only)
failed=0
for kernel in kernels/*.cl; do
  [ -e "$kernel" ] || continue
  target=spir64-unknown-unknown
  case $kernel in *_mma.cl) target=nvptx64-nvidia-nvcl ;; esac # PTX has registers of its own: see tools/lint_ptx.sh
  check() { clang -target $target "${common[@]}" "$@" "$kernel" || { echo "lint_kernels: $kernel: $*"; failed=1; }; }
  check -cl-std=CL1.2 -Xclang -cl-ext=-all
  check -cl-std=CL1.2 -Xclang -cl-ext=-all,+cl_khr_fp64
  check -cl-std=CL3.0 -Xclang -cl-ext=-all
done

# The functions that rows name: the host includes them in the text of a program, so no kernel file does.
functions=$(mktemp --suffix=.cl)
trap 'rm -f "$functions"' EXIT
for bits in f32 f64; do
  {
    [ $bits = f32 ] || echo '#define TYPE CG_F64'
    echo '#include "program.h"'
    for header in elementary arithmetic error_function hyperbolic trigonometry gamma_function beta_function; do echo "#include \"$header.h\""; done
  } >"$functions"
  extension=-all
  [ $bits = f32 ] || extension=-all,+cl_khr_fp64
  clang -target spir64-unknown-unknown "${common[@]}" -Wno-unused-function -cl-std=CL1.2 -Xclang -cl-ext=$extension "$functions" ||
    { echo "lint_kernels: the elementary functions in $bits"; failed=1; }
done
exit $failed
