#!/usr/bin/env python3
"""Times DVC and retrial on the same generated pipelines, taking turns, and prints a Markdown table.

Needs Python 3.9, `dvc` on PATH (without it, retrial is timed alone) and a built `retrial`:

    cargo build
    python3 benches/against_dvc.py                        # everything; DVC needs some minutes
    python3 benches/against_dvc.py noop status --rounds 5 # some cases
    python3 benches/against_dvc.py --quick                # does it still work?

Each tool has a copy of the pipeline of its own, and a cache of its own. Of each pair of commands one is run after the other,
so that a slow moment of the machine hits both; of all rounds the best counts, as it has the least of other programs in it.
CPU time is the user's and the system's together, that of all child processes included. After every measurement the
script checks that the tool did what it was to be timed for, and ends with status 1 if it did not.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = dict(os.environ, SHELL="/bin/sh", NO_COLOR="1", DVC_NO_ANALYTICS="1", GIT_CONFIG_GLOBAL="/dev/null")


class Failure(Exception):
    """A tool did not do what it was to be timed for."""


# Pipelines


def stage(name, command, deps=(), outs=(), params=()):
    lines = [f"  {name}:", f"    cmd: {command}"]
    for key, values in (("deps", deps), ("params", params), ("outs", outs)):
        if values:
            lines += [f"    {key}:"] + [f"    - {value}" for value in values]
    return "\n".join(lines)


def write_pipeline(folder, stages):
    (folder / "dvc.yaml").write_text("stages:\n" + "\n".join(stages) + "\n")


def mixed(folder, count):
    """Groups of ten: a source, a chain of four, a fan of four, and one that reads the ends."""
    (folder / "data").mkdir()
    (folder / "data/in.txt").write_text("one\ntwo\n")
    (folder / "params.yaml").write_text("rate: 0.001\nlayers: 3\n")
    stages = []
    for number in range(count):
        group, place = divmod(number, 10)
        if place == 0:
            deps = ["data/in.txt"]
        elif place <= 4:
            deps = [f"out/{group}-{place - 1}.txt"]
        elif place <= 8:
            deps = [f"out/{group}-0.txt"]
        else:
            deps = [f"out/{group}-{end}.txt" for end in range(4, 9)]
        out = f"out/{group}-{place}.txt"
        command = f"cat {' '.join(deps)} > {out} && echo {number} >> {out}"
        stages.append(stage(f"s{group}-{place}", command, deps, [out], ["rate"]))
    (folder / "out").mkdir()
    write_pipeline(folder, stages)


def trivial(folder, count):
    """Stages that read one small file and run `true`: all that is left is what the tool itself costs."""
    (folder / "in.txt").write_text("one\n")
    write_pipeline(folder, [stage(f"s{number}", "'true'", ["in.txt"]) for number in range(count)])


def one_file(folder, size):
    block = os.urandom(1 << 20)
    with open(folder / "big.bin", "wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "little"))
            file.write(block[8:])
    write_pipeline(folder, [stage("read", "'true'", ["big.bin"])])


def many_files(folder, count):
    for number in range(count):
        path = folder / "many" / f"{number % 100:02}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n")
    write_pipeline(folder, [stage("read", "'true'", ["many"])])


# Tools


class Tool:
    def __init__(self, name, program, scratch):
        self.name, self.program = name, program
        self.folder = scratch / name
        self.environment = dict(ENVIRONMENT, DVC_SITE_CACHE_DIR=str(scratch / "site-cache"))

    def prepare(self, make):
        """Makes an empty repository with what `make` writes into it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        subprocess.run(["git", "init", "-q"], cwd=self.folder, env=self.environment, check=True)
        if self.name == "DVC":
            subprocess.run([self.program, "init", "-q"], cwd=self.folder, env=self.environment, check=True)
        make(self.folder)

    def timed(self, *arguments):
        """Wall-clock and CPU seconds of one command, and what it printed."""
        with tempfile.TemporaryFile() as printed:
            started = time.perf_counter()
            process = subprocess.Popen(
                [self.program, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            text = printed.read().decode(errors="replace")
        if process.returncode != 0:
            raise Failure(f"{self.name} {' '.join(arguments)} ended with {process.returncode}:\n{text}")
        return wall, usage.ru_utime + usage.ru_stime, text

    def repro(self, expected):
        """Times `repro`, which must run this many stages."""
        wall, cpu, text = self.timed("repro")
        if self.name == "DVC":
            ran = text.count("Running stage '")
        else:
            ran = int(text.rsplit("Done ", 1)[-1].split(" run", 1)[0])
        if ran != expected:
            raise Failure(f"{self.name} repro ran {ran} stages, not {expected}:\n{text[-2000:]}")
        return wall, cpu

    def status(self):
        wall, cpu, text = self.timed("status", "--json")
        if json.loads(text) != {}:
            raise Failure(f"{self.name} status is not content:\n{text[-2000:]}")
        return wall, cpu


def touch(path):
    """Gives a file, or every file in a folder, a new time: what it holds must be looked at again."""
    for file in [path, *path.rglob("*")]:
        if file.is_file():
            os.utime(file)


def bare_loop(count):
    """CPU seconds of `count` shells that run `true`, started by a shell."""
    loop = f"i=0; while [ $i -lt {count} ]; do /bin/sh -c true; i=$((i + 1)); done"
    process = subprocess.Popen(["/bin/sh", "-c", loop])
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


# Cases


class Bench:
    def __init__(self, options, scratch):
        self.options, self.rows, self.notes = options, [], []
        retrial = Tool("retrial", options.retrial, scratch)
        dvc = shutil.which("dvc")
        self.tools = ([Tool("DVC", dvc, scratch)] if dvc else []) + [retrial]
        self.only_retrial = [retrial]

    def measure(self, label, tools, act, before=lambda tool: None, rounds=None):
        best = {}
        for _ in range(rounds or self.options.rounds):
            for tool in tools:
                before(tool)
                wall, cpu = act(tool)
                known = best.get(tool.name, (wall, cpu))
                best[tool.name] = (min(known[0], wall), min(known[1], cpu))
        self.rows.append((label, best))
        print(f"{label}: {best}", file=sys.stderr)
        return best

    def tools_for(self, count):
        return self.tools if count <= self.options.most_for_dvc else self.only_retrial

    def pipelines(self, cases):
        for count in self.options.sizes:
            tools = self.tools_for(count)
            prepare = lambda tool: tool.prepare(lambda folder: mixed(folder, count))
            # A first run needs a new repository each time, so it is not repeated where it takes minutes.
            rounds = self.options.rounds if count <= 50 and "first" in cases else 1
            best = self.measure(f"first run, {count:,} stages", tools, lambda tool: tool.repro(count), prepare, rounds)
            if "first" not in cases:
                self.rows.remove((f"first run, {count:,} stages", best))
            if "noop" in cases:
                self.measure(f"no-op `repro`, {count:,} stages", tools, lambda tool: tool.repro(0))
            if "status" in cases:
                self.measure(f"`status`, {count:,} stages", tools, Tool.status)

    def trivial(self):
        count = self.options.trivial
        prepare = lambda tool: tool.prepare(lambda folder: trivial(folder, count))
        tools = self.tools_for(count)
        label = f"first run, {count:,} `true` stages"
        best = self.measure(label, tools, lambda tool: tool.repro(count), prepare, 1)
        floor = min(bare_loop(count) for _ in range(self.options.rounds))
        for name, (_, cpu) in best.items():
            milliseconds = (cpu - floor) / count * 1000
            print(f"{name}: {milliseconds:.2f} ms of CPU a stage beyond the shells", file=sys.stderr)
            self.notes.append(
                f"{label}: {name} needs {milliseconds:.2f} ms of CPU a stage beyond the "
                f"{floor / count * 1000:.2f} ms of a `sh -c true`."
            )

    def inputs(self, what, make):
        for tool in self.tools:
            tool.prepare(make)
            tool.repro(1)
        # A digest is trusted only if it was taken a moment after the file's last change.
        settle = lambda tool: (time.sleep(0.1), touch(tool.folder / what[1]), time.sleep(0.1))
        self.measure(f"{what[0]}, cold", self.tools, lambda tool: tool.repro(0), settle)
        self.measure(f"{what[0]}, warm", self.tools, lambda tool: tool.repro(0))

    def table(self):
        lines = [
            "| | DVC wall | DVC CPU | retrial wall | retrial CPU | ratio wall | ratio CPU |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for label, best in self.rows:
            cells = [label]
            for name in ("DVC", "retrial"):
                cells += [seconds(value) for value in best[name]] if name in best else ["", ""]
            if "DVC" in best:
                cells += [times(dvc / own) for dvc, own in zip(best["DVC"], best["retrial"])]
            else:
                cells += ["", ""]
            lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines + [""] + self.notes)


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def times(ratio):
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×"


CASES = ["noop", "first", "status", "trivial", "file", "files"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"which to run: {', '.join(CASES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only to see that it works")
    parser.add_argument("--rounds", type=int, help="how often each command is timed (default: 3)")
    parser.add_argument("--sizes", type=int, nargs="+", help="numbers of stages (default: 5 50 200 1000 10000)")
    parser.add_argument("--most-for-dvc", type=int, default=1000, metavar="N", help="DVC gets no more stages than this")
    parser.add_argument("--retrial", default=str(ROOT / "target/debug/retrial"), help="the built binary")
    parser.add_argument("--folder", help="where to work: a file system like that of real projects (default: that of temporary files)")
    options = parser.parse_args()
    for case in options.cases:
        if case not in CASES:
            parser.error(f"there is no case `{case}`; there are: {', '.join(CASES)}")
    cases = set(options.cases or CASES)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.sizes = options.sizes or ([5, 20] if options.quick else [5, 50, 200, 1000, 10000])
    options.trivial = 10 if options.quick else 1000
    options.retrial = os.path.abspath(options.retrial)
    if not os.access(options.retrial, os.X_OK):
        parser.error(f"{options.retrial} is no program: build it with `cargo build`, or name it with --retrial")

    with tempfile.TemporaryDirectory(prefix="retrial-bench-", dir=options.folder) as scratch:
        bench = Bench(options, Path(scratch))
        try:
            if cases & {"noop", "first", "status"}:
                bench.pipelines(cases)
            if "trivial" in cases:
                bench.trivial()
            if "file" in cases:
                size = (8 if options.quick else 1024) << 20
                label = f"{size >> 20:,} MiB dependency"
                bench.inputs((label, "big.bin"), lambda folder: one_file(folder, size))
            if "files" in cases:
                count = 100 if options.quick else 10000
                bench.inputs((f"{count:,} small files", "many"), lambda folder: many_files(folder, count))
        except Failure as failure:
            print(failure, file=sys.stderr)
            return 1
    print(bench.table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
