#!/usr/bin/env bash
# Installs from Debian's packages what is missing for: build (the default), demo, or test. Needs gcc.
# usage: tools/setup.sh [build|demo|test]
set -euo pipefail

missing=() optional=()

# need PACKAGE COMMAND...: PACKAGE is missing unless COMMAND succeeds. What is present by other means counts.
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
# may PACKAGE COMMAND...: likewise, but what can do without is to go on where PACKAGE is not to be had.
may() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || optional+=("$package")
}
program() { command -v "$1"; }
header() { echo "#include <$1>" | cc -E -; }
shared_library() { PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -F "$1 ("; }
fuzzer_runtime() { ls "$(clang -print-runtime-dir)"/libclang_rt.fuzzer*; }
browser() { program chromium || program chromium-browser || program google-chrome; }
opencl_driver() { grep -lis "$1" /etc/OpenCL/vendors/*.icd; }

find_missing() {
  need libc6-dev header stdio.h
  need cmake program cmake
  need ninja-build program ninja
  need pkgconf program pkg-config
  need libjansson-dev pkg-config --exists jansson
  need libopenblas-dev pkg-config --exists openblas
  need liblapacke-dev pkg-config --exists lapacke
  need libzip-dev pkg-config --exists libzip
  need libpng-dev pkg-config --exists libpng
  need libjpeg62-turbo-dev pkg-config --exists libjpeg
  need opencl-c-headers header CL/cl.h
  [ "$1" != build ] || return 0
  need ocl-icd-libopencl1 shared_library libOpenCL.so.1
  need pocl-opencl-icd opencl_driver pocl
  [ "$1" != demo ] || return 0
  need libcriterion-dev pkg-config --exists criterion
  need libclblast1 shared_library libclblast.so.1
  need oclgrind program oclgrind
  need clang program clang
  need libclang-rt-dev fuzzer_runtime
  need clang-format program clang-format
  need g++ program g++
  need python3-numpy /usr/bin/python3 -c 'import numpy'
  need binutils program readelf
  may chromium browser
}

install_packages() { # PACKAGE...
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || return 1
    as_root=(sudo)
  fi
  command -v apt-get >/dev/null || return 1
  # An outdated list names versions that are gone; without a network the list at hand may still do.
  "${as_root[@]}" apt-get update -qq || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

wanted=${1:-build}
[[ $wanted =~ ^(build|demo|test)$ ]] || { echo "usage: tools/setup.sh [build|demo|test]" >&2 && exit 2; }
find_missing "$wanted"
[ $((${#missing[@]} + ${#optional[@]})) -gt 0 ] || exit 0
echo "clgrad: to install for '$wanted': ${missing[*]} ${optional[*]}"
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}" || {
  echo "clgrad: please install these yourself (Debian's names): ${missing[*]}" >&2
  exit 1
}
[ ${#optional[@]} -eq 0 ] || install_packages "${optional[@]}" ||
  echo "clgrad: done without ${optional[*]}; tests that need it are skipped" >&2
