"""oneDNN by itself, through dnnl_sgemm: Debian's library."""
import ctypes

import numpy as np

from peer_data import operands
from peer_openblas import pointer
from peer_work import Work, library


class Peer:
    target = "onednn"

    def __init__(self, threads):
        self.lib = library("libdnnl.so.3", "libdnnl.so.2", install="apt-get install libdnnl2")

        class Version(ctypes.Structure):
            _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int)]
        self.lib.dnnl_version.restype = ctypes.POINTER(Version)
        v = self.lib.dnnl_version().contents
        self.version = f"oneDNN {v.major}.{v.minor}.{v.patch}, OMP_NUM_THREADS={threads}"

    @staticmethod
    def array(x):
        return x

    def matmul(self, name, size, data):
        a, b = operands(name, data)
        if a.ndim == 3:
            return None
        m, n, k = (ctypes.c_int64(s) for s in size[:3])
        out = np.empty((a.shape[0], b.shape[1]), np.float32)
        at, bt = name.endswith("_at"), name.endswith("_bt")
        call = (ctypes.c_char(b"T" if at else b"N"), ctypes.c_char(b"T" if bt else b"N"), m, n, k, ctypes.c_float(1),
                pointer(a), m if at else k, pointer(b), k if bt else n, ctypes.c_float(0), pointer(out), n)
        sgemm = self.lib.dnnl_sgemm

        def run():
            sgemm(*call)
            return out
        return Work(run)
