"""Validation split of the estimators: which rows are held out for early stopping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Array = NDArray[Any]


def split_rows(rows: int, fraction: float, generator: Any, labels: Array | None) -> tuple[Array, Array]:
    """Return the numbers of the training rows and of the validation rows, both shuffled.

    Parameters
    ----------
    rows : int
        Number of rows.
    fraction : float
        Fraction of the rows for validation, in (0, 1).
    generator : RandomState
        Generator of the shuffle.
    labels : ndarray of shape (rows,) or None
        Labels for a split that keeps the frequencies of the classes; None for a plain one. Of three or more classes,
        those with a single row stay in the training part, and a part with fewer rows than classes is not stratified.

    Raises
    ------
    ValueError
        If one of two classes has a single row, as in ``MLPClassifier``, or a part would be empty.
    """
    everything = np.arange(rows)
    options = {"test_size": fraction, "random_state": generator}
    if labels is None:
        training, validation = train_test_split(everything, **options)
        return training, validation
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    held_out = math.ceil(fraction * rows)
    is_single = counts[codes] == 1
    if len(classes) <= 2 or held_out == 0:
        is_single[:] = False
    pool, single = everything[~is_single], everything[is_single]
    if len(pool) <= held_out:  # nearly every row has a class of its own
        pool, single = everything, everything[:0]
    if len(single):
        options["test_size"] = held_out
    groups = len(np.unique(codes[pool]))
    smallest_class = counts[codes[pool]].min()
    can_stratify = min(held_out, len(pool) - held_out) >= groups and smallest_class > 1
    stratify = labels[pool] if can_stratify or len(classes) <= 2 else None
    training, validation = train_test_split(pool, stratify=stratify, **options)
    return np.concatenate([training, single]), validation


def take(X: Any, order: Array) -> Any:
    """Return the rows of an array, or the sequences of a list, numbered `order`."""
    return [X[i] for i in order] if isinstance(X, list) else X[order]
