#!/usr/bin/env python3
"""How much more N seeds on N threads get done than one seed on one: final runs, by the program that a study's stages run.

  cargo build
  benches/peer/side_by_side.py [--threads 2] [--rounds 9] [EXPERIMENT/METHOD …]

One seed and N seeds take turns, with the published hyper-parameters and as many epochs as take some seconds. Prints a
Markdown table: seconds of wall clock (the least of all rounds), and the throughput of N seeds as a multiple of one seed's
(each round's own, then the median and the range).
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from experiments import BATCH, PUBLISHED, SETTINGS

ROOT = Path(__file__).resolve().parent.parent.parent
# Experiment, method, protocol, epochs: one that takes the published hyper-parameters and trains this method alone.
CASES = [
    ("svvar", "baseline", "as-stated", 400),
    ("svvar", "svvar", "as-stated", 70),
    ("svdgrad", "svd", "as-run", 140),
    ("gwd", "baseline", "as-run", 60),
    ("gwd", "decorr", "as-run", 35),
    ("gwd", "gwd", "as-run", 20),
]


def stage(binary, folder, threads, values, *arguments):
    """Runs a stage as `retrial repro` would, and returns the seconds that it took."""
    parameters = folder / "parameters.json"
    parameters.write_text(json.dumps({"params.yaml": values}))
    env = os.environ | {"RETRIAL_PARAMS": str(parameters), "RAYON_NUM_THREADS": str(threads)}
    begun = time.perf_counter()
    subprocess.run([binary, "stage", *arguments], cwd=folder, env=env, check=True)
    return time.perf_counter() - begun


def measure(case, binary, folder, threads, rounds):
    """(seconds of one seed on one thread, seconds of as many seeds as threads) of each round."""
    experiment, method, protocol, epochs = case
    width = SETTINGS[experiment][1]
    published = {arm: values for (of, arm), values in PUBLISHED.items() if of == experiment}
    settings = {"hidden": [width, width], "batch": BATCH, "epochs": epochs, "published": published}
    values = {f"{experiment}.{name}": value for name, value in settings.items()}
    values["gwd.held_out_share"] = 0.2

    def train(count):
        seeds = f"0-{count - 1}" if count > 1 else "0"
        arguments = ["--protocol", protocol, "--method", method, "--seeds", seeds]
        files = ["--data", "data", "--out", "runs.parquet"]
        return stage(binary, folder, count, values, "train", experiment, *arguments, *files)

    return [(train(1), train(threads)) for _ in range(rounds)]


def main():
    parser = argparse.ArgumentParser(description="the throughput of seeds side by side")
    parser.add_argument("cases", nargs="*", metavar="EXPERIMENT/METHOD")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--binary", type=Path, default=ROOT / "target" / "debug" / "retrial")
    arguments = parser.parse_args()
    binary, threads = arguments.binary.resolve(), arguments.threads
    print(f"| | one seed (s) | {threads} seeds (s) | throughput |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage(binary, folder, 1, {"mnist1d": {"samples": 5000, "seed": 42}}, "mnist1d", "--out", "data")
        for case in CASES:
            label = f"{case[0]}/{case[1]}"
            if arguments.cases and label not in arguments.cases:
                continue
            rounds = measure(case, binary, folder, threads, arguments.rounds)
            ratios = sorted(threads * one / many for one, many in rounds)
            one, many = (min(seconds) for seconds in zip(*rounds))
            median = statistics.median(ratios)
            print(f"| {label} | {one:.2f} | {many:.2f} | {median:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
