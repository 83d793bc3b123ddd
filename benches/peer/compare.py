#!/usr/bin/env python3
"""retrial against PyTorch and JAX: milliseconds a training step, on one core and one thread.

  benches/peer/compare.py [--rounds 7] [--core 1] [EXPERIMENT/METHOD …]

Makes a virtual environment with the packages of requirements.txt on the first run. All sides then take turns with runs
of some 0.3 seconds, pinned to one core; the least time of each counts, since whatever else the machine does only adds.
Prints a Markdown table of milliseconds and of ratios to retrial. PyTorch flushes subnormals, as retrial does.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
# Experiment, method, steps a run, and what else is measured beside PyTorch's default.
CASES = [
    ("svvar", "baseline", 1200, ("fused", "jax")),
    ("svvar", "svvar", 200, ()),
    ("iwsva", "baseline", 1200, ("fused", "jax")),
    ("iwsva", "iwsva", 120, ()),
    ("svdgrad", "adam", 1200, ("fused", "jax")),
    ("svdgrad", "svd", 250, ()),
    ("gwd", "baseline", 120, ("fused", "jax")),
    ("gwd", "decorr", 60, ()),
    ("gwd", "gwd", 50, ()),
]
SIDES = {"retrial": "retrial", "torch": "PyTorch", "fused": "PyTorch, fused Adam", "jax": "JAX, jitted"}


def environment(folder):
    """The Python of a virtual environment that has the peers' packages."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"making {folder} (PyTorch brings some gigabytes along)", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
    return python


class Peer:
    """A process that answers requests, and is idle between them."""

    def __init__(self, python, script):
        command = [python, HERE / script]
        env = os.environ | ONE_THREAD
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def ask(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("error: a peer has ended without an answer")
        return json.loads(answer)


def ours(binary, experiment, method, steps):
    # svvar's as-run protocol would train the baseline first.
    protocol = "as-stated" if experiment == "svvar" else "as-run"
    command = [binary, "train", experiment, method, "--protocol", protocol, "--steps", str(steps), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | ONE_THREAD)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def measure(case, binary, torch, jax, rounds, cache):
    """Side → least milliseconds a step."""
    experiment, method, steps, more = case
    request = {"experiment": experiment, "method": method, "steps": steps, "seed": 0, "cache": str(cache)}
    sides = {
        "retrial": lambda: ours(binary, experiment, method, steps),
        "torch": lambda: torch.ask(**request),
        "fused": lambda: torch.ask(**request, fused=True),
        "jax": lambda: jax.ask(**request),
    }
    wanted = ["retrial", "torch", *more]
    least = dict.fromkeys(wanted, float("inf"))
    for _ in range(rounds):
        for side in wanted:
            answer = sides[side]()
            least[side] = min(least[side], 1e3 * answer["seconds"] / answer["steps"])
    return least


def main():
    parser = argparse.ArgumentParser(description="milliseconds a training step, against PyTorch and JAX")
    parser.add_argument("cases", nargs="*", metavar="EXPERIMENT/METHOD")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--venv", type=Path, default=HERE / ".venv")
    parser.add_argument("--binary", type=Path, help="a built retrial; without it, cargo builds one")
    arguments = parser.parse_args()
    binary = arguments.binary
    if not binary:
        subprocess.run(["cargo", "build"], cwd=ROOT, check=True)
        binary = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "retrial"
    python = environment(arguments.venv)
    os.sched_setaffinity(0, {arguments.core})  # and with it whatever is started from here
    torch, jax = Peer(python, "peer_torch.py"), Peer(python, "peer_jax.py")
    cases = [case for case in CASES if not arguments.cases or f"{case[0]}/{case[1]}" in arguments.cases]

    print("| ms a step | " + " | ".join(SIDES.values()) + " |")
    print("|---|" + "---|" * len(SIDES))
    for case in cases:
        least = measure(case, binary.resolve(), torch, jax, arguments.rounds, arguments.venv / "cache")
        cells = [f"{case[0]} {case[1]}"]
        for side in SIDES:
            ratio = "" if side == "retrial" else f" ({least.get(side, 0) / least['retrial']:.1f}×)"
            cells.append(f"{least[side]:.3f}{ratio}" if side in least else "")
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
