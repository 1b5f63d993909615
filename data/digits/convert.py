#!/usr/bin/env python3
"""Turns scikit-learn's digits.csv.gz into the two IDX files next to this script; see README.md.

usage: convert.py digits.csv.gz [output folder]
"""
import csv
import gzip
import pathlib
import struct
import sys

SIDE, GREY_LEVELS = 8, 16


def idx(dims, data):
    """The IDX file of an unsigned byte array: zero, zero, type 8, rank, the sizes (big-endian), the bytes."""
    return struct.pack(f">BBBB{len(dims)}I", 0, 0, 8, len(dims), *dims) + bytes(data)


def main(source, folder):
    with gzip.open(source, "rt", newline="") as f:
        rows = [[int(float(v)) for v in row] for row in csv.reader(f)]
    if any(len(r) != SIDE * SIDE + 1 or not 0 <= r[-1] <= 9 for r in rows):
        sys.exit("convert.py: a row does not hold 64 pixels and a digit")
    if any(not 0 <= v <= GREY_LEVELS for r in rows for v in r[:-1]):
        sys.exit("convert.py: a pixel is outside 0..16")
    # (2 * 255 v + 16) // 32 is 255 v / 16 rounded to the nearest, halves up, in integers.
    pixels = [(2 * 255 * v + GREY_LEVELS) // (2 * GREY_LEVELS) for r in rows for v in r[:-1]]
    (folder / "digits-images-idx3-ubyte").write_bytes(idx((len(rows), SIDE, SIDE), pixels))
    (folder / "digits-labels-idx1-ubyte").write_bytes(idx((len(rows),), (r[-1] for r in rows)))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = pathlib.Path(__file__).resolve().parent
    main(sys.argv[1], pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else here)
