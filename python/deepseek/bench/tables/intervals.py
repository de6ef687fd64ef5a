"""Prediction intervals of `TabularNet` with and without spreads: ``python -m deepseek.bench.tables.intervals``.

The pinball loss of nine quantiles, in per cent of the target's standard deviation, and the share of the test rows in
the interval of 90 %, on the regression tables of the benchmark.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import deepseek as ds

from . import frames, sources
from .registry import TABLES
from .scoring import split

LEVELS = np.array([0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975])


def scores(quantiles: NDArray[np.float64], target: NDArray[Any]) -> tuple[float, float]:
    """Return the mean pinball loss in per cent of the standard deviation, and the share between 5 % and 95 %."""
    error = target[:, None] - quantiles
    loss = np.maximum(LEVELS * error, (LEVELS - 1.0) * error).mean()
    inside = (quantiles[:, 1] <= target) & (target <= quantiles[:, 7])
    return 100.0 * float(loss / target.std()), float(inside.mean())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=2, help="splits of each table (default: %(default)s)")
    parser.add_argument("--tables", default="", help="names of tables, with commas (default: all of numbers)")
    options = parser.parse_args()
    chosen = [name for name in options.tables.split(",") if name]
    changes = []
    for table in TABLES:
        path = sources.find(table)
        if path is None or table.task != "number" or (chosen and table.name not in chosen):
            continue
        frame, target = frames.read(table, str(path))
        for seed in range(options.splits):
            training, test = split(target, table.task, seed)
            found, spreads = [], 0
            for constant in (False, True):
                without: Any = patch("deepseek._tabular.state.fit_spreads", lambda *_, **__: [])
                with without if constant else nullcontext():
                    model = ds.TabularNet(seed=seed, task="regression")
                    model.fit(frame.iloc[training], table.target, verbose=False)
                spreads += len(model._fitted("spreads").spread_nets)
                found.append(scores(model.predict_quantiles(frame.iloc[test], LEVELS.tolist()), target[test]))
            (loss, inside), (loss_before, inside_before) = found
            changes.append(100.0 * (loss / loss_before - 1.0))
            print(
                f"{table.name:10s} {seed}  constant {loss_before:6.3f} ({inside_before:.3f} inside)  "
                f"with {spreads} spread nets {loss:6.3f} ({inside:.3f} inside)  {changes[-1]:+.1f} %",
                flush=True,
            )
    print(f"mean change of the pinball loss: {np.mean(changes):+.2f} % of {len(changes)} pairs")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
