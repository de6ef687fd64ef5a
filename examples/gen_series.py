"""Time series: make up months of a stock market, and check them against what is known of real ones.

    pip install arch && python examples/gen_series.py [--epochs 60] [--plot series.png]

Data: the S&P 500 of 1999 to 2018 in the package arch (see rec_sp500.py), windows of 32 days, two numbers a day: its
return, and the logarithm of its range from low to high. Windows of odd years are learnt from, those of even years
stay unseen.

What real ones are like (Cont 2001): returns hardly depend on those before, but their sizes do, for weeks; large ones
are far commoner than normal; after falls the market moves more. A table shows how much of that the samples have,
beside the unseen years and two baselines that know a part: days in any order, which have the right days and no
memory, and a normal vector autoregression on the day before, which has a memory and the wrong days. A Rec that is
trained to tell windows from unseen ones is the judge of all at once: 50 % is the best, and what the years learnt
from get says how much the years themselves differ.
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


def facts(found: Array) -> list[float]:
    """Return the figures of the table."""
    returns, spread = found[:, :, 0], found[:, :, 1]
    sizes = np.abs(returns)

    def related(a: Array, b: Array) -> float:
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    scaled = (returns - returns.mean()) / returns.std()
    return [
        float(returns.std()),
        float(np.mean(scaled**4)),
        related(returns[:, :-1], returns[:, 1:]),
        related(sizes[:, :-1], sizes[:, 1:]),
        related(sizes[:, :-5], sizes[:, 5:]),
        related(spread[:, :-5], spread[:, 5:]),
        related(returns[:, :-1], spread[:, 1:]),
    ]


FACTS = ("deviation", "kurtosis", "r, r+1", "|r|, |r+1|", "|r|, |r+5|", "s, s+5", "r, s+1")


def told_apart(found: Array, unseen: Array) -> float:
    """Return the accuracy of a Rec that tells windows from unseen ones, on windows that it did not learn from."""
    count = min(len(found), len(unseen)) // 2 * 2
    X = np.concatenate([found[:count], unseen[:count]]).astype(np.float32)
    y = np.repeat([0, 1], count)
    first = np.tile(np.arange(count) < count // 2, 2)  # windows overlap: halves lie apart in time
    rec = ds.Rec(input_size=2, hidden=24, output="mean", output_size=2, loss="cross_entropy", dropout=0.2)
    rec.fit(X[first], y[first], epochs=10)
    return float(rec.evaluate(X[~first], y[~first])["accuracy"])


def shuffled(learnt: Array, count: int) -> Array:
    """Return windows of days in any order."""
    days = learnt.reshape(-1, 2)
    return days[np.random.default_rng(0).integers(0, len(days), (count, STEPS))]


def autoregressive(learnt: Array, count: int) -> Array:
    """Return windows of a normal vector autoregression of order 1."""
    before, after = learnt[:, :-1].reshape(-1, 2), learnt[:, 1:].reshape(-1, 2)
    inputs = np.column_stack([before, np.ones(len(before))])
    weights = np.linalg.lstsq(inputs, after, rcond=None)[0]
    noise = np.linalg.cholesky(np.cov((after - inputs @ weights).T))
    rng = np.random.default_rng(0)
    found = np.empty((count, STEPS, 2))
    found[:, 0] = learnt[rng.integers(0, len(learnt), count), 0]
    for t in range(1, STEPS):
        drawn = rng.standard_normal((count, 2)) @ noise.T
        found[:, t] = np.column_stack([found[:, t - 1], np.ones(count)]) @ weights + drawn
    return found


def main() -> None:
    """Learn, make up, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--units", type=int, default=48, help="of both players")
    parser.add_argument("--plot", metavar="FILE", help="draw some windows (needs matplotlib)")
    options = parser.parse_args()

    days = load()
    values = np.column_stack([days.returns, days.spread])
    learnt, unseen = (windows(values, days.year, odd) for odd in (1, 0))
    mean, scale = learnt.mean(axis=(0, 1)), learnt.std(axis=(0, 1))
    print(f"{len(learnt)} windows of {STEPS} days to learn from, {len(unseen)} unseen; they overlap")

    gen = ds.Gen(
        data_size=2,
        steps=STEPS,
        cell="gru",
        generator=[options.units],
        discriminator=[options.units],
        discriminator_bidirectional=True,
        optimizer=ds.Adam(2e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine(final=0.1)),
        average=0.99,
    )
    print(gen)
    start = time.perf_counter()
    history = gen.fit((learnt - mean) / scale, epochs=options.epochs, monitor="mmd", monitor_every=10)
    looked = [value for value in history["mmd"] if value == value]
    print(f"trained in {time.perf_counter() - start:.1f} s; mmd {looked[0]:.3f}, at the end {looked[-1]:.3f}")

    made = np.stack(gen.sample(2000, seed=1)) * scale + mean
    sets = {
        "unseen years": unseen,
        "years learnt from": learnt,
        "Gen": made,
        "days in any order": shuffled(learnt, 2000),
        "autoregression": autoregressive(learnt, 2000),
    }
    print("correlations of returns r, their sizes |r| and ranges s, some days apart:")
    print(" " * 19 + "".join(f"{name:>12}" for name in FACTS) + f"{'told apart':>12}")
    for name, found in sets.items():
        figures = "".join(f"{value:>12.2f}" for value in facts(found))
        judged = "" if found is unseen else f"{told_apart(found, unseen):>12.1%}"
        print(f"{name:<19}{figures}{judged}")
    if options.plot:
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(2, 1, figsize=(7, 5), sharex=True, sharey=True)
        for ax, (name, found) in zip(axes, (("real", unseen), ("made up", made)), strict=True):
            ax.plot(np.cumsum(found[:: len(found) // 12, :, 0], axis=1).T, linewidth=1.0)
            ax.set_title(f"{name}: returns of {STEPS} days added up, percent", loc="left", fontsize=11)
        figure.savefig(options.plot, dpi=120)
        print(f"windows: {options.plot}")


if __name__ == "__main__":
    main()
