#!/usr/bin/env bash
# Runs tests and counts them. The last line is "N passed, N failed, N skipped"; exit code 1 if any failed.
# usage: tools/run_tests.sh [build folder [section...]]
# sections: suite            the Criterion tests on every device that is present
#           plain            the programs plain_*, and the sweep over the elementary functions
#           examples         the programs example_*
#           oclgrind         the Criterion tests small_* under oclgrind: bounds, races, divergence
#           oclgrind-uninit  the same, for uninitialised memory
#           fuzz             the programs fuzz_* of the preset "fuzz", each for FUZZ_SECONDS (10)
#           cli              the clgrad program: doctor, table of operations, planted faults
#           bench            clgrad bench: suites, files, comparison, goals, its page in a browser
#           peers            bench/peers: comparing with other libraries, those that are there
#           install          a program built against an installed copy
#           lint             layers, documentation of the API, kernels, format
# without a section: suite plain examples oclgrind cli bench peers install lint
# environment: SUITE_FILTER, OCLGRIND_FILTER (Criterion patterns), PLAIN_FILTER (a pattern of the shell), TEST_TIMEOUT (seconds for one test)
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath "${1:-build/release}")
shift || true
sections=("$@")
[ $# -gt 0 ] || sections=(suite plain examples oclgrind cli bench peers install lint)
logs=$build/test-logs
passed=0 failed=0 skipped=0
failures=() # what failed, a line each, said again at the end

# Nothing outside the build folder is read or written, so that two runs see the same. PoCL's LLVM sets a signal stack
# of its own, which ASan must not free; the fork test starts threads in a child, which TSan would refuse.
export POCL_CACHE_DIR=${POCL_CACHE_DIR:-$build/pocl-cache} CLGRAD_CACHE=$build/clgrad-cache
export ASAN_OPTIONS="detect_leaks=1:use_sigaltstack=0:log_path=$logs/sanitizer" UBSAN_OPTIONS="print_stacktrace=1"
export TSAN_OPTIONS="die_after_fork=0"
export LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp:print_suppressions=0"

# Counts the lines "ok", "not ok" and "ok ... # SKIP" of a file; with $2, not those that a filter left out.
count_tap() {
  local counts line
  counts=$(awk -v filtered="${2:-}" '
    /^ok/ && /# SKIP/ { if (!(filtered && /# SKIP test was skipped$/)) s++; next }
    /^ok/ { p++ }
    /^not ok/ { f++ }
    END { print p + 0, f + 0, s + 0 }' "$1")
  read -r p f s <<<"$counts"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  while IFS= read -r line; do failures+=("$line"); done < <(grep '^not ok' "$1")
}

fail() {
  echo "FAILED: $*"
  failures+=("$*")
  failed=$((failed + 1))
}

skip() {
  echo "SKIPPED: $*"
  skipped=$((skipped + 1))
}

# A leak does not fail a Criterion test, so the sanitizer's reports are counted by themselves.
count_sanitizer_reports() {
  local report
  for report in "$logs"/sanitizer.*; do
    [ -e "$report" ] || continue
    head -n 40 "$report"
    fail "sanitizer report $report"
    mv "$report" "$logs/seen-$(basename "$report")"
  done
}

# criterion NAME FILTER TIMEOUT: runs the suite; its exit code is not trusted, its report is counted.
criterion() {
  local tap=$logs/$1.tap log=$logs/$1.log code=0
  rm -f "$tap"
  [ -x "$build/clgrad_tests" ] || { fail "clgrad_tests is not built"; return; }
  timeout --foreground -k 10 3600 "$build/clgrad_tests" -j2 --timeout "${TEST_TIMEOUT:-$3}" ${2:+--filter "$2"} --tap="$tap" \
    >"$log" 2>&1 || code=$?
  grep -vE '^\[SKIP\]' "$log" | head -n 300 || true
  local failed_before=$failed
  if [ -s "$tap" ]; then
    count_tap "$tap" "$2"
    sed -nE '/# SKIP test was skipped$/d; s/^ok - (.*)# SKIP (.*)/SKIPPED: \1(\2)/p' "$tap" | sort | uniq -c | head -n 40
  fi
  [ -s "$tap" ] || fail "$1: the suite ended early, exit code $code"
  [ "$code" -eq 0 ] || [ "$failed" -gt "$failed_before" ] || fail "$1: exit code $code"
  count_sanitizer_reports
}

# PoCL compiles each kernel for any size of group, which is what a stored program has, and once more for the size and the
# offset of its first launch. The second is left to the other sections: the suite has some two thousand programs to build.
run_suite() {
  export POCL_WORK_GROUP_SPECIALIZATION=0
  criterion suite "${SUITE_FILTER:-}" 900 # hundreds of kernels in some
  unset POCL_WORK_GROUP_SPECIALIZATION
}

# Exit code 0 passed, 77 skipped, anything else failed. Each is given program_options.
program_options=()
run_programs() {
  local program name code
  for program in "$@"; do
    [ -x "$program" ] || continue
    name=$(basename "$program") code=0
    timeout --foreground -k 10 600 "$program" "${program_options[@]}" >"$logs/$name.log" 2>&1 || code=$?
    case $code in
      0) echo "ok - $name" && passed=$((passed + 1)) ;;
      77) skip "$name" ;;
      *) tail -n 60 "$logs/$name.log" && fail "$name: exit code $code" ;;
    esac
    count_sanitizer_reports
  done
}

run_plain() {
  local filter=${PLAIN_FILTER:-*} program programs=()
  for program in "$build"/plain_*; do
    # shellcheck disable=SC2053 # a pattern
    [[ $(basename "$program") == plain_$filter ]] && programs+=("$program")
  done
  [ "$filter" != '*' ] || programs+=("$build/elementary_sweep")
  run_programs "${programs[@]}"
}
run_examples() { # small settings, pictures into the build folder
  mkdir -p "$build/pictures"
  program_options=("$build/pictures" --quick)
  run_programs "$build"/example_*
  program_options=()
}

# One fuzzer, its log and whether it ended well in $logs.
fuzz_one() {
  local name code=0 options
  name=$(basename "$1")
  options=(-max_len=4096 -rss_limit_mb=512 -malloc_limit_mb=64 -timeout=5 -print_final_stats=1
    "-max_total_time=${FUZZ_SECONDS:-10}" "-artifact_prefix=$logs/$name-")
  [ ! -e "tests/fuzz/${name%_raw}.dict" ] || options+=("-dict=tests/fuzz/${name%_raw}.dict")
  rm -f "$logs/$name.code"
  env -u ASAN_OPTIONS "$1" "${options[@]}" >"$logs/$name.log" 2>&1 || code=$?
  echo "$code" >"$logs/$name.code"
}

# Each has one thread: as many run as there are processors.
run_fuzz() {
  local program name programs=() running=0
  for program in "$build"/fuzz_*; do
    [ -x "$program" ] || continue
    programs+=("$program")
    [ "$running" -lt "$(nproc)" ] || { wait -n && running=$((running - 1)); }
    fuzz_one "$program" &
    running=$((running + 1))
  done
  wait
  for program in "${programs[@]}"; do
    name=$(basename "$program")
    if [ "$(cat "$logs/$name.code")" = 0 ]; then
      echo "ok - $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$name.log") inputs"
      passed=$((passed + 1))
    else
      tail -n 60 "$logs/$name.log"
      fail "$name"
    fi
  done
}

# As a driver of its own: started as `oclgrind program` it would not see a program that loads OpenCL itself.
run_oclgrind() {
  local name=oclgrind variables=(OCLGRIND_DATA_RACES=1) driver
  [ "${1:-}" != uninit ] || { name=oclgrind-uninit && variables=(OCLGRIND_UNINITIALIZED=1); }
  driver=$(find "$(dirname "$(command -v oclgrind || echo /usr/bin/none)")/../lib" -maxdepth 3 \
    -name 'liboclgrind-rt-icd.so' 2>/dev/null | head -n 1)
  [ -n "$driver" ] || { skip "$name: not installed"; return; }
  export OCL_ICD_VENDORS=$driver CLGRAD_TEST_PLATFORM=oclgrind OCLGRIND_MAX_ERRORS=5 "${variables[@]}"
  criterion "$name" "${OCLGRIND_FILTER:-small_*/*}" 600
  unset OCL_ICD_VENDORS CLGRAD_TEST_PLATFORM OCLGRIND_MAX_ERRORS "${variables[@]%%=*}"
  local errors
  errors=$(grep -E 'Invalid (read|write|memory)|data race|Uninitialized|divergence|exceeds static' \
    "$logs/$name.log" | sort | uniq -c | head -n 20) || true
  [ -z "$errors" ] || { echo "$errors" && fail "$name reported errors"; }
}

run_script() { # NAME: tools/test_NAME.sh, which prints TAP lines, and at its end how many they are
  tools/test_"$1".sh "$build" >"$logs/$1.tap" 2>"$logs/$1.log" || true
  cat "$logs/$1.tap"
  ! grep -q '^not ok' "$logs/$1.tap" || tail -n 60 "$logs/$1.log"
  [ "$(tail -n 1 "$logs/$1.tap")" = "1..$(grep -cE '^(not )?ok' "$logs/$1.tap" || true)" ] ||
    { tail -n 60 "$logs/$1.log" && fail "$1: the script ended early"; }
  count_tap "$logs/$1.tap"
}

run_install() { run_script install; }
run_cli() { run_script cli; }
run_bench() { run_script bench; }
run_peers() { run_script peers; }

run_lint() {
  local lint code
  for lint in layers public kernels ptx format; do
    code=0
    tools/lint_$lint.sh >"$logs/lint_$lint.log" 2>&1 || code=$?
    case $code in
      0) echo "ok - lint_$lint" && passed=$((passed + 1)) ;;
      77) skip "lint_$lint: its program is not installed" ;;
      *) head -n 60 "$logs/lint_$lint.log" && fail "lint_$lint" ;;
    esac
  done
}

mkdir -p "$logs"
rm -f "$logs"/sanitizer.* "$logs"/seen-sanitizer.*
for section in "${sections[@]}"; do
  before=("$passed" "$failed" "$skipped" "$SECONDS")
  echo "== $section"
  case $section in
    suite | plain | examples | oclgrind | cli | bench | peers | fuzz | install | lint) "run_$section" ;;
    oclgrind-uninit) run_oclgrind uninit ;;
    *) fail "no section is called $section" ;;
  esac
  echo "== $section: $((passed - before[0])) passed, $((failed - before[1])) failed," \
    "$((skipped - before[2])) skipped in $((SECONDS - before[3])) s"
done
[ ${#failures[@]} -eq 0 ] || printf 'FAILURE: %s\n' "${failures[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
