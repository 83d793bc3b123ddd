#!/usr/bin/env python3
"""How far PyTorch parts from itself when it uses other instructions, and retrial from PyTorch.

  benches/peer/divergence.py [--python FILE] [--binary FILE] [STEPS.jsonl]

FILEs are the Python of an environment with PyTorch (compare.py makes one) and a built retrial. For each run of the file (by default that of the
tests) one line a side: the largest relative difference from the file within the first 5, 10, 20, 30 and 40 steps, of the
cross-entropy and of the penalty. Whatever lies beyond a side's own rounding is chaos: a sum before ReLU, or a gradient
that Adam scales up to a whole step, so close to 0 that its last bit decides.
"""

import argparse
import json
import os
import subprocess
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
    more = {"steps": 40, "cache": str(HERE / ".venv" / "cache")}
    requests = [{key: run[key] for key in ("experiment", "method", "seed", "hp")} | more for run in runs]
    text = "".join(json.dumps(request) + "\n" for request in requests)
    command = [python, HERE / "peer_torch.py"]
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | settings)
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_retrial(binary, runs):
    for run in runs:
        protocol = "as-stated" if run["experiment"] == "svvar" else "as-run"
        command = [binary, "train", run["experiment"], run["method"], "--protocol", protocol]
        command += ["--seed", str(run["seed"]), "--steps", "40", "--json", "--set"]
        command += [f"{name}={value}" for name, value in run["hp"].items()]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True)
        yield json.loads(done.stdout)


def parts(ours, theirs):
    differences = [abs(a - b) / abs(b) if b else abs(a) for a, b in zip(ours, theirs)]
    return " / ".join(f"{max(differences[:window]):.0e}" for window in WINDOWS)


def main():
    parser = argparse.ArgumentParser(description="how far sides part from PyTorch's golden steps")
    golden = ROOT / "stages/tests/golden/training/steps.jsonl"
    parser.add_argument("steps", nargs="?", type=Path, default=golden)
    parser.add_argument("--python", type=Path, default=HERE / ".venv" / "bin" / "python")
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "debug" / "retrial")
    arguments = parser.parse_args()
    runs = [json.loads(line) for line in arguments.steps.read_text().splitlines()]
    sides = {name: by_torch(arguments.python, runs, settings) for name, settings in INSTRUCTIONS.items()}
    sides["retrial"] = list(by_retrial(arguments.binary.resolve(), runs))
    for at, run in enumerate(runs):
        print(run["experiment"], run["method"], "seed", run["seed"])
        for name, answers in sides.items():
            loss = parts(answers[at]["step_cross_entropy"], run["cross_entropy"])
            penalty = parts(answers[at]["step_penalty"], run["penalty"])
            print(f"  {name:20} cross-entropy {loss}   penalty {penalty}")


if __name__ == "__main__":
    main()
