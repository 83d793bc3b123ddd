#!/usr/bin/env python3
"""Singular value pieces of retrial against PyTorch: least milliseconds of processor time, on one core and one thread.

  benches/peer/linalg.py [--rounds 5] [--core 1] [--venv FOLDER]

Both sides take turns, pinned to one core. Prints a Markdown table. FOLDER is a virtual environment with PyTorch.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def peer():
    """The same pieces in PyTorch, as the experiments' sources compute them."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    svd = torch.linalg.svd

    def report(name, rows, columns, body):
        least, begin, runs = float("inf"), time.perf_counter(), 0
        while runs < 2 or time.perf_counter() - begin < 0.3:
            start = time.thread_time()
            body()
            least = min(least, time.thread_time() - start)
            runs += 1
        print(f"{name}-{rows}x{columns} {1e3 * least:.4f}", flush=True)

    def alignment(x, w, k):
        vx, vw = svd(x, full_matrices=False)[2][:k], svd(w, full_matrices=False)[2][:k]
        w.grad = None
        (vx @ vw.T).square().sum().backward()

    def truncation(g, k):
        u, s, vh = svd(g, full_matrices=False)
        return (u[:, :k] * s[:k]) @ vh[:k]

    def nuclear(w):
        w.grad = None
        torch.linalg.svdvals(w).sum().backward()

    def angles(a, b):
        ua, ub = (svd(m.double(), full_matrices=False)[0] for m in (a, b))
        return torch.rad2deg(torch.acos(torch.linalg.svdvals(ua.T @ ub).clamp(0, 1)))

    for rows, columns in ((128, 40), (128, 128), (10, 128)):
        x, w = torch.rand(128, columns) - 0.5, torch.rand(rows, columns) - 0.5
        leaf = w.clone().requires_grad_()
        report("alignment", rows, columns, lambda: alignment(x, leaf, 5))
        report("truncation", rows, columns, lambda: truncation(w, 9))
        report("nuclear", rows, columns, lambda: nuclear(leaf))
    rows, columns = 1250, 1000
    a = torch.rand(rows, columns) - 0.5
    g = torch.randn(rows, 2) @ torch.randn(2, columns) + 0.1 * a
    report("leading", rows, columns, lambda: svd(g, full_matrices=False))
    report("angles", rows, columns, lambda: angles(a, a + 0.3 * torch.rand(rows, columns)))


def times(command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(done.stderr)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser(description="milliseconds of singular value pieces, against PyTorch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--venv", type=Path, default=HERE / ".venv")
    parser.add_argument("--peer", action="store_true", help="only PyTorch's side, in this process")
    arguments = parser.parse_args()
    if arguments.peer:
        return peer()
    bench = ["cargo", "bench", "--quiet", "-p", "stages", "--profile", "dev", "--bench", "linalg"]
    subprocess.run([*bench, "--no-run"], cwd=ROOT, check=True)
    os.sched_setaffinity(0, {arguments.core})  # and with it whatever is started from here
    ours, theirs = {}, {}
    for _ in range(arguments.rounds):
        for side, command in (
            (ours, bench),
            (theirs, [arguments.venv / "bin" / "python", __file__, "--peer"]),
        ):
            for name, value in times(command).items():
                side[name] = min(side.get(name, value), value)
    print("| ms | retrial | PyTorch | ratio |\n|---|---|---|---|")
    for name, value in ours.items():
        print(f"| {name} | {value:.3f} | {theirs[name]:.3f} | {theirs[name] / value:.1f} |")


if __name__ == "__main__":
    main()
