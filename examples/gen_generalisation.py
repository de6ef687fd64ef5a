"""Synthetic data for imbalanced classes: a Gen and simpler methods that help a classifier of rare digits.

    python examples/gen_generalisation.py [--rare 5] [--often 80] [--seeds 10]

Data: the digits that come with the package (UCI, see deepseek/datasets/data/README.md).  Five digits, which
depend on the seed, have 5 training images, the others 80; all other images are test images.  A Net is trained on the
real images alone, or with additional images that balance the classes: copies, interpolations of two images of a digit
(SMOTE, Chawla et al. 2002), samples of a Gen trained on the same real images, and copies and samples with noise.  All
Nets have the same number of updates.  Printed are the accuracy, and its gain over the real images alone as the mean
over seeds with a 95 % confidence interval (Student's t).
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
NOISE = 0.3  # standard deviation; pixels are in [-1, 1]
# 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom; the last one is used for more.
QUANTILES = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)


def choose(y: Labels, rare: int, often: int, seed: int) -> NDArray[np.bool_]:
    """Return a mask of the training images."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(y), np.bool_)
    for index, digit in enumerate(rng.permutation(10)):
        rows = rare if index < 5 else often
        chosen[rng.choice(np.flatnonzero(y == digit), rows, replace=False)] = True
    return chosen


def missing(y: Labels) -> Labels:
    """Return the labels of the images that balance the classes."""
    counts = np.bincount(y, minlength=10)
    return np.repeat(np.arange(10), counts.max() - counts)


def drawn(X: Images, y: Labels, labels: Labels, rng: np.random.Generator) -> Images:
    """Return a random image for each label."""
    return X[[rng.choice(np.flatnonzero(y == digit)) for digit in labels]]


def copies(X: Images, y: Labels, seed: int) -> Rows:
    """Add copies."""
    labels = missing(y)
    more = drawn(X, y, labels, np.random.default_rng(seed))
    return np.concatenate([X, more]), np.concatenate([y, labels])


def interpolated(X: Images, y: Labels, seed: int) -> Rows:
    """Add interpolations of two images of a digit."""
    rng, labels = np.random.default_rng(seed), missing(y)
    one, other = (drawn(X, y, labels, rng) for _ in range(2))
    share = rng.random((len(labels), 1), dtype=np.float32)
    return np.concatenate([X, share * one + (1 - share) * other]), np.concatenate([y, labels])


def generated(X: Images, y: Labels, seed: int) -> Rows:
    """Add samples of a Gen trained on these images."""
    gen = ds.Gen(
        data_size=X.shape[1],
        latent_size=32,
        generator=[128, 256],
        discriminator=[256, 128],
        classes=10,
        output_activation="tanh",
        penalty=ds.Penalty("r1r2", weight=1.0),
        optimizer=ds.Adam(1e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=seed,
    )
    gen.fit(X, y, epochs=400, batch_size=64, verbose=False)
    more, labels = gen.augment(X, y, seed=seed)
    return np.asarray(more, np.float32), np.asarray(labels)


def noisy(rows: Rows, real: int, seed: int) -> Rows:
    """Return the rows with noise on all but the first `real` ones."""
    X, y = rows
    noise = np.random.default_rng(seed).standard_normal(X[real:].shape, dtype=np.float32)
    return np.concatenate([X[:real], X[real:] + NOISE * noise]), y


def accuracy(X: Images, y: Labels, X_test: Images, y_test: Labels, seed: int) -> float:
    """Return the test accuracy of a Net trained on these rows."""
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
    """Return the mean and half the width of its 95 % confidence interval."""
    if len(gains) < 2:
        return float(gains.mean()), math.inf  # one seed has no interval
    quantile = QUANTILES[min(len(gains) - 1, len(QUANTILES)) - 1]
    return float(gains.mean()), quantile * float(gains.std(ddof=1)) / math.sqrt(len(gains))


def main() -> None:
    """Train and test with every method and seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rare", type=int, default=5, metavar="N", help="training images of a rare digit (default: 5)"
    )
    parser.add_argument(
        "--often", type=int, default=80, metavar="N", help="training images of another digit (default: 80)"
    )
    parser.add_argument("--seeds", type=int, default=10, metavar="N", help="number of seeds (default: 10)")
    options = parser.parse_args()

    found = datasets.load_digits()
    X, y = (found.data / 8.0 - 1.0).astype(np.float32), found.target
    results: dict[str, list[float]] = {}
    start = time.perf_counter()
    for seed in range(options.seeds):
        training = choose(y, options.rare, options.often, seed)
        real = (X[training], y[training])
        rows = {"real only": real, "copies": copies(*real, seed), "SMOTE": interpolated(*real, seed)}
        rows |= {"Gen": generated(*real, seed)}
        rows |= {f"{name}, noise": noisy(rows[name], len(real[0]), seed) for name in ("copies", "Gen")}
        for name, training_rows in rows.items():
            results.setdefault(name, []).append(accuracy(*training_rows, X[~training], y[~training], seed))
        print(f"seed {seed}: " + ", ".join(f"{name} {r[-1]:.1%}" for name, r in results.items()), flush=True)

    alone = np.array(results["real only"])
    seconds = time.perf_counter() - start
    print(
        f"test accuracy with {options.rare} or {options.often} training images of a digit; "
        f"{options.seeds} seeds, {seconds:.0f} s"
    )
    for name, accuracies in results.items():
        gain, width = interval(np.array(accuracies) - alone)
        interval_text = f" ± {100 * width:.1f}" if len(accuracies) > 1 else ""
        text = "" if name == "real only" else f", gain {100 * gain:+.1f}{interval_text} points"
        print(f"  {name:14} {np.mean(accuracies):.1%}{text}")


if __name__ == "__main__":
    main()
