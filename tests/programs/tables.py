"""A table with a column of every kind that NumPy has, for the tests of the table transformer."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepseek._tables.transformer import TableTransformer

Array = NDArray[Any]
ROWS = 400


def table() -> dict[str, Array]:
    """A column of every kind; None and NaN where a value is missing."""
    rng = np.random.default_rng(0)
    gone = rng.random(ROWS) < 0.1
    ages = rng.integers(17, 90, ROWS)
    towns = rng.choice(np.array(["Ulm", "Bonn", "Köln"], object), ROWS)
    return {
        "age": ages,
        "even": (2 * ages).astype(np.uint8),
        "rooms": rng.integers(1, 6, ROWS).astype(np.int16),
        "price": np.round(rng.uniform(5, 60, ROWS), 2),
        "height": rng.normal(size=ROWS).clip(-2, 2),
        "single": rng.normal(size=ROWS).clip(-2, 2).astype(np.float32),
        "income": np.where(gone, np.nan, 100.0 * rng.integers(10, 80, ROWS)),
        "town": towns.astype("U4"),
        "or town": np.where(gone, None, towns),
        "or nan": np.where(gone, np.nan, towns),
        "or age": np.where(gone, None, ages.astype(object)),
        "yes": rng.random(ROWS) < 0.3,
        "always": np.full(ROWS, 7),
        "seldom": np.where(gone, np.nan, 7.0),
        "never": np.full(ROWS, np.nan),
        "day": np.datetime64("2020-02-01", "D") + rng.integers(0, 900, ROWS).astype("m8[D]"),
        "when": np.where(
            gone,
            np.datetime64("NaT", "s"),
            np.datetime64("2020-02-01T10", "s") + rng.integers(0, 99, ROWS).astype("m8[h]"),
        ),
        "took": rng.integers(0, 10**6, ROWS).astype("m8[ms]"),
    }


@functools.cache
def fitted() -> TableTransformer:
    """Fitted on the table; for tests that do not fit it again."""
    return TableTransformer().fit(table())
