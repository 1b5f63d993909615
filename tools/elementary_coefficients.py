#!/usr/bin/env python3
"""Regenerate the polynomial coefficients of kernels/elementary.h and of the headers that build on it.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install mpmath gmpy2
    /tmp/venv/bin/python tools/elementary_coefficients.py [name ...]

Each fit minimises max |weight(x) * (f(x) - P(x))| by the Remez exchange in 110-digit arithmetic.  The
coefficients are rounded to the target type, on intervals that start at or above 0 one after another from
the lowest power up, the rest being fitted again after each.  They are printed lowest power first, with log2
of the largest weighted error that the rounded polynomial makes (counting the low part of the first
coefficient where one is printed; only erfc uses it).
"""
import struct
import sys
from mpmath import mp, mpf, matrix, lu_solve

mp.dps = 110


def rounded(v, bits):
    """v rounded to float or double, as an exact mpf."""
    code = "f" if bits == 32 else "d"
    if bits == 32:  # straight from mpf: no double rounding
        with mp.workprec(24):
            v = +v
    return mpf(struct.unpack(code, struct.pack(code, float(v)))[0])


def text(v, bits):
    return f"{float(v):.9g}" if bits == 32 else f"{float(v):.17g}"


def remez(xs, fs, ws, degree):
    """Coefficients of the polynomial P that minimises max |w (f - P)| over the grid xs."""
    n = degree + 1
    m = len(xs)
    idx = [int(round((1 - mp.cos(mp.pi * k / n)) / 2 * (m - 1))) for k in range(n + 1)]
    for _ in range(60):
        a = matrix(n + 1, n + 1)
        b = matrix(n + 1, 1)
        for i, k in enumerate(idx):
            for j in range(n):
                a[i, j] = xs[k] ** j
            a[i, n] = (-1) ** i / ws[k]
            b[i] = fs[k]
        sol = lu_solve(a, b)
        c = [sol[j] for j in range(n)]
        err = [ws[k] * (fs[k] - mp.polyval(c[::-1], xs[k])) for k in range(m)]
        new = extrema(err, n + 1)
        if new is None or max(abs(e) for e in err) < abs(sol[n]) * mpf("1.005"):
            return c
        idx = new
    return c


def extrema(err, count):
    """Indices of `count` alternating extrema of err with the largest smallest magnitude."""
    runs = []
    for k, e in enumerate(err):
        if runs and (err[runs[-1]] > 0) == (e > 0):
            if abs(e) > abs(err[runs[-1]]):
                runs[-1] = k
        else:
            runs.append(k)
    while len(runs) > count:
        runs.pop(0 if abs(err[runs[0]]) < abs(err[runs[-1]]) else -1)
    return runs if len(runs) == count else None


def fit(name, f, w, a, b, degree, bits):
    m = 700
    a, b = mpf(a), mpf(b)
    xs = [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * (k + mpf(1) / 2) / m) for k in range(m)]
    ws = [abs(w(x)) for x in xs]
    top = max(ws)  # points of almost no weight say nothing and spoil the first reference
    xs, ws = zip(*[(x, v) for x, v in zip(xs, ws) if v > top / 50])
    fs = [f(x) for x in xs]
    if a < 0:  # dividing by x is no help where x changes sign: round all at once
        exact = remez(xs, fs, ws, degree)
        done = [rounded(c, bits) for c in exact]
        low = rounded(exact[0] - done[0], bits)  # for use as a pair with the first coefficient
        rest = [f_ - mp.polyval(done[::-1], x) for f_, x in zip(fs, xs)]
    else:
        done, rest = [], fs
        for k in range(degree + 1):
            c = rounded(remez(xs, rest, ws, degree - k)[0], bits)
            done.append(c)
            rest = [(r - c) / x for r, x in zip(rest, xs)]  # the grid never holds 0
            ws = [v * x for v, x in zip(ws, xs)]
        low = mpf(0)
    e = max(abs((r - low) * w_) for r, w_ in zip(rest, ws))
    span = f"[{mp.nstr(a, 8)}, {mp.nstr(b, 8)}]"
    print(f"{name} f{bits} degree {degree} on {span} error 2^{mp.nstr(mp.log(e, 2), 4)}")
    for c in done:
        print("   ", text(c, bits))
    if low:
        print("    low part of the first:", text(low, bits), flush=True)


def split(name, v, bits, *precisions):
    """v as a sum of parts; part k is rounded to precisions[k] bits (0: the type's own)."""
    out = []
    for p in precisions:
        if p:
            with mp.workprec(p):
                part = +v
        else:
            part = rounded(v, bits)
        v -= part
        out.append(text(part, bits))
    print(f"{name} f{bits}: " + " ".join(out))


LN2 = mp.log(2)


def atanh_series(s, order):
    """(atanh(s)/s - sum_{k<order} s^2k/(2k+1)) / s^(2 order), as a convergent series."""
    return sum(s ** (2 * k) / (2 * (k + order) + 1) for k in range(80))


def fits(bits):
    """(name, arguments of fit) of each polynomial."""
    wide = bits == 64
    root = mp.sqrt
    r = LN2 / 2 * mpf("1.001")
    yield "exp", lambda x: (mp.expm1(x) - x) / x ** 2, lambda x: x, -r, r, 10 if wide else 5
    z = ((root(2) - 1) / (root(2) + 1)) ** 2 * mpf("1.001")
    if wide:
        yield "log", lambda z: 2 * atanh_series(root(z), 1), lambda z: z / 2, 0, z, 7
    else:
        yield ("log", lambda f: (mp.log1p(f) - f + f * f / 2) / f ** 3, lambda f: f ** 3 / mp.log1p(f),
               root(mpf(1) / 2) - 1, root(2) - 1, 8)
    if not wide:
        yield "softplus", lambda e: (mp.log1p(e) - e) / e ** 2, lambda e: e ** 2 / mp.log1p(e), 0, 1, 9
    yield "pow", lambda z: atanh_series(root(z), 2), lambda z: z * z, 0, z, 7 if wide else 3
    q = (mp.pi / 4) ** 2 * mpf("1.01")
    degree = 6 if wide else 3
    yield "sin", lambda z: (mp.sin(root(z)) / root(z) - 1) / z, lambda z: z, 0, q, degree
    yield "cos", lambda z: (mp.cos(root(z)) - 1 + z / 2) / z ** 2, lambda z: z * z, 0, q, degree
    # odd functions as x + x^3 P(x^2), P minimised for the relative error
    for name, g, top, degree in (("sinh", mp.sinh, 1, 7 if wide else 3), ("asin", mp.asin, 0.25, 12 if wide else 4),
                                 ("atan", mp.atan, 0.25, 12 if wide else 4)):
        yield (name, lambda z, g=g: (g(root(z)) / root(z) - 1) / z, lambda z, g=g: z * root(z) / g(root(z)), 0,
               mpf(top) * mpf("1.001"), degree)
    small, degree = (mpf("0.26"), 9) if wide else (mpf("0.86"), 6)
    yield "erf_small", lambda z: mp.erf(root(z)) / root(z) - 1, lambda z: mpf(1), 0, small, degree
    if not wide:
        yield ("erf_large", lambda x: mp.log(mp.erfc(x)), lambda x: mp.erfc(x) / mp.erf(x),
               mpf("0.92"), mpf("3.95"), 7)
    half, top, k, degree = (mpf("0.499"), mpf(28), 3, 22) if wide else (mpf("0.499"), mpf("10.3"), 2, 10)

    def shape(t):
        x = k * (1 + t) / (1 - t)
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)
    yield "erfc", shape, lambda t: mpf(1), (half - k) / (half + k), (top - k) / (top + k), degree
    if not wide:  # Mills' ratio of the normal distribution times a + 3.5; some of the far tail's bits are given away
        def distance(t):
            return mpf("3.5") * (1 + t) / (1 - t)

        def mills(t):
            x = distance(t)
            return mp.exp(x * x / 2) * mp.erfc(x / root(2)) * root(mp.pi / 2) * (x + mpf("3.5"))

        def weight(t):
            beyond = max(distance(t) - 3, 0)
            return 1 / mills(t) / (1 + beyond ** 2 * mpf("0.3"))
        yield "mills", mills, weight, -1, mpf(11) / 18, 8
    # log Gamma(2 + t) / t, and what Stirling's formulas of log Gamma and digamma leave, from x = 8 (f64) or 4 (f32)
    near, far = (mpf("0.5"), mpf(1) / 64) if wide else (mpf("0.5"), mpf(1) / 16)

    def near_2(t):
        return mp.loggamma(2 + t) / t

    def stirling(z):
        x = 1 / root(z)
        return (mp.loggamma(x) - (x - 0.5) * (mp.log(x) - 1) - mp.log(2 * mp.pi) / 2 + mpf(1) / 2) * x

    def digamma_rest(z):
        x = 1 / root(z)
        return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) / z
    yield "lgamma_near", near_2, lambda t: mpf(1), -near, near, 18 if wide else 8
    yield "lgamma_far", stirling, root, 0, far, 7 if wide else 3
    yield "digamma_far", digamma_rest, lambda z: z, 0, far, 8 if wide else 4


def main():
    for bits in (32, 64):
        for name, f, weight, low, high, degree in fits(bits):
            if len(sys.argv) < 2 or name in sys.argv[1:]:
                fit(name, f, weight, low, high, degree, bits)
    constants = {"log2(e)": 1 / LN2, "log10(e)": 1 / mp.log(10), "pi/2": mp.pi / 2, "2pi": 2 * mp.pi,
                 "1/3": mpf(1) / 3, "2/pi": 2 / mp.pi, "ln2": LN2}
    for bits, short in ((32, 15), (64, 40)):
        split("ln2 short", LN2, bits, short, 0)
        split("log10(2) short", LN2 / mp.log(10), bits, short, 0)
        for name, value in constants.items():
            split(name, value, bits, 0, 0, 0)


main()
