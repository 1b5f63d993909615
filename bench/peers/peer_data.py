"""The inputs of clgrad's cases as NumPy arrays: shapes and ranges as in bench/cases_*.c, the same for every peer."""
import math

import numpy as np

from peer_work import case_name

CLASSES = 10


def _product(name, size):
    m, n, k = size[:3]
    stack = (int(name.split("_of_")[0]),) if "_of_" in name else ()
    left = (k, m) if name.endswith("_at") else (*stack, m, k)
    right = (n, k) if name.endswith("_bt") else (*stack, k, n)
    return [(left, -1, 1), (right, -1, 1)]


def _layer(name, size):
    return [*_product(name, size), ((size[1],), -1, 1)]


def _map(name, size):
    if case_name(name) in ("log", "sqrt", "pow"):
        return [((size[0],), 0.1, 8), ((size[0],), -3, 3)]
    return [((size[0],), -4, 4), ((size[0],), -3, 5)]


def _chain(name, size):
    return [(tuple(size), -2, 2), *[((size[1],), -2, 2)] * 3, ((size[0], 1), -2, 2)]


def _matrix(name, size):
    return [(tuple(size[:2]), -3, 5)]


def _loss(name, size):
    if name.startswith("bce"):
        return [((size[0],), -6, 6), ((size[0],), 0, 1)]
    return [((size[0],), -3, 3), ((size[0],), -2, 3)]


def _rows_norm(name, size):
    return [((size[0], size[1]), -3, 5)] * 2 + [((size[1],), 0.5, 2)] * 2


def _channels_norm(name, size):
    return [(tuple(size), -3, 5)] * 2 + [((size[1],), 0.5, 2)] * 2


def _attention(name, size):
    return [(tuple(size[:4]), -1, 1)] * 4


def _conv(name, size):
    n, c, k, s, kernel = size[:5]
    images, maps = ((n, c, s, s), -1, 1), ((n, k, s, s), -1, 1)
    kernels = ((k, 1 if name.startswith("depthwise") else c, kernel, kernel), -1, 1)
    return {"input_grad": [maps, kernels], "weight_grad": [images, maps]}.get("_".join(name.split("_")[-2:]),
                                                                             [images, kernels])


def _pool(name, size):
    n, c, window, s = size
    return [((n, c, s, s), -1, 1), ((n, c, s // window, s // window), -1, 1)]


def _linear_parameters(widths):
    for i, o in zip(widths, widths[1:]):
        limit = math.sqrt(6 / i)
        yield from (((i, o), -limit, limit), ((o,), -0.1, 0.1))


def _mlp(name, size):
    return [((size[0], size[1]), 0, 1), *_linear_parameters([*size[1:4], CLASSES])]


def _lenet(name, size):
    batch, side, first, second, hidden = size
    features = second * ((side // 2 - 4) // 2) ** 2
    limits = math.sqrt(6 / 25), math.sqrt(6 / (25 * first))
    return [((batch, 1, side, side), 0, 1), ((first, 1, 5, 5), -limits[0], limits[0]), ((first,), -0.1, 0.1),
            ((second, first, 5, 5), -limits[1], limits[1]), ((second,), -0.1, 0.1),
            *_linear_parameters([features, hidden, 84, CLASSES])]


def _block(name, size):
    batch, times, d, _ = size
    def weight(i, o):
        return (i, o), -math.sqrt(3 / i), math.sqrt(3 / i)
    factor, shift = ((d,), 0.8, 1.2), ((d,), -0.1, 0.1)
    return [((batch, times, d), -2, 2), ((batch, times, d), -2, 2), factor, shift, weight(d, 3 * d), weight(d, d),
            ((3 * d,), -0.1, 0.1), shift, factor, shift, weight(d, 4 * d), ((4 * d,), -0.1, 0.1), weight(4 * d, d), shift]


def _optimizer(name, size):
    return [((size[0],), -1, 1), ((size[0],), -0.1, 0.1)]


def _linalg(name, size):
    batch, n = size
    return [((batch, n, n), -1, 1), ((batch, n, 1), -1, 1)]


SPECS = {"matmul": _product, "linear": _layer, "linear_relu": _layer, "linear_gelu": _layer, "map": _map, "chain": _chain,
         "bias_relu": lambda name, size: [(tuple(size), -2, 2), ((size[1],), -2, 2)], "sum": _matrix,
         "column_sums": _matrix, "softmax": _matrix, "cross_entropy": _matrix, "loss": _loss, "layer_norm": _rows_norm,
         "layer_norm_forward": _rows_norm, "norm_gelu": _rows_norm, "norm_gelu_grad": _rows_norm, "rms_norm": _rows_norm,
         "batch_norm": _channels_norm, "attention": _attention, "conv": _conv, "pool": _pool,
         "train_784_512_256_10": _mlp, "train_lenet": _lenet, "train_transformer_block": _block, "linalg": _linalg,
         "order": lambda name, size: [((size[0],), -1, 1)], "overhead": lambda name, size: [((size[0],), -2, 3),
                                                                                           ((size[0],), 1, 3)],
         "distances": lambda name, size: [((size[0], size[2]), -1, 1), ((size[1], size[2]), -1, 1)],
         "random": lambda name, size: [((size[0],), 1, 1)]}
SPECS.update(dict.fromkeys(("adam", "adamw", "sgd", "momentum", "rmsprop", "adagrad"), _optimizer))
LABELS = {"cross_entropy": lambda size: size[1], "train_784_512_256_10": lambda size: CLASSES,
          "train_lenet": lambda size: CLASSES}


def inputs(suite, name, size):
    """The case's inputs, labels last; None for a suite that peers have nothing of."""
    if suite not in SPECS:
        return None
    data = []
    for i, (shape, low, high) in enumerate(SPECS[suite](name, size)):
        x = np.random.default_rng(i + 1).random(shape, np.float32)
        x *= np.float32(high - low)
        x += np.float32(low)
        data.append(x)
    if suite == "linalg" and name.startswith("eigh"):
        data[0] = (data[0] + data[0].swapaxes(-1, -2)) / 2
    if suite == "linalg" and name.startswith("cholesky"):
        data[0] = data[0] @ data[0].swapaxes(-1, -2) / np.float32(size[1]) + np.eye(size[1], dtype=np.float32)
    if suite in LABELS:
        data.append(np.random.default_rng(7).integers(0, LABELS[suite](size), size[0]))
    return data


def operands(name, data):
    """A product's operands as (m, k) and (k, n), views where they lie transposed in memory."""
    a, b = data[:2]
    return a.T if name.endswith("_at") else a, b.T if name.endswith("_bt") else b
