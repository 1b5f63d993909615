"""torch.compile, where a C++ compiler is at hand: the work that fusion is for, and whole training steps."""
import peer_pytorch
import torch
from peer_work import Missing, Work
from torch.nn import functional as f


def compiled(function):
    """Each case by itself: what is compiled is kept by code object, and from a second size on for shapes of any size."""
    torch._dynamo.reset()
    return torch.compile(function, dynamic=False)


class Peer:
    target = "compiled"

    def __init__(self, threads):
        self.eager = peer_pytorch.Peer(threads)
        self.eager.compile = compiled
        self.version = f"torch.compile of {torch.__version__}"
        try:
            compiled(lambda x: x + 1)(torch.ones(8))
        except Exception as error:  # of many kinds, all meaning that it cannot compile here
            raise Missing(f"torch.compile: {str(error).splitlines()[0]} (it needs g++)") from error
        self.train_784_512_256_10 = self.eager.train_784_512_256_10
        self.train_lenet = self.eager.train_lenet
        self.train_transformer_block = self.eager.train_transformer_block

    array = staticmethod(peer_pytorch.Peer.array)

    def chain(self, name, size, data):
        x, m, s, b, r = self.eager.tensors(data)
        return Work(compiled(lambda: x * torch.sigmoid((x - m) * s + b) + r))

    def bias_relu(self, name, size, data):
        x, b = self.eager.tensors(data)
        return Work(compiled(lambda: torch.relu(x + b)))

    def softmax(self, name, size, data):
        x = self.eager.tensors(data)[0]
        return Work(compiled(lambda: torch.softmax(x, -1)))

    def linear_gelu(self, name, size, data):
        x, w, b = self.eager.tensors(data)
        return Work(compiled(lambda: f.gelu(torch.addmm(b, x, w))))

    def layer_norm_forward(self, name, size, data):
        x, _, w, b = self.eager.tensors(data)
        return Work(compiled(lambda: f.layer_norm(x, w.shape, w, b)))

    def norm_gelu(self, name, size, data):
        x, _, w, b = self.eager.tensors(data)
        return Work(compiled(lambda: f.gelu(f.layer_norm(x, w.shape, w, b))))

    def gradient(self, function, leaves, g=None):
        for leaf in leaves:
            leaf.requires_grad_()
        function = compiled(function)
        return Work(lambda: torch.autograd.grad(function(), leaves, g)[0])

    def layer_norm(self, name, size, data):
        x, g, w, b = self.eager.tensors(data)
        return self.gradient(lambda: f.layer_norm(x, w.shape, w, b), (x, w, b), g)

    def norm_gelu_grad(self, name, size, data):
        x, g, w, b = self.eager.tensors(data)
        return self.gradient(lambda: f.gelu(f.layer_norm(x, w.shape, w, b)), (x, w, b), g)

    def cross_entropy(self, name, size, data):
        x, label = self.eager.tensors(data)
        return self.gradient(lambda: f.cross_entropy(x, label), (x,))

    def loss(self, name, size, data):
        y, t = self.eager.tensors(data)
        loss = self.eager.LOSSES[name.split("_")[0]]
        if "_grad" not in name:
            return Work(compiled(lambda: loss(y, t)))
        return self.gradient(lambda: loss(y, t), (y,))
