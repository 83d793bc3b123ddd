"""Makes linalg.safetensors: singular value pieces and their derivatives by PyTorch, in double precision.

    pip install torch && python make.py

Matrices are drawn in single precision, which is what retrial is given; values and gradients come from torch.linalg.svd and
autograd on the same numbers in double precision.
"""

import json
import math
import struct

import torch

torch.manual_seed(0)
torch.set_num_threads(1)
out = {}


def put(name, tensor, dtype=torch.float32):
    out[name] = tensor.detach().to(dtype).contiguous()


def uniform(rows, columns):
    """A weight as a linear layer starts with."""
    return (2 * torch.rand(rows, columns) - 1) / math.sqrt(columns)


def with_values(rows, columns, values):
    """A matrix with these singular values, as near as single precision comes."""
    u = torch.linalg.qr(torch.randn(rows, len(values), dtype=torch.float64))[0]
    v = torch.linalg.qr(torch.randn(columns, len(values), dtype=torch.float64))[0]
    return (u * torch.tensor(values, dtype=torch.float64) @ v.T).float()


def alignment(name, x, w, k):
    """||Vx' Vw||^2 over the k leading right singular vectors, and its gradient by w."""
    put(f"alignment/{name}/x", x)
    put(f"alignment/{name}/w", w)
    put(f"alignment/{name}/k", torch.tensor([float(k)]))
    w = w.double().requires_grad_()
    vx = torch.linalg.svd(x.double(), full_matrices=False)[2][:k]
    vw = torch.linalg.svd(w, full_matrices=False)[2][:k]
    value = (vx @ vw.T).square().sum()
    value.backward()
    assert w.grad.isfinite().all(), name
    put(f"alignment/{name}/value", value[None], torch.float64)
    put(f"alignment/{name}/gradient", w.grad)


def truncation(name, g, k):
    put(f"truncation/{name}/matrix", g)
    put(f"truncation/{name}/k", torch.tensor([float(k)]))
    u, s, vh = torch.linalg.svd(g.double(), full_matrices=False)
    put(f"truncation/{name}/truncated", (u[:, :k] * s[:k]) @ vh[:k])


def nuclear(name, w):
    """The nuclear norm and its gradient, the polar factor."""
    put(f"nuclear/{name}/matrix", w)
    w = w.double().requires_grad_()
    value = torch.linalg.svdvals(w).sum()
    value.backward()
    put(f"nuclear/{name}/value", value[None], torch.float64)
    put(f"nuclear/{name}/gradient", w.grad)


def leading(name, g, count):
    put(f"leading/{name}/matrix", g)
    _, s, vh = torch.linalg.svd(g.double(), full_matrices=False)
    put(f"leading/{name}/values", s[:count], torch.float64)
    put(f"leading/{name}/vector", vh[0], torch.float64)


def angles(name, a, b):
    """Principal angles, descending; small ones from their sines, as SciPy's subspace_angles takes them."""
    put(f"angles/{name}/a", a)
    put(f"angles/{name}/b", b)
    qa, qb = (torch.linalg.qr(m.double())[0] for m in (a, b))
    shared = qa.T @ qb
    cosines = torch.linalg.svdvals(shared).clamp(max=1)
    sines = torch.linalg.svdvals(qb - qa @ shared).clamp(max=1).flip(0)
    put(f"angles/{name}/angles", torch.where(cosines.square() > 0.5, sines.asin(), cosines.acos()).flip(0), torch.float64)


hidden = torch.relu(torch.randn(96, 40) @ uniform(128, 40).T + 0.1 * torch.randn(128))
alignment("first-layer", torch.randn(80, 40) + 0.5, uniform(128, 40), 5)
alignment("middle-layer", hidden, uniform(128, 128), 5)
alignment("last-layer", hidden, uniform(10, 128), 5)
alignment("tall", torch.randn(12, 7), torch.randn(12, 7), 3)
alignment("wide", torch.randn(5, 12), torch.randn(7, 12), 3)
alignment("wide, all of its directions", torch.randn(9, 12), torch.randn(4, 12), 4)
alignment("square, one direction", torch.randn(20, 9), torch.randn(9, 9), 1)
alignment("fewer examples than directions", torch.randn(2, 8), torch.randn(10, 8), 4)
alignment("gap of 1e-3", torch.randn(30, 12), with_values(16, 12, [3, 2, 1.001, 1, 0.5, 0.2, 0.1]), 3)
alignment("gap of 1e-5", torch.randn(30, 12), with_values(16, 12, [3, 2, 1.00001, 1, 0.5, 0.2, 0.1]), 3)
alignment("wide, gap of 1e-4", torch.randn(30, 20), with_values(6, 20, [3, 2, 1.0001, 1, 0.5, 0.2]), 3)
alignment("equal values inside", torch.randn(30, 12), with_values(16, 12, [2, 2, 2, 1, 0.9] + 7 * [0.5]), 3)
alignment("steep", torch.randn(30, 12), with_values(16, 12, [10.0 ** -(i / 2) for i in range(12)]), 5)
alignment("wide and steep", torch.randn(30, 20), with_values(8, 20, [10.0 ** -(i / 2) for i in range(8)]), 5)

delta = torch.randn(128, 10) @ torch.diag(0.5 ** torch.arange(10.0)) @ torch.randn(10, 128) + 0.01 * torch.randn(128, 128)
truncation("decaying", delta, 9)
truncation("tall", torch.randn(60, 20), 5)
truncation("wide", torch.randn(10, 64), 3)
truncation("one", torch.randn(9, 9), 1)
truncation("all", torch.randn(10, 30), 10)
truncation("of lower rank", with_values(30, 20, [3, 1]), 5)
truncation("gap of 1e-3", with_values(20, 20, [3, 2, 1.001, 1, 0.5]), 3)

nuclear("weight", uniform(128, 40))
nuclear("square", uniform(64, 64))
nuclear("wide", uniform(10, 128))
nuclear("steep", with_values(30, 20, [10.0 ** -(i / 10) for i in range(20)]))

leading("two directions", 4 * torch.randn(150, 1) @ torch.randn(1, 110) + 2 * torch.randn(150, 1) @ torch.randn(1, 110) + torch.randn(150, 110), 3)
leading("decaying", with_values(70, 90, [0.8 ** i for i in range(70)]), 3)
leading("flat", torch.randn(100, 90), 2)
leading("small", torch.randn(4, 5), 2)

a = torch.randn(50, 40)
angles("unrelated", a, torch.randn(50, 40))
angles("near", a, a + 1e-4 * torch.randn(50, 40))
angles("few columns", torch.randn(30, 4), torch.randn(30, 4))

header, offset = {}, 0
names = {torch.float32: "F32", torch.float64: "F64"}
for name, tensor in out.items():
    end = offset + tensor.numel() * tensor.element_size()
    header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
    offset = end
header["__metadata__"] = {"made_with": f"torch {torch.__version__.split('+')[0]}"}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open("linalg.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in out.values():
        file.write(tensor.numpy().tobytes())
