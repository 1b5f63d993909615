"""JAX on the CPU: everything under jit, arguments of training steps donated, results waited for."""
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# pylint: disable=wrong-import-position
import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from peer_data import operands
from peer_work import REPEAT, Work, case_name

ADAM = 1e-6, 0.9, 0.999, 1e-8
MAPS = {"exp": jnp.exp, "log": jnp.log, "tanh": jnp.tanh, "sin": jnp.sin, "cos": jnp.cos, "sqrt": jnp.sqrt,
        "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "erf": jax.scipy.special.erf, "silu": jax.nn.silu,
        "softplus": jax.nn.softplus, "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True), "gelu_grad": jax.grad(lambda x: gelu(x).sum()),
        "copy": lambda x: x.copy(), "abs": jnp.abs}
BINARY = {"add": jnp.add, "mul": jnp.multiply, "sub": jnp.subtract, "div": jnp.divide, "pow": jnp.power}


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def layer_norm(x, w, b):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * w + b


def cross_entropy(logits, label):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), label[:, None], 1).mean()


def bce(x, t):
    return (jnp.maximum(x, 0) - x * t + jnp.log1p(jnp.exp(-jnp.abs(x)))).mean()


def huber(y, t):
    d = jnp.abs(y - t)
    return jnp.where(d <= 1, d * d / 2, d - 0.5).mean()


LOSSES = {"mse": lambda y, t: ((y - t) ** 2).mean(), "huber": huber, "bce": bce}


def attention(q, k, v, causal):
    scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(q.shape[-1]))
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jax.nn.softmax(scores, -1) @ v


def convolution(x, w, padding, groups=1, dilation=1):
    return lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2, rhs_dilation=(dilation, dilation),
                                    feature_group_count=groups)


def pooled(x, window, kind):
    shape = (1, 1, window, window)
    if kind == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, shape, shape, "VALID")
    return lax.reduce_window(x, 0.0, lax.add, shape, shape, "VALID") / window**2


def adam(p, g, m, v, t, lr=ADAM[0]):
    m = ADAM[1] * m + (1 - ADAM[1]) * g
    v = ADAM[2] * v + (1 - ADAM[2]) * g * g
    step = lr * (m / (1 - ADAM[1] ** t)) / (jnp.sqrt(v / (1 - ADAM[2] ** t)) + ADAM[3])
    return p - step, m, v


def singular_first(parts):
    u, s, vh = parts
    return s, u, vh


class Peer:
    target = "jax"

    def __init__(self, threads):
        # XLA has as many threads as the process may use processors when its first device is asked for
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        device = jax.devices("cpu")[0]
        self.version = f"JAX {jax.__version__}, jit, {device.platform}, on {len(os.sched_getaffinity(0))} processors"

    @staticmethod
    def array(x):
        return np.asarray(x[0] if isinstance(x, (tuple, list)) else x)

    @staticmethod
    def jit(function, *data):
        compiled, arrays = jax.jit(function), [jnp.asarray(x) for x in data]
        return Work(lambda: jax.block_until_ready(compiled(*arrays)))

    def matmul(self, name, size, data):
        if name.endswith("_at"):
            return self.jit(lambda a, b: a.T @ b, *data)
        if name.endswith("_bt"):
            return self.jit(lambda a, b: a @ b.T, *data)
        return self.jit(jnp.matmul, *operands(name, data))

    def linear(self, name, size, data):
        return self.jit(lambda x, w, b: x @ w + b, *data)

    def linear_relu(self, name, size, data):
        return self.jit(lambda x, w, b: jax.nn.relu(x @ w + b), *data)

    def linear_gelu(self, name, size, data):
        return self.jit(lambda x, w, b: gelu(x @ w + b), *data)

    def map(self, name, size, data):
        what = case_name(name)
        if what in BINARY:
            return self.jit(BINARY[what], *data)
        return self.jit(MAPS[what], data[0]) if what in MAPS else None

    def chain(self, name, size, data):
        return self.jit(lambda x, m, s, b, r: x * jax.nn.sigmoid((x - m) * s + b) + r, *data)

    def bias_relu(self, name, size, data):
        return self.jit(lambda x, b: jax.nn.relu(x + b), *data)

    def sum(self, name, size, data):
        return self.jit(jnp.sum, *data)

    def column_sums(self, name, size, data):
        return self.jit(lambda x: x.sum(0), *data)

    def softmax(self, name, size, data):
        return self.jit(lambda x: jax.nn.softmax(x, -1), *data)

    def cross_entropy(self, name, size, data):
        both = self.jit(jax.value_and_grad(cross_entropy), *data)
        return Work(lambda: both.run()[1])

    def loss(self, name, size, data):
        loss = LOSSES[name.split("_")[0]]
        if "_grad" not in name:
            return self.jit(loss, *data)
        both = self.jit(jax.value_and_grad(loss), *data)
        return Work(lambda: both.run()[1])

    def gradient(self, function, leaves, data):
        """All gradients of sum(g f(...)); g is data[1]. The result is the first."""
        x, g, *p = data

        def run(g, *leaves):
            return jax.vjp(function, *leaves)[1](g)
        work = self.jit(run, g, *[x, *p][:leaves])
        return Work(lambda: work.run()[0])

    def layer_norm(self, name, size, data):
        return self.gradient(layer_norm, 3, data)

    def layer_norm_forward(self, name, size, data):
        return self.jit(layer_norm, data[0], *data[2:])

    def norm_gelu(self, name, size, data):
        return self.jit(lambda x, w, b: gelu(layer_norm(x, w, b)), data[0], *data[2:])

    def norm_gelu_grad(self, name, size, data):
        return self.gradient(lambda x, w, b: gelu(layer_norm(x, w, b)), 3, data)

    def rms_norm(self, name, size, data):
        return self.gradient(lambda x, w: x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w, 2, data)

    def batch_norm(self, name, size, data):
        def norm(x, w, b):
            mean = x.mean((0, 2), keepdims=True)
            variance = ((x - mean) ** 2).mean((0, 2), keepdims=True)
            return (x - mean) * lax.rsqrt(variance + 1e-5) * w[:, None] + b[:, None]
        return self.gradient(norm, 3, data)

    def attention(self, name, size, data):
        q, k, v, g = data
        causal = name.endswith("_causal")
        return self.gradient(lambda q, k, v: attention(q, k, v, causal), 3, [q, g, k, v])

    def conv(self, name, size, data):
        n, c, k, s, kernel = size[:5]
        dilation = size[5] if len(size) > 5 else 1
        pad = kernel // 2 * dilation
        if name.endswith("input_grad"):
            g, w = data
            x = jnp.zeros((n, c, s, s), jnp.float32)
            return self.jit(lambda g, w: jax.vjp(lambda x: convolution(x, w, pad, 1, dilation), x)[1](g)[0], g, w)
        if name.endswith("weight_grad"):
            x, g = data
            w = jnp.zeros((k, c, kernel, kernel), jnp.float32)
            return self.jit(lambda x, g: jax.vjp(lambda w: convolution(x, w, pad, 1, dilation), w)[1](g)[0], x, g)
        groups = c if name.startswith("depthwise") else 1
        return self.jit(lambda x, w: convolution(x, w, pad, groups, dilation), *data)

    def pool(self, name, size, data):
        kind = name.split("_")[0]
        if "_back" in name:
            return self.jit(lambda x, g: jax.vjp(lambda x: pooled(x, size[2], kind), x)[1](g)[0], *data)
        return self.jit(lambda x: pooled(x, size[2], kind), data[0])

    def order(self, name, size, data):
        return self.jit({"sort": jnp.sort, "argsort": lambda x: jnp.argsort(x, stable=True),
                         "cumsum": jnp.cumsum}[name.split("_")[0]], *data)

    def linalg(self, name, size, data):
        what, n = name.split("_")[0], jnp.linalg
        if what == "solve":
            return self.jit(n.solve, *data)
        return self.jit({"inverse": n.inv, "cholesky": n.cholesky, "qr": lambda x: n.qr(x)[::-1],
                         "eigh": n.eigh, "eig": n.eig, "svd": lambda x: singular_first(n.svd(x, full_matrices=False))}[what],
                        data[0])

    def random(self, name, size, data):
        key, n = jax.random.key(1), size[0]
        runs = {"uniform": lambda k: jax.random.uniform(k, (n,)), "normal": lambda k: jax.random.normal(k, (n,)),
                "exponential": lambda k: jax.random.exponential(k, (n,)),
                "bernoulli": lambda k: jax.random.bernoulli(k, 0.25, (n,)),
                "integers": lambda k: jax.random.randint(k, (n,), 0, 1000)}
        if name not in runs:
            return None
        run = jax.jit(runs[name])
        return Work(lambda: jax.block_until_ready(run(key)))

    def adam(self, name, size, data):
        step = jax.jit(lambda p, m, v, t, g: adam(p, g, m, v, t, 1e-3), donate_argnums=(0, 1, 2))
        g = jnp.asarray(data[1])
        state = [jnp.array(data[0]), jnp.zeros_like(g), jnp.zeros_like(g)]
        t = [0]

        def run():
            t[0] += 1
            state[:] = jax.block_until_ready(step(*state, np.float32(t[0]), g))
            return state[0]
        return Work(run)

    def train(self, parameters, loss, *data):
        """One jit for the gradients and Adam. Data are its arguments: what a jit encloses is a constant to it."""
        def update(p, m, v, t, *data):
            value, g = jax.value_and_grad(loss)(p, *data)
            new = [adam(*each, t) for each in zip(p, g, m, v)]
            return value, *([n[i] for n in new] for i in range(3))
        step = jax.jit(update, donate_argnums=(0, 1, 2))
        p, data = [jnp.array(x) for x in parameters], [jnp.asarray(x) for x in data]
        state, t = [p, [jnp.zeros_like(x) for x in p], [jnp.zeros_like(x) for x in p]], [0]

        def run():
            t[0] += 1
            value, *state[:] = jax.block_until_ready(step(*state, np.float32(t[0]), *data))
            return value
        return Work(run)

    def train_784_512_256_10(self, name, size, data):
        x, *p, label = data

        def loss(p, x, label):
            y = jax.nn.relu(x @ p[0] + p[1])
            y = jax.nn.relu(y @ p[2] + p[3])
            return cross_entropy(y @ p[4] + p[5], label)
        return self.train(p, loss, x, label)

    def train_lenet(self, name, size, data):
        x, *p, label = data

        def loss(p, x, label):
            y = pooled(jax.nn.relu(convolution(x, p[0], 2) + p[1][:, None, None]), 2, "max")
            y = pooled(jax.nn.relu(convolution(y, p[2], 0) + p[3][:, None, None]), 2, "max")
            y = y.reshape(y.shape[0], -1)
            y = jax.nn.relu(y @ p[4] + p[5])
            y = jax.nn.relu(y @ p[6] + p[7])
            return cross_entropy(y @ p[8] + p[9], label)
        return self.train(p, loss, x, label)

    def train_transformer_block(self, name, size, data):
        x, target, *p = data
        batch, times, d, heads = size

        def loss(p, x, target):
            h = layer_norm(x, p[0], p[1])
            q, k, v = (t.reshape(batch, times, heads, d // heads).swapaxes(1, 2)
                       for t in jnp.split(h @ p[2] + p[4], 3, -1))
            y = attention(q, k, v, True).swapaxes(1, 2).reshape(batch, times, d)
            x2 = x + y @ p[3] + p[5]
            h = gelu(layer_norm(x2, p[6], p[7]) @ p[8] + p[9])
            return ((x2 + h @ p[10] + p[11] - target) ** 2).mean()
        return self.train(p, loss, x, target)

    def overhead(self, name, size, data):
        x, w = (jnp.asarray(t) for t in data)
        add, back = jax.jit(jnp.add), jax.jit(jax.value_and_grad(lambda x, w: (x * w).sum()))

        def run(function):
            for _ in range(REPEAT):
                y = function(x, w)
            return jax.block_until_ready(y)
        if name == "add_8":
            return Work(lambda: run(add), REPEAT)
        return Work(lambda: run(back)[1], REPEAT) if name == "mul_sum_backward_8" else None
