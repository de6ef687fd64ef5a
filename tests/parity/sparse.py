"""Sparse rows of arrays, for the tests: the form that the engine reads, made without SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepseek._data.sparse import SparseRows
from parity import engine

Array = NDArray[Any]


def rows_of(x: Array) -> SparseRows:
    """The elements of an array that are not zero."""
    row, column = np.nonzero(x)
    indptr = np.searchsorted(row, np.arange(len(x) + 1)).astype(np.int64)
    return SparseRows(indptr, column.astype(np.int32), x[row, column], (x.shape[0], x.shape[1]))


def thinned(x: Array, share: float, key: int) -> Array:
    """The array with about this share of its elements; the others are zero, and so are a row and a column."""
    kept = engine.numbers(*x.shape, key) < 4 * share - 2
    kept[len(x) // 2] = False
    kept[:, x.shape[1] // 2] = False
    return np.where(kept, x, x.dtype.type(0))
