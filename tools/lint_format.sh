#!/usr/bin/env bash
# Says which C files are not in the project's format; with --fix puts them into it. Not kernels/: clang-format knows no
# OpenCL C and takes its macros for products.
# exit code 77: no clang-format here
set -euo pipefail
cd "$(dirname "$0")/.."
formatter=${CLANG_FORMAT:-clang-format}
command -v "$formatter" >/dev/null || exit 77

how=(--dry-run --Werror)
[ "${1:-}" = --fix ] && how=(-i)
find include src host catalog reference cli bench examples tests -name '*.[ch]' -o -name '*.cpp' |
  sort | xargs "$formatter" "${how[@]}"
