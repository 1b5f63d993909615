#!/usr/bin/env python3
"""Times clgrad and its peers in turn, case by case, and prints how many times faster clgrad is.

usage: compare.py PATH/clgrad [--filter TEXT] [--peers pytorch,numpy] [--device cpu] [--rounds 3] [--json FILE]

In each round `clgrad bench` runs the case in a process of its own, then each peer that is installed takes its samples in
its own process. A ratio is the peer's median over clgrad's, of all rounds' samples: above 1 clgrad is faster. A peer whose
first result differs from clgrad's is marked WRONG and has no ratio. README.md says how each peer is installed.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import peer_work

HERE = os.path.dirname(os.path.abspath(__file__))


def list_cases(options):
    """[(title, sizes)] of the cases that are asked for, as clgrad bench lists them."""
    lines = subprocess.run([options.clgrad, "bench", "--list"], check=True, capture_output=True, text=True).stdout
    cases = [line.split() for line in lines.splitlines() if not line.startswith("#")]
    wanted = options.filter.split(",")
    return [(case[0], [int(n) for n in case[1:]]) for case in cases if any(text in case[0] for text in wanted)]


class PeerProcess:
    """A peer at work in peer_worker.py."""

    def __init__(self, name, threads):
        self.name = name
        command = [sys.executable, os.path.join(HERE, "peer_worker.py"), name, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=None if os.environ.get("CLGRAD_PEER_VERBOSE") else subprocess.DEVNULL)
        said = self.read()
        self.missing, self.target, self.version = said.get("missing") or said.get("failed"), said.get("target"), \
            said.get("version")

    def read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"failed": "its process ended"}

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return {"failed": "its process ended"}
        return self.read()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def installed(options):
    """The peers that are there; says on stderr which are not."""
    peers = []
    for name in options.peers.split(","):
        peer = PeerProcess(name, options.threads)
        if peer.missing:
            print(f"{name} is left out: {peer.missing}", file=sys.stderr)
            peer.end()
        else:
            peers.append(peer)
    return peers


class Check:
    """Compares the first result of each peer with clgrad's, or, where that is not at hand, with the first peer's."""

    def __init__(self, clgrad):
        import numpy  # pylint: disable=import-outside-toplevel
        import clgrad_library  # pylint: disable=import-outside-toplevel
        import peer_data  # pylint: disable=import-outside-toplevel
        self.np, self.data = numpy, peer_data
        path = os.path.join(os.path.dirname(os.path.abspath(clgrad)), "libclgrad.so")
        self.library = clgrad_library.Expected(path) if os.path.exists(path) else None

    def begin(self, title, size):
        self.title, self.size, self.want = title, size, None

    def expected(self):
        data = self.data.inputs(*self.title.split("/"), self.size) if self.library else None
        return self.library.of(self.title, self.size, data, self.data.operands) if data else None

    def differs(self, file):
        """What is wrong with the result in a file; None if nothing is."""
        got = self.np.load(file)
        if self.title.startswith(("random/", "order/argsort")):
            return None
        self.want = self.expected() if self.want is None else self.want
        if self.want is None:
            self.want = got
            return None
        got, want = self.np.ravel(got), self.np.ravel(self.want)
        if got.shape != want.shape:
            return f"{got.size} numbers, not {want.size}"
        if "c" in (got.dtype.kind, want.dtype.kind):
            got, want = self.np.sort(abs(got)), self.np.sort(abs(want))
        if self.title.startswith("linalg/qr"):  # the sign of a factor's row is anyone's choice
            got, want = abs(got), abs(want)
        got, want = got.astype("f8"), want.astype("f8")
        size = self.np.sqrt((want**2).mean())
        off = self.np.sqrt(((got - want)**2).mean()) / size if size > 0 else self.np.abs(got).max()
        return None if off < 1e-3 else f"off by {off:.2g} of its size"


def run_clgrad(options, title):
    """clgrad's result, or one that failed."""
    def failed(note):
        return {"case": title, "target": options.device, "failed": True, "note": note}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "result.json")
        command = [options.clgrad, "bench", "--only", title, "--device", options.device, "--times-only", "--seconds",
                   str(options.seconds), "--json", file]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)
            said = (done.stderr or done.stdout).strip().splitlines()
            return failed(f"exit code {done.returncode}: {said[-1] if said else 'no message'}")
        with open(file, encoding="utf-8") as written:
            result = json.load(written)["results"][0]
    return result if "seconds" in result else failed(result.get("note", "no time"))


def merge(results):
    """One result of several rounds: the medians of quartiles, the outermost of the rest; or the first that failed."""
    for result in results:
        if "seconds" not in result:
            return result
    merged = dict(results[0])
    merged["seconds"] = {key: join(r["seconds"][key] for r in results)
                         for key, join in (("min", min), ("q1", statistics.median), ("median", statistics.median),
                                           ("q3", statistics.median), ("max", max))}
    merged["samples"] = sum(r["samples"] for r in results)
    return merged


def start(options, peers, check, title, size):
    """The peers that have the case, and results of those that fail."""
    ready, failed = [], []
    if check:
        check.begin(title, size)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "result.npy")
        for peer in peers:
            said = peer.ask(do="start", case=title, size=size, warm=options.seconds, result=file)
            wrong = check.differs(file) if check and said.get("has") else None
            if "failed" in said or wrong:
                failed.append({"case": title, "target": peer.target, "failed": True,
                               "note": said.get("failed") or f"WRONG: {wrong}"})
            elif said["has"]:
                ready.append(peer)
    return ready, failed


def sample(options, peer, title):
    said = peer.ask(do="sample", seconds=options.seconds, least=7)
    if "failed" in said:
        said = {"failed": True, "note": said["failed"]}
    return {"case": title, "target": peer.target, **said}


def measure(options, peers, check, title, size):
    """clgrad's result for one case, None where no peer has it, and those of the peers."""
    ready, failed = start(options, peers, check, title, size)
    if not ready:
        return None, failed
    own, others = [], [[] for _ in ready]
    for _ in range(options.rounds):
        own.append(run_clgrad(options, title))
        for peer, results in zip(ready, others):
            results.append(sample(options, peer, title))
    return merge(own), [merge(results) for results in others] + failed


def text(seconds):
    for unit, factor in ("s", 1), ("ms", 1e3), ("us", 1e6):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def print_case(title, own, others):
    seconds, line = own.get("seconds") if own else None, f"{title:36s} "
    if seconds:
        line += f"{text(seconds['median']):>8s} ({text(seconds['q1'])} to {text(seconds['q3'])})"
    elif own:
        line += own["note"]
    line = line.ljust(72)
    for result in others:
        line += f" | {result['target']} "
        line += text(result["seconds"]["median"]) if "seconds" in result else result["note"]
        if seconds and "seconds" in result:
            line += f": {result['seconds']['median'] / seconds['median']:.2f}x"
    print(line, flush=True)


def check_of(options):
    """What compares the results; None where NumPy is missing."""
    try:
        check = Check(options.clgrad)
    except ImportError as error:
        print(f"results are not compared: {error}", file=sys.stderr)
        return None
    if not check.library:
        print("no libclgrad.so beside the program: results are compared among the peers alone", file=sys.stderr)
    return check


def run(options, cases, peers):
    """The results of all cases, written after each: an interrupted run keeps what it has."""
    check, load, results = check_of(options), os.getloadavg()[0], []
    for title, size in cases:
        own, others = measure(options, peers, check, title, size)
        if others:
            print_case(title, own, others)
        results += ([own] if own else []) + others
        if options.json:
            write(options.json, [peer.version for peer in peers], load, results)
    return results


def write(path, versions, load, results):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"program": "compare.py", "versions": versions, "time": int(time.time()), "load": load,
                   "results": results}, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clgrad", help="the program clgrad")
    parser.add_argument("--filter", default="", help="only cases whose name has one of these texts in it: a,b,c")
    parser.add_argument("--peers", default=",".join(peer_work.PEERS), help="only these peers (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="clgrad's device (default cpu)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each takes its turn (default 3)")
    parser.add_argument("--seconds", type=float, default=0.3, help="of samples of each, each round (default 0.3)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of peers (default: %(default)s)")
    parser.add_argument("--json", help="write the results to this file, too")
    options = parser.parse_args()
    unknown = set(options.peers.split(",")) - set(peer_work.PEERS)
    if unknown:
        parser.error(f"no peer is called {', '.join(sorted(unknown))}: they are {', '.join(peer_work.PEERS)}")
    try:
        cases = list_cases(options)
    except (OSError, subprocess.CalledProcessError) as error:
        parser.error(str(error))
    if not cases:
        parser.error(f"no case has '{options.filter}' in its name: {options.clgrad} bench --list")
    peers = installed(options)
    print("; ".join(peer.version for peer in peers) + f"; load average {os.getloadavg()[0]:.2f}", flush=True)
    results = run(options, cases, peers) if peers else []
    for peer in peers:
        peer.end()
    return 1 if not peers or any(r.get("failed") for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
