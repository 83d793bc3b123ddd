#!/usr/bin/env python3
"""An epoch of the low-rank experiment with all its measurements, retrial against PyTorch: milliseconds of processor time.

  benches/peer/lowrank.py [--rounds 3] [--epochs 12] [--core 1] [--venv FOLDER] [--binary FILE]

PyTorch computes in single precision, as the source's code does: forward, backward, step, forward over the test rows, the
gradient by a full singular value decomposition and the weights' norm by singular values. The column after it has randomised
decompositions in their place (torch.svd_lowrank, whose error nothing bounds). Both sides take turns, pinned to one core and
one thread; an epoch is what more epochs add to a run, so starting and drawing don't count. FOLDER is a virtual environment
with PyTorch.
"""

import argparse
import math
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
CASES = [("A-relu", "as-run"), ("A-relu", "controlled"), ("A-sigmoid", "as-run"), ("A-sigmoid", "controlled")]


def peer(method, protocol, epochs, randomised):
    """Configuration A in PyTorch; prints milliseconds an epoch."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    n, d, k = 750, 1000, 1250
    act = torch.relu if method.endswith("relu") else torch.sigmoid
    gamma, lr = 1 / math.sqrt(k), 2 * math.sqrt(k)
    scale = gamma**2 if protocol == "as-run" else gamma

    def unit(v):
        return v / v.norm()

    q, beta = unit(torch.randn(d)), unit(torch.randn(d))

    def sample():
        bulk = torch.randn(n, d)
        x = bulk + n**0.125 * torch.outer(torch.randn(n), q)
        return bulk, x, torch.sigmoid(x @ beta) + torch.randn(n)

    (bulk, x, y), (_, test_x, test_y) = sample(), sample()
    w = torch.randn(k, d)
    w = (w / w.norm(dim=1, keepdim=True)).requires_grad_()
    a = torch.randint(-1, 1, (k,)).float()
    a = (a if protocol == "as-run" else 2 * a + 1) / math.sqrt(k)
    basis = torch.linalg.qr(torch.stack([bulk.T @ y, q], 1))[0]
    first, seen = None, []

    def epoch():
        nonlocal first
        w.grad = None
        residue = scale * (act(x @ w.T) @ a) - y
        loss = residue.square().mean()
        loss.backward()
        if randomised:
            _, s, v = torch.svd_lowrank(w.grad, q=6, niter=2)
            v = v[:, 0]
        else:
            _, s, vh = torch.linalg.svd(w.grad, full_matrices=False)
            v = vh[0]
        first = v if first is None else first
        with torch.no_grad():
            norm = w.grad.norm()
            w.sub_(lr / gamma * w.grad)
            w.div_(w.norm(dim=1, keepdim=True) + 1e-8)
            largest = torch.svd_lowrank(w, q=6, niter=2)[1][0] if randomised else torch.linalg.matrix_norm(w, 2)
            test = scale * (act(test_x @ w.T) @ a)
            of_residue = bulk.T @ residue
            seen.append([
                loss, (test - test_y).square().mean(), (test[:, None] - test_y).square().mean(), largest, s[0], s[1],
                norm, s[:2].square().sum() / norm**2, (w @ basis).norm() / w.norm(), (v @ q).abs(),
                (v @ of_residue).abs() / of_residue.norm(), (v @ first).abs(),
            ])

    epoch()
    start = time.process_time()
    for _ in range(epochs):
        epoch()
    print(1e3 * (time.process_time() - start) / epochs)


def child_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | ONE_THREAD)
    if done.returncode:
        sys.exit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def ours(binary, method, protocol, epochs):
    run = [binary, "train", "lowrank", method, "--protocol", protocol, "--json", "--epochs"]
    short, long = (child_seconds([*run, str(count)])[0] for count in (2, 2 + epochs))
    return 1e3 * (long - short) / epochs


def main():
    parser = argparse.ArgumentParser(description="milliseconds of a low-rank epoch, against PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--venv", type=Path, default=HERE / ".venv")
    parser.add_argument("--binary", type=Path, help="a built retrial; without it, cargo builds one")
    parser.add_argument("--peer", nargs=3, metavar=("METHOD", "PROTOCOL", "WAY"), help="only PyTorch's side, in this process")
    arguments = parser.parse_args()
    if arguments.peer:
        method, protocol, way = arguments.peer
        return peer(method, protocol, arguments.epochs, way == "randomised")
    binary = arguments.binary
    if not binary:
        subprocess.run(["cargo", "build"], cwd=ROOT, check=True)
        binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "retrial"
    os.sched_setaffinity(0, {arguments.core})  # and with it whatever is started from here
    python = [arguments.venv.absolute() / "bin" / "python", __file__, "--epochs", str(arguments.epochs), "--peer"]
    print("| ms an epoch | retrial | PyTorch | PyTorch, randomised |\n|---|---|---|---|")
    for method, protocol in CASES:
        sides = {
            "retrial": lambda: ours(binary.absolute(), method, protocol, 5 * arguments.epochs),
            "full": lambda: float(child_seconds([*python, method, protocol, "full"])[1]),
            "randomised": lambda: float(child_seconds([*python, method, protocol, "randomised"])[1]),
        }
        least = dict.fromkeys(sides, float("inf"))
        for _ in range(arguments.rounds):
            for side, measure in sides.items():
                least[side] = min(least[side], measure())
        mine = least.pop("retrial")
        others = " | ".join(f"{value:.0f} ({value / mine:.1f}×)" for value in least.values())
        print(f"| {method}, {protocol} | {mine:.1f} | {others} |", flush=True)


if __name__ == "__main__":
    main()
