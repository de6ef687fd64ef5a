"""Stock market: walk-forward forecasts of the next day of the S&P 500 over ten years, and simple baselines.

    pip install --no-deps arch && python examples/rec_sp500.py [--plot sp500.png]

Data: daily prices of the S&P 500, 1999 to 2018, in the package arch (licence NCSA).  Only the data file is read,
so the dependencies of the package are not needed.

Every day two values of the next day are forecast: the return, and the range from low to high, a measure of
volatility.  The Rec is trained on the days before 2009 and forecasts 2009; then it continues the training with 2009
added and forecasts 2010, and so on.  So no forecast uses data of its own year.

Returns are close to unpredictable from past prices, and "no change" is hard to beat: a Rec that clearly beats it would
indicate an error.  The range is predictable.  Its baseline is a linear regression on means over a day, a week and a
month (HAR, Corsi 2009), which is refitted each year too.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import deepseek as ds

Array = NDArray[np.float64]
FIRST_YEAR = 2009
WINDOW, STRIDE, RUN_UP = 60, 5, 250


class Days(NamedTuple):
    """The inputs and targets by day."""

    year: NDArray[np.int64]
    close: Array
    returns: Array  # today's change of the logarithm, percent
    spread: Array  # logarithm of today's range from low to high


def load() -> Days:
    """Return the days without the first one, which has no return."""
    found = find_spec("arch")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("this example needs the prices in the package arch: pip install --no-deps arch")
    path = Path(found.submodule_search_locations[0]) / "data" / "sp500" / "sp500.csv.gz"
    with gzip.open(path, "rt", encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    close, high, low = (np.array([float(row[key]) for row in rows]) for key in ("Close", "High", "Low"))
    year = np.array([int(row["Date"].rsplit("/", 1)[1]) for row in rows])
    returns = 100 * np.diff(np.log(close))
    return Days(year[1:], close[1:], returns, np.log(100 * np.log(high / low))[1:])


def trailing(values: Array, days: int) -> Array:
    """Return the mean over a trailing window of `days` days, which is shorter at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - days)
    return (sums[ends] - sums[starts]) / (ends - starts)


def years(days: Days) -> Iterator[tuple[slice, slice]]:
    """Yield for each test year the days of the training and the days from which it is forecast."""
    for year in range(FIRST_YEAR, int(days.year[-1]) + 1):
        first, last = np.searchsorted(days.year, [year, year + 1])
        # The target of a day is the next day, so the last training day is the second-to-last of the previous year.
        yield slice(0, first - 1), slice(first - 1, last - 1)


def regression(days: Days, series: list[Array]) -> Array:
    """Forecast the range from the means of some series over a day, a week and a month, refitted each year."""
    inputs = np.stack([trailing(values, count) for values in series for count in (1, 5, 22)], axis=1)
    inputs = np.hstack([inputs, np.ones((len(inputs), 1))])
    forecast = np.full(len(inputs), np.nan)
    for training, forecast_days in years(days):
        weights = np.linalg.lstsq(inputs[training], days.spread[1:][training], rcond=None)[0]
        forecast[forecast_days] = inputs[forecast_days] @ weights
    return forecast


def recurrent(days: Days) -> tuple[Array, Array]:
    """Forecast return and range with a Rec that trains on each year."""
    values = np.stack([days.returns, days.spread], axis=1)
    start = next(years(days))[0]
    mean, scale = values[start].mean(axis=0), values[start].std(axis=0)
    inputs = np.hstack([(values - mean) / scale, np.abs(values[:, :1]) / scale[0] - 1]).astype(np.float32)
    rec = ds.Rec(
        input_size=3,
        hidden=24,
        cell="gru",
        output="sequence",
        output_size=2,
        loss="squared_error",
        optimizer=ds.AdamW(learning_rate=3e-3, weight_decay=0.02, schedule=ds.Cosine(), clip_norm=1.0),
        dropout=0.2,
        seed=0,
    )
    print(rec)
    forecast = np.full(values.shape, np.nan)
    for training, forecast_days in years(days):
        begins = range(0, training.stop - WINDOW + 1, STRIDE)
        X = np.stack([inputs[begin : begin + WINDOW] for begin in begins])
        y = np.stack([inputs[begin + 1 : begin + WINDOW + 1, :2] for begin in begins])
        rec.fit(X, y, epochs=15 if training == start else 2, batch_size=32, verbose=False)
        outputs = np.asarray(rec.predict(inputs[None, forecast_days.start - RUN_UP : forecast_days.stop]))[
            0, RUN_UP:
        ]
        forecast[forecast_days] = outputs * scale + mean
    return forecast[:, 0], forecast[:, 1]


def root_mean_square(errors: Array) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(errors))))


def report(title: str, unit: str, truth: Array, forecasts: dict[str, Array]) -> None:
    """Print the error of each forecast, and its difference from the first one."""
    print(f"{title}, root mean square error in {unit} (and relative to the first):")
    first = root_mean_square(next(iter(forecasts.values())) - truth)
    for name, forecast in forecasts.items():
        error = root_mean_square(forecast - truth)
        print(f"  {name:46} {error:8.4g}  {error / first - 1:+7.1%}")


def draw(path: str, days: Days, spread: Array, origins: NDArray[np.int64]) -> None:
    """Draw the ranges of the last three years and their forecasts."""
    from deepseek import plot

    shown = origins[days.year[origins + 1] > days.year[-1] - 3]
    figure = plot.bare_figure((9, 4))
    ax = figure.subplots()
    labels = ("range of the day", "forecast made the day before")
    plot.forecast(np.exp(days.spread[shown + 1]), np.exp(spread[shown]), labels=labels, ax=ax)
    ax.set_yscale("log")
    ax.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
    ax.minorticks_off()
    ax.set_ylabel("low to high, percent")
    starts = np.flatnonzero(np.diff(days.year[shown + 1], prepend=0))
    ax.set_xticks(starts, [str(year) for year in days.year[shown + 1][starts]])
    ax.set_title("S&P 500", loc="left", fontsize=11)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Forecast and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plot", metavar="FILE", help="draw ranges and forecasts (needs matplotlib)")
    options = parser.parse_args()

    days = load()
    start = time.perf_counter()
    returns, spread = recurrent(days)
    seconds = time.perf_counter() - start
    origins = np.concatenate([np.arange(part.start, part.stop) for _, part in years(days)])
    next_days = origins + 1
    print(f"{len(origins)} days forecast, {FIRST_YEAR} to {days.year[-1]}; all fits took {seconds:.1f} s")

    magnitude = np.abs(days.returns)
    ranges = {
        "last value": days.spread,
        "mean of 5 days": trailing(days.spread, 5),
        "mean of 22 days": trailing(days.spread, 22),
        "regression on ranges": regression(days, [days.spread]),
        "regression on ranges, returns, |returns|": regression(days, [days.spread, days.returns, magnitude]),
        "Rec": spread,
    }
    report(
        "range of the next day",
        "logarithm",
        days.spread[next_days],
        {name: forecast[origins] for name, forecast in ranges.items()},
    )
    changes = {
        "no change (the last close)": np.zeros_like(returns),
        "mean return of 250 days": trailing(days.returns, 250),
        "the last return again": days.returns,
        "Rec": returns,
    }
    truth = days.returns[next_days]
    report(
        "return of the next day", "percent", truth, {name: found[origins] for name, found in changes.items()}
    )
    levels = {
        "last value": days.close,
        "mean of 5 closes": trailing(days.close, 5),
        "Rec": days.close * np.exp(returns / 100),
    }
    report(
        "close of the next day",
        "points",
        days.close[next_days],
        {name: level[origins] for name, level in levels.items()},
    )
    right, up = float(np.mean((returns[origins] > 0) == (truth > 0))), float(np.mean(truth > 0))
    print(
        f'sign of the return: accuracy of the Rec {right:.1%}, of "always up" {up:.1%}; '
        f"two standard errors are ±{1 / np.sqrt(len(truth)):.1%}"
    )
    print(
        "Conclusion: volatility can be forecast, the direction of the market cannot. "
        "This is not investment advice."
    )
    if options.plot:
        draw(options.plot, days, spread, origins)
        print(f"picture: {options.plot}")


if __name__ == "__main__":
    main()
