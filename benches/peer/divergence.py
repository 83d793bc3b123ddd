#!/usr/bin/env python3
"""How far PyTorch parts from itself when it uses other instructions, and retrial from PyTorch.

  benches/peer/divergence.py PYTHON [STEPS.jsonl]

PYTHON is that of an environment with PyTorch (compare.py makes one). For each run of the file (by default that of the
tests) one line a side: the largest relative difference from the file within the first 5, 10, 20, 30 and 40 steps, of the
cross-entropy and of the penalty. Whatever lies beyond a side's own rounding is chaos: a sum before ReLU, or a gradient
that Adam scales up to a whole step, so close to 0 that its last bit decides.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WINDOWS = (5, 10, 20, 30, 40)
INSTRUCTIONS = {
    "PyTorch, its choice": {},
    "PyTorch, AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "PyTorch, SSE": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
}


def by_torch(python, runs, settings):
    requests = [{key: run[key] for key in ("experiment", "method", "seed", "hp")} | {"steps": 40} for run in runs]
    text = "".join(json.dumps(request) + "\n" for request in requests)
    command = [python, HERE / "peer_torch.py"]
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | settings)
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_retrial(runs):
    for run in runs:
        protocol = "as-stated" if run["experiment"] == "svvar" else "as-run"
        command = ["cargo", "run", "-q", "--", "train", run["experiment"], run["method"], "--protocol", protocol]
        command += ["--seed", str(run["seed"]), "--steps", "40", "--json", "--set"]
        command += [f"{name}={value}" for name, value in run["hp"].items()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        yield json.loads(done.stdout) if done.returncode == 0 else None


def parts(ours, theirs):
    differences = [abs(a - b) / abs(b) if b else abs(a) for a, b in zip(ours, theirs)]
    return " / ".join(f"{max(differences[:window]):.0e}" for window in WINDOWS)


def main():
    python = sys.argv[1]
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "stages/tests/golden/training/steps.jsonl"
    runs = [json.loads(line) for line in path.read_text().splitlines()]
    sides = {name: by_torch(python, runs, settings) for name, settings in INSTRUCTIONS.items()}
    sides["retrial"] = list(by_retrial(runs))
    for at, run in enumerate(runs):
        print(run["experiment"], run["method"], "seed", run["seed"])
        for name, answers in sides.items():
            if answers[at]:
                loss = parts(answers[at]["step_cross_entropy"], run["cross_entropy"])
                penalty = parts(answers[at]["step_penalty"], run["penalty"])
                print(f"  {name:20} cross-entropy {loss}   penalty {penalty}")


if __name__ == "__main__":
    main()
