"""Piecewise-linear encoding of numbers (Gorishniy et al. 2022, "On embeddings for numerical features").

A number becomes one value per bin: 0 below the bin, 1 above it, and its relative position within. The bins are
quantiles of the training rows, so that the encoding resolves the range where the data are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BINS = 16
"""Most bins of a column."""
MAX_WIDTH = 512
"""Most encoded values of a row; tables with many columns get fewer bins each."""
MIN_ROWS_PER_BIN = 4
_ROUNDS = 8  # of the bound of a value's weight, which falls with the weights


class PiecewiseEncoder:
    """Piecewise-linear encoder of the columns of a matrix.

    Parameters
    ----------
    edges : list of ndarray
        Increasing edges of the bins of each column; fewer than three stand for a column without encoding.
    """

    def __init__(self, edges: list[NDArray[np.float32]]) -> None:
        self.edges = edges

    @staticmethod
    def fit(numbers: NDArray[np.float32]) -> PiecewiseEncoder:
        """Return the encoder with quantiles as edges.

        Parameters
        ----------
        numbers : ndarray of float32, shape (rows, columns)
            Training rows.

        Returns
        -------
        PiecewiseEncoder
        """
        rows, columns = numbers.shape
        bins = min(MAX_BINS, rows // MIN_ROWS_PER_BIN, MAX_WIDTH // max(columns, 1))
        if bins < 2:
            return PiecewiseEncoder([np.empty(0, np.float32)] * columns)
        edges = [_edges(column, bins) for column in numbers.T]
        return PiecewiseEncoder([e if len(e) > 2 else np.empty(0, np.float32) for e in edges])

    @property
    def width(self) -> int:
        """Number of encoded values of a row."""
        return sum(max(len(edges) - 1, 0) for edges in self.edges)

    def transform(self, numbers: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Write the encoded columns.

        Parameters
        ----------
        numbers : ndarray of float32, shape (rows, columns)
            Columns of `fit`.
        out : ndarray of float32, shape (rows, width)
            Result.
        """
        first = 0
        for column, edges in zip(numbers.T, self.edges, strict=True):
            if not len(edges):
                continue
            part = out[:, first : first + len(edges) - 1]
            np.subtract(column[:, None], edges[:-1], out=part)
            part /= np.diff(edges)
            np.clip(part, 0.0, 1.0, out=part)
            first += len(edges) - 1

    def to_config(self) -> list[list[float]]:
        """Return plain values for a file."""
        return [[float(edge) for edge in edges] for edges in self.edges]

    @staticmethod
    def from_config(config: Any, columns: int) -> PiecewiseEncoder:
        """Return the encoder that `to_config` wrote; raise ValueError for anything else."""
        if not isinstance(config, list) or len(config) != columns:
            raise ValueError(f"bins: got {config!s:.60}; expected a list for each of {columns} columns")
        with np.errstate(over="ignore"):  # an overflow is not finite, which the next check finds
            edges = [np.array(column, np.float32) for column in config]
        for column in edges:
            if column.ndim != 1 or not np.isfinite(column).all() or not (np.diff(column) > 0).all():
                raise ValueError("bins: got edges that are not increasing finite numbers")
            if 0 < len(column) < 3:
                raise ValueError(f"bins: got {len(column)} edges of a column; expected none or at least 3")
        return PiecewiseEncoder(edges)


def _edges(column: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Return quantiles of a column, in which no value counts for more than one bin.

    In a column of mostly zeros the plain quantiles would all be 0.
    """
    values, counts = np.unique(column, return_counts=True)
    weights = counts.astype(np.float64)
    for _ in range(_ROUNDS):
        weights = np.minimum(weights, weights.sum() / bins)
    reached = np.cumsum(weights) - weights[0]
    places = np.searchsorted(reached, np.linspace(0.0, reached[-1], bins + 1) * (1.0 - 1e-12))
    return np.unique(values[places])
