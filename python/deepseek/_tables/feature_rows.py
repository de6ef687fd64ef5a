"""Encoded rows of a table, and the values that fit did not see."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .cells import listed, quoted


@dataclass(frozen=True)
class Unknown:
    """What a column held at prediction that fit did not see.

    Attributes
    ----------
    new_rows : int
        Rows with a new category, or with a text where numbers or dates are expected.
    examples : list of str
        Those texts, each once, in the order of their rows.
    gaps : int
        Rows with a missing value although fit saw none missing.
    infinite : int
        Rows with an infinite number although fit saw none.
    """

    new_rows: int
    examples: list[str]
    gaps: int
    infinite: int = 0


@dataclass(frozen=True)
class Features:
    """Encoded rows.

    Attributes
    ----------
    numbers : ndarray of float32, shape (rows, d)
        Numeric inputs: scaled numbers, booleans as ±1, parts of dates, n-grams and indicators of missing values.
    number_names : list of str
        Name of each numeric input.
    categories : ndarray of int64, shape (rows, c)
        Codes of the categorical inputs, 0 to size - 1. Code 0 stands for any value that fit did not see; no
        training row has it unless rare categories share it.
    category_names : list of str
        Name of each categorical input.
    sizes : list of int
        Number of codes of each categorical input.
    unknown : dict of str to Unknown
        By column, the values that fit did not see; the rows are encoded all the same.
    """

    numbers: NDArray[np.float32]
    number_names: list[str]
    categories: NDArray[np.int64]
    category_names: list[str]
    sizes: list[int]
    unknown: dict[str, Unknown] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.numbers)

    def matrix(self) -> NDArray[np.float32]:
        """Return all inputs, shape (rows, d + sum of size - 1): numbers, then one-hot codes; code 0 is all zeros."""
        width = self.numbers.shape[1]
        result = np.zeros((self.rows, width + sum(size - 1 for size in self.sizes)), np.float32)
        result[:, :width] = self.numbers
        for position, size in enumerate(self.sizes):
            codes = self.categories[:, position]
            rows = np.flatnonzero(codes)
            result[rows, width + codes[rows] - 1] = 1.0
            width += size - 1
        return result

    def warning(self) -> str | None:
        """Return one sentence about all values that fit did not see, or None."""
        parts = []
        for name, found in self.unknown.items():
            if found.new_rows:
                value = (
                    "the new value"
                    if len(found.examples) == 1
                    else f"{len(found.examples)} new values such as"
                )
                shown = listed(found.examples, 3).partition(", …")[0]
                parts.append(f"{_rows(found.new_rows)} with {value} {shown} in column {quoted(name)}")
            if found.gaps:
                parts.append(f"{_rows(found.gaps)} with a missing value in column {quoted(name)}")
            if found.infinite:
                parts.append(f"{_rows(found.infinite)} with an infinite number in column {quoted(name)}")
        if not parts:
            return None
        return f"got {'; '.join(parts)}, of {_rows(self.rows)}; training saw none, so they count as unknown"


def _rows(count: int) -> str:
    return f"{count} row" + "s" * (count != 1)
