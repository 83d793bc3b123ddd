"""Writes expected.json: what SciPy makes of the comparison in tests/compare.rs. Run it with scipy installed."""

import json
import pathlib

import numpy as np
from scipy import stats

A = [0.71, 0.695, 0.702, 0.688, 0.731, 0.699, 0.7, 0.715]
B = [0.69, 0.688, 0.705, 0.671, 0.702, 0.69, 0.694, 0.7]
MARGIN = 0.02

a, b = np.array(A), np.array(B)
d = a - b
test = stats.ttest_rel(a, b)
interval = test.confidence_interval(0.95)
flips = np.array(np.meshgrid(*[[-1, 1]] * len(d))).reshape(len(d), -1).T @ np.abs(d)
above = stats.ttest_1samp(d, -MARGIN, alternative="greater").pvalue
below = stats.ttest_1samp(d, MARGIN, alternative="less").pvalue
bca = stats.bootstrap((d,), np.mean, n_resamples=200_000, method="BCa", random_state=1).confidence_interval
expected = {
    "n": len(d),
    "mean_a": a.mean(),
    "mean_b": b.mean(),
    "difference": d.mean(),
    "ci95": [interval.low, interval.high],
    "p_t": test.pvalue,
    "p_sign_flip": float(np.mean(np.abs(flips) >= abs(d.sum()) - 1e-12)),
    "p_wilcoxon": stats.wilcoxon(d).pvalue,
    "dz": d.mean() / d.std(ddof=1),
    "probability_of_improvement": float(np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b))),
    "p_equivalence": max(above, below),
    "bca95": [bca.low, bca.high],
}
path = pathlib.Path(__file__).with_name("expected.json")
path.write_text(json.dumps(expected, indent=2, sort_keys=True, default=float) + "\n")
