"""CLBlast by itself on an OpenCL device (the first of CLGRAD_PEER_PLATFORM, else the first there is): no host copies timed."""
import ctypes
import os

import numpy as np

from peer_data import operands
from peer_openblas import pointer
from peer_work import Missing, Work, library

ROW_MAJOR, NO, YES, ALL_DEVICES, READ_WRITE, NAME = 101, 111, 112, 0xFFFFFFFF, 1, 0x102B
PLATFORM_NAME = 0x0902
P, SIZE, UINT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint


class Peer:
    target = "clblast"

    def __init__(self, threads):
        self.blast = library("libclblast.so.1", install="apt-get install libclblast1")
        self.cl = library("libOpenCL.so.1", install="apt-get install ocl-icd-libopencl1 pocl-opencl-icd")
        for name in "clCreateContext", "clCreateCommandQueue", "clCreateBuffer":
            getattr(self.cl, name).restype = P
        platform, device = self.find(os.environ.get("CLGRAD_PEER_PLATFORM", ""))
        devices = (P * 1)(device)
        self.context = P(self.cl.clCreateContext(None, 1, devices, None, None, None))
        self.queue = P(self.cl.clCreateCommandQueue(self.context, P(device), ctypes.c_uint64(0), None))
        if not self.queue:
            raise Missing("the OpenCL device gives no queue")
        self.version = f"CLBlast on {self.text(self.cl.clGetPlatformInfo, platform, PLATFORM_NAME)}: "
        self.version += self.text(self.cl.clGetDeviceInfo, device, NAME)

    @staticmethod
    def text(function, of, what):
        buffer = ctypes.create_string_buffer(256)
        function(P(of), UINT(what), SIZE(256), buffer, None)
        return buffer.value.decode()

    def find(self, wanted):
        count = UINT()
        self.cl.clGetPlatformIDs(0, None, ctypes.byref(count))
        platforms = (P * max(1, count.value))()
        self.cl.clGetPlatformIDs(count, platforms, None)
        for platform in platforms[:count.value]:
            device = P()
            if wanted.lower() in self.text(self.cl.clGetPlatformInfo, platform, PLATFORM_NAME).lower() and \
                    self.cl.clGetDeviceIDs(P(platform), ctypes.c_uint64(ALL_DEVICES), 1, ctypes.byref(device), None) == 0:
                return platform, device.value
        raise Missing("no OpenCL device: apt-get install pocl-opencl-icd")

    def buffer(self, x):
        buffer = P(self.cl.clCreateBuffer(self.context, ctypes.c_uint64(READ_WRITE), SIZE(x.nbytes), None, None))
        self.cl.clEnqueueWriteBuffer(self.queue, buffer, 1, SIZE(0), SIZE(x.nbytes), pointer(x), 0, None, None)
        return buffer

    def array(self, result):
        buffer, out = result
        self.cl.clEnqueueReadBuffer(self.queue, buffer, 1, SIZE(0), SIZE(out.nbytes), pointer(out), 0, None, None)
        return out

    def matmul(self, name, size, data):
        m, n, k = size[:3]
        a, b = operands(name, data)
        out = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
        buffers = [self.buffer(np.ascontiguousarray(x)) for x in (*data, out)]
        at, bt = name.endswith("_at"), name.endswith("_bt")
        one, zero, start = ctypes.c_float(1), ctypes.c_float(0), SIZE(0)
        head = ROW_MAJOR, YES if at else NO, YES if bt else NO, SIZE(m), SIZE(n), SIZE(k), one
        lda, ldb, ldc = SIZE(m if at else k), SIZE(k if bt else n), SIZE(n)
        queue = ctypes.byref(self.queue)
        if a.ndim == 3:
            call = (*head, buffers[0], start, lda, SIZE(m * k), buffers[1], start, ldb, SIZE(k * n), zero, buffers[2],
                    start, ldc, SIZE(m * n), SIZE(len(a)), queue, None)
            function = self.blast.CLBlastSgemmStridedBatched
        else:
            call = (*head, buffers[0], start, lda, buffers[1], start, ldb, zero, buffers[2], start, ldc, queue, None)
            function = self.blast.CLBlastSgemm

        def run():
            if function(*call) != 0:
                raise RuntimeError(f"CLBlast failed on {name}")
            return buffers[2], out

        def finish():
            if self.cl.clFinish(self.queue) != 0:
                raise RuntimeError(f"the OpenCL device failed on {name}")
        return Work(run, finish=finish)
