"""Makes studies with Optuna, as journals in a folder, and prints how each is to be replayed.

Integers are left out: where they repeat, Optuna's own suggestions depend on the instructions that NumPy's sort finds.
"""

import json
import pathlib
import sys
import warnings

import optuna
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    x = trial.suggest_float("x", -2, 2)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    value = (lr - 0.01) ** 2 + x * x + (kind is None)
    if kind == "a":
        value += trial.suggest_float("extra", 0.5, 1.5)
    trial.report(value + 1, 1)
    if trial.number % 9 == 8:
        raise optuna.TrialPruned
    return float("nan") if trial.number % 11 == 10 else value


folder = pathlib.Path(sys.argv[1])
studies = []
for seed in (0, 17):
    for name, sampler, arguments in [
        ("default", TPESampler(seed=seed), []),
        ("univariate", TPESampler(seed=seed, multivariate=False), ["--univariate"]),
        ("random", RandomSampler(seed=seed), ["--random"]),
    ]:
        file = f"{name}-{seed}.log"
        storage = JournalStorage(JournalFileBackend(str(folder / file)))
        study = optuna.create_study(storage=storage, sampler=sampler, study_name=name)
        study.enqueue_trial({"x": 0.5})
        study.optimize(objective, n_trials=40)
        studies.append({"arguments": [file, "--seed", str(seed), *arguments]})
json.dump(studies, sys.stdout)
