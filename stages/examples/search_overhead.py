"""Optuna's side of search_overhead.rs: prints microseconds of CPU for a suggestion, by name, as JSON."""

import json
import sys
import time
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
task = json.loads(sys.argv[1])
KINDS = {"float": FloatDistribution, "int": IntDistribution, "categorical": CategoricalDistribution}


def distribution(options):
    return KINDS[options["type"]](**{key: value for key, value in options.items() if key != "type"})


def microseconds(space, multivariate, size):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for number in range(size):
        study.tell(study.ask(space), number * 7919 % 1000)
    study.sampler = optuna.samplers.TPESampler(seed=2, multivariate=multivariate)
    before = time.process_time()
    for number in range(task["timed"]):
        study.tell(study.ask(space), number * 7919 % 1000)
    return 1e6 * (time.process_time() - before) / (task["timed"] * len(space))


results = {}
for name, options in task["spaces"].items():
    space = {name: distribution(options) for name, options in options.items()}
    for multivariate in (False, True):
        for size in task["sizes"]:
            mode = "multivariate" if multivariate else "univariate"
            least = min(microseconds(space, multivariate, size) for _ in range(task["times"]))
            results[f"{name}, {mode}, {size}"] = least
json.dump(results, sys.stdout)
