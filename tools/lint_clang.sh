#!/usr/bin/env bash
# Has clang look at every source of a configured build, with its flags, for clang's warnings: no object is made.
# usage: tools/lint_clang.sh [build folder]
# exit code 77: no clang here
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang >/dev/null || exit 77
commands=${1:-build/release}/compile_commands.json
[ -e "$commands" ] || { echo "lint_clang: no $commands: configure the build first" >&2 && exit 1; }

# Each source with each set of flags once: the commands without what names an output.
awk -F'"' '
  /^ *"directory"/ { directory = $4 }
  /^ *"command"/ {
    sub(/^ *"command": "/, "")
    sub(/",?$/, "")
    gsub(/\\"/, "\"")
    gsub(/\\\\/, "\\")
    sub(/^(ccache )?[^ ]+/, "clang -fsyntax-only")
    sub(/ -o [^ ]+/, "")
    gsub(/ -fno-(thread-jumps|tree-pre)/, "") # options of gcc alone
    if (!seen[$0]++) print "cd " directory " && " $0
  }' "$commands" | tr '\n' '\0' | xargs -0 -P "$(nproc)" -n 1 bash -c
