"""ArrayFire by its Python binding, which needs the library itself: see README.md."""
import numpy as np

from peer_work import Missing, Work, case_name

try:
    import arrayfire as af
except Exception as error:  # the binding raises errors of its own where the library is missing
    raise Missing("arrayfire: pip install arrayfire, and its library from arrayfire.com (Debian 12 has none)") from error


class Peer:
    target = "arrayfire"

    def __init__(self, threads):
        self.version = f"ArrayFire {af.get_version()}, backend {af.get_active_backend()}"

    @staticmethod
    def array(x):
        return np.array(x.to_ndarray())

    @staticmethod
    def arrays(data):
        return [af.from_ndarray(np.asfortranarray(x)) for x in data]

    @staticmethod
    def work(function):
        """What is built lazily is put into the queue by each run, and waited for once a sample."""
        def run():
            x = function()
            af.eval(x)
            return x
        return Work(run, finish=af.sync)

    def matmul(self, name, size, data):
        a, b = self.arrays(data)
        if len(data[0].shape) == 3:
            return None
        left = af.MATPROP.TRANS if name.endswith("_at") else af.MATPROP.NONE
        right = af.MATPROP.TRANS if name.endswith("_bt") else af.MATPROP.NONE
        return self.work(lambda: af.matmul(a, b, left, right))

    def map(self, name, size, data):
        x, y = self.arrays(data)
        runs = {"exp": lambda: af.exp(x), "log": lambda: af.log(x), "tanh": lambda: af.tanh(x), "sin": lambda: af.sin(x),
                "cos": lambda: af.cos(x), "sigmoid": lambda: af.sigmoid(x), "add": lambda: x + y, "mul": lambda: x * y,
                "copy": lambda: x.copy()}
        run = runs.get(case_name(name))
        return self.work(run) if run else None

    def order(self, name, size, data):
        x = self.arrays(data)[0]
        runs = {"sort": lambda: af.sort(x), "cumsum": lambda: af.accum(x)}
        return self.work(runs[name]) if name in runs else None
