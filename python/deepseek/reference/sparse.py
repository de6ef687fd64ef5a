"""Sparse rows in NumPy, entry by entry. Mirrors ``csrc/kernels/sparse`` and ``csrc/net/sparse_batch``.

They take the place of the array of inputs: the first layer needs x @ W.T and dy.T @ x, input dropout x * mask.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SparseRows:
    """Entry e is `values[e]` in row `rows[e]` and column `columns[e]`; all other elements are 0."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Array
    shape: tuple[int, int]

    __array_ufunc__ = None  # so that NumPy leaves dy.T @ x to __rmatmul__

    def __len__(self) -> int:
        return self.shape[0]

    def __matmul__(self, weight: Array) -> Array:
        """Return x @ weight: each entry adds a row of `weight` to its row."""
        product = np.zeros((self.shape[0], weight.shape[1]))
        np.add.at(product, self.rows, self.values[:, None] * weight[self.columns])
        return product

    def __rmatmul__(self, left: Array) -> Array:
        """Return left @ x: each entry adds a column of `left` to its column."""
        product = np.zeros((self.shape[1], left.shape[0]))
        np.add.at(product, self.columns, self.values[:, None] * left.T[self.rows])
        return product.T

    def __mul__(self, factor: Array | float) -> SparseRows:
        """Return x * factor, element by element."""
        factors = np.broadcast_to(factor, self.shape)[self.rows, self.columns]
        return replace(self, values=self.values * factors)

    def __getitem__(self, index: NDArray[np.int64]) -> SparseRows:
        """Return the rows numbered `index`."""
        place, entry = np.nonzero(np.asarray(index)[:, None] == self.rows)
        return SparseRows(place, self.columns[entry], self.values[entry], (len(index), self.shape[1]))


Inputs = Array | SparseRows


def as_inputs(x: Any) -> Inputs:
    """Return an array in float64, or the sparse rows of CSR arrays (`indptr`, `indices`, `data`, `shape`)."""
    if isinstance(x, SparseRows):
        return x
    if not hasattr(x, "indptr"):
        return np.asarray(x, np.float64)
    rows = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    return SparseRows(rows, np.asarray(x.indices, np.int64), np.asarray(x.data, np.float64), x.shape)
