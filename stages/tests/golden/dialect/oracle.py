"""What DVC makes of the cases in cases/*.txt: writes expected.json beside itself. Needs `pip install dvc==3.67.1` and git.

A case is a heading `=== name`, then files, each after a line `-- path`. `! reason` after the heading says that retrial
differs on purpose; the test knows from it that `refused` (or what stands under `-- retrial`) is expected of retrial.
"""

import json
import logging
import os
import pathlib
import subprocess
import tempfile
import warnings

from dvc.repo import Repo

HERE = pathlib.Path(__file__).parent


def cases(text):
    """Yields (name, {path: content})."""
    for block in text.split("\n=== ")[0 if text.startswith("=== ") else 1 :]:
        head, *files = block.removeprefix("=== ").split("\n-- ")
        contents = {}
        for file in files:
            path, _, content = file.partition("\n")
            contents[path] = content.rstrip("\n") + "\n"
        yield head.split("\n")[0].strip(), contents


def output(out):
    if out.use_cache and not out.persist:
        return out.def_path
    return {"path": out.def_path, "cache": out.use_cache, "persist": out.persist}


def stage_json(stage, root):
    from dvc.dependency import ParamsDependency

    params = [dep for dep in stage.deps if isinstance(dep, ParamsDependency)]
    deps = [dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    plain = [out for out in stage.outs if not out.metric and not out.plot]
    return {
        "name": stage.addressing,
        "cmd": stage.cmd if isinstance(stage.cmd, list) else [stage.cmd],
        "wdir": os.path.relpath(stage.wdir, root),
        "deps": deps,
        "params": {dep.def_path: dep.params for dep in params},
        "outs": [output(out) for out in plain],
        "metrics": [output(out) for out in stage.outs if out.metric],
        "plots": [output(out) for out in stage.outs if out.plot],
        "frozen": stage.frozen,
        "always_changed": stage.always_changed,
    }


def ask(contents):
    with tempfile.TemporaryDirectory() as root:
        root = os.path.realpath(root)
        os.chdir(root)
        subprocess.run(["git", "init", "-q"], check=True)
        for path, content in contents.items():
            if path == "retrial":
                continue
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        try:
            with Repo.init(root) as repo:
                stages = repo.index.stages
                graph = repo.index.graph
                # Folders come in the order of the disk; within a file the order counts.
                ordered = sorted(stages, key=lambda stage: os.path.dirname(stage.path))
                return {
                    "stages": [stage_json(stage, root) for stage in ordered],
                    "edges": sorted([below.addressing, above.addressing][::-1] for below, above in graph.edges),
                }
        except Exception as error:  # also where DVC breaks down instead of complaining
            return {"refused": type(error).__name__}
        finally:
            os.chdir("/")


def main():
    logging.getLogger("dvc").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    expected = {}
    for file in sorted((HERE / "cases").glob("*.txt")):
        for name, contents in cases(file.read_text()):
            assert name not in expected, name
            expected[name] = ask(contents)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in expected.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(expected), "cases")


main()
