#!/usr/bin/env python3
"""Prints what fusion saves, as a Markdown table: launches, bytes read and written, and time with it and without it.

usage: fusion.py PATH/clgrad [--device cpu,opencl] [--cases a,b,c] [--seconds 0.3]

Each case runs by `clgrad bench` with CLGRAD_FUSE=1 and CLGRAD_FUSE=0, in turn. Bytes are those of the arrays that work is
given (cg_device_stats), once for each operand; a view counts as the array it looks at.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

CASES = ("train_784_512_256_10/batch_128,train_lenet/batch_128,train_transformer_block/16x128x256,norm_gelu/4096x1024,"
         "norm_gelu_grad/4096x1024,loss/mse_16M,loss/mse_grad_16M,loss/huber_grad_16M,loss/bce_grad_16M,"
         "chain/6_rows_4096x4096,linear_gelu/128x512x784")


def run(options, device, fuse):
    """Entries of the cases by their titles."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "fusion.json")
        command = [options.clgrad, "bench", "--only", options.cases, "--device", device, "--times-only", "--seconds",
                   str(options.seconds), "--json", file]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "CLGRAD_FUSE": fuse})
        if done.returncode:
            sys.exit(f"CLGRAD_FUSE={fuse} {' '.join(command)}: {done.stdout}{done.stderr}")
        with open(file, encoding="utf-8") as written:
            return {entry["case"]: entry for entry in json.load(written)["results"]}


def both(apart, fused, unit, form):
    return f"{apart / unit:{form}} | {fused / unit:{form}} | {apart / fused:.2f}" if fused else "- | - | -"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clgrad", help="the program clgrad")
    parser.add_argument("--device", default="cpu", help="one or several, as clgrad bench takes them: cpu,opencl")
    parser.add_argument("--cases", default=CASES, help="titles of cases (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="of samples of each (default 0.3)")
    options = parser.parse_args()
    print("| case | on | launches apart | fused | ratio | MB apart | fused | ratio | ms apart | fused | ratio |")
    print("|---" * 11 + "|")
    for device in options.device.split(","):
        apart, fused = run(options, device, "0"), run(options, device, "1")
        for title, entry in fused.items():
            other = apart[title]
            print(f"| {title} | {device} | {both(other['launches'], entry['launches'], 1, '.0f')}"
                  f" | {both(other['moved'], entry['moved'], 1e6, '.4g')}"
                  f" | {both(other['seconds']['median'], entry['seconds']['median'], 1e-3, '.3g')} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
