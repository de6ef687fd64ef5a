"""Mode coverage on a known distribution: eight Gaussians on a ring and twenty-five on a grid, five seeds each.

    python examples/gen_rings.py [--seeds 5] [--plot rings.png]

These are the tests of the papers on mode collapse.  A good generator covers every Gaussian (mode) and puts few points
between them.  A point is good if it is within three standard deviations of a centre; 98.9 % of real points are.  A mode
is found if it has at least a quarter of its share of the good points.  Baselines: a new sample of the distribution,
which is the best possible result; one Gaussian with the mean and covariance of the data; and a kernel density estimate
(Scott's rule).
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import deepseek as ds

Points = NDArray[np.float32]
DEVIATION = 0.05
ROWS = 20480  # 80 batches
CENTRES = {
    "ring of 8": 2.0 * np.array([(np.cos(a), np.sin(a)) for a in np.arange(8) * np.pi / 4]),
    "grid of 25": 2.0 * np.array(list(itertools.product(range(-2, 3), repeat=2))),
}


def draw(centres: NDArray[np.float64], rows: int, seed: int) -> Points:
    """Return a sample of the distribution."""
    rng = np.random.default_rng(seed)
    at = centres[rng.integers(0, len(centres), rows)]
    return (at + DEVIATION * rng.standard_normal((rows, 2))).astype(np.float32)


def evaluate(points: Points, centres: NDArray[np.float64]) -> tuple[float, int, float]:
    """Return the share of good points, the number of modes found, and the rarest mode's part of its share."""
    distances = np.linalg.norm(points[:, None] - centres, axis=2)
    nearest = distances.argmin(axis=1)[distances.min(axis=1) < 3.0 * DEVIATION]
    shares = np.bincount(nearest, minlength=len(centres)) * len(centres) / len(points)
    return len(nearest) / len(points), int(np.sum(shares >= 0.25)), float(shares.min())


def baselines(X: Points, centres: NDArray[np.float64]) -> dict[str, Points]:
    """Return samples of the baselines, as many as rows of X."""
    rng = np.random.default_rng(1)
    covariance = np.cov(X.T)
    noise = rng.multivariate_normal((0.0, 0.0), covariance, len(X)) * len(X) ** (-1.0 / 6.0)
    return {
        "new sample": draw(centres, len(X), 1),
        "one Gaussian": rng.multivariate_normal(X.mean(axis=0), covariance, len(X)).astype(np.float32),
        "kernel density estimate": X + noise.astype(np.float32),
    }


def generate(X: Points, seed: int) -> Points:
    """Train a Gen on X; return as many generated points."""
    mean, spread = X.mean(axis=0), X.std()
    gen = ds.Gen(
        data_size=2,
        latent_size=2,
        generator=[64, 64, 64],
        discriminator=[64, 64, 64],
        penalty=ds.Penalty("r1r2", weight=0.01),  # a small weight, since narrow Gaussians need steep scores
        optimizer=ds.Adam(3e-3, beta1=0.0, beta2=0.99, schedule=ds.Cosine()),
        seed=seed,
    )
    gen.fit((X - mean) / spread, epochs=250, batch_size=256, verbose=False)
    return mean + spread * gen.sample(len(X), seed=0)


def line(name: str, points: Points, centres: NDArray[np.float64]) -> str:
    """Return the printed line of a set of points."""
    share, found, rarest = evaluate(points, centres)
    modes = f"{found:2} of {len(centres)} modes, rarest {rarest:.2f} of its share"
    return f"  {name:34} {share:6.1%} within 3 sigma, {modes}"


def save(path: str, drawn: dict[str, tuple[Points, Points]]) -> None:
    """Draw data and generated points side by side."""
    from deepseek import plot

    figure = plot.bare_figure((8.4, 8.8))
    axes: Any = figure.subplots(len(drawn), 2, squeeze=False)
    for row, (name, pair) in zip(axes, drawn.items(), strict=True):
        for ax, points, source in zip(row, pair, ("data", "generated"), strict=True):
            ax.scatter(*points[:4000].T, s=2, color=plot.BLUE, alpha=0.4, linewidths=0)
            ax.set(title=f"{name}: {source}", aspect="equal")
            plot.plain(ax)
        row[1].set(xlim=row[0].get_xlim(), ylim=row[0].get_ylim())
    figure.savefig(path, dpi=120)


def main() -> None:
    """Train on both distributions with every seed; compare with the baselines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="number of seeds (default: 5)")
    parser.add_argument("--plot", metavar="FILE", help="draw data and generated points (needs matplotlib)")
    options = parser.parse_args()

    drawn: dict[str, tuple[Points, Points]] = {}
    for name, centres in CENTRES.items():
        X = draw(centres, ROWS, 0)
        print(f"{name}, {ROWS} points")
        for baseline, points in baselines(X, centres).items():
            print(line(f"baseline, {baseline}", points, centres))
        start, reached = time.perf_counter(), 0
        for seed in range(options.seeds):
            points = generate(X, seed)
            print(line(f"Gen, seed {seed}", points, centres), flush=True)
            share, found, _ = evaluate(points, centres)
            reached += share >= 0.95 and found == len(centres)
            drawn[name] = (X, points)
        seconds = time.perf_counter() - start
        print(f"  at least 95 % and all modes: {reached} of {options.seeds} seeds, {seconds:.0f} s")

    if options.plot:
        save(options.plot, drawn)
        print(f"picture: {options.plot}")


if __name__ == "__main__":
    main()
