#!/usr/bin/env python3
"""Measures what the goals in a file are about, and says which are met.

usage: check_goals.py PATH/clgrad [--goals FILE] [--filter TEXT] [--rounds 3] [--seconds S] [--against JSON]

FILE (bench/goals.txt beside this program) describes its format. In each round clgrad measures the cases of each device
in turn; where a goal names a peer, that peer and clgrad take turns, case by case (peers/compare.py). A figure is the
median of the rounds' medians. With --against nothing is measured: the figures are taken from the JSON of clgrad bench.

Exit code 1: a goal that is listed as met is not, or could not be measured though its device and peer are there;
2: the file of goals, that of the figures or the command line is wrong, or no goal has the text of --filter in it.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
GOAL = re.compile(r"(?P<case>[^\s/]+/\S+)\s+(?P<device>\S+)\s+"
                  r"(?:(?P<what>limit|seconds|launches|allocations|waits)|"
                  r"(?P<ratio>speed|time)\s+of\s+(?P<other>\S+))\s*"
                  r"(?P<sense>>=|<=)\s*(?P<bound>\S+)\s+(?P<state>met|open)$")
SENSES = {"limit": ">=", "speed": ">=", "time": "<=", "seconds": "<=",
          "launches": "<=", "allocations": "<=", "waits": "<="}


class WrongGoals(Exception):
    """The file of goals cannot be read."""


class NotMeasured(Exception):
    """A figure is not there; the message says why."""


class Absent(NotMeasured):
    """Its device or its peer is not on this machine."""


class Goal:
    """One line of the file."""

    def __init__(self, match):
        self.case, self.device, self.other = match["case"], match["device"], match["other"]
        self.what, self.met = match["what"] or match["ratio"], match["state"] == "met"
        self.bound = float(match["bound"])
        of = f" of {self.other}" if self.other else ""
        self.text = f"{self.case} on {self.device}: {self.what}{of} {match['sense']} {match['bound']}"
        is_device = self.other and re.fullmatch(r"cpu|gpu|opencl(:\d+)?", self.other)
        self.kind = None if not self.other else "case" if "/" in self.other else "device" if is_device else "peer"

    def holds(self, figure):
        return figure >= self.bound if SENSES[self.what] == ">=" else figure <= self.bound


def read_goals(path):
    goals = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.split("#")[0].strip()
            match = GOAL.match(line)
            if not line:
                continue
            if not match:
                raise WrongGoals(f"{path}:{number}: no goal: '{line}'; its first lines describe the format")
            if SENSES[match["what"] or match["ratio"]] != match["sense"]:
                raise WrongGoals(f"{path}:{number}: '{match['what'] or match['ratio']}' is bounded by "
                                 f"{SENSES[match['what'] or match['ratio']]}, not {match['sense']}")
            try:
                goals.append(Goal(match))
            except ValueError:
                raise WrongGoals(f"{path}:{number}: '{match['bound']}' is no number") from None
    return goals


# --- Measuring ----------------------------------------------------------------------------------------------------

def listed_cases(clgrad):
    lines = subprocess.run([clgrad, "bench", "--list"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0]: [int(n) for n in line.split()[1:]] for line in lines if not line.startswith("#")}


def present_devices(clgrad):
    """{name in a goal: id}, with "opencl" and "gpu" where there is one: the best of them, as they are listed."""
    done = subprocess.run([clgrad, "devices", "--json"], check=True, capture_output=True, text=True)
    devices = [d for d in json.loads(done.stdout)["devices"] if d["usable"] and "Oclgrind" not in d["platform"]]
    devices.sort(key=lambda d: {"GPU": 0, "ACCELERATOR": 1}.get(d["type"], 2))
    names = {d["id"]: d["id"] for d in devices}
    for d in devices:
        if d["id"].startswith("opencl"):
            names.setdefault("opencl", d["id"])
        if d["type"] == "GPU":
            names.setdefault("gpu", d["id"])
    return names


class Figures:
    """What was measured: entries of clgrad bench by case and device, and of peers beside clgrad by case."""

    def __init__(self, options):
        self.options, self.entries, self.beside, self.failures = options, {}, {}, {}
        self.cases, self.devices, self.peers = listed_cases(options.clgrad), present_devices(options.clgrad), []

    def add(self, document):
        for entry in document["results"]:
            if "seconds" in entry and entry["target"] != "reference":
                self.entries.setdefault((entry["case"], entry["target"]), []).append(entry)

    def take(self, path):
        """The figures of a file that clgrad bench has written."""
        try:
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            self.add(document)
            self.devices.update((device["id"], device["id"]) for device in document.get("devices", []))
        except (ValueError, KeyError, TypeError) as error:
            raise WrongGoals(f"{path} is no JSON of clgrad bench: {type(error).__name__}: {error}") from None

    def run(self, device, cases, limits):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run.json")
            command = [self.options.clgrad, "bench", "--device", device, "--only", ",".join(cases), "--json", path]
            command += [] if limits else ["--times-only"]
            command += ["--seconds", str(self.options.seconds)] if self.options.seconds else []
            done = subprocess.run(command, capture_output=True, text=True)
            try:
                self.take(path)
            except (OSError, WrongGoals):  # the goals say so where no other round has a figure
                self.failures[device] = f"exit code {done.returncode} of {' '.join(command)}: {done.stderr.strip()}"

    def measure(self, goals):
        wanted, limits = {}, set()
        for goal in goals:
            if goal.kind == "peer":
                continue
            for case, device in ((goal.case, goal.device), (goal.other, goal.device) if goal.kind == "case" else
                                 (goal.case, goal.other) if goal.kind == "device" else (goal.case, goal.device)):
                if device in self.devices and case in self.cases:
                    wanted.setdefault(self.devices[device], {})[case] = True
                    if goal.what == "limit":
                        limits.add(self.devices[device])
        for _ in range(self.options.rounds):
            for device, cases in wanted.items():
                self.run(device, cases, device in limits)
        self.measure_peers([goal for goal in goals if goal.kind == "peer"])

    def measure_peers(self, goals):
        if not goals:
            return
        sys.path.insert(0, os.path.join(FOLDER, "peers"))
        import compare
        options = argparse.Namespace(clgrad=self.options.clgrad, rounds=self.options.rounds,
                                     seconds=self.options.seconds or 0.3, threads=len(os.sched_getaffinity(0)))
        options.peers = ",".join(name for name in compare.peer_work.PEERS if name in {goal.other for goal in goals})
        self.peers = compare.installed(options) if options.peers else []
        check = compare.check_of(options) if self.peers else None
        for goal in goals:
            chosen = [peer for peer in self.peers if peer.target == goal.other]
            if not chosen or goal.device not in self.devices or goal.case not in self.cases:
                continue
            options.device = self.devices[goal.device]
            own, others = compare.measure(options, chosen, check, goal.case, self.cases[goal.case])
            self.beside[goal.case, goal.device, goal.other] = own, others[0] if others else None
        for peer in self.peers:
            peer.end()

    # --- Looking up

    def entry(self, case, device):
        if case not in self.cases:
            raise NotMeasured(f"no case is called {case}")
        if device not in self.devices:
            raise Absent(f"no device {device} here")
        entries = self.entries.get((case, self.devices[device]))
        if not entries:
            raise NotMeasured(self.failures.get(self.devices[device], f"{case} was not measured on {device}"))
        return entries

    def seconds(self, case, device):
        return statistics.median(entry["seconds"]["median"] for entry in self.entry(case, device))

    def ratio(self, goal):
        """OTHER's time over this one's."""
        if goal.kind == "case":
            return self.seconds(goal.other, goal.device) / self.seconds(goal.case, goal.device)
        if goal.kind == "device":
            return self.seconds(goal.case, goal.other) / self.seconds(goal.case, goal.device)
        own, other = self.beside.get((goal.case, goal.device, goal.other), (None, None))
        if goal.device not in self.devices:
            raise Absent(f"no device {goal.device} here")
        if goal.case not in self.cases:
            raise NotMeasured(f"no case is called {goal.case}")
        if goal.other not in [peer.target for peer in self.peers]:
            raise Absent(f"{goal.other} is not here")
        if not other:
            raise NotMeasured(f"{goal.other} has nothing like {goal.case}")
        for result in other, own:
            if result and "seconds" not in result:
                raise NotMeasured(f"{result['target']}: {result['note']}")
        return other["seconds"]["median"] / own["seconds"]["median"]

    def figure(self, goal):
        if goal.what == "speed":
            return self.ratio(goal)
        if goal.what == "time":
            return 1 / self.ratio(goal)
        if goal.what == "seconds":
            return self.seconds(goal.case, goal.device)
        entries = self.entry(goal.case, goal.device)
        if goal.what == "limit":
            floors = [entry["floor"] for entry in entries if entry.get("floor")]
            if not floors:
                raise NotMeasured("no least time is known of it")
            return min(floors) / self.seconds(goal.case, goal.device)  # each round measures the limits: the best counts
        if any(goal.what not in entry for entry in entries):
            raise NotMeasured(f"its {goal.what} were not counted")
        return max(entry[goal.what] for entry in entries)


# --- Saying -------------------------------------------------------------------------------------------------------

def text_of(goal, figure):
    return f"{figure * 1e6:.4g} us" if goal.what == "seconds" else f"{figure:.3g}"


def check(goal, figures):
    """Prints a goal's line; returns whether it is a failure."""
    try:
        figure = figures.figure(goal)
    except Absent as why:
        print(f"SKIPPED  {goal.text}: {why}")
        return False
    except NotMeasured as why:
        print(f"UNKNOWN  {goal.text}: {why}")
        return goal.met
    holds = goal.holds(figure)
    word = "met" if holds and goal.met else "reached" if holds else "LOST" if goal.met else "open"
    print(f"{word:8s} {goal.text}: {text_of(goal, figure)}", flush=True)
    return goal.met and not holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=__doc__.split("\n\n", 2)[2],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clgrad", help="the program clgrad")
    parser.add_argument("--goals", default=os.path.join(FOLDER, "goals.txt"), help="the file of goals")
    parser.add_argument("--filter", default="", help="only goals whose line has this in it")
    parser.add_argument("--rounds", type=int, default=3, help="how often each takes its turn (default 3)")
    parser.add_argument("--seconds", type=float, help="of samples for each case and round (default: clgrad's own)")
    parser.add_argument("--against", help="take the figures from this JSON of clgrad bench")
    options = parser.parse_args()
    try:
        goals = [goal for goal in read_goals(options.goals) if options.filter in goal.text]
    except (OSError, WrongGoals) as error:
        parser.error(str(error))
    if not goals:
        parser.error(f"{options.goals}: no goal has '{options.filter}' in it")
    try:
        figures = Figures(options)
        if options.against:
            figures.take(options.against)
    except (OSError, ValueError, subprocess.CalledProcessError, WrongGoals) as error:
        parser.error(str(error))
    if not options.against:
        print(f"{len(goals)} goals; load average {os.getloadavg()[0]:.2f}", flush=True)
        figures.measure(goals)
    lost = sum(check(goal, figures) for goal in goals)
    print(f"{len(goals)} goals, {lost} lost")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
