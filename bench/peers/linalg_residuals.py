#!/usr/bin/env python3
"""Prints residuals of clgrad's factorizations beside NumPy's on the same matrices, as a Markdown table.

usage: linalg_residuals.py PATH/libclgrad.so [--device cpu] [--dtype f64] [--sizes 1,2,8,32,128,512]

A residual is the Frobenius norm of what should be 0, in units of eps n ||A|| (solve: eps n ||A|| ||x||;
orthogonality: eps n), computed in extended precision up to n = 128 and in double (for f32: exact enough) or by
longdouble products beyond. About 1 or less is as good as a backward stable method gives.
"""
import argparse
import sys

import numpy as np

from clgrad_library import Clgrad


class NumPy:
    solve, cholesky = staticmethod(np.linalg.solve), staticmethod(np.linalg.cholesky)
    qr, eigh, eig = staticmethod(np.linalg.qr), staticmethod(np.linalg.eigh), staticmethod(np.linalg.eig)

    @staticmethod
    def svd(a):
        return np.linalg.svd(a, full_matrices=False)


def hilbert(n, _):
    i = np.arange(n)
    return 1.0 / (i[:, None] + i + 1)


def vandermonde(n, _):
    return np.vander(np.linspace(-1, 1, n) if n > 1 else np.ones(1), increasing=True)


def graded(n, random):
    """Rows from 1 down to 1e-12."""
    return random.standard_normal((n, n)) * np.logspace(0, -12, n)[:, None]


KINDS = {"random": lambda n, random: random.standard_normal((n, n)), "Hilbert": hilbert,
         "Vandermonde": vandermonde, "graded": graded}


def residuals(library, a, eps):
    """[(what, residual)] of every factorization of a."""
    n = len(a)
    wide = np.longdouble if n <= 128 else np.float64
    if a.dtype == np.float64 and n > 128:
        wide = np.longdouble
    big, norm = a.astype(wide), np.linalg.norm(a.astype(np.float64))

    def size(x):
        return float(np.sqrt(np.sum(np.abs(x) ** 2)))

    def product(*factors):
        out = factors[0].astype(wide)
        for factor in factors[1:]:
            out = out @ factor.astype(wide)
        return out

    unit = eps * n * norm
    b = a @ np.ones(n, a.dtype)
    results = []
    try:
        x = library.solve(a, b)
        results.append(("Ax - b", size(big @ x.astype(wide) - b) / (unit * size(x))))
    except (RuntimeError, np.linalg.LinAlgError):
        results.append(("Ax - b", None))
    q, r = library.qr(a)
    results.append(("A - QR", size(product(q, r) - big) / unit))
    results.append(("QtQ - I", size(product(q.T, q) - np.eye(n)) / (eps * n)))
    u, s, vh = library.svd(a)
    results.append(("A - USVt", size(product(u * s.astype(wide), vh) - big) / unit))
    results.append(("UtU - I", size(product(u.T, u) - np.eye(n)) / (eps * n)))
    symmetric = (a + a.T) / 2
    w, v = library.eigh(symmetric)
    results.append(("Sv - vw", size(product(symmetric, v) - v * w.astype(wide)) / (eps * n * size(symmetric))))
    w, v = library.eig(a)
    complex_v = v.astype(np.clongdouble)
    results.append(("Av - vw", size(big.astype(np.clongdouble) @ complex_v - complex_v * w) / unit))
    definite = (a.astype(np.float64) @ a.T.astype(np.float64) + np.eye(n) * norm ** 2 * n * eps * 8).astype(a.dtype)
    lower = library.cholesky(definite)
    results.append(("S - LLt", size(product(lower, lower.T) - definite.astype(wide)) / (eps * n * size(definite))))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", help="libclgrad.so")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="f64", choices=sorted(DTYPES))
    parser.add_argument("--sizes", default="1,2,8,32,128,512")
    options = parser.parse_args()
    clgrad = Clgrad(options.library, options.device, options.dtype)
    eps = float(np.finfo(clgrad.np_dtype).eps)
    head = False
    for kind, make in KINDS.items():
        for n in map(int, options.sizes.split(",")):
            a = np.asarray(make(n, np.random.default_rng(n)), clgrad.np_dtype)
            own, other = residuals(clgrad, a, eps), residuals(NumPy, a, eps)
            if not head:
                print("| matrix | n | " + " | ".join(what for what, _ in own) + " |")
                print("|---" * (2 + len(own)) + "|")
                head = True

            def show(value):
                return "singular" if value is None else f"{value:.2g}"
            print(f"| {kind} | {n} | " + " | ".join(f"{show(x)} / {show(y)}" for (_, x), (_, y) in zip(own, other)) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
