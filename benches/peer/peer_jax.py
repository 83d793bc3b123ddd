#!/usr/bin/env python3
"""The baselines in JAX: all steps as one compiled program, on one thread.

Reads requests as peer_torch.py does ({"experiment": "gwd", "steps": 40}) and answers each with a line that holds the
seconds that the steps took, without compilation. Weights and orders are JAX's own draws.
"""

import json
import math
import os
import sys
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from experiments import BATCH, PUBLISHED, SETTINGS, training_rows

METHOD = {"svdgrad": "adam"}
compiled = {}


def initial(key, width):
    parameters = []
    for inputs, outputs in [(40, width), (width, width), (width, 10)]:
        key, for_weight, for_bias = jax.random.split(key, 3)
        bound = 1 / math.sqrt(inputs)
        parameters.append(jax.random.uniform(for_weight, (inputs, outputs), minval=-bound, maxval=bound))
        parameters.append(jax.random.uniform(for_bias, (outputs,), minval=-bound, maxval=bound))
    return parameters


def loss(parameters, x, y):
    h = jax.nn.relu(x @ parameters[0] + parameters[1])
    h = jax.nn.relu(h @ parameters[2] + parameters[3])
    logits = h @ parameters[4] + parameters[5]
    return (jax.nn.logsumexp(logits, 1) - jnp.take_along_axis(logits, y[:, None], 1)[:, 0]).mean()


def program(experiment, steps, x, y):
    hp = PUBLISHED[experiment, METHOD.get(experiment, "baseline")]
    rate, decay = hp["lr"], hp.get("weight_decay", 0.0)

    def step(state, rows):
        parameters, first, second, number = state
        number = number + 1
        gradient = jax.grad(loss)(parameters, x[rows], y[rows])
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradient)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradient)]
        scale_1, scale_2 = 1 - 0.9**number, 1 - 0.999**number
        parameters = [
            p * (1 - rate * decay) - rate * (m / scale_1) / (jnp.sqrt(v / scale_2) + 1e-8)
            for p, m, v in zip(parameters, first, second)
        ]
        return (parameters, first, second, number), None

    def run(parameters, orders):
        zeros = [jnp.zeros_like(p) for p in parameters]
        return lax.scan(step, (parameters, zeros, zeros, 0.0), orders)[0][0]

    parameters = initial(jax.random.key(0), SETTINGS[experiment][1])
    whole = len(x) // BATCH  # batches of one size only
    orders = [np.random.permutation(len(x))[: whole * BATCH].reshape(whole, BATCH) for _ in range(-(-steps // whole))]
    orders = jnp.asarray(np.concatenate(orders)[:steps])
    return jax.jit(run).lower(parameters, orders).compile(), parameters, orders


def train(experiment, steps, cache, **_):
    if (experiment, steps) not in compiled:
        x, y = map(jnp.asarray, training_rows(experiment, cache))
        compiled[experiment, steps] = program(experiment, steps, x, y)
    run, parameters, orders = compiled[experiment, steps]
    start = time.perf_counter()
    jax.block_until_ready(run(parameters, orders))
    return {"steps": steps, "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(train(**json.loads(line))), flush=True)
