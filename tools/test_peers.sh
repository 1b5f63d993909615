#!/usr/bin/env bash
# Runs bench/peers/compare.py with no peer, with one and with all that are installed. Prints "ok - name" or "not ok - name".
# usage: [PEERS_PYTHON=python3] tools/test_peers.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

clgrad=${1:-build/release}/clgrad
python=${PEERS_PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 checks=0

check() { # NAME COMMAND...
  local name=$1
  shift
  checks=$((checks + 1))
  if "$@" >&2; then echo "ok - $name"; else
    echo "not ok - $name"
    failed=1
  fi
}
skip() { echo "ok - $1 # SKIP $2" && checks=$((checks + 1)); }
fails_with() { # CODE COMMAND...
  local code=0 wanted=$1
  shift
  "$@" || code=$?
  [ "$code" -eq "$wanted" ]
}
says() { # TEXT COMMAND...
  local text=$1
  shift
  { "$@" 2>&1 || true; } | tee /dev/stderr | grep -F -- "$text" >/dev/null
}
compare() { "$python" bench/peers/compare.py "$clgrad" --rounds 1 --seconds 0.01 "$@"; }
without_numpy() { PYTHONPATH=$work/none compare "$@"; }

# --- None
mkdir "$work/none"
echo 'raise ImportError("no NumPy here")' >"$work/none/numpy.py"
check "no peer: exit code 1" fails_with 1 without_numpy --filter matmul/16x16x16
check "and what is missing" says "numpy is left out: no NumPy here" without_numpy --filter matmul/16x16x16
check "a peer there is none of" says "no peer is called cupy" compare --peers numpy,cupy

"$python" -c 'import numpy' 2>"$work/why" || {
  skip "one peer, all peers" "$(tail -1 "$work/why")"
  exit "$failed"
}

# --- One
check "NumPy alone" compare --peers numpy --filter matmul/16x16x16,softmax/4096x256 --json "$work/one.json"
check "has clgrad's times and its own" "$python" - "$work/one.json" <<'EOF'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["program"] == "compare.py" and d["versions"][0].startswith("NumPy"), d
assert [(r["case"], r["target"]) for r in d["results"]] == [(case, target) for case in ("matmul/16x16x16",
        "softmax/4096x256") for target in ("cpu", "numpy")], d["results"]
assert all(list(r["seconds"].values()) == sorted(r["seconds"].values()) for r in d["results"])
EOF
check "clgrad bench reads it" says numpy "$clgrad" bench --only matmul/16x16x16 --device cpu --quick --times-only \
  --against "$work/one.json"
check "different work is noticed" "$python" - <<'EOF'
import sys, tempfile
sys.path.insert(0, "bench/peers")
import compare, numpy
check = compare.Check("/nowhere/clgrad")
check.begin("matmul/2x2x2", [2, 2, 2])
with tempfile.NamedTemporaryFile(suffix=".npy") as file:
    for result, wrong in ([1, 2, 3, 4], None), ([1, 2, 3, 4.0001], None), ([1, 2, 3, 5], "off by"), ([1, 2], "2 numbers"):
        numpy.save(file.name, numpy.array(result, "f4"))
        said = check.differs(file.name)
        assert (said is None) == (wrong is None) and (not wrong or said.startswith(wrong)), (result, said)
EOF
check "inputs for every suite that peers have" "$python" - "$clgrad" <<'EOF'
import subprocess, sys
sys.path.insert(0, "bench/peers")
import peer_data, peer_numpy
cases = [l.split() for l in subprocess.run([sys.argv[1], "bench", "--list"], capture_output=True, text=True, check=True)
         .stdout.splitlines() if not l.startswith("#")]
suites = {case[0].split("/")[0] for case in cases}
assert set(peer_data.SPECS) <= suites, set(peer_data.SPECS) - suites
for title, *size in cases:
    suite, name = title.split("/")
    if suite in peer_data.SPECS:
        spec = peer_data.SPECS[suite](name, [int(n) for n in size])
        assert all(low <= high and min(shape, default=1) > 0 for shape, low, high in spec), (title, spec)
EOF

# --- All that are here
check "all that are installed" compare --filter matmul/64x64x64,softmax/4096x256,train_784_512_256_10/batch_8 \
  --json "$work/all.json"
check "have a time for a product" "$python" - "$work/all.json" <<'EOF'
import json, sys
d = json.load(open(sys.argv[1]))
targets = {r["target"] for r in d["results"]}
products = {r["target"] for r in d["results"] if r["case"] == "matmul/64x64x64" and "seconds" in r}
print(d["versions"], targets)
assert targets - {"compiled"} == products and len(targets) >= 2, (targets, products)
EOF
echo "1..$checks"
exit "$failed"
