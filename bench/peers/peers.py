#!/usr/bin/env python3
"""Times PyTorch and NumPy, whichever is installed, on the cases of clgrad_bench.

usage: peers.py --bench PATH/clgrad_bench [--filter TEXT] [--json FILE] [--threads N]

The cases and their sizes are those that `clgrad_bench --list` prints, the JSON has the shape that
`clgrad_bench --json` writes. compare.py times both in turn and prints ratios.
"""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

os.environ.pop("OPENBLAS_CORETYPE", None)  # it may name a processor that is not this one


def keep_memory():
    """Has glibc's malloc keep what is freed, so that results need no fresh pages: PyTorch at its best."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    trim_threshold, mmap_max = -1, -4
    libc.mallopt(mmap_max, 0)
    libc.mallopt(trim_threshold, 2**31 - 1)


keep_memory()

SAMPLE_SECONDS = 2e-3
WARM_SECONDS = 0.3
REPEAT = 16  # operations in one run of an overhead case


def command(bench):
    """The benchmark as a command, of the program clgrad or of its other name."""
    return [bench] if os.path.basename(bench) == "clgrad_bench" else [bench, "bench"]


def list_cases(bench, text=""):
    """[(title, sizes)] as clgrad_bench lists them."""
    lines = subprocess.run([*command(bench), "--list"], check=True, capture_output=True, text=True).stdout.splitlines()
    lines = [line for line in lines if not line.startswith("#")]
    cases = [(line.split()[0], [int(n) for n in line.split()[1:]]) for line in lines]
    return [(title, size) for title, size in cases if text in title]


class Timer:
    """Samples of one function: each lasts SAMPLE_SECONDS or more, `repeat` operations a call."""

    def __init__(self, run, before=None, repeat=1):
        self.run, self.before, self.repeat, self.samples = run, before, repeat, []
        start = time.perf_counter()
        last = self.call(1)
        self.first = last
        while time.perf_counter() - start < WARM_SECONDS:
            last = self.call(1)
        self.calls = 1 if before else max(1, int(SAMPLE_SECONDS / last) + 1)

    def call(self, calls):
        if self.before:
            self.before()
        start = time.perf_counter()
        for _ in range(calls):
            self.run()
        return time.perf_counter() - start

    def sample(self, seconds, least):
        """Takes samples for so many seconds, and at least so many."""
        until = time.perf_counter() + seconds
        taken = 0
        while taken < least or time.perf_counter() < until:
            self.samples.append(self.call(self.calls) / (self.calls * self.repeat))
            taken += 1

    def result(self, title, target):
        seconds = {"min": min(self.samples), "median": statistics.median(self.samples), "max": max(self.samples)}
        return {"case": title, "target": target, "seconds": seconds, "samples": len(self.samples),
                "runs": self.calls, "first": self.first / self.repeat}


# --- PyTorch ------------------------------------------------------------------------------------------------------

class PyTorch:
    """Each method makes the case's tensors and returns a Timer: out= forms and fused steps where there are some."""

    def __init__(self, threads):
        import torch
        self.torch = torch
        if threads:
            torch.set_num_threads(threads)
        self.target = "pytorch"
        self.version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
        self.version += f", {torch.backends.cpu.get_cpu_capability()}"
        torch.manual_seed(1)

    def uniform(self, *shape, low=-1.0, high=1.0):
        return self.torch.rand(*shape) * (high - low) + low

    def matmul(self, name, size):
        m, n, k = size[:3]
        a = self.uniform(k, m).t() if name.endswith("_at") else self.uniform(m, k)
        b = self.uniform(n, k).t() if name.endswith("_bt") else self.uniform(k, n)
        out = self.torch.empty(m, n)
        return Timer(lambda: self.torch.matmul(a, b, out=out))

    def map(self, name, size):
        torch, x, y = self.torch, self.uniform(size[0], low=-4, high=4), self.uniform(size[0])
        out = torch.empty_like(x)
        if name.startswith("gelu"):
            return Timer(lambda: torch.ops.aten.gelu.out(x, out=out))
        return Timer({"copy": lambda: out.copy_(x), "exp": lambda: torch.exp(x, out=out),
                      "add": lambda: torch.add(x, y, out=out)}[name.split("_")[0]])

    def chain(self, name, size):
        torch, x, r = self.torch, self.uniform(*size, low=-2, high=2), self.uniform(size[0], 1)
        m, s, b = (self.uniform(size[1], low=-2, high=2) for _ in range(3))
        t, out = torch.empty_like(x), torch.empty_like(x)

        def run():
            torch.sub(x, m, out=t)
            t.mul_(s).add_(b)
            torch.sigmoid(t, out=out)
            out.mul_(x).add_(r)
        return Timer(run)

    def bias_relu(self, name, size):
        torch, x, b = self.torch, self.uniform(*size), self.uniform(size[1])
        out = torch.empty_like(x)
        return Timer(lambda: torch.add(x, b, out=out).relu_())

    def sum(self, name, size):
        x = self.uniform(*size)
        return Timer(lambda: x.sum())

    def column_sums(self, name, size):
        x, out = self.uniform(*size), self.torch.empty(size[1])
        return Timer(lambda: self.torch.sum(x, 0, out=out))

    def softmax(self, name, size):
        x, out = self.uniform(*size, low=-3, high=5), self.torch.empty(*size)
        return Timer(lambda: self.torch.softmax(x, -1, out=out))

    def cross_entropy(self, name, size):
        torch, x = self.torch, self.uniform(*size, low=-3, high=5).requires_grad_()
        label = torch.randint(size[1], (size[0],))
        return Timer(lambda: torch.autograd.grad(torch.nn.functional.cross_entropy(x, label), x))

    def order(self, name, size):
        torch, x = self.torch, self.uniform(*size)
        out, place = torch.empty_like(x), torch.empty(x.shape, dtype=torch.int64)
        return Timer({"sort": lambda: torch.sort(x, out=(out, place)),
                      "argsort": lambda: torch.argsort(x, stable=True),
                      "cumsum": lambda: torch.cumsum(x, -1, out=out)}[name.split("_")[0]])

    def linalg(self, name, size):
        torch, x = self.torch, self.uniform(size[0], size[1], size[1])
        b, linalg = self.uniform(size[0], size[1], 1), self.torch.linalg
        symmetric = (x + x.mT) / 2
        definite = x @ x.mT / size[1] + torch.eye(size[1])
        return Timer({"solve": lambda: linalg.solve(x, b), "inverse": lambda: linalg.inv(x),
                      "cholesky": lambda: linalg.cholesky(definite), "qr": lambda: linalg.qr(x),
                      "eigh": lambda: linalg.eigh(symmetric), "eig": lambda: linalg.eig(x),
                      "svd": lambda: linalg.svd(x, full_matrices=False)}[name.split("_")[0]])

    def distances(self, name, size):
        torch, x, y = self.torch, self.uniform(size[0], size[2]), self.uniform(size[1], size[2])
        return Timer({"cdist": lambda: torch.cdist(x, y),
                      "nearest": lambda: torch.topk(torch.cdist(x, y), size[3], largest=False)}[name.split("_")[0]])

    def optimizer(self, size, make):
        p = self.torch.nn.Parameter(self.uniform(size[0]))
        p.grad = self.uniform(size[0], low=-0.1, high=0.1)
        return Timer(make([p]).step)

    def adam(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.Adam(p, lr=1e-3, fused=True))

    def adamw(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.AdamW(p, lr=1e-3, fused=True))

    def sgd(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.SGD(p, lr=1e-3, fused=True))

    def momentum(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.SGD(p, lr=1e-3, momentum=0.9, fused=True))

    def rmsprop(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.RMSprop(p, lr=1e-3))

    def adagrad(self, name, size):
        return self.optimizer(size, lambda p: self.torch.optim.Adagrad(p, lr=1e-3, fused=True))

    def train(self, name, size):
        torch, nn, f = self.torch, self.torch.nn, self.torch.nn.functional
        net = nn.Sequential(nn.Linear(size[1], size[2]), nn.ReLU(), nn.Linear(size[2], size[3]), nn.ReLU(),
                            nn.Linear(size[3], 10))
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-6, fused=True)
        x, label = self.uniform(size[0], size[1], low=0), torch.randint(10, (size[0],))

        def step():
            optimizer.zero_grad(set_to_none=True)
            f.cross_entropy(net(x), label).backward()
            optimizer.step()
        return Timer(step)

    def overhead(self, name, size):
        torch, x, w = self.torch, self.uniform(size[0]), self.uniform(size[0])

        def add():
            for _ in range(REPEAT):
                torch.add(x, w)

        def backward():
            for _ in range(REPEAT):
                x.grad = None
                (x * w).sum().backward()
        if name == "add_8":
            return Timer(add, repeat=REPEAT)
        x.requires_grad_()
        return Timer(backward, repeat=REPEAT)


class PyTorchCompiled:
    """torch.compile, where a C++ compiler is at hand: the work that fusion is for."""

    def __init__(self, threads):
        self.eager = PyTorch(threads)
        self.target, self.version = "compiled", "torch.compile"
        compiled = self.eager.torch.compile(lambda x: x + 1)
        try:
            compiled(self.eager.torch.ones(8))
        except Exception as error:  # of many kinds, all meaning that it cannot compile here
            raise ImportError(str(error).splitlines()[0]) from error

    def chain(self, name, size):
        eager, torch = self.eager, self.eager.torch
        x, r = eager.uniform(*size, low=-2, high=2), eager.uniform(size[0], 1)
        m, s, b = (eager.uniform(size[1], low=-2, high=2) for _ in range(3))
        run = torch.compile(lambda: x * torch.sigmoid((x - m) * s + b) + r)
        return Timer(run)

    def bias_relu(self, name, size):
        torch, x, b = self.eager.torch, self.eager.uniform(*size), self.eager.uniform(size[1])
        return Timer(torch.compile(lambda: torch.relu(x + b)))


# --- NumPy --------------------------------------------------------------------------------------------------------

class NumPy:
    """What NumPy has: no gradients, so neither training nor cross-entropy."""

    def __init__(self, threads):
        import numpy
        self.np = numpy
        self.target, self.version = "numpy", f"NumPy {numpy.__version__}"
        self.random = numpy.random.default_rng(1)

    def uniform(self, *shape, low=-1.0, high=1.0):
        return (self.random.random(shape, self.np.float32) * (high - low) + low).astype(self.np.float32)

    def matmul(self, name, size):
        m, n, k = size[:3]
        a = self.uniform(k, m).T if name.endswith("_at") else self.uniform(m, k)
        b = self.uniform(n, k).T if name.endswith("_bt") else self.uniform(k, n)
        out = self.np.empty((m, n), self.np.float32)
        return Timer(lambda: self.np.matmul(a, b, out=out))

    def map(self, name, size):
        np, x, y = self.np, self.uniform(size[0], low=-4, high=4), self.uniform(size[0])
        out = np.empty_like(x)
        runs = {"copy": lambda: np.copyto(out, x), "exp": lambda: np.exp(x, out=out),
                "add": lambda: np.add(x, y, out=out)}
        run = runs.get(name.split("_")[0])
        return Timer(run) if run else None

    def bias_relu(self, name, size):
        np, x, b = self.np, self.uniform(*size), self.uniform(size[1])
        out = np.empty_like(x)

        def run():
            np.add(x, b, out=out)
            np.maximum(out, 0, out=out)
        return Timer(run)

    def sum(self, name, size):
        x = self.uniform(*size)
        return Timer(lambda: x.sum())

    def column_sums(self, name, size):
        x, out = self.uniform(*size), self.np.empty(size[1], self.np.float32)
        return Timer(lambda: self.np.sum(x, 0, out=out))

    def softmax(self, name, size):
        np, x = self.np, self.uniform(*size, low=-3, high=5)
        out = np.empty_like(x)

        def run():
            np.subtract(x, x.max(-1, keepdims=True), out=out)
            np.exp(out, out=out)
            np.divide(out, out.sum(-1, keepdims=True), out=out)
        return Timer(run)

    def order(self, name, size):
        np, x = self.np, self.uniform(*size)
        out = np.empty_like(x)
        return Timer({"sort": lambda: np.sort(x), "argsort": lambda: np.argsort(x, kind="stable"),
                      "cumsum": lambda: np.cumsum(x, -1, out=out)}[name.split("_")[0]])

    def linalg(self, name, size):
        np, x = self.np, self.uniform(size[0], size[1], size[1])
        b, linalg = self.uniform(size[0], size[1], 1), self.np.linalg
        symmetric = (x + x.swapaxes(-1, -2)) / 2
        definite = x @ x.swapaxes(-1, -2) / size[1] + np.eye(size[1], dtype=np.float32)
        return Timer({"solve": lambda: linalg.solve(x, b), "inverse": lambda: linalg.inv(x),
                      "cholesky": lambda: linalg.cholesky(definite), "qr": lambda: linalg.qr(x),
                      "eigh": lambda: linalg.eigh(symmetric), "eig": lambda: linalg.eig(x),
                      "svd": lambda: linalg.svd(x, full_matrices=False)}[name.split("_")[0]])

    def distances(self, name, size):
        """SciPy's, where it is installed: it computes in f64, and finds neighbours by a tree."""
        try:
            from scipy import spatial
        except ImportError:
            return None
        x, y = self.uniform(size[0], size[2]), self.uniform(size[1], size[2])
        return Timer({"cdist": lambda: spatial.distance.cdist(x, y),
                      "nearest": lambda: spatial.KDTree(y).query(x, size[3])}[name.split("_")[0]])

    def overhead(self, name, size):
        x, w = self.uniform(size[0]), self.uniform(size[0])

        def add():
            for _ in range(REPEAT):
                x + w
        return Timer(add, repeat=REPEAT) if name == "add_8" else None


def installed(threads=0):
    """The peers that can be imported; says on stderr which cannot."""
    peers = []
    for peer in PyTorch, PyTorchCompiled, NumPy:
        try:
            peers.append(peer(threads))
        except ImportError as error:
            print(f"{peer.__name__} is left out: {error}", file=sys.stderr)
    return peers


def start(peer, title, size):
    """The case's Timer, None where the peer has nothing of the kind."""
    suite, name = title.split("/")
    method = getattr(peer, "train" if suite.startswith("train") else suite, None)
    return method(name, size) if method else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", required=True, help="the program clgrad_bench, for its list of cases")
    parser.add_argument("--filter", default="", help="only cases whose name has this in it")
    parser.add_argument("--json", help="write the results to this file, too")
    parser.add_argument("--threads", type=int, default=0, help="threads of PyTorch (default: its own choice)")
    options = parser.parse_args()
    peers, results = installed(options.threads), []
    for peer in peers:
        print(peer.version)
    for title, size in list_cases(options.bench, options.filter):
        for peer in peers:
            timer = start(peer, title, size)
            if not timer:
                continue
            timer.sample(0.3, 7)
            results.append(timer.result(title, peer.target))
            seconds = results[-1]["seconds"]
            print(f"{title:32s} {peer.target:8s} {seconds['median'] * 1e6:12.2f} us"
                  f"  ({seconds['min'] * 1e6:.2f} to {seconds['max'] * 1e6:.2f})", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"program": "peers.py", "versions": [peer.version for peer in peers], "time": int(time.time()),
                       "results": results}, file, indent=1)
    return 0 if peers else 1


if __name__ == "__main__":
    sys.exit(main())
