"""libclgrad.so on NumPy arrays: what the peers' results, and NumPy's factorizations, are compared with."""
import ctypes
import sys

import numpy as np

from peer_work import case_name

STATUS_OK = 0
DTYPES = {"f32": (0, np.float32), "f64": (1, np.float64)}
I32 = 2
QR_REDUCED = 0
MEAN = 0
BINARY = "add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2", "hypot"  # of the maps


class Dims(ctypes.Structure):
    _fields_ = [("rank", ctypes.c_int), ("dim", ctypes.c_int64 * 8)]


class BinaryCrossEntropyOptions(ctypes.Structure):
    _fields_ = [("weight", ctypes.c_void_p), ("pos_weight", ctypes.c_void_p)]


class AttentionOptions(ctypes.Structure):
    _fields_ = [("causal", ctypes.c_bool), ("scale", ctypes.c_double), ("dropout", ctypes.c_double)]


class Clgrad:
    def __init__(self, path, device, dtype="f32"):
        self.lib = lib = ctypes.CDLL(path)
        lib.cg_error_message.restype = ctypes.c_char_p
        lib.cg_from_host.argtypes = [ctypes.c_void_p, ctypes.c_int, Dims, ctypes.c_void_p]
        lib.cg_to_host.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        lib.cg_device_open.restype = lib.cg_from_host.restype = lib.cg_scope_begin.restype = ctypes.c_void_p
        self.dtype, self.np_dtype = DTYPES[dtype]
        self.device = lib.cg_device_open(device.encode())
        if not self.device:
            sys.exit(lib.cg_error_message(None).decode())

    def scope(self):
        return ctypes.c_void_p(self.lib.cg_scope_begin(ctypes.c_void_p(self.device)))

    def tensor(self, array, dtype=None):
        array = np.ascontiguousarray(array, np.int32 if dtype == I32 else self.np_dtype)
        dims = Dims(array.ndim, (ctypes.c_int64 * 8)(*array.shape))
        pointer = self.lib.cg_from_host(self.device, self.dtype if dtype is None else dtype, dims, array.ctypes.data)
        return ctypes.c_void_p(pointer)

    def array(self, tensor, shape):
        out = np.empty(shape, self.np_dtype)
        if not tensor or self.lib.cg_to_host(tensor, out.ctypes.data, out.nbytes) != STATUS_OK:
            raise RuntimeError(self.lib.cg_error_message(ctypes.c_void_p(self.device)).decode())
        return out

    def op(self, name, *arguments):
        """A function that gives a tensor; arguments are those of ctypes."""
        function = getattr(self.lib, name)
        function.restype = ctypes.c_void_p
        return ctypes.c_void_p(function(*arguments))

    def call(self, name, arrays, shape):
        return self.array(self.op(name, *(self.tensor(a) for a in arrays)), shape)

    def several(self, name, a, options, shapes):
        """The results of an operation that has several."""
        results = [ctypes.c_void_p() for _ in shapes]
        getattr(self.lib, name)(self.tensor(a), *options, *(ctypes.byref(r) for r in results))
        return [self.array(r.value, shape) for r, shape in zip(results, shapes)]

    # The same methods as NumPy's in linalg_residuals.py.
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


class Expected:
    """What clgrad gives for a case, by suite; None where the comparison is not made."""

    def __init__(self, path):
        self.cg = Clgrad(path, "cpu")

    def of(self, title, size, data, operands):
        suite, name = title.split("/")
        method = getattr(self, suite, None)
        if not method or data is None:
            return None
        scope = self.cg.scope()
        try:
            return method(name, size, data, operands)
        except RuntimeError as error:
            print(f"{title}: clgrad's library gives nothing to compare with: {error}", file=sys.stderr)
            return None
        finally:
            self.cg.lib.cg_scope_end(scope)

    def matmul(self, name, size, data, operands):
        a, b = operands(name, data)
        return self.cg.call("cg_matmul", [a, b], (*a.shape[:-1], b.shape[-1]))

    def layer(self, data, activation=None):
        y = self.cg.op("cg_linear", *(self.cg.tensor(x) for x in data))
        return self.cg.array(self.cg.op(activation, y) if activation else y, (data[0].shape[0], data[1].shape[1]))

    def linear(self, name, size, data, operands):
        return self.layer(data)

    def linear_relu(self, name, size, data, operands):
        return self.layer(data, "cg_relu")

    def linear_gelu(self, name, size, data, operands):
        return self.layer(data, "cg_gelu")

    def map(self, name, size, data, operands):
        what = {"silu": "swish"}.get(case_name(name), case_name(name))
        if what == "copy":
            return data[0]
        if what in BINARY or not hasattr(self.cg.lib, "cg_" + what):
            return None  # an argument may be a tensor or a number: a struct that only C can pass
        return self.cg.call("cg_" + what, data[:1], data[0].shape)

    def softmax(self, name, size, data, operands):
        y = self.cg.op("cg_softmax", self.cg.tensor(data[0]), ctypes.c_int(-1))
        return self.cg.array(y, data[0].shape)

    def gradient(self, x, loss, shape):
        self.cg.lib.cg_backward(loss)
        return self.cg.array(self.cg.op("cg_grad_of", x), shape)

    def leaf(self, array):
        return self.cg.op("cg_require_grad", self.cg.tensor(array), ctypes.c_bool(True))

    def cross_entropy(self, name, size, data, operands):
        x = self.leaf(data[0])
        loss = self.cg.op("cg_cross_entropy", x, self.cg.tensor(data[1], I32), ctypes.c_int(MEAN))
        return self.gradient(x, loss, data[0].shape)

    def loss(self, name, size, data, operands):
        y, t = self.leaf(data[0]), self.cg.tensor(data[1])
        what = name.split("_")[0]
        if what == "bce":
            loss = self.cg.op("cg_binary_cross_entropy_with_logits", y, t, ctypes.c_int(MEAN),
                              BinaryCrossEntropyOptions())
        elif what == "huber":
            loss = self.cg.op("cg_huber_loss", y, t, ctypes.c_int(MEAN), ctypes.c_double(1))
        else:
            loss = self.cg.op("cg_mse_loss", y, t, ctypes.c_int(MEAN))
        return self.gradient(y, loss, data[0].shape) if "_grad" in name else self.cg.array(loss, ())

    def norm(self, data, activation=None):
        x, _, w, b = data
        y = self.cg.op("cg_layer_norm", self.cg.tensor(x), ctypes.c_int(1), self.cg.tensor(w), self.cg.tensor(b),
                       ctypes.c_double(1e-5))
        return self.cg.array(self.cg.op(activation, y) if activation else y, x.shape)

    def layer_norm_forward(self, name, size, data, operands):
        return self.norm(data)

    def norm_gelu(self, name, size, data, operands):
        return self.norm(data, "cg_gelu")

    def attention(self, name, size, data, operands):
        q, k, v = (self.leaf(x) for x in data[:3])
        y = self.cg.op("cg_scaled_dot_product_attention", q, k, v, None,
                       AttentionOptions(name.endswith("_causal"), 0, 0))
        # the sum of y g has the gradient that is asked for: as a product of two long rows
        flat = Dims(2, (ctypes.c_int64 * 8)(1, data[3].size)), Dims(2, (ctypes.c_int64 * 8)(data[3].size, 1))
        along = self.cg.op("cg_reshape", y, flat[0])
        total = self.cg.op("cg_matmul", along, self.cg.op("cg_reshape", self.cg.tensor(data[3]), flat[1]))
        return self.gradient(q, total, data[0].shape)
