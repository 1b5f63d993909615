#!/usr/bin/env bash
# Every public function has a comment directly above its prototype, and a test that names it.
# A row of elementwise.def counts as named where the tests go through the table of rows.
set -euo pipefail
cd "$(dirname "$0")/.."

prototypes=$(awk '
  /^[ \t]*CG_API/ {
    text = $0
    commented = previous ~ /\*\/[ \t]*$/ || previous ~ /^[ \t]*\/\//
    where = FILENAME ":" FNR
    while (text !~ /[;{]/ && (getline line) > 0) text = text " " line
    if (match(text, /cg_[A-Za-z0-9_]+[ ]*\(/)) {
      name = substr(text, RSTART, RLENGTH - 1)
      sub(/[ ]+$/, "", name)
      print where, name, commented
    }
  }
  { previous = $0 }' include/clgrad/*.h)

tested=$(find tests -type f \( -name '*.[ch]' -o -name '*.cpp' \) -exec grep -ohE '\bcg_[A-Za-z0-9_]+' {} + | sort -u)
if grep -rqE 'cg_rows|elementwise\.def' tests; then
  tested+=$'\n'$(sed -nE 's/^CG_ROW\(([a-z0-9_]+),.*/cg_\1/p' src/core/elementwise.def)
fi

problems=$(awk '
  NR == FNR { tested[$1]; next }
  $3 != 1 { print "lint_public: " $1 ": " $2 " has no comment directly above it" }
  !($2 in tested) { print "lint_public: " $1 ": " $2 " is named by no test" }' \
  <(echo "$tested") <(echo "$prototypes"))

[ -z "$problems" ] && exit 0
echo "$problems"
exit 1
