"""A CSV file as people have them: row numbers, an identifier, gaps, formatted numbers, dates, a constant column."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

QUICK = ["--members", "2", "--epochs", "25", "--hidden", "16"]
"""Options of a training that takes a second."""

HEADER = ["", "Customer ID", "size", "colour", "paid, total", "day", "shop", "kind", "amount"]


def rows(count: int = 200, seed: int = 3) -> list[list[str]]:
    """Rows of the file; "kind" is "good" or "bad" by size and colour, "amount" a number that depends on both."""
    rng = np.random.default_rng(seed)
    result = []
    for i in range(count):
        size, colour = rng.normal(50, 10), rng.choice(["red", "green", "blue"])
        score = (size - 50) / 10 + 2.0 * (colour == "red") - 0.7
        result.append(
            [
                str(i + 1),
                f"N{i:05d}A",
                "" if i % 17 == 3 else f"{size:.1f}",
                str(colour),
                f"{1000 + 37 * i:,}.50",
                str(np.datetime64("2026-01-01") + int(rng.integers(0, 300))),
                "Ulm",
                "good" if score > 0 else "bad",
                f"{100 + 10 * score + rng.normal():.2f}",
            ]
        )
    return result


def write(path: str | Path, body: list[list[str]], header: list[str] = HEADER, delimiter: str = ",") -> Path:
    """Write a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *body])
    Path(path).write_text(text.getvalue(), encoding="utf-8")
    return Path(path)


def read(path: str | Path) -> list[list[str]]:
    """Read a CSV file, the header included."""
    return list(csv.reader(io.StringIO(Path(path).read_text(encoding="utf-8"))))
