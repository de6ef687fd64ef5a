"""Time series generation: windows of a stock market, compared with the statistics of real ones.

    pip install --no-deps arch && python examples/gen_series.py [--epochs 60] [--plot series.png]

Data: the S&P 500 of 1999 to 2018 in the package arch (see rec_sp500.py), windows of 32 days with two values
a day: the return, and the logarithm of the range from low to high. Windows of odd years are the training set, those of
even years the test set.

Known properties of real returns (Cont 2001): they are almost uncorrelated, but their absolute values are correlated
for weeks; their kurtosis is far above that of a normal distribution, 3; volatility rises after losses. A table compares
these properties of the samples with the test years and two baselines. Shuffled days have the right distribution of a
day without memory. A normal vector autoregression of order 1 has memory and the wrong distribution. The last column is
a classifier two-sample test (C2ST): the accuracy of a Rec that separates the windows from those of the test years.
50 % is best; the value of the training years shows how much the years themselves differ.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray
from rec_sp500 import load

import deepseek as ds

Array = NDArray[np.float64]
STEPS = 32


def windows(values: Array, years: NDArray[np.int64], odd: int) -> Array:
    """Return all windows (windows, STEPS, 2) that lie in one year, of odd years or of even ones."""
    starts = [
        at
        for at in range(len(values) - STEPS + 1)
        if years[at] == years[at + STEPS - 1] and years[at] % 2 == odd
    ]
    return np.stack([values[at : at + STEPS] for at in starts])


def statistics(found: Array) -> list[float]:
    """Return the statistics of the table."""
    returns, spread = found[:, :, 0], found[:, :, 1]
    sizes = np.abs(returns)

    def correlation(a: Array, b: Array) -> float:
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    scaled = (returns - returns.mean()) / returns.std()
    return [
        float(returns.std()),
        float(np.mean(scaled**4)),
        correlation(returns[:, :-1], returns[:, 1:]),
        correlation(sizes[:, :-1], sizes[:, 1:]),
        correlation(sizes[:, :-5], sizes[:, 5:]),
        correlation(spread[:, :-5], spread[:, 5:]),
        correlation(returns[:, :-1], spread[:, 1:]),
    ]


STATISTICS = ("std of r", "kurtosis", "r, r+1", "|r|, |r+1|", "|r|, |r+5|", "s, s+5", "r, s+1")


def two_sample_accuracy(found: Array, test: Array) -> float:
    """Return the test accuracy of a Rec that separates the windows from unseen ones, trained on half of each."""
    count = min(len(found), len(test)) // 2 * 2
    X = np.concatenate([found[:count], test[:count]]).astype(np.float32)
    y = np.repeat([0, 1], count)
    first = np.tile(np.arange(count) < count // 2, 2)  # windows overlap, but the halves are different periods
    rec = ds.Rec(input_size=2, hidden=24, output="mean", output_size=2, loss="cross_entropy", dropout=0.2)
    rec.fit(X[first], y[first], epochs=10)
    return float(rec.evaluate(X[~first], y[~first])["accuracy"])


def shuffled(training: Array, count: int) -> Array:
    """Return windows of random days."""
    days = training.reshape(-1, 2)
    return days[np.random.default_rng(0).integers(0, len(days), (count, STEPS))]


def autoregressive(training: Array, count: int) -> Array:
    """Return windows of a normal vector autoregression of order 1."""
    previous, following = training[:, :-1].reshape(-1, 2), training[:, 1:].reshape(-1, 2)
    inputs = np.column_stack([previous, np.ones(len(previous))])
    weights = np.linalg.lstsq(inputs, following, rcond=None)[0]
    noise = np.linalg.cholesky(np.cov((following - inputs @ weights).T))
    rng = np.random.default_rng(0)
    found = np.empty((count, STEPS, 2))
    found[:, 0] = training[rng.integers(0, len(training), count), 0]
    for t in range(1, STEPS):
        drawn = rng.standard_normal((count, 2)) @ noise.T
        found[:, t] = np.column_stack([found[:, t - 1], np.ones(count)]) @ weights + drawn
    return found


def main() -> None:
    """Train, generate, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=60, metavar="N", help="epochs (default: 60)")
    parser.add_argument(
        "--units", type=int, default=48, metavar="N", help="units of both players (default: 48)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw some windows (needs matplotlib)")
    options = parser.parse_args()

    days = load()
    values = np.column_stack([days.returns, days.spread])
    training, test = (windows(values, days.year, odd) for odd in (1, 0))
    mean, scale = training.mean(axis=(0, 1)), training.std(axis=(0, 1))
    print(f"{len(training)} training windows of {STEPS} days, {len(test)} test windows; they overlap")

    gen = ds.Gen(
        data_size=2,
        sequences=ds.SequencePlayers(STEPS, cell="gru", discriminator_bidirectional=True),
        generator=[options.units],
        discriminator=[options.units],
        optimizer=ds.Adam(2e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine(final=0.1)),
        ema_decay=0.99,
    )
    print(gen)
    start = time.perf_counter()
    history = gen.fit((training - mean) / scale, epochs=options.epochs, monitor="mmd", monitor_interval=10)
    mmd = [value for value in history["mmd"] if value == value]
    print(
        f"trained in {time.perf_counter() - start:.1f} s; MMD {mmd[0]:.3f} at first, {mmd[-1]:.3f} at the end"
    )

    generated = np.stack(gen.sample(2000, seed=1)) * scale + mean
    sets = {
        "test years": test,
        "training years": training,
        "Gen": generated,
        "shuffled days": shuffled(training, 2000),
        "autoregression": autoregressive(training, 2000),
    }
    print('r: return, s: log range; "r, s+1" is the correlation of the return with the range of the next day')
    print(" " * 19 + "".join(f"{name:>12}" for name in STATISTICS) + f"{'C2ST':>12}")
    for name, found in sets.items():
        figures = "".join(f"{value:>12.2f}" for value in statistics(found))
        accuracy = "" if found is test else f"{two_sample_accuracy(found, test):>12.1%}"
        print(f"{name:<19}{figures}{accuracy}")
    if options.plot:
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(2, 1, figsize=(7, 5), sharex=True, sharey=True)
        for ax, (name, found) in zip(axes, (("real", test), ("generated", generated)), strict=True):
            ax.plot(np.cumsum(found[:: len(found) // 12, :, 0], axis=1).T, linewidth=1.0)
            ax.set_title(f"{name}: cumulative returns over {STEPS} days, percent", loc="left", fontsize=11)
        axes[1].set_xlabel("day")
        figure.savefig(options.plot, dpi=120)
        print(f"windows: {options.plot}")


if __name__ == "__main__":
    main()
