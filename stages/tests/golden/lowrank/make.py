"""Makes lowrank.json: short runs of the low-rank experiment by PyTorch, at a small size.

    pip install torch && python make.py

Draws are PyTorch's own, in single precision and in retrial's order, so both sides start from the same numbers; everything after
them is in double precision, with autograd and full singular value decompositions, in the original coordinates.
"""

import json
import math

import torch

torch.set_num_threads(1)
N, D, K = 30, 40, 50
EPOCHS = 5
ROOT = math.sqrt(K)
RELU, SIGMOID = torch.relu, torch.sigmoid
# Configuration: part, lr, and gamma by method.
CONFIGURATIONS = {
    "A": (1, 2 * ROOT, {"A-relu": 1 / ROOT, "A-sigmoid": 1 / ROOT}),
    "B": (1, 2 * ROOT, {"B-relu": 1, "B-sigmoid": 1}),
    "C": (1, 2, {"C-relu": 1 / ROOT, "C-sigmoid": 1 / ROOT}),
    "D": (1, 2 * ROOT, {"D-relu": 1 / K, "D-sigmoid": 1 / K}),
    "E": (2, 2, {"E-relu": 1 / ROOT, "E-sigmoid": 1 / ROOT}),
    "F": (2, 2, {"F-relu": 1, "F-sigmoid": 1}),
    "G": (2, 2 * ROOT, {"G-relu": 1 / ROOT, "G-sigmoid": 1 / ROOT}),
    "H": (2, 2 * ROOT, {"H-relu": 1, "H-sigmoid": 1}),
    "I": (3, ROOT / 2, {"I-ntk": 1, "I-mean-field": 1 / ROOT}),
}


def direction(n):
    v = torch.randn(n)
    return v / v.norm()


def sample(q, beta, spike, link):
    bulk, z, noise = torch.randn(N, D), torch.randn(N), torch.randn(N)
    planted = N**spike * z
    x = bulk + torch.outer(planted, q)
    return x, link(x @ beta) + noise, planted


def samples(q, spike, link):
    beta = direction(D)
    return sample(q, beta, spike, link), sample(q, beta, spike, link)


def whole(spike, link, law):
    q = direction(D)
    train, test = samples(q, spike, link)
    w = torch.randn(K, D)
    w = w / w.norm(dim=1, keepdim=True)
    if law == "normal":
        a = torch.randn(K)
    else:
        a = torch.randint(-1, 1, (K,)).float()
        a = 2 * a + 1 if law == "signs" else a
    return q, train, test, w, a / ROOT


def draw(part, law, seed):
    torch.manual_seed(seed)
    q, train, test, w, a = whole(1 / 8, SIGMOID, "minus one or zero" if part == 3 else law)
    if part == 2:
        train, test = samples(q, 1 / 8, RELU)
    if part == 3:
        samples(q, 1 / 8, RELU)
        q, train, test, w, a = whole(0, SIGMOID, law)
    return q, train, test, w, a


def run(part, act, lr, gamma, protocol, seed):
    power = 2 if protocol == "as-run" else 1
    law = "signs" if protocol == "controlled" else "normal" if part == 3 else "minus one or zero"
    q, train, test, w, a = draw(part, law, seed)
    (x, y, planted), (test_x, test_y, _) = ([t.double() for t in part] for part in (train, test))
    q, w, a = q.double(), w.double().requires_grad_(), a.double()
    bulk = x - torch.outer(planted, q)
    scale = gamma**power
    basis = torch.linalg.qr(torch.stack([bulk.T @ y, q], 1))[0]

    def predict(x):
        return scale * (act(x @ w.T) @ a)

    def losses(f):
        return ((f - test_y) ** 2).mean().item(), ((f[:, None] - test_y) ** 2).mean().item()

    epochs, weights, first = [], [], None
    for _ in range(EPOCHS):
        w.grad = None
        residue = predict(x) - y
        loss = residue.square().mean()
        loss.backward()
        _, s, vh = torch.linalg.svd(w.grad, full_matrices=False)
        v = vh[0]
        first = v if first is None else first
        with torch.no_grad():
            w -= lr / gamma * w.grad
            w /= w.norm(dim=1, keepdim=True) + 1e-8
            if protocol != "controlled":
                residue = predict(x) - y
            of_residue = bulk.T @ residue.detach()
            test_loss, test_loss_as_run = losses(predict(test_x))
            epochs.append({
                "train_loss": loss.item(),
                "test_loss": test_loss,
                "test_loss_as_run": test_loss_as_run,
                "operator_norm": torch.linalg.matrix_norm(w, 2).item(),
                "sigma_1": s[0].item(),
                "sigma_2": s[1].item(),
                "gradient_norm": w.grad.norm().item(),
                "top2_share": (s[:2].square().sum() / s.square().sum()).item(),
                "energy": ((w @ basis).norm() / w.norm()).item(),
                "data_alignment": (v @ q).abs().item(),
                "residue_alignment": ((v @ of_residue).abs() / of_residue.norm()).item(),
                "drift": (v @ first).abs().item(),
            })
            weights.append(w.detach().clone())
    with torch.no_grad():
        refit = torch.linalg.pinv(act(x @ w.T), rtol=max(N, K) * 2.0**-23) @ y
        f = act(test_x @ w.T) @ refit
    final = {"final_test_loss": losses(f)[0], "final_test_loss_as_run": losses(scale * f)[1]}
    return epochs, final, weights


def angles(one, other):
    """Principal angles in degrees, small ones from their sines."""
    qa, qb = (torch.linalg.qr(w, mode="complete")[0][:, D:] for w in (one, other))
    shared = qa.T @ qb
    cosines = torch.linalg.svdvals(shared).clamp(max=1)
    sines = torch.linalg.svdvals(qb - qa @ shared).clamp(max=1).flip(0)
    all_but_zeros = torch.where(cosines.square() > 0.5, sines.asin(), cosines.acos()).rad2deg()
    return {"angle_mean": all_but_zeros.sum().item() / D, "angle_mean_complement": all_but_zeros.mean().item()}


runs = []
for protocol, ids in (("as-run", "ABFGI"), ("as-published", "I"), ("controlled", "ACDEHI")):
    for seed, id in enumerate(ids):
        part, lr, gammas = CONFIGURATIONS[id]
        both = []
        for method, gamma in gammas.items():
            act = RELU if method.endswith("relu") else SIGMOID
            epochs, final, weights = run(part, act, lr, gamma, protocol, seed)
            runs.append({"protocol": protocol, "configuration": id, "method": method, "seed": seed, "epochs": epochs, "final": final})
            both.append(weights)
        if id == "I":
            epochs = [angles(one, other) for one, other in zip(*both)]
            runs.append({"protocol": protocol, "configuration": id, "method": id, "seed": seed, "epochs": epochs, "final": {}})

with open("lowrank.json", "w") as file:
    json.dump({"made_with": f"torch {torch.__version__.split('+')[0]}", "rows": N, "features": D, "units": K, "runs": runs}, file, indent=1)
    file.write("\n")
