"""Splits and metrics, the same for every model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .registry import Task

TEST_FRACTION = 0.25
LEAST_PROBABILITY = float(np.finfo(np.float32).eps)
"""Lower limit of a probability in the log loss, because some models return float32."""


def split(
    target: NDArray[Any], task: Task, seed: int, test_fraction: float = TEST_FRACTION
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the training and test rows of a split.

    Parameters
    ----------
    target : ndarray of shape (rows,)
        Target of each row.
    task : {"classes", "number"}
        With classes, each has the same share in both parts (stratified), and at least one training row.
    seed : int
        Number of the split; it decides the shuffle.
    test_fraction : float, default=0.25
        Share of the test rows.

    Returns
    -------
    training, test : ndarray of int64
        Row numbers, each in ascending order.
    """
    rng = np.random.default_rng(seed)
    groups = (
        [np.flatnonzero(target == value) for value in np.unique(target)]
        if task == "classes"
        else [np.arange(len(target))]
    )
    test = np.sort(
        np.concatenate([rng.permutation(rows)[: int(len(rows) * test_fraction + 0.5)] for rows in groups])
    )
    return np.setdiff1d(np.arange(len(target)), test), test


def accuracy(target: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the share of equal labels."""
    return float(np.mean(target == predicted))


def log_loss(target: NDArray[Any], probabilities: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return the mean negative log-likelihood in nats.

    Parameters
    ----------
    target : ndarray of shape (rows,)
        True labels.
    probabilities : ndarray of shape (rows, classes)
        Predicted probabilities. Rows are scaled to sum 1 after the limit at `LEAST_PROBABILITY`.
    classes : ndarray of shape (classes,)
        Label of each column. A true label without a column has probability `LEAST_PROBABILITY`.

    Returns
    -------
    float
        Log loss.
    """
    p = np.clip(np.asarray(probabilities, dtype=np.float64), LEAST_PROBABILITY, 1.0)
    p /= p.sum(axis=1, keepdims=True)
    column = {label: index for index, label in enumerate(classes.tolist())}
    places = np.array([column.get(label, -1) for label in target.tolist()])
    chosen = np.where(places >= 0, p[np.arange(len(p)), places], LEAST_PROBABILITY)
    return float(-np.log(chosen).mean())


def r2(target: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the coefficient of determination R²; 0 is the mean of the test rows."""
    residual = float(np.square(target - predicted).sum())
    total = float(np.square(target - target.mean()).sum())
    return 1.0 - residual / total if total > 0 else float(residual == 0)


def rmse(target: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return the root of the mean squared error, in the target's unit."""
    return float(np.sqrt(np.square(target - predicted).mean()))
