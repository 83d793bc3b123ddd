"""The experiments as retrial trains them, for the peers: sizes, optimisers, published hyper-parameters, data."""

from pathlib import Path

BATCH = 128
# Settings by experiment: size of the data set, width of both hidden layers, rows that are trained on.
SETTINGS = {
    "iwsva": (10_000, 128, 8_000),
    "svvar": (5_000, 128, 4_000),
    "gwd": (5_000, 512, 3_200),
    "svdgrad": (5_000, 128, 4_000),
}
PUBLISHED = {
    ("iwsva", "baseline"): {"lr": 0.005},
    ("iwsva", "iwsva"): {"lr": 0.005, "strength": 0.01, "k": 5},
    ("svvar", "baseline"): {"lr": 0.0042},
    ("svvar", "svvar"): {"lr": 0.0021, "strength": 0.0422},
    ("gwd", "baseline"): {"lr": 0.0052039515385597, "weight_decay": 0.08712241487516913},
    ("gwd", "decorr"): {"lr": 0.003561168217655079, "weight_decay": 0.0629300142360969, "alpha": 1.3418799075408372},
    ("gwd", "gwd"): {
        "lr": 0.00562011501473492,
        "weight_decay": 0.0011865413561948197,
        "alpha": 9.58560558961666,
        "gamma": 0.6156281325183194,
    },
    ("svdgrad", "adam"): {"lr": 0.0029},
    ("svdgrad", "svd"): {"lr": 0.0096, "k": 9},
}


def training_rows(experiment, cache):
    """The rows that are trained on, (x, y); the data set is made once and kept in the folder `cache`."""
    import numpy as np

    samples, _, count = SETTINGS[experiment]
    path = Path(cache) / f"mnist1d-{samples}.npz"
    if not path.exists():
        from mnist1d.data import get_dataset_args, make_dataset

        options = get_dataset_args()
        options.num_samples = samples
        made = make_dataset(options)  # its own default seed, 42, is ours too
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, x=made["x"].astype(np.float32), y=made["y"].astype(np.int64))
    with np.load(path) as made:
        return made["x"][:count], made["y"][:count]
