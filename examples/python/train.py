"""Fits one method on one data set per seed and writes its test errors as a tidy CSV table. Standard library only."""

import csv
import json
import os
import random
import sys


def make_data(rng, rows, weights, noise):
    """Rows of standard normal features, and targets that are linear in them but for noise."""
    features = [[rng.gauss(0, 1) for _ in weights] for _ in range(rows)]
    targets = [sum(w * x for w, x in zip(weights, row)) + rng.gauss(0, noise) for row in features]
    return features, targets


def solve(matrix, right):
    """Gaussian elimination with partial pivoting."""
    size = len(right)
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for row in range(at + 1, size):
            factor = rows[row][at] / rows[at][at]
            rows[row] = [value - factor * above for value, above in zip(rows[row], rows[at])]
    solution = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][column] * solution[column] for column in range(at + 1, size))
        solution[at] = (rows[at][size] - known) / rows[at][at]
    return solution


def fit(features, targets, penalty):
    """Least squares with a penalty on the squared length of the weights; 0 for plain least squares."""
    size = len(features[0])
    gram = [[sum(row[i] * row[j] for row in features) + penalty * (i == j) for j in range(size)] for i in range(size)]
    return solve(gram, [sum(row[i] * y for row, y in zip(features, targets)) for i in range(size)])


def mean_squared_error(weights, features, targets):
    errors = [sum(w * x for w, x in zip(weights, row)) - y for row, y in zip(features, targets)]
    return sum(error * error for error in errors) / len(errors)


def main(method, out):
    # retrial puts this invocation's values of the declared parameters into a file, so that --set and --preset work.
    with open(os.environ["RETRIAL_PARAMS"]) as file:
        parameters = json.load(file)["params.yaml"]
    data = parameters["data"]
    penalty = parameters["penalty"] if method == "ridge" else 0.0
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with open(out, "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["experiment", "protocol", "method", "seed", "epoch", "metric", "value"])
        for seed in range(parameters["seeds"]):
            rng = random.Random(seed)  # the same data for both methods: seeds pair them
            weights = [rng.gauss(0, 1) / data["features"] ** 0.5 for _ in range(data["features"])]
            train = make_data(rng, data["rows"], weights, data["noise"])
            test = make_data(rng, 1000, weights, data["noise"])
            error = mean_squared_error(fit(*train, penalty), *test)
            table.writerow(["ridge", "as-stated", method, seed, 1, "test_error", repr(error)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
