#!/usr/bin/env python3
"""Prints residuals of clgrad's factorizations beside NumPy's on the same matrices, as a Markdown table.

usage: linalg_residuals.py PATH/libclgrad.so [--device cpu] [--dtype f64] [--sizes 1,2,8,32,128,512]

A residual is the Frobenius norm of what should be 0, in units of eps n ||A|| (solve: eps n ||A|| ||x||;
orthogonality: eps n), computed in extended precision up to n = 128 and in double (for f32: exact enough) or by
longdouble products beyond. About 1 or less is as good as a backward stable method gives.
"""
import argparse
import ctypes
import sys

import numpy as np

STATUS_OK = 0
DTYPES = {"f32": (0, np.float32), "f64": (1, np.float64)}
QR_REDUCED = 0


class Dims(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int), ("dim", ctypes.c_int64 * 8)]


class Clgrad:
    """The functions of libclgrad.so that are needed here, on NumPy arrays."""

    def __init__(self, path, device, dtype):
        self.lib = lib = ctypes.CDLL(path)
        for name in "cg_device_open", "cg_from_host", "cg_solve", "cg_inverse", "cg_cholesky", "cg_scope_begin":
            getattr(lib, name).restype = ctypes.c_void_p
        lib.cg_error_message.restype = ctypes.c_char_p
        lib.cg_from_host.argtypes = [ctypes.c_void_p, ctypes.c_int, Dims, ctypes.c_void_p]
        lib.cg_to_host.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        self.dtype, self.np_dtype = DTYPES[dtype]
        self.device = lib.cg_device_open(device.encode())
        if not self.device:
            sys.exit(lib.cg_error_message(None).decode())

    def tensor(self, array):
        array = np.ascontiguousarray(array, self.np_dtype)
        dims = Dims(array.ndim, (ctypes.c_int64 * 8)(*array.shape))
        return self.lib.cg_from_host(self.device, self.dtype, dims, array.ctypes.data)

    def array(self, tensor, shape):
        out = np.empty(shape, self.np_dtype)
        if not tensor or self.lib.cg_to_host(tensor, out.ctypes.data, out.nbytes) != STATUS_OK:
            raise RuntimeError(self.lib.cg_error_message(ctypes.c_void_p(self.device)).decode())
        return out

    def call(self, name, arrays, shape):
        function = getattr(self.lib, name)
        return self.array(function(*(ctypes.c_void_p(self.tensor(a)) for a in arrays)), shape)

    def several(self, name, a, options, shapes):
        """The results of an operation that has several."""
        results = [ctypes.c_void_p() for _ in shapes]
        getattr(self.lib, name)(ctypes.c_void_p(self.tensor(a)), *options, *(ctypes.byref(r) for r in results))
        return [self.array(r.value, shape) for r, shape in zip(results, shapes)]

    # The same methods as NumPy's below.
    def solve(self, a, b):
        return self.call("cg_solve", [a, b], b.shape)

    def cholesky(self, a):
        return self.call("cg_cholesky", [a], a.shape)

    def qr(self, a):
        return self.several("cg_qr", a, [ctypes.c_int(QR_REDUCED)], [a.shape, a.shape])

    def eigh(self, a):
        return self.several("cg_eigh", a, [], [a.shape[:1], a.shape])

    def svd(self, a):
        return self.several("cg_svd", a, [ctypes.c_bool(False)], [a.shape, a.shape[:1], a.shape])

    def eig(self, a):
        wr, wi, vr, vi = self.several("cg_eig", a, [], [a.shape[:1], a.shape[:1], a.shape, a.shape])
        return wr + 1j * wi.astype(np.float64), vr + 1j * vi.astype(np.float64)


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
