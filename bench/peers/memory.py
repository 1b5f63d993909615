#!/usr/bin/env python3
"""The memory of a training step in clgrad and in PyTorch: the same networks, each in a process of its own.

usage: memory.py --build BUILD_FOLDER [--threads N] [--json FILE]

For each network the resident memory at its peak above what the process had after its imports, and the largest sum of the
bytes of live tensors within a step, parameters, gradients and states of the optimizer included. PyTorch is left out where it
isn't installed.
"""
import argparse
import json
import os
import subprocess
import sys

CASES = [("mlp", 128), ("mlp", 1024), ("lenet", 128), ("block", 16)]
NAMES = {"mlp": "784-512-256-10", "lenet": "LeNet, 28 x 28", "block": "transformer block, d 256, 4 heads, T 128"}
WARM_STEPS, STEPS = 3, 5
WIDTH, HEADS, LENGTH = 256, 4, 128


def status_bytes(key):
    with open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    return 0


def torch_network(torch, net, batch):
    """(module, input, labels or None): the networks of step_memory.c."""
    nn = torch.nn
    if net == "mlp":
        module = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        return module, torch.rand(batch, 784), torch.randint(0, 10, (batch,))
    if net == "lenet":
        def convolution(i, o):
            return [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU()]
        module = nn.Sequential(*convolution(1, 16), *convolution(16, 32), nn.MaxPool2d(2), *convolution(32, 64),
                               nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(),
                               nn.Dropout(0.5), nn.Linear(128, 10))
        return module, torch.rand(batch, 1, 28, 28), torch.randint(0, 10, (batch,))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.map_in, self.map_out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

        def forward(self, x):
            b, t, _ = x.shape
            q, k, v = (part.view(b, t, HEADS, WIDTH // HEADS).transpose(1, 2)
                       for part in self.map_in(self.norm1(x)).split(WIDTH, dim=2))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.map_out(y.transpose(1, 2).reshape(b, t, WIDTH))
            return x + self.mlp(self.norm2(x))

    return Block(), torch.randn(batch, LENGTH, WIDTH), None


def torch_live_peak(torch, step, before):
    """The largest sum of live bytes in a step, from the allocator's events; `before` were live when it began."""
    from torch.profiler import ProfilerActivity, profile
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as run:
        step()
    events = [e for e in run.profiler.kineto_results.events() if e.name() == "[memory]"]
    live = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    return before + peak


def torch_child(net, batch, threads):
    import torch
    torch.set_num_threads(threads)
    torch.ones(8).add(1).sum().item()
    base = status_bytes("VmRSS")
    module, x, labels = torch_network(torch, net, batch)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        y = module(x)
        loss = y.square().mean() if labels is None else torch.nn.functional.cross_entropy(y, labels)
        loss.backward()
        optimizer.step()

    for _ in range(WARM_STEPS + STEPS):
        step()
    peak = status_bytes("VmHWM")
    optimizer.zero_grad(set_to_none=True)
    held = [x, *module.parameters(), *module.buffers()] + ([] if labels is None else [labels])
    held += [v for state in optimizer.state.values() for v in state.values() if torch.is_tensor(v)]
    before = sum(v.numel() * v.element_size() for v in held)
    print(json.dumps({"base": base, "peak": peak, "tensors_before": before,
                      "tensors_peak": torch_live_peak(torch, step, before), "version": torch.__version__}))


def child(command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        return None, done.stderr.strip().splitlines()[-1:] or ["no message"]
    return json.loads(done.stdout.strip().splitlines()[-1]), None


def measure(build, threads):
    rows = []
    for net, batch in CASES:
        env = dict(os.environ, CLGRAD_THREADS=str(threads))
        ours, why = child([os.path.join(build, "clgrad_step_memory"), net, str(batch)], env)
        if ours is None:
            sys.exit(f"memory.py: clgrad_step_memory {net} {batch}: {why[0]}")
        theirs, _ = child([sys.executable, __file__, "--child", net, str(batch), "--threads", str(threads)])
        rows.append({"net": net, "batch": batch, "clgrad": ours, "torch": theirs})
    return rows


def mib(n):
    return f"{n / 2**20:.1f}"


def show(rows):
    print(f"{'network':44} {'batch':>5}  {'live tensors, MiB':>26}  {'resident above base, MiB':>26}  allocs waits")
    print(f"{'':44} {'':>5}  {'clgrad':>8} {'torch':>8} {'ratio':>8}  {'clgrad':>8} {'torch':>8} {'ratio':>8}")
    for row in rows:
        ours, theirs = row["clgrad"], row["torch"]
        cells = []
        for get in (lambda r: r["tensors_peak"], lambda r: r["peak"] - r["base"]):
            other = [mib(get(theirs)), f"{get(ours) / get(theirs):.2f}"] if theirs else ["-", "-"]
            cells.append(" ".join(f"{c:>8}" for c in [mib(get(ours)), *other]))
        print(f"{NAMES[row['net']]:44} {row['batch']:>5}  {cells[0]}  {cells[1]}  {ours['allocations']:>6} "
              f"{ours['waits']:>5}")
    if not any(row["torch"] for row in rows):
        print("PyTorch is left out: it isn't installed, or failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        torch_child(options.child[0], int(options.child[1]), options.threads)
        return
    rows = measure(options.build, options.threads)
    show(rows)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1)


if __name__ == "__main__":
    main()
