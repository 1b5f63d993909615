"""NumPy: no gradients, so neither training nor cross-entropy's. SciPy gives distances and erf where it is installed."""
import numpy as np

from peer_data import operands
from peer_work import REPEAT, Work, case_name


class Peer:
    """A method for each suite: (name, size, data) -> Work, or None where there is nothing of the kind."""
    target = "numpy"

    def __init__(self, threads):
        self.version = f"NumPy {np.__version__}"
        try:
            config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
            self.version += f" ({config['name']} {config['version']})"
        except TypeError:  # before NumPy 1.25 it prints only
            pass

    @staticmethod
    def array(x):
        return x

    def matmul(self, name, size, data):
        a, b = operands(name, data)
        out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32)
        return Work(lambda: np.matmul(a, b, out=out))

    def linear(self, name, size, data):
        x, w, b = data
        out = np.empty((x.shape[0], w.shape[1]), np.float32)
        return Work(lambda: np.add(np.matmul(x, w, out=out), b, out=out))

    def linear_relu(self, name, size, data):
        layer = self.linear(name, size, data).run

        def run():
            y = layer()
            return np.maximum(y, 0, out=y)
        return Work(run)

    def map(self, name, size, data):
        x, y = data
        out = np.empty_like(x)
        unary = {"exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt,
                 "abs": np.abs, "neg": np.negative}
        binary = {"add": np.add, "mul": np.multiply, "sub": np.subtract, "div": np.divide, "pow": np.power}
        what = case_name(name)
        if what == "copy":
            return Work(lambda: np.copyto(out, x) or out)
        if what == "relu":
            return Work(lambda: np.maximum(x, 0, out=out))
        if what in unary:
            return Work(lambda: unary[what](x, out=out))
        return Work(lambda: binary[what](x, y, out=out)) if what in binary else None

    def chain(self, name, size, data):
        x, m, s, b, r = data
        t = np.empty_like(x)

        def run():
            np.subtract(x, m, out=t)
            np.multiply(t, -s, out=t)
            np.subtract(t, b, out=t)
            np.exp(t, out=t)
            np.add(t, 1, out=t)
            np.divide(x, t, out=t)
            return np.add(t, r, out=t)
        return Work(run)

    def bias_relu(self, name, size, data):
        x, b = data
        out = np.empty_like(x)
        return Work(lambda: np.maximum(np.add(x, b, out=out), 0, out=out))

    def sum(self, name, size, data):
        return Work(lambda: data[0].sum())

    def column_sums(self, name, size, data):
        out = np.empty(size[1], np.float32)
        return Work(lambda: np.sum(data[0], 0, out=out))

    def softmax(self, name, size, data):
        x = data[0]
        out = np.empty_like(x)

        def run():
            np.subtract(x, x.max(-1, keepdims=True), out=out)
            np.exp(out, out=out)
            return np.divide(out, out.sum(-1, keepdims=True), out=out)
        return Work(run)

    def loss(self, name, size, data):
        y, t = data
        d = np.empty_like(y)
        if name == "mse_16M":
            return Work(lambda: np.dot(np.subtract(y, t, out=d), d) / len(d))
        return None

    def order(self, name, size, data):
        x, out = data[0], np.empty_like(data[0])
        return Work({"sort": lambda: np.sort(x), "argsort": lambda: np.argsort(x, kind="stable"),
                     "cumsum": lambda: np.cumsum(x, -1, out=out)}[name.split("_")[0]])

    def linalg(self, name, size, data):
        x, b = data
        linalg = np.linalg
        what = name.split("_")[0]
        return Work({"solve": lambda: linalg.solve(x, b), "inverse": lambda: linalg.inv(x),
                     "cholesky": lambda: linalg.cholesky(x), "qr": lambda: linalg.qr(x)[1],
                     "eigh": lambda: linalg.eigh(x)[0], "eig": lambda: linalg.eig(x)[0],
                     "svd": lambda: linalg.svd(x, full_matrices=False)[1]}[what])

    def random(self, name, size, data):
        g, n, f32 = np.random.default_rng(1), size[0], np.float32
        out = np.empty(n, f32)
        runs = {"uniform": lambda: g.random(out=out, dtype=f32), "normal": lambda: g.standard_normal(out=out, dtype=f32),
                "exponential": lambda: g.standard_exponential(out=out, dtype=f32),
                "gamma": lambda: g.standard_gamma(2.5, out=out, dtype=f32), "integers": lambda: g.integers(0, 1000, n),
                "bernoulli": lambda: g.random(out=out, dtype=f32) < 0.25, "permutation": lambda: g.permutation(n)}
        return Work(runs[name]) if name in runs else None

    def distances(self, name, size, data):
        """SciPy's: it computes in f64, and finds neighbours by a tree."""
        try:
            from scipy import spatial
        except ImportError:
            return None
        x, y = data
        return Work({"cdist": lambda: spatial.distance.cdist(x, y),
                     "nearest": lambda: spatial.KDTree(y).query(x, size[3])[0]}[name.split("_")[0]])

    def overhead(self, name, size, data):
        x, w = data

        def add():
            for _ in range(REPEAT):
                y = x + w
            return y
        return Work(add, REPEAT) if name == "add_8" else None
