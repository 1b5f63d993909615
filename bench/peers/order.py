#!/usr/bin/env python3
"""Times sorting and running sums of PyTorch and NumPy, whichever is installed, without clgrad_bench.

usage: order.py [--elements N] [--threads N]

Prints JSON of the shape that peers.py writes. The default is 16 M random f32, argsort stable.
"""
import argparse
import json
import sys
import time

import peers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elements", type=int, default=1 << 24, help="of the one row (default 2^24)")
    parser.add_argument("--threads", type=int, default=0, help="threads of PyTorch (default: its own choice)")
    options = parser.parse_args()
    present, results = [peer for peer in peers.installed(options.threads) if hasattr(peer, "order")], []
    for peer in present:
        for name in "sort", "argsort", "cumsum":
            timer = peer.order(name, [options.elements])
            timer.sample(0.3, 3)
            results.append(timer.result(f"order/{name}", peer.target))
    json.dump({"program": "order.py", "versions": [peer.version for peer in present], "time": int(time.time()),
               "results": results}, sys.stdout, indent=1)
    print()
    return 0 if present else 1


if __name__ == "__main__":
    sys.exit(main())
