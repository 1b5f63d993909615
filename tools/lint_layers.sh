#!/usr/bin/env bash
# The layers point one way (docs/architecture.md): reads every #include and says which lines break a rule.
set -euo pipefail
cd "$(dirname "$0")/.."

files() { find . -path './.*' -prune -o -path './build*' -prune -o -type f "$@" -printf '%P\n' | sort; }

duplicates=$(files \( -name '*.[ch]' -o -name '*.cl' -o -name '*.def' -o -name '*.cpp' -o -name '*.py' -o -name '*.sh' \
  -o -name '*.cmake' -o -name '*.md' ! -name README.md \) | sed 's|.*/||' | sort | uniq -d | sed 's/^/two files are called /')

# Input: every path, a line "--", then "path:line:#include ...".
includes=$({
  files \( -name '*.[ch]' -o -name '*.def' \)
  echo --
  files \( -name '*.[ch]' -o -name '*.cl' \) | xargs grep -nHE '^[[:space:]]*#[[:space:]]*include' || true
} | awk '
  function folder(path) { return path ~ /\// ? substr(path, 1, match(path, /\/[^\/]*$/) - 1) : "." }
  function base(path) { sub(/.*\//, "", path); return path }
  function under(path, top) { return path == top || index(path, top "/") == 1 }
  function broken(rule) { print where ": " rule ": " included }
  # The folder of an included file, looked for as the compiler does; "" if it is none of ours.
  function folder_of(name, from) {
    if ((from "/" name) in exists) return folder(from "/" name)
    for (top in tops) if ((tops[top] name) in exists) return folder(tops[top] name)
    return base(name) in by_name ? by_name[base(name)] : ""
  }
  BEGIN { split("src/ include/ tests/", tops); tops[0] = "" }

  $0 == "--" { listed = 1; next }
  !listed { exists[$0]; by_name[base($0)] = folder($0); next }
  {
    match($0, /:[0-9]+:/)
    where = substr($0, 1, RSTART + RLENGTH - 2)
    from = folder(substr($0, 1, RSTART - 1))
    if (!match($0, /[<"][^>"]*[>"]/)) next
    included = substr($0, RSTART, RLENGTH)
    name = substr(included, 2, length(included) - 2)
    ours = substr(included, 1, 1) == "\"" || name ~ /^clgrad\//
    to = ours ? folder_of(name, from) : ""

    if (name ~ /^CL\// && !under(from, "host/opencl") && !under(from, "tests"))
      broken("OpenCL headers belong to host/opencl")
    if (under(from, "src") && under(to, "host") && base(name) != "backend.h")
      broken("src knows no host header but backend.h")
    if (under(from, "src/core") && (under(to, "host") || under(to, "src") && to != "src/core"))
      broken("src/core includes no other layer")
    if (under(from, "src") && under(to, "src/train") && from != to)
      broken("src/train stands on all other layers, none on it")
    if (under(from, "host/cpu") && under(to, "host/opencl") || under(from, "host/opencl") && under(to, "host/cpu"))
      broken("the backends do not know each other")
    if (under(from, "host") && under(to, "src") && to != "src/core")
      broken("of src, a backend knows only src/core")
    if (under(from, "include") && ours && to != "include/clgrad")
      broken("a public header includes no private one")
    if (under(from, "reference") && (ours && to != "reference" || name ~ /\// && !ours))
      broken("the reference shares nothing with what it tests")
    if (under(from, "catalog") && (under(to, "host") || under(to, "tests") || under(to, "src") && to != "src/core"))
      broken("the catalog uses the public API and the list of rows")
    if (under(from, "cli") && (under(to, "src") || under(to, "host")))
      broken("the program uses the public API")
  }')

[ -z "$duplicates$includes" ] && exit 0
printf '%s\n' "$duplicates" "$includes" | sed '/^$/d; s/^/lint_layers: /'
exit 1
