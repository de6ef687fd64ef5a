"""Synthetic data where real rows are few: five digits are rare, and a classifier shall not forget them.

    python examples/gen_generalisation.py [--rare 5] [--often 80] [--seeds 10]

Data: the digits that come with the package (UCI, see deepseek/datasets/data/README.md).  Five digits, others for each
seed, have 5 images to learn from, the rest 80; all other images are there to test on.  A Net learns from the real
images alone, or with as many made for the rare digits as makes all equal: copies, points between two images of the
digit (SMOTE, Chawla et al. 2002), samples of a Gen that has seen the same real images, and copies and samples with
noise.  Every Net makes as many updates.  What is told is the accuracy, and the gain on the real images alone, seed by
seed, with its 95 % confidence interval (Student's t).
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
from numpy.typing import NDArray

import deepseek as ds
from deepseek import datasets

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Rows = tuple[Images, Labels]
UPDATES = 1500
NOISE = 0.3  # deviation; a pixel goes from -1 to 1
# Student's t that 2.5 % exceed, by degrees of freedom from 1; beyond these the last one, which is on the safe side.
QUANTILES = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


def choose(y: Labels, rare: int, often: int, seed: int) -> NDArray[np.bool_]:
    """Return which images are there to learn from."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(y), np.bool_)
    for place, digit in enumerate(rng.permutation(10)):
        rows = rare if place < 5 else often
        chosen[rng.choice(np.flatnonzero(y == digit), rows, replace=False)] = True
    return chosen


def missing(y: Labels) -> Labels:
    """Return the digits that make all equally many."""
    counts = np.bincount(y, minlength=10)
    return np.repeat(np.arange(10), counts.max() - counts)


def drawn(X: Images, y: Labels, wanted: Labels, rng: np.random.Generator) -> Images:
    """Return an image at random for each digit wanted."""
    return X[[rng.choice(np.flatnonzero(y == digit)) for digit in wanted]]


def copies(X: Images, y: Labels, seed: int) -> Rows:
    """Add copies."""
    wanted = missing(y)
    more = drawn(X, y, wanted, np.random.default_rng(seed))
    return np.concatenate([X, more]), np.concatenate([y, wanted])


def between(X: Images, y: Labels, seed: int) -> Rows:
    """Add points between two images of a digit."""
    rng, wanted = np.random.default_rng(seed), missing(y)
    one, other = (drawn(X, y, wanted, rng) for _ in range(2))
    share = rng.random((len(wanted), 1), dtype=np.float32)
    return np.concatenate([X, share * one + (1 - share) * other]), np.concatenate([y, wanted])


def generated(X: Images, y: Labels, seed: int) -> Rows:
    """Add samples of a Gen that has learnt from these images."""
    gen = ds.Gen(
        data_size=X.shape[1],
        latent_size=32,
        generator=[128, 256],
        discriminator=[256, 128],
        classes=10,
        output_activation="tanh",
        penalty_weight=1.0,
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=seed,
    )
    gen.fit(X, y, epochs=400, batch_size=64, verbose=False)
    more, labels = gen.augment(X, y, seed=seed)
    return np.asarray(more, np.float32), np.asarray(labels)


def noisy(rows: Rows, real: int, seed: int) -> Rows:
    """Return the rows with noise on those that are not real; the real ones come first."""
    X, y = rows
    noise = np.random.default_rng(seed).standard_normal(X[real:].shape, dtype=np.float32)
    return np.concatenate([X[:real], X[real:] + NOISE * noise]), y


def accuracy(X: Images, y: Labels, X_test: Images, y_test: Labels, seed: int) -> float:
    """Return the share of test images that a Net gets right after learning from these."""
    net = ds.Net(
        [X.shape[1], 128, 10],
        loss="cross_entropy",
        optimizer=ds.Adam(2e-3, schedule=ds.Cosine()),
        dropout=0.3,
        seed=seed,
    )
    net.fit(X, y, epochs=math.ceil(UPDATES / math.ceil(len(X) / 64)), batch_size=64, verbose=False)
    return float(np.mean(net.predict_classes(X_test) == y_test))


def interval(gains: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and half the width of its confidence interval."""
    if len(gains) < 2:
        return float(gains.mean()), math.inf
    quantile = QUANTILES[min(len(gains) - 1, len(QUANTILES)) - 1]
    return float(gains.mean()), quantile * float(gains.std(ddof=1)) / math.sqrt(len(gains))


def main() -> None:
    """Train with and without, for every seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rare", type=int, default=5, metavar="N", help="images of a rare digit (default: 5)"
    )
    parser.add_argument("--often", type=int, default=80, metavar="N", help="of the others (default: 80)")
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="repetitions (default: 10)")
    options = parser.parse_args()

    found = datasets.load_digits()
    X, y = (found.data / 8.0 - 1.0).astype(np.float32), found.target
    results: dict[str, list[float]] = {}
    start = time.perf_counter()
    for seed in range(options.seeds):
        seen = choose(y, options.rare, options.often, seed)
        real = (X[seen], y[seen])
        rows = {"real alone": real, "copies": copies(*real, seed), "between": between(*real, seed)}
        rows |= {"Gen": generated(*real, seed)}
        rows |= {f"{name}, noise": noisy(rows[name], len(real[0]), seed) for name in ("copies", "Gen")}
        for name, learnt in rows.items():
            results.setdefault(name, []).append(accuracy(*learnt, X[~seen], y[~seen], seed))
        print(f"seed {seed}: " + ", ".join(f"{name} {r[-1]:.1%}" for name, r in results.items()), flush=True)

    alone = np.array(results["real alone"])
    seconds = time.perf_counter() - start
    print(f"{options.rare} or {options.often} images of a digit, {options.seeds} seeds, {seconds:.0f} s")
    for name, right in results.items():
        gain, width = interval(np.array(right) - alone)
        told = "" if name == "real alone" else f", gain {100 * gain:+.1f} ± {100 * width:.1f} points"
        print(f"  {name:14} {np.mean(right):.1%} right{told}")


if __name__ == "__main__":
    main()
