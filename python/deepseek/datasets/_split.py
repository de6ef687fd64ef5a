"""A fixed split into training and test rows.

The order is a function of (number of rows, seed) alone: the same on every machine, instruction set and NumPy
version.  Rows are sorted by 64 bits of Philox output each, so this touches no global generator.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_STREAM = 3  # of Philox; a training run with the same seed draws from other streams (0 to 2)


class Split(NamedTuple):
    """Training and test rows of one data set."""

    X_train: NDArray[Any]
    y_train: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]


def fixed_order(rows: int, seed: int = 0) -> NDArray[np.int64]:
    """Return a fixed random order of ``rows`` rows.

    Parameters
    ----------
    rows : int
        How many rows there are.
    seed : int, default=0
        Which order to take, 0 to 2**64 - 1.

    Returns
    -------
    ndarray of int64
        A permutation of ``range(rows)``.
    """
    from .. import _core

    if rows < 0:
        raise ValueError(f"rows must not be negative, got {rows}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, got {seed}")
    counters = np.zeros((rows, 4), dtype=np.uint32)
    counters[:, 0] = np.arange(rows, dtype=np.uint32)
    counters[:, 3] = _STREAM
    words = np.asarray(_core.kernels.philox(seed, counters), dtype=np.uint64)
    return np.argsort((words[:, 1] << np.uint64(32)) | words[:, 0], kind="stable").astype(np.int64)


def train_test_split(X: ArrayLike, y: ArrayLike, test: float = 0.25, seed: int = 0) -> Split:
    """Split rows into a training and a test part, always in the same way.

    Parameters
    ----------
    X, y : array-like
        Samples and targets of equal length.
    test : float, default=0.25
        Fraction of the rows that becomes the test part; at least one row is left on each side.
    seed : int, default=0
        Which of the fixed orders to use.

    Returns
    -------
    Split
        Named tuple ``(X_train, y_train, X_test, y_test)`` of copies.
    """
    X, y = np.asarray(X), np.asarray(y)
    if X.shape[:1] != y.shape[:1] or X.ndim == 0:
        raise ValueError(f"X and y must have the same number of rows, got shapes {X.shape} and {y.shape}")
    if not 0.0 < test < 1.0:
        raise ValueError(f"test must lie between 0 and 1, got {test}")
    rows = X.shape[0]
    if rows < 2:
        raise ValueError(f"at least 2 rows are needed for a split, got {rows}")
    order = fixed_order(rows, seed)
    cut = min(rows - 1, max(1, round(rows * test)))
    return Split(X[order[cut:]], y[order[cut:]], X[order[:cut]], y[order[:cut]])
