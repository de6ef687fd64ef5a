"""Assignment of rows to folds, stratified by class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import fixed_order


def assign_folds(
    rows: int, folds: int, seed: int, codes: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the fold of each row.

    Rows are dealt out in a random order, one class after another, so that folds differ by at most one row, and
    the rows of a class too. A class with a single row stays in the training data of every fold.

    Parameters
    ----------
    rows : int
        Number of rows.
    folds : int
        Number of folds, at least 2.
    seed : int
        Seed of the order.
    codes : ndarray of int64, shape (rows,), optional
        Classes; default: no stratification.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Folds from 0; -1 for rows that no fold holds out.
    """
    order = fixed_order(rows, seed)
    result = np.full(rows, -1, np.int64)
    if codes is not None:
        order = order[np.argsort(codes[order], kind="stable")]
        order = order[np.bincount(codes)[codes[order]] > 1]
    result[order] = np.arange(len(order)) % folds
    return result


def holdout(rows: int, count: int, seed: int, codes: NDArray[Any] | None = None) -> NDArray[np.bool_]:
    """Return the mask of about `count` rows to hold out, in the same share of each class.

    Parameters
    ----------
    rows : int
        Number of rows.
    count : int
        Number of rows to hold out.
    seed : int
        Seed of the choice.
    codes : ndarray of int64, shape (rows,), optional
        Classes; default: no stratification. A class with a single row is not held out.

    Returns
    -------
    ndarray of bool, shape (rows,)
    """
    order = fixed_order(rows, seed)
    mask = np.zeros(rows, np.bool_)
    if codes is None:
        mask[order[:count]] = True
        return mask
    order = order[np.argsort(codes[order], kind="stable")]
    order = order[np.bincount(codes)[codes[order]] > 1]
    # Evenly spaced positions of the rows in order of class take the same share of each class.
    mask[order[((np.arange(count) + 0.5) * len(order) / count).astype(np.int64)]] = True
    return mask
