#!/usr/bin/env python3
"""Times clgrad, PyTorch and NumPy in turn, case by case, and prints how many times faster clgrad is.

usage: compare.py PATH/clgrad_bench [--filter TEXT] [--device cpu] [--rounds 3] [--json FILE]

In each round clgrad_bench runs the case in a process of its own, then each peer that is installed takes its
samples. A ratio is the peer's median over clgrad's, of all rounds' samples.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import peers


def run_bench(options, title):
    """Samples of one case on one device by clgrad_bench: its summary, since it keeps the samples to itself."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [*peers.command(options.bench), "--only", title, "--device", options.device, "--times-only"]
        command += ["--json", file.name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        with open(file.name, encoding="utf-8") as written:  # another file by now: it is replaced, not filled
            return json.load(written)["results"][0]


def merge(results):
    """One result of several rounds: the median of medians, and the outermost of the rest."""
    merged = dict(results[0])
    merged["seconds"] = {"min": min(r["seconds"]["min"] for r in results),
                         "median": statistics.median(r["seconds"]["median"] for r in results),
                         "max": max(r["seconds"]["max"] for r in results)}
    merged["samples"] = sum(r["samples"] for r in results)
    return merged


def measure(options, present, title, size):
    """The results of clgrad and of all peers for one case."""
    timers = [(peer.target, peers.start(peer, title, size)) for peer in present]
    timers = [(target, timer) for target, timer in timers if timer]
    own, others = [], {target: [] for target, _ in timers}
    for _ in range(options.rounds):
        own.append(run_bench(options, title))
        for target, timer in timers:
            timer.samples = []
            timer.call(1)  # wakes its threads
            timer.sample(0.3, 7)
            others[target].append(timer.result(title, target))
    return [merge(own)] + [merge(results) for results in others.values()]


def text(seconds):
    for unit, factor in ("s", 1), ("ms", 1e3), ("us", 1e6):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def print_case(title, results):
    own = results[0]["seconds"]
    line = f"{title:32s} {text(own['median']):>9s} ({text(own['min'])} to {text(own['max'])})".ljust(72)
    for result in results[1:]:
        seconds = result["seconds"]
        line += (f" {result['target']} {text(seconds['median']):>9s}: {seconds['median'] / own['median']:5.2f}x"
                 f" (best {seconds['min'] / own['min']:.2f}x)")
    print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", help="the program clgrad_bench")
    parser.add_argument("--filter", default="", help="only cases whose name has this in it")
    parser.add_argument("--device", default="cpu", help="clgrad's device (default cpu)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each takes its turn (default 3)")
    parser.add_argument("--threads", type=int, default=0, help="threads of PyTorch (default: its own choice)")
    parser.add_argument("--json", help="write the results to this file, too")
    options = parser.parse_args()
    present = peers.installed(options.threads)
    if not present:
        return 1
    print(", ".join(peer.version for peer in present) + f"; load average {os.getloadavg()[0]:.2f}")
    results = []
    for title, size in peers.list_cases(options.bench, options.filter):
        measured = measure(options, present, title, size)
        print_case(title, measured)
        results += measured
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"program": "compare.py", "versions": [peer.version for peer in present],
                       "time": int(time.time()), "load": os.getloadavg()[0], "results": results}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
