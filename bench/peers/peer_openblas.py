"""OpenBLAS by itself, through cblas_sgemm: Debian's library, not the one inside NumPy."""
import ctypes

import numpy as np

from peer_data import operands
from peer_work import Work, library

ROW_MAJOR, NO, YES = 101, 111, 112


def pointer(x):
    return x.ctypes.data_as(ctypes.c_void_p)


class Peer:
    target = "openblas"

    def __init__(self, threads):
        self.lib = library("libopenblas.so.0", install="apt-get install libopenblas0-pthread")
        self.lib.openblas_set_num_threads(threads)
        self.lib.openblas_get_config.restype = self.lib.openblas_get_corename.restype = ctypes.c_char_p
        self.version = f"{self.lib.openblas_get_config().decode().strip()}, runs {self.lib.openblas_get_corename().decode()}"
        self.version += f", {self.lib.openblas_get_num_threads()} threads"

    @staticmethod
    def array(x):
        return x

    def matmul(self, name, size, data):
        a, b = operands(name, data)
        m, n, k = size[:3]
        out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32)
        transposed = [YES if name.endswith(end) else NO for end in ("_at", "_bt")]
        lda, ldb = m if name.endswith("_at") else k, k if name.endswith("_bt") else n
        one, zero = ctypes.c_float(1), ctypes.c_float(0)
        sgemm = self.lib.cblas_sgemm
        stack = zip(a, b, out) if a.ndim == 3 else [(a, b, out)]
        # called with arguments made once: a stack of small products is a loop, as the library has nothing better
        calls = [(ROW_MAJOR, *transposed, m, n, k, one, pointer(x), lda, pointer(y), ldb, zero, pointer(z), n)
                 for x, y, z in stack]

        def run():
            for call in calls:
                sgemm(*call)
            return out
        return Work(run)
