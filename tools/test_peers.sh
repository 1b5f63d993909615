#!/usr/bin/env bash
# Runs bench/peers/compare.py with no peer, with one and with all that are installed. Prints "ok - name" or "not ok - name".
# usage: [PEERS_PYTHON=python3] tools/test_peers.sh [build folder]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

clgrad=${1:-build/release}/clgrad
python=${PEERS_PYTHON:-$( # the first one with NumPy: Debian's package is for Debian's Python
  for candidate in python3 /usr/bin/python3; do "$candidate" -c 'import numpy' 2>/dev/null && echo "$candidate" && exit; done
  echo python3
)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tools/checks.sh
# one thread each: several wait for whole time slices at their barriers where other programs are at work
compare() { "$python" bench/peers/compare.py "$clgrad" --rounds 1 --seconds 0.01 --threads 1 "$@"; }
without_numpy() { PYTHONPATH=$work/none compare "$@"; }

# --- Memory
check "the memory of a step, for memory.py" says '"tensors_peak":' "$(dirname "$clgrad")/clgrad_step_memory" mlp 8

# --- None
mkdir "$work/none"
echo 'raise ImportError("no NumPy here")' >"$work/none/numpy.py"
check "no peer: exit code 1" fails_with 1 without_numpy --filter matmul/16x16x16
check "and what is missing" says "numpy is left out: no NumPy here" without_numpy --filter matmul/16x16x16
check "a peer there is none of" says "no peer is called cupy" compare --peers numpy,cupy
check "a case there is none of" fails_with 2 compare --peers numpy --filter nothing
check "and its text" says "no case has 'nothing' in its name" compare --peers numpy --filter nothing

"$python" -c 'import numpy' 2>"$work/why" || {
  skip "one peer, all peers" "$(tail -1 "$work/why")"
  echo "1..$checks"
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
def compared(title, *results):
    check.begin(title, [2, 2, 2])
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        for result, wrong in results:
            numpy.save(file.name, numpy.array(result))
            said = check.differs(file.name)
            assert (said is None) == (wrong is None) and (not wrong or said.startswith(wrong)), (title, result, said)
compared("matmul/2x2x2", ([1, 2, 3, 4.], None), ([1, 2, 3, 4.0001], None), ([1, 2, 3, 5.], "off by"), ([1, 2.], "2 numbers"),
         ([1, 2, 3, -4.], "off by"))
compared("linalg/solve_64", ([1, 2.], None), ([1, -2.], "off by"))
compared("linalg/qr_64", ([1, 2.], None), ([1, -2.], None))
compared("linalg/eig_64", ([1j, 2.], None), ([2., -1j], None), ([1j, 1.], "off by"))
EOF
check "results that fail are in the table" "$python" - <<'EOF'
import argparse, sys
sys.path.insert(0, "bench/peers")
import compare
options = argparse.Namespace(clgrad="false", device="cpu", seconds=0.01, rounds=2)
class Fake:
    def __init__(self, target, *answers):
        self.target, self.answers = target, list(answers)
    def ask(self, **request):
        return self.answers.pop(0)
times = {"seconds": dict.fromkeys(("min", "q1", "median", "q3", "max"), 1), "samples": 7}
broken, lacking = {"failed": "its process ended"}, {"has": False}
def measured(*peers):
    own, others = compare.measure(options, peers, None, "matmul/2x2x2", [2, 2, 2])
    compare.print_case("matmul/2x2x2", own, others)
    return own, others
own, (late, good, none) = measured(Fake("late", {"has": True}, times, broken), Fake("good", {"has": True}, times, times),
                                   Fake("none", broken))
assert own["failed"] and own["note"] == "exit code 1: no message", own
assert late["failed"] and late["note"] == "its process ended" and none["failed"] and good["samples"] == 14, (late, good, none)
assert measured(Fake("numpy", lacking)) == (None, []), "clgrad runs for nobody"
EOF
check "what a sample waits for, and the first run" "$python" - <<'EOF'
import sys, time
sys.path.insert(0, "bench/peers")
import peer_work
did = []
def run():
    did.append("run")
    time.sleep(0.05 if len(did) == 1 else 0)
    return len(did)
work = peer_work.begun(peer_work.Work(run, finish=lambda: did.append("finish")))
assert did == ["run", "finish"] and work.first == 1 and work.first_seconds > 0.05 and peer_work.begun(work) is work, work
timer = peer_work.Timer(work, 0)
timer.calls = 5
result = timer.sample(0, 7)
assert result["runs"] == 5 and result["first"] == work.first_seconds, result
assert did[-12:] == (["run"] * 5 + ["finish"]) * 2, did
EOF
check "maps are what their names say" "$python" - "$clgrad" <<'EOF'
import argparse, math, subprocess, sys
sys.path.insert(0, "bench/peers")
import compare, numpy, peer_data
for name, low, high in (("log_16M", 0.1, 8), ("pow_16M", 0.1, 8), ("exp_16M", -4, 4)):
    x = peer_data.inputs("map", name, [9001])[0]
    assert low <= x.min() < low + 0.1 and high - 0.1 < x.max() <= high, (name, x.min(), x.max())
check, size = compare.Check(sys.argv[1]), [9001]
x = peer_data.inputs("map", "gelu_16M", size)[0].astype("f8")
cdf = 0.5 + 0.5 * numpy.vectorize(math.erf)(x / 2**0.5)
want = {"gelu": x * cdf, "gelu_grad": cdf + x * numpy.exp(-x * x / 2) / (2 * math.pi)**0.5,
        "gelu_tanh": x * (0.5 + 0.5 * numpy.tanh((2 / math.pi)**0.5 * (x + 0.044715 * x**3)))}
for what, values in want.items() if check.library else ():
    check.begin(f"map/{what}_16M", size)
    assert abs(check.expected() - values).max() < 1e-5, what
peers, has = compare.installed(argparse.Namespace(peers="numpy,pytorch,jax", threads=1)), []
options = argparse.Namespace(clgrad=sys.argv[1], filter="map/", seconds=0)
for title, _ in compare.list_cases(options):
    ready, failed = compare.start(options, peers, check, title, size)
    assert not failed, failed
    has += [(title, peer.target) for peer in ready]
assert ("map/gelu_grad_16M", "numpy") not in has and ("map/pow_16M", "numpy") in has, has
for peer in peers:
    peer.end()
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
check "all that are installed" compare --filter matmul/64x64x64,train_784_512_256_10/batch_8 \
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
