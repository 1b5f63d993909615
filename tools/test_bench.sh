#!/usr/bin/env bash
# Runs clgrad bench as a user does: suites, files, comparison with an earlier run, goals, Ctrl-C; and opens its page in
# headless Chromium, where that is installed. Prints "ok - name" or "not ok - name".
# usage: tools/test_bench.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

build=${1:-build/release}
clgrad=$build/clgrad
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tools/checks.sh
bench() { "$clgrad" bench "$@"; }
ask() { # FILE EXPRESSION: whether a Python expression of the document d with results r holds; every() of nothing is false
  python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); r=d["results"]; every=lambda v: all(l := list(v)) and l != []
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$@"
}
change() { # FROM TO STATEMENT: a changed copy of a document d with results r
  python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); r=d["results"]; exec(sys.argv[3]); json.dump(d,open(sys.argv[2],"w"))' "$@"
}

# --- Choosing cases, and what is wrong on the command line
check "suites are listed" says "# suite gemm" bench --list
check "and cases with their sizes" says "matmul/128x512x784" bench --list --suite gemm
check "every case is in a suite that is listed" python3 - "$clgrad" <<'EOF'
import subprocess, sys
def listed(*options): return [l.split()[0] for l in subprocess.run([sys.argv[1], "bench", "--list", *options], check=True,
                              capture_output=True, text=True).stdout.splitlines() if not l.startswith("#")]
lines = subprocess.run([sys.argv[1], "bench", "--list"], capture_output=True, text=True).stdout.splitlines()
suites = [l.split()[2] for l in lines if l.startswith("#")]
every = listed()
assert len(every) == len(set(every)), "two cases have one name"
missing = set(every) - set(listed("--suite", ",".join(suites)))
assert not missing, missing
EOF
check "a suite there is none of" fails_with 2 bench --suite gemm,nothing
check "says which there are" says "no suite is called 'nothing': they are gemm, map" bench --suite gemm,nothing
check "an empty name of a suite" fails_with 2 bench --suite gemm,
check "a case there is none of" fails_with 2 bench --only map/add_1K,no/case --list
check "says which" says "no case is called 'no/case'" bench --only map/add_1K,no/case --list
check "no case that is left" fails_with 1 bench --only map/add_1K --suite gemm
check "operations are listed with sizes alone" diff <(bench --list --only ops/add,ops/sub,ops/matmul | tr -s ' ') \
  <(printf 'ops/%s\n' 'add 4194304' 'sub 4194304' 'matmul ')
check "seconds that are none" fails_with 2 bench --seconds 0
check "an argument too many" fails_with 2 bench something
check "a device there is none of" says 'no device "nowhere"' bench --device nowhere --only map/add_1K
check "--from with what measures" fails_with 2 bench --from x.json --quick
check "a folder that is not there" says "cannot be written: No such file" bench --only map/add_1K --json "$work/none/x.json"
check "a folder as a file" fails_with 1 bench --only map/add_1K --html "$work"

# --- A run, its files, and what is compared with it
quick() { bench --quick --device cpu "$@"; }
check "a run with files" quick --suite gemm,train,overhead --json "$work/a.json" --html "$work/a.html"
check "nothing else is left" diff <(ls "$work") <(printf 'a.html\na.json\n')
check "format, machine, devices" ask "$work/a.json" 'd["format"] == "clgrad-bench" and d["format_version"] == 1 and d["quick"]
  and d["machine"]["processor"] and len(d["machine"]["load"]) == 3 and d["devices"][0]["limits"]["flops"] > 0 and d["commit"]'
check "quartiles in order" ask "$work/a.json" 'every(list(e["seconds"].values()) == sorted(e["seconds"].values())
  and len(e["seconds"]) == 5 for e in r if "seconds" in e)'
check "floors and amounts" ask "$work/a.json" 'every(e["floor"] > 0 and e["flops"] > 0 and e["intensity"] > 0
  for e in r if e["suite"] == "gemm" and e["target"] == "cpu")'
check "a training step waits for nothing and allocates nothing" ask "$work/a.json" 'every(e["waits"] == 0 and
  e["allocations"] == 0 and e["launches"] > 0 for e in r if e["case"].startswith("train_") and e["target"] == "cpu")'
check "a run against itself" says " 0 slower and 0 faster beyond the noise" bench --from "$work/a.json" --against "$work/a.json"
check "has exit code 0" bench --from "$work/a.json" --against "$work/a.json"
change "$work/a.json" "$work/fast.json" 'for e in r: e.get("seconds") and e["seconds"].update({k: v / 2 for k, v in e["seconds"].items()})'
check "half as fast is slower" fails_with 3 bench --from "$work/a.json" --against "$work/fast.json"
check "says where" says "SLOWER" bench --from "$work/a.json" --against "$work/fast.json"
check "is in the file" fails_with 3 bench --from "$work/a.json" --against "$work/fast.json" --json "$work/compared.json"
check "case by case" ask "$work/compared.json" 'every(e["against"]["ratio"] < 1 for e in r if e["target"] == "cpu")'
check "and no more where it is read" bench --from "$work/compared.json" --json "$work/again.json" --html "$work/again.html"
check "or compared with something else" bench --from "$work/compared.json" --against <(
  echo '{"program": "compare.py", "results": []}') --json "$work/other.json"
check "which knows none of these cases" ask "$work/other.json" 'every("against" not in e for e in r)'
check "as without a comparison" ask "$work/again.json" 'every("against" not in e for e in r)'
check "twice as fast is no failure" bench --from "$work/fast.json" --against "$work/a.json"
change "$work/a.json" "$work/noisy.json" 'for e in r: e.get("seconds") and e["seconds"].update({"min": e["seconds"]["min"] / 2,
  "q1": e["seconds"]["q1"] / 2, "median": e["seconds"]["median"] / 2, "q3": e["seconds"]["max"] * 1.1, "max": e["seconds"]["max"] * 2})'
check "within the noise is not slower" bench --from "$work/a.json" --against "$work/noisy.json"
change "$work/a.json" "$work/sizes.json" 'for e in r: e["size"][0] += 1'
check "other sizes are not compared" says "were measured at other sizes" bench --from "$work/a.json" --against "$work/sizes.json"
check "measured anew against it" fails_with 3 quick --only overhead/add_8 --times-only --against <(
  python3 -c 'print("""{"program": "compare.py", "results": [{"case": "overhead/add_8", "target": "cpu", "seconds":
    {"min": 1e-12, "median": 1e-12, "max": 1e-12}}, {"case": "overhead/add_8", "target": "numpy", "seconds":
    {"min": 1e-6, "median": 2e-6, "max": 3e-6}}]}""")')

check "a view moves nothing" quick --only ops/add,ops/transpose,ops/reshape --json "$work/views.json"
check "and has no limit" ask "$work/views.json" '{e["case"]: (e["size"][0], "floor" in e, "bytes" in e) for e in r} ==
  {"ops/add": (1 << 20, True, True), "ops/transpose": (0, False, False), "ops/reshape": (0, False, False)}'
check "as long as is asked for" bench --device cpu --times-only --seconds 5 --only overhead/add_8 --json "$work/long.json"
check "with samples to spare" ask "$work/long.json" 'every(e["samples"] < 1000 for e in r)'
bench --from <(echo '{"program": "compare.py", "results": [{"case": "overhead/add_8", "target":
  "numpy", "seconds": {"min": 1e-6, "median": 2e-6, "max": 3e-6}}]}') >"$work/peers.txt"
check "results of peers are shown without a machine" fails_with 1 grep '^clgrad' "$work/peers.txt"
check "and without an error" grep -E '^overhead/add_8 +numpy +2.00 us +\(1.00 us to 3.00 us\) +- +- +- +-$' "$work/peers.txt"
to_pipe() { # as a user who may not write to the folder of /dev/stdout
  local user=()
  [ "$(id -u)" -ne 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
  cp "$clgrad" "$work/program" && chmod 711 "$work"
  "${user[@]}" sh -c '"$0" bench --from "$1" --json /dev/stdout | grep "\"format\": \"clgrad-bench\""' \
    "$work/program" "$work/a.json"
}
check "into a pipe" to_pipe
in_start() { TMPDIR=$1 bench --device cpu --times-only --quick --only start/first_sum; }
long=$work/$(printf 'x%.0s' {1..200})
mkdir "$long"
check "a long folder for temporary files" in_start "$long"
check "which is left empty" rmdir "$long"
check "one that is too long" says "TMPDIR is too long" in_start "/$(printf 'x%.0s' {1..4090})"
check "one that is not there" says "No such file or directory" in_start "$work/none"

# --- Files that are broken, or something else
broken() { # NAME WHAT CONTENT: the message about a file has WHAT in it, the exit code is 1
  printf '%s' "$3" >"$work/broken.json"
  check "$1" says "$2" bench --from "$work/broken.json"
  check "$1: exit code" fails_with 1 bench --from "$work/broken.json"
}
broken "no JSON" "it is no JSON: line 1" '{"format": '
broken "an empty file" "it is no JSON" ''
broken "another JSON" 'it is neither of clgrad bench' '{"name": "x"}'
broken "a list" 'it is no object' '[1]'
broken "a later format" "its format is version 9; this program reads up to 1" '{"format": "clgrad-bench", "format_version": 9}'
broken "no results" 'no results of a benchmark' '{"format": "clgrad-bench", "format_version": 1}'
head='{"format": "clgrad-bench", "format_version": 1, "results": ['
broken "a result without a case" 'result 0: "case" is missing' "$head{\"target\": \"cpu\"}]}"
broken "a time below 0" 'result 0: "seconds" has no "min" above 0' "$head{\"case\": \"a/b\", \"target\": \"cpu\", \"seconds\": {\"min\": -1}}]}"
broken "times out of order" 'not in order at "median"' \
  "$head{\"case\": \"a/b\", \"target\": \"cpu\", \"seconds\": {\"min\": 3, \"median\": 2, \"max\": 4}}]}"
entry="$head{\"case\": \"a/b\", \"target\": \"cpu\", "
broken "a number that is text" '"flops" is no number' "$entry\"flops\": \"many\"}]}"
broken "a number beyond any machine" '"flops" is no number from 0 to 1e+18' "$entry\"flops\": 1e308}]}"
broken "one that is next to nothing" '"intensity" is no number from 0' "$entry\"intensity\": 1e-320}]}"
broken "an age for a time" '"seconds" has no "max" above 0 that can be' \
  "$entry\"seconds\": {\"min\": 1, \"median\": 1, \"max\": 1e300}}]}"
broken "a size that is no list" '"size" is no list' "$entry\"size\": 1}]}"
broken "a suite that is no text" '"suite" is no text' "$entry\"suite\": 1}]}"
printf '%s' "$entry\"note\": \"\\u001b[31mred\\u009b\\nline\"}]}" >"$work/control.json"
bench --from "$work/control.json" --json "$work/plain.json" >"$work/control.txt"
check "control characters do not reach the terminal" grep -F '?[31mred?? line' "$work/control.txt"
check "nor those of a file that is broken" says "expected near '?'" bench --from <(printf '\033[31m')
head='{"format": "clgrad-bench", "format_version": 1, "results": [], '
broken "devices that are none" '"devices" is no list' "$head\"devices\": 5}"
broken "a device without a name" 'device 0 has no "id"' "$head\"devices\": [{}]}"
broken "a machine that is none" '"machine" is no object' "$head\"machine\": []}"
broken "versions that are no texts" '"versions" is no list of texts' "$head\"versions\": [1]}"
broken "versions that are none" '"versions" is no list of texts' "$head\"versions\": \"x\"}"
broken "a date that is none" '"date" is no text' "$head\"date\": 5}"
broken "a load that is none" 'machine: "load" is no list of numbers' "$head\"machine\": {\"load\": [\"high\"]}}"
broken "limits beyond any machine" 'the limits of device 0 are not whole' "$head\"devices\": [{\"id\": \"cpu\", \"limits\":
  {\"flops\": 1e300, \"memory\": {\"read\": 1, \"copy\": 1, \"triad\": 1}, \"cache\": {\"read\": 1, \"copy\": 1, \"triad\": 1}}}]}"
broken "limits that are not whole" 'the limits of device 0 are not whole' \
  "$head\"devices\": [{\"id\": \"cpu\", \"limits\": {\"flops\": 1}}]}"
check "a file that is not there" says "No such file" bench --against "$work/none.json" --only map/add_1K
check "a folder" says "it is a folder" bench --from "$work"

# --- Ctrl-C: the files have what was measured until then
interrupt_run() { # OPTION...
  local pid code=0
  : >"$work/part.txt"
  "$clgrad" bench --device cpu --suite map --times-only "$@" >"$work/part.txt" 2>&1 &
  pid=$!
  for _ in $(seq 1200); do
    [ "$(grep -c '^map/' "$work/part.txt")" -lt 2 ] || break
    sleep 0.05
  done
  kill -INT "$pid"
  wait "$pid" || code=$?
  [ "$code" -eq 130 ]
}
check "Ctrl-C ends a run" interrupt_run
check "that wrote nothing" grep -x 'clgrad: interrupted' "$work/part.txt"
check "Ctrl-C ends a run with files" interrupt_run --json "$work/part.json" --html "$work/part.html"
check "and says so" grep 'interrupted; the results so far are written' "$work/part.txt"
check "and leaves what was measured" ask "$work/part.json" 'd["interrupted"] and 1 <= len({e["case"] for e in r}) < 15'
check "as a page, too" grep -q '</html>' "$work/part.html"

killed_run() { # as by a second Ctrl-C, which may come too late: whether nothing is left in TMPDIR
  local pid folder=$work/temporary
  mkdir -p "$folder"
  TMPDIR=$folder "$clgrad" bench --device cpu --only start/first_sum --seconds 60 >"$work/killed.txt" 2>&1 &
  pid=$!
  for _ in $(seq 600); do
    [ -z "$(ls "$folder")" ] || break
    sleep 0.05
  done
  [ -n "$(ls "$folder")" ] || return 1
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null
  for _ in $(seq 100); do
    [ -n "$(ls "$folder")" ] || return 0
    sleep 0.05
  done
  return 1
}
check "a run that is killed leaves no folder" killed_run

# --- Goals
goals() { # TEXT OPTION...: goals of that text, by the figures of a run that was changed to known ones
  printf '%s\n' "$1" >"$work/goals.txt"
  shift
  python3 bench/check_goals.py "$clgrad" --goals "$work/goals.txt" --against "$work/known.json" "$@"
}
change "$work/a.json" "$work/known.json" 'for e in r:
  if "seconds" in e: e["seconds"] = {k: 2e-6 for k in e["seconds"]}; e.update(floor=1e-6, launches=4, waits=0)
  if e["case"] == "matmul/32x32x32" and "seconds" in e: e["seconds"]["median"] = 4e-6
d["devices"].append({"id": "opencl:76"})
r += [dict(e, target="opencl:76", seconds={"median": 6e-6}) for e in r if e["case"] == "matmul/16x16x16" and e["target"] == "cpu"]'
case="matmul/16x16x16 cpu"
check "a share of the limit" says "met      matmul/16x16x16 on cpu: limit >= 0.5: 0.5" goals "$case limit >= 0.5 met"
check "one that is lost" fails_with 1 goals "$case limit >= 0.51 met"
check "one that is open" says "open     matmul/16x16x16 on cpu: limit >= 0.51: 0.5" goals "$case limit >= 0.51 open"
check "an open one is no failure" goals "$case limit >= 0.51 open"
check "one that is reached" says "reached " goals "$case limit >= 0.4 open"
check "the speed of another case" says ": 2" goals "$case speed of matmul/32x32x32 >= 2 met"
check "that is lost" fails_with 1 goals "$case speed of matmul/32x32x32 >= 2.1 met"
check "the time of another case" goals "$case time of matmul/32x32x32 <= 0.5 met"
check "that is too long" fails_with 1 goals "$case time of matmul/32x32x32 <= 0.4 met"
check "the speed of another device" says ": 3" goals "$case speed of opencl:76 >= 3 met"
check "that is lost, too" fails_with 1 goals "$case speed of opencl:76 >= 3.1 met"
check "seconds" says "2 us" goals "$case seconds <= 2e-6 met"
check "too many of them" fails_with 1 goals "$case seconds <= 1e-6 met"
check "counters" goals "$case waits <= 0 met"
check "too many launches" fails_with 1 goals "$case launches <= 3 met"
check "a device that is not here" says "SKIPPED" goals "matmul/16x16x16 opencl:77 limit >= 0.5 met"
check "a case that is not known" fails_with 1 goals "matmul/none cpu limit >= 0.5 met"
check "a goal that is none" fails_with 2 goals "$case is fast"
check "says where" says "goals.txt:1: no goal: 'matmul/16x16x16 cpu is fast'" goals "$case is fast"
check "a bound from the wrong side" says "'limit' is bounded by >=, not <=" goals "$case limit <= 0.5 met"
check "a bound that is no number" fails_with 2 goals "$case limit >= much met"
check "a filter that no goal has" fails_with 2 goals "$case waits <= 0 met" --filter nothing
echo '{"a": 1}' >"$work/other.json"
check "figures of something else" fails_with 2 goals "$case waits <= 0 met" --against "$work/other.json"
check "says so" says "other.json is no JSON of clgrad bench" goals "$case waits <= 0 met" --against "$work/other.json"
cat >"$work/broken" <<'EOF' # a program that lists cases and devices and measures nothing
#!/bin/sh
case "$*" in
  'bench --list') echo 'matmul/16x16x16 16 16 16' ;;
  devices*) echo '{"devices": [' \
    '{"id": "opencl:0", "type": "CPU", "usable": true, "platform": "a"},' \
    '{"id": "opencl:1", "type": "GPU", "usable": true, "platform": "b"}]}' ;;
  *) echo "no device $3" >&2; exit 5 ;;
esac
EOF
chmod +x "$work/broken"
broken() { python3 bench/check_goals.py "$work/broken" --goals "$work/goals.txt" --rounds 1; }
echo "matmul/16x16x16 opencl waits <= 0 met" >"$work/goals.txt"
check "a run that fails" fails_with 1 broken
check "is unknown" says "UNKNOWN  matmul/16x16x16 on opencl: waits <= 0: exit code 5" broken
check "and was the GPU's" says "no device opencl:1" broken
check "goals that are measured" says "1 goals, 0 lost" python3 bench/check_goals.py "$clgrad" --rounds 1 --seconds 0.01 \
  --filter "batch_1 on cpu: waits"
measured_with_peer() { # by peers that are in this Python
  printf '%s\n' "$@" >"$work/goals.txt"
  python3 bench/check_goals.py "$clgrad" --goals "$work/goals.txt" --rounds 1
}
if python3 -c 'import numpy' 2>/dev/null; then
  check "a peer" says "met      matmul/16x16x16 on cpu: speed of numpy >= 1e-6" \
    measured_with_peer "matmul/16x16x16 cpu speed of numpy >= 1e-6 met"
else
  skip "a peer" "no NumPy"
fi
check "a peer that is not here" says "SKIPPED" measured_with_peer "matmul/16x16x16 cpu speed of nobody >= 1 met"

# --- The page
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
change "$work/a.json" "$work/peers.json" 'd = {"program": "compare.py", "versions": ["A <b>Peer</b> 1"], "results":
  [{"case": e["case"], "target": t, "seconds": {"min": e["seconds"]["min"] * f, "median": e["seconds"]["median"] * f,
  "max": e["seconds"]["max"] * f}} for e in r if e["target"] == "cpu" for t, f in (("cpu", 1), ("pytorch", 2), ("numpy", 0.5))]}'
change "$work/a.json" "$work/two.json" 'd["devices"].append(dict(d["devices"][0], id="opencl:0", name="</script><b>a device"))
r += [dict(e, target="opencl:0") for e in r if e["target"] == "cpu"]'
shot_is_not_blank() { # FILE: a PNG of 8 bits per channel with 50 colours or more
  python3 - "$1" <<'EOF'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
at, idat = 8, b""
while at < len(data):
    length, kind = struct.unpack(">I4s", data[at:at + 8])
    if kind == b"IHDR": width, height, _, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
    if kind == b"IDAT": idat += data[at + 8:at + 8 + length]
    at += 12 + length
n, raw, last, colours = {2: 3, 6: 4}[colour], zlib.decompress(idat), None, set()
last = bytearray(width * n)
for y in range(height):
    kind, line = raw[y * (width * n + 1)], bytearray(raw[y * (width * n + 1) + 1:(y + 1) * (width * n + 1)])
    for i in range(width * n):
        a, b, c = line[i - n] if i >= n else 0, last[i], last[i - n] if i >= n else 0
        p = a + b - c
        paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
        line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
    colours.update(bytes(line[i:i + 3]) for i in range(0, width * n, n * 7))
    last = line
assert len(colours) >= 50, f"{len(colours)} colours"
EOF
}
browse() { # OPTION...: Chromium without a network, its complaints in a file
  timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr --v=0 \
    --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' --proxy-server=127.0.0.1:9 \
    --virtual-time-budget=5000 "$@" 2>"$work/console"
}
dom_has() { # FILE: what the page must have in it, and must not
  python3 - "$1" "$work/two.json" <<'EOF'
import json, re, sys
dom, results = open(sys.argv[1], encoding="utf-8").read(), json.load(open(sys.argv[2]))["results"]
assert f'data-ready="{len(results)}"' in dom, "the script did not come to its end"
assert "data-error" not in dom.split("<head")[0], dom[:300]
for plot in "training products roofline devices peers against".split():
    body = re.search(f'<figure id="plot-{plot}">.*?</figure>', dom, re.S)
    assert body, f"no plot {plot}"
    for part in "<svg", "<title", "<desc", "<table", 'role="img"':
        assert part in body.group(0), f"plot {plot} has no {part}"
    assert re.search("<(circle|rect|path)", body.group(0)), f"plot {plot} is empty"
    assert "NaN" not in body.group(0) and "Infinity" not in body.group(0), f"plot {plot} has no numbers"
for entry in results:
    assert f'data-case="{entry["case"]}" data-target="{entry["target"]}"' in dom, entry
for text in "PyTorch", "NumPy", "&lt;b&gt;Peer":
    assert text in dom, text
assert "<b>" not in dom.split('id="data"')[0], "text became HTML"
assert "[object" not in dom.split("<script")[0], "an element became text"
assert not re.search(r'(src|href)="https?:', dom), "it refers to the network"
EOF
}
check "a page with two devices and peers" bench --from "$work/two.json" --against "$work/peers.json" --html "$work/two.html"
check "no name ends the script" grep -F '\u003c/script>\u003cb>a device' "$work/two.html"
check "which the page itself does twice" test "$(grep -o '</script' "$work/two.html" | wc -l)" -eq 2
if [ -z "$chromium" ]; then
  skip "the page in a browser" "Chromium is not installed"
else
  browse --dump-dom "file://$work/two.html" >"$work/dom"
  check "every plot and row is in the page" dom_has "$work/dom"
  check "without a complaint" fails_with 1 grep CONSOLE "$work/console"
  browse --window-size=800,1200 --screenshot="$work/shot.png" "file://$work/two.html"
  check "it is not blank" shot_is_not_blank "$work/shot.png"
  browse --dump-dom "file://$work/part.html" >"$work/dom"
  check "the page of an interrupted run" grep -q 'data-ready=' "$work/dom"
  browse --dump-dom "file://$work/again.html" >"$work/dom"
  check "the page of a run that was compared before" grep -q 'data-ready=' "$work/dom"
fi
echo "1..$checks"
exit $failed
