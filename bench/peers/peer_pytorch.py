"""PyTorch, eager: out= forms and fused optimizers where it has them, denormals flushed, malloc told to keep memory."""
import torch
from torch import nn
from torch.nn import functional as f

from peer_work import REPEAT, Work, case_name, fastest

CAUSAL = "_causal"


class Peer:
    target = "pytorch"

    def __init__(self, threads):
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(1)
        self.version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
        self.version += f", {torch.backends.cpu.get_cpu_capability()}"

    @staticmethod
    def array(x):
        return x.detach().numpy()

    @staticmethod
    def tensors(data):
        return [torch.from_numpy(x) for x in data]

    def matmul(self, name, size, data):
        a, b = self.tensors(data)
        a, b = a.t() if name.endswith("_at") else a, b.t() if name.endswith("_bt") else b
        out = torch.empty(*a.shape[:-1], b.shape[-1])
        return Work(lambda: torch.matmul(a, b, out=out))

    def linear(self, name, size, data, activation=None):
        x, w, b = self.tensors(data)
        out = torch.empty(x.shape[0], w.shape[1])
        product = Work(lambda: torch.addmm(b, x, w, out=out))
        if not activation:
            return product
        return Work(lambda: activation(torch.addmm(b, x, w, out=out), out))

    def linear_relu(self, name, size, data):
        return self.linear(name, size, data, lambda y, out: y.relu_())

    def linear_gelu(self, name, size, data):
        return self.linear(name, size, data, lambda y, out: torch.ops.aten.gelu.out(y, out=out))

    def map(self, name, size, data):
        x, y = self.tensors(data)
        out, what, aten = torch.empty_like(x), case_name(name), torch.ops.aten
        if what == "copy":
            return Work(lambda: out.copy_(x))
        if what == "gelu_tanh":
            return Work(lambda: aten.gelu.out(x, approximate="tanh", out=out))
        if what == "gelu_grad":
            one = torch.ones(1).expand_as(x)  # not an array to read
            return Work(lambda: aten.gelu_backward.grad_input(one, x, grad_input=out))
        if what in ("gelu", "silu", "relu", "softplus"):
            function = getattr(aten, what).out
            return Work(lambda: function(x, out=out))
        function = getattr(torch, what, None)
        if not function:
            return None
        if what in ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "atan2"):
            return Work(lambda: function(x, y, out=out))
        return Work(lambda: function(x, out=out))

    def chain(self, name, size, data):
        x, m, s, b, r = self.tensors(data)
        t, out = torch.empty_like(x), torch.empty_like(x)

        def run():
            torch.sub(x, m, out=t)
            t.mul_(s).add_(b)
            torch.sigmoid(t, out=out)
            return out.mul_(x).add_(r)
        return Work(run)

    def bias_relu(self, name, size, data):
        x, b = self.tensors(data)
        out = torch.empty_like(x)
        return Work(lambda: torch.add(x, b, out=out).relu_())

    def sum(self, name, size, data):
        x = self.tensors(data)[0]
        return Work(lambda: x.sum())

    def column_sums(self, name, size, data):
        x, out = self.tensors(data)[0], torch.empty(size[1])
        return Work(lambda: torch.sum(x, 0, out=out))

    def softmax(self, name, size, data):
        x, out = self.tensors(data)[0], torch.empty(*size)
        return Work(lambda: torch.softmax(x, -1, out=out))

    def cross_entropy(self, name, size, data):
        x, label = self.tensors(data)
        x.requires_grad_()
        return Work(lambda: torch.autograd.grad(f.cross_entropy(x, label), x)[0])

    LOSSES = {"mse": f.mse_loss, "huber": f.huber_loss, "bce": f.binary_cross_entropy_with_logits}

    def loss(self, name, size, data):
        y, t = self.tensors(data)
        loss = self.LOSSES[name.split("_")[0]]
        if "_grad" not in name:
            return Work(lambda: loss(y, t))
        y.requires_grad_()
        return Work(lambda: torch.autograd.grad(loss(y, t), y)[0])

    def norm(self, data, function, parameters, backward=True):
        x, g, *p = self.tensors(data)
        if not backward:
            return Work(lambda: function(x, *p))
        leaves = [t.requires_grad_() for t in (x, *p[:parameters])]
        return Work(lambda: torch.autograd.grad(function(x, *p), leaves, g)[0])

    def layer_norm(self, name, size, data, backward=True):
        return self.norm(data, lambda x, w, b: f.layer_norm(x, w.shape, w, b), 2, backward)

    def layer_norm_forward(self, name, size, data):
        return self.layer_norm(name, size, data, False)

    def norm_gelu_grad(self, name, size, data, backward=True):
        return self.norm(data, lambda x, w, b: f.gelu(f.layer_norm(x, w.shape, w, b)), 2, backward)

    def norm_gelu(self, name, size, data):
        return self.norm_gelu_grad(name, size, data, False)

    def rms_norm(self, name, size, data):
        return self.norm(data, lambda x, w, b: f.rms_norm(x, w.shape, w, 1e-5), 1)

    def batch_norm(self, name, size, data):
        return self.norm(data, lambda x, w, b: f.batch_norm(x, None, None, w, b, True), 2)

    def attention(self, name, size, data):
        q, k, v, g = self.tensors(data)
        leaves = [t.requires_grad_() for t in (q, k, v)]
        causal = name.endswith(CAUSAL)
        return Work(lambda: torch.autograd.grad(
            f.scaled_dot_product_attention(q, k, v, is_causal=causal), leaves, g)[0])

    def conv(self, name, size, data):
        """In the usual layout, or with channels last: the faster one."""
        dilation = size[5] if len(size) > 5 else 1
        o = {"padding": size[4] // 2 * dilation, "dilation": dilation}

        def work(memory_format):
            a, b = (t.contiguous(memory_format=memory_format) for t in self.tensors(data))
            if name.endswith("input_grad"):
                shape = (size[0], size[1], size[3], size[3])
                return Work(lambda: torch.nn.grad.conv2d_input(shape, b, a, **o))
            if name.endswith("weight_grad"):
                shape = (size[2], size[1], size[4], size[4])
                return Work(lambda: torch.nn.grad.conv2d_weight(a, shape, b, **o))
            groups = size[1] if name.startswith("depthwise") else 1
            return Work(lambda: f.conv2d(a, b, groups=groups, **o))
        return fastest(work(torch.contiguous_format), work(torch.channels_last))

    def pool(self, name, size, data):
        pool = f.max_pool2d if name.startswith("max") else f.avg_pool2d

        def work(memory_format):
            x, g = (t.contiguous(memory_format=memory_format) for t in self.tensors(data))
            if "_back" not in name:
                return Work(lambda: pool(x, size[2]))
            x.requires_grad_()
            return Work(lambda: torch.autograd.grad(pool(x, size[2]), x, g)[0])
        return fastest(work(torch.contiguous_format), work(torch.channels_last))

    def order(self, name, size, data):
        x = self.tensors(data)[0]
        out, place = torch.empty_like(x), torch.empty(x.shape, dtype=torch.int64)
        return Work({"sort": lambda: torch.sort(x, out=(out, place))[0], "argsort": lambda: torch.argsort(x, stable=True),
                     "cumsum": lambda: torch.cumsum(x, -1, out=out)}[name.split("_")[0]])

    def linalg(self, name, size, data):
        x, b = self.tensors(data)
        linalg = torch.linalg
        return Work({"solve": lambda: linalg.solve(x, b), "inverse": lambda: linalg.inv(x),
                     "cholesky": lambda: linalg.cholesky(x), "qr": lambda: linalg.qr(x)[1],
                     "eigh": lambda: linalg.eigh(x)[0], "eig": lambda: linalg.eig(x)[0],
                     "svd": lambda: linalg.svd(x, full_matrices=False)[1]}[name.split("_")[0]])

    def distances(self, name, size, data):
        x, y = self.tensors(data)
        return Work({"cdist": lambda: torch.cdist(x, y),
                     "nearest": lambda: torch.topk(torch.cdist(x, y), size[3], largest=False)[0]}[name.split("_")[0]])

    def random(self, name, size, data):
        n, out = size[0], torch.empty(size[0])
        x = torch.ones(n)
        runs = {"uniform": lambda: out.uniform_(), "normal": lambda: out.normal_(),
                "exponential": lambda: out.exponential_(), "integers": lambda: torch.randint(0, 1000, (n,)),
                "bernoulli": lambda: torch.empty(n, dtype=torch.bool).bernoulli_(0.25),
                "permutation": lambda: torch.randperm(n), "dropout": lambda: f.dropout(x, 0.25),
                "gamma": lambda: torch._standard_gamma(torch.full((n,), 2.5))}
        return Work(runs[name]) if name in runs else None

    def optimizer(self, data, make):
        p, g = self.tensors(data)
        p = nn.Parameter(p.clone())
        p.grad = g
        step = make([p]).step

        def run():
            step()
            return p
        return Work(run)

    def adam(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.Adam(p, lr=1e-3, fused=True))

    def adamw(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.AdamW(p, lr=1e-3, fused=True))

    def sgd(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.SGD(p, lr=1e-3, fused=True))

    def momentum(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.SGD(p, lr=1e-3, momentum=0.9, fused=True))

    def rmsprop(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.RMSprop(p, lr=1e-3))

    def adagrad(self, name, size, data):
        return self.optimizer(data, lambda p: torch.optim.Adagrad(p, lr=1e-3, fused=True))

    # --- Training steps: `loss` is compiled by the peer that compiles ---------------------------------------------

    compile = staticmethod(lambda function: function)

    def train(self, parameters, loss):
        optimizer = torch.optim.Adam(parameters, lr=1e-6, fused=True)
        loss = self.compile(loss)

        def step():
            optimizer.zero_grad(set_to_none=True)
            value = loss()
            value.backward()
            optimizer.step()
            return value
        return Work(step)

    @staticmethod
    def parameters(tensors):
        return [nn.Parameter(t.clone()) for t in tensors]

    @staticmethod
    def linear_parameters(tensors):
        """Weights as nn.Linear keeps them, (out, in)."""
        return [nn.Parameter(t.t().contiguous() if t.dim() == 2 else t.clone()) for t in tensors]

    def train_784_512_256_10(self, name, size, data):
        x, *p, label = self.tensors(data)
        p = self.linear_parameters(p)

        def loss():
            y = f.relu(f.linear(x, p[0], p[1]))
            y = f.relu(f.linear(y, p[2], p[3]))
            return f.cross_entropy(f.linear(y, p[4], p[5]), label)
        return self.train(p, loss)

    def train_lenet(self, name, size, data):
        def work(memory_format):
            x, *p, label = self.tensors(data)
            p = self.linear_parameters(p)
            x = x.contiguous(memory_format=memory_format)
            for i in (0, 2):
                p[i] = nn.Parameter(p[i].detach().contiguous(memory_format=memory_format))

            def loss():
                y = f.max_pool2d(f.relu(f.conv2d(x, p[0], p[1], padding=2)), 2)
                y = f.max_pool2d(f.relu(f.conv2d(y, p[2], p[3])), 2).flatten(1)
                y = f.relu(f.linear(y, p[4], p[5]))
                y = f.relu(f.linear(y, p[6], p[7]))
                return f.cross_entropy(f.linear(y, p[8], p[9]), label)
            return self.train(p, loss)
        return fastest(work(torch.contiguous_format), work(torch.channels_last))

    def train_transformer_block(self, name, size, data):
        x, target, *p = self.tensors(data)
        p = self.linear_parameters(p)
        heads = size[3]

        def split(t):
            return t.unflatten(-1, (heads, -1)).transpose(1, 2)

        def loss():
            h = f.layer_norm(x, p[0].shape, p[0], p[1])
            q, k, v = (split(t) for t in f.linear(h, p[2], p[4]).chunk(3, -1))
            y = f.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
            x2 = x + f.linear(y, p[3], p[5])
            h = f.gelu(f.linear(f.layer_norm(x2, p[6].shape, p[6], p[7]), p[8], p[9]))
            return f.mse_loss(x2 + f.linear(h, p[10], p[11]), target)
        return self.train(p, loss)

    def overhead(self, name, size, data):
        x, w = self.tensors(data)

        def add():
            for _ in range(REPEAT):
                y = torch.add(x, w)
            return y

        def backward():
            for _ in range(REPEAT):
                x.grad = None
                (x * w).sum().backward()
            return x.grad
        if name == "add_8":
            return Work(add, REPEAT)
        if name == "mul_sum_backward_8":
            x.requires_grad_()
            return Work(backward, REPEAT)
        return None
