#!/usr/bin/env python3
"""The experiments in PyTorch, on one thread.

Reads requests, a JSON object a line, from standard input, and answers each with a line:

  {"experiment": "gwd", "method": "decorr", "seed": 0, "steps": 40}

and, if wanted, "hp" (hyper-parameters in place of the published ones), "fused" (PyTorch's fused optimiser), "flush"
(subnormals flushed to zero) and "device" (such as "cuda:0"). The answer holds every step's cross-entropy and penalty, without its strength, as they were
before the step, and the seconds that the steps took.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from experiments import BATCH, PUBLISHED, SETTINGS, training_rows


def network(width):
    layers = [nn.Linear(40, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)]
    return nn.Sequential(*layers)


def alignment(net, x, k):
    """iwsva: minus the alignment of the leading right singular subspaces of each layer's input and weight."""
    total, h = 0.0, x
    for layer in net:
        if isinstance(layer, nn.Linear):
            of_input = torch.linalg.svd(h.detach(), full_matrices=False)[2][:k]
            of_weight = torch.linalg.svd(layer.weight, full_matrices=False)[2][:k]
            total = total - (of_input @ of_weight.T).square().sum()
        h = layer(h)
    return total


def singular_value_variance(net):
    """svvar: the sample variance of each weight's singular values."""
    return sum(torch.linalg.svdvals(p).var() for p in net.parameters() if p.dim() == 2)


def decorrelation(activations, weights, optimiser, gamma):
    """decorr, and with a gamma gwd: the mean over pairs of units of weight · corr²."""
    total, pairs = 0.0, 0
    for a, weight in zip(activations, weights):
        centred = a - a.mean(0, keepdim=True)
        covariance = centred.T @ centred / (len(a) - 1)
        deviation = (covariance.diagonal() + 1e-8).sqrt()
        terms = (covariance / torch.outer(deviation, deviation)).square()
        if gamma is not None:
            moment = optimiser.state[weight]["exp_avg"] if weight in optimiser.state else weight.grad
            direction = F.normalize(moment, dim=1).detach()
            terms = terms * torch.relu(direction @ direction.T) ** gamma
        total = total + terms.triu(1).sum()
        pairs += len(terms) * (len(terms) - 1) // 2
    return total / pairs


def truncate(net, k):
    """svdgrad: every weight's gradient becomes its best approximation of rank k."""
    for p in net.parameters():
        if p.dim() == 2:
            u, s, vh = torch.linalg.svd(p.grad, full_matrices=False)
            p.grad = (u[:, :k] * s[:k]) @ vh[:k]


def train(experiment, method, seed, steps, hp=None, fused=False, flush=True, device="cpu", *, cache):
    torch.set_flush_denormal(flush)
    torch.manual_seed(seed)
    hp = hp or PUBLISHED[experiment, method]
    x, y = (torch.from_numpy(part).to(device) for part in training_rows(experiment, cache))
    net = network(SETTINGS[experiment][1]).to(device)
    options = {"lr": hp["lr"], **({"fused": True} if fused else {})}
    if experiment == "gwd":
        optimiser = torch.optim.AdamW(net.parameters(), weight_decay=hp["weight_decay"], **options)
    else:
        optimiser = torch.optim.Adam(net.parameters(), **options)
    losses, penalties = [], []
    start = time.perf_counter()
    while len(losses) < steps:
        order = torch.randperm(len(x))
        for rows in order.split(BATCH)[: steps - len(losses)]:
            loss, penalty = step(method, hp, net, optimiser, x[rows], y[rows])
            losses.append(loss)
            penalties.append(penalty)
    float(losses[-1])  # A device may not have come so far yet.
    seconds = time.perf_counter() - start
    return {
        "step_cross_entropy": [float(loss) for loss in losses],
        "step_penalty": [float(penalty) for penalty in penalties],
        "steps": steps,
        "seconds": seconds,
    }


def step(method, hp, net, optimiser, x, y):
    optimiser.zero_grad()
    penalty = 0.0
    if method in ("decorr", "gwd"):
        first = torch.relu(net[0](x))
        second = torch.relu(net[2](first))
        loss = F.cross_entropy(net[4](second), y)
        # The penalty may need the cross-entropy's gradient, so this is two backward passes.
        loss.backward(retain_graph=True)
        weights = (net[0].weight, net[2].weight)
        penalty = decorrelation((first, second), weights, optimiser, hp.get("gamma"))
        (hp["alpha"] * penalty).backward()
    else:
        loss = F.cross_entropy(net(x), y)
        total = loss
        if method == "iwsva":
            penalty = alignment(net, x, int(hp["k"]))
        elif method == "svvar":
            penalty = singular_value_variance(net)
        if method in ("iwsva", "svvar"):
            total = loss + hp["strength"] * penalty
        total.backward()
        if method == "svd":
            truncate(net, int(hp["k"]))
    optimiser.step()
    return loss.detach(), penalty.detach() if torch.is_tensor(penalty) else penalty


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        print(json.dumps(train(**json.loads(line))), flush=True)
