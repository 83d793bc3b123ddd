"""Opens every journal of a folder with Optuna and with optuna-dashboard, and prints what they find there."""

import json
import math
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
import warnings

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

warnings.simplefilter("ignore")


def number(value):
    """As the golden files write it."""
    return value if value is None or math.isfinite(value) else str(value)


def dashboard(path):
    """How many trials the dashboard serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from optuna_dashboard._cli import main; main()"]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/studies/0") as answer:
                    return len(json.load(answer)["trials"])
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the dashboard does not answer")
    finally:
        server.kill()
        server.wait()


found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.log")):
    before = path.read_bytes()
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.load_study(study_name=path.stem, storage=storage)
    found[path.stem] = {
        "attributes": study.user_attrs,
        "trials": [
            {
                "params": trial.params,
                "state": trial.state.name,
                "value": number(trial.value),
                "reports": [number(value) for _, value in sorted(trial.intermediate_values.items())],
            }
            for trial in study.trials
        ],
        "importances": get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()),
        "dashboard": dashboard(path),
    }
    assert path.read_bytes() == before, f"{path} was changed"
json.dump(found, sys.stdout)
