#!/usr/bin/env bash
# Installs a build folder into a temporary prefix, then builds and runs C and C++ programs against it: through CMake
# and through pkg-config, shared and static. Prints "ok - name" or "not ok - name" for each check.
# usage: tools/test_install.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${1:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
. tools/checks.sh

prints_twos() { "$@" | tee /dev/stderr | grep '2.*2.*2'; }

check "installs" cmake --install "$build" --prefix "$prefix"
# Moved before use: nothing in an installed tree may name the place it was installed to.
mv "$prefix" "$work/moved" && prefix=$work/moved
lib=$(dirname "$(find "$prefix" -name libclgrad.so)")
so=$lib/libclgrad.so

soname_is_right() { readelf -d "$so" | grep -F 'SONAME' | grep -F '[libclgrad.so.0]'; }
links_no_opencl() { ! readelf -d "$so" | grep -iE 'NEEDED.*(opencl|clblast)'; }
exports_only_ours() { nm -D --defined-only "$so" | grep ' cg_' >/dev/null && ! nm -D --defined-only "$so" | grep -v ' cg_'; }
exports_only_public() { # every exported name stands in a public header
  ! nm -D --defined-only "$so" | awk '{ print $NF }' | while read -r name; do
    grep -rqw "$name" include/clgrad || echo "exported, not in a header: $name"
  done | grep .
}
check "soname" soname_is_right
check "no link to OpenCL" links_no_opencl
check "exports only cg_*" exports_only_ours
check "exports only what a header declares" exports_only_public
check "license" test -s "$prefix/share/licenses/clgrad/LICENSE"
[ ! -e "$build/clgrad" ] || check "program runs" "$prefix/bin/clgrad" devices

consumer_builds() {
  cmake -S tests/install -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/consumer"
}
check "find_package" consumer_builds
for program in c_clgrad cpp_clgrad c_static cpp_static; do
  check "find_package $program" prints_twos "$work/consumer/$program"
done

export PKG_CONFIG_PATH=$lib/pkgconfig
strict=(-Wall -Wextra -Wpedantic -Werror)
read -ra shared <<<"$(pkg-config --cflags --libs clgrad)"
read -ra static <<<"$(pkg-config --cflags --libs --static clgrad | sed 's/-lclgrad/-l:libclgrad.a/')"
for language in c cpp; do
  source=tests/install/install_consumer.c compiler=cc
  [ $language = c ] || { source=tests/install/install_consumer_cpp.cpp && compiler=c++; }
  check "pkg-config $language builds" "$compiler" "${strict[@]}" "$source" -o "$work/$language" "${shared[@]}"
  check "pkg-config $language runs" prints_twos env LD_LIBRARY_PATH="$lib" "$work/$language"
  check "pkg-config $language static builds" "$compiler" "${strict[@]}" "$source" -o "$work/$language-static" "${static[@]}"
  check "pkg-config $language static runs" prints_twos "$work/$language-static"
done
echo "1..$checks"
exit $failed
