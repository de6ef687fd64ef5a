"""``python -m deepseek.bench.reading``: time of reading CSV files beside the C reader of pandas.

Three files of 100 000 rows are written to a temporary folder: nine columns of decimals; ten columns of numbers,
categories, booleans and dates; and the same with a column of texts that are nearly all different. Libraries
take turns, and the best time of all rounds counts.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tables import FeatureEncoder, read_table

WORDS = ("red", "green", "blue", "fast", "slow", "large", "small", "old", "new", "cheap")


def write_files(folder: Path, rows: int = 100_000) -> list[Path]:
    """Write the files and return their paths."""
    rng = np.random.default_rng(0)
    reals = rng.standard_normal((rows, 9)).round(5)
    whole = rng.integers(0, 1000, (rows, 7))
    days = np.datetime64("2015-01-01") + whole[:, 4]
    income = np.where(rng.random(rows) < 0.02, "", (1e4 * reals[:, 0]).round(2).astype(str))
    mixed: dict[str, NDArray[Any]] = {
        "age": 20 + whole[:, 0] % 60,
        "income": income,
        "score": reals[:, 1],
        "count": whole[:, 1],
        "city": np.array([f"city {i}" for i in range(40)])[whole[:, 2] % 40],
        "sex": np.array(["f", "m"])[whole[:, 3] % 2],
        "joined": days,
        "member": np.array(["no", "yes"])[whole[:, 5] % 2],
        "visits": whole[:, 6],
        "y": reals[:, 2],
    }
    words = [[WORDS[i % 10] for i in whole[:, k].tolist()] for k in (0, 1, 2)]
    notes = [f"{a} {b} {c} {n}" for a, b, c, n in zip(*words, range(rows), strict=True)]
    tables = {
        "decimals": {f"c{i}": reals[:, i] for i in range(9)},
        "mixed": mixed,
        "mixed and texts": mixed | {"visits": np.array(notes)},
    }
    return [_write(folder / f"{name}.csv", columns) for name, columns in tables.items()]


def _write(path: Path, columns: dict[str, NDArray[Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return path


def best_times(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the processor seconds of each call in its best round."""
    times = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name] = min(times[name], time.process_time() - start)
    return times


def _read_and_encode(path: Path) -> None:
    columns = read_table(path)
    FeatureEncoder.fit(columns).transform(columns)


def report(folder: Path, rows: int, rounds: int) -> list[str]:
    """Return a line for each file: milliseconds, and how they compare with pandas if it is installed."""
    pandas: Any = import_module("pandas") if find_spec("pandas") else None
    lines = []
    for path in write_files(folder, rows):
        calls: dict[str, Callable[[], Any]] = {
            "read": partial(read_table, path),
            "read and encode": partial(_read_and_encode, path),
        }
        if pandas is not None:
            calls["pandas"] = partial(pandas.read_csv, path)
        times = best_times(calls, rounds)
        peer = times.get("pandas")
        parts = [
            f"{name} {1e3 * seconds:.0f} ms"
            + (f" ({seconds / peer:.2f} x pandas)" if peer and name != "pandas" else "")
            for name, seconds in times.items()
        ]
        lines.append(f"{path.stem}: {', '.join(parts)}")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="time of reading CSV files beside the C reader of pandas")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of each file (default: 100000)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of measurement (default: 7)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in report(Path(folder), arguments.rows, arguments.rounds):
            print(line)


if __name__ == "__main__":
    main()
