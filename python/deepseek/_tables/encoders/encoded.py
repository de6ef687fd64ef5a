"""A column of a table as inputs of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..cells import Cells

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Encoded:
    """A column of a table as inputs.

    Attributes
    ----------
    numbers : ndarray of float64 or bool, shape (rows, d)
        Numeric inputs; bool where all are 0 or 1.
    codes : list of ndarray of int64, each of shape (rows,)
        Categorical inputs; code 0 stands for any value that fit did not see.
    new : list of str
        Distinct texts that fit did not see, in the order of their rows.
    new_rows, gaps, infinite : int
        Rows with one of them; rows with a missing value although fit saw none missing; rows with an infinite number
        although fit saw none.
    """

    numbers: Floats | Mask
    codes: list[Codes] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    new_rows: int = 0
    gaps: int = 0
    infinite: int = 0


def indicator(missing: Mask, optional: bool) -> list[Floats]:
    """Return the indicator of missing values as a list of one input, or of none if fit saw none missing."""
    return [missing.astype(np.float64)] if optional else []


def stacked(inputs: Sequence[Floats], rows: int) -> Floats:
    """Return inputs of shape (rows,) as the columns of one matrix."""
    return np.stack(inputs, axis=1) if inputs else np.empty((rows, 0))


def rows_with(cells: Cells, texts: Sequence[int]) -> int:
    """Return the number of rows with one of some distinct texts, which are given by their indices."""
    return int(cells.counts()[list(texts)].sum()) if texts else 0
