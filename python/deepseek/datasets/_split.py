"""Reproducible split into training and test rows.

The order is a function of the number of rows and the seed, equal on every machine, instruction set and NumPy
version. Rows are sorted by 64 bits of Philox output each; no global generator is used.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._rng_streams import DATA_SPLIT


class Split(NamedTuple):
    """Training and test rows of a data set, as a named tuple.

    Attributes
    ----------
    X_train, y_train : ndarray
        Training rows and their targets; X_train is a CSR matrix if X was sparse.
    X_test, y_test : ndarray
        Test rows and their targets, likewise.
    """

    X_train: NDArray[Any]
    y_train: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]


def fixed_order(rows: int, seed: int = 0) -> NDArray[np.int64]:
    """Return a reproducible random order of ``rows`` rows.

    Parameters
    ----------
    rows : int
        Number of rows, at least 0.
    seed : int, default=0
        Seed of the order, 0 to 2**64 - 1.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Permutation of ``range(rows)``.

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    from .. import _core

    if rows < 0:
        raise ValueError(f"rows: got {rows}; expected at least 0")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed: got {seed}; expected 0 to 2**64 - 1")
    counters = np.zeros((rows, 4), dtype=np.uint32)
    counters[:, 0] = np.arange(rows, dtype=np.uint32)
    counters[:, 3] = DATA_SPLIT
    words = np.asarray(_core.kernels.philox(seed, counters), dtype=np.uint64)
    return np.argsort((words[:, 1] << np.uint64(32)) | words[:, 0], kind="stable").astype(np.int64)


def train_test_split(X: Any, y: ArrayLike, test: float = 0.25, seed: int = 0) -> Split:
    """Split rows into a training and a test part, reproducibly.

    Parameters
    ----------
    X, y : array-like
        Samples and targets of equal length, at least 2 rows. X may be a sparse matrix of SciPy.
    test : float, default=0.25
        Fraction of the rows in the test part, in (0, 1); each part has at least one row.
    seed : int, default=0
        Seed of the order, see `fixed_order`.

    Returns
    -------
    Split
        Named tuple ``(X_train, y_train, X_test, y_test)`` of copies.

    Raises
    ------
    ValueError
        If the lengths differ, there are fewer than 2 rows, or an argument is out of range.
    """
    # Rows of a sparse matrix are selected in its CSR format.
    X, y = X.tocsr() if callable(getattr(X, "tocsr", None)) else np.asarray(X), np.asarray(y)
    if X.shape[:1] != y.shape[:1] or X.ndim == 0:
        raise ValueError(f"X, y: got shapes {X.shape} and {y.shape}; expected equally many rows")
    if not 0.0 < test < 1.0:
        raise ValueError(f"test: got {test}; expected a number between 0 and 1")
    rows = X.shape[0]
    if rows < 2:
        raise ValueError(f"X: got {rows} rows; expected at least 2")
    order = fixed_order(rows, seed)
    cut = min(rows - 1, max(1, round(rows * test)))
    return Split(X[order[cut:]], y[order[cut:]], X[order[:cut]], y[order[:cut]])
