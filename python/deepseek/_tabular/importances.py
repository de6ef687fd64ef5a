"""Permutation importances: how much a score falls if the values of one column are exchanged between rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..datasets import fixed_order
from .scores import class_scores, value_scores
from .state import FittedState

Array = NDArray[Any]

CLASS_METRICS = ("accuracy", "balanced_accuracy", "auc", "log_loss")
VALUE_METRICS = ("r2", "rmse", "mae")
_LOWER_IS_BETTER = ("log_loss", "rmse", "mae")


class Importance(NamedTuple):
    """Permutation importance of a column.

    Attributes
    ----------
    mean : float
        Mean decrease of the score over the permutations; for log_loss, rmse and mae the mean increase.
    std : float
        Standard deviation over the permutations.
    """

    mean: float
    std: float


def permutation_importances(
    state: FittedState,
    inputs: NDArray[np.float32],
    targets: Array,
    weights: NDArray[np.float64] | None = None,
    *,
    metric: str,
    repeats: int,
    seed: int,
) -> dict[str, Importance]:
    """Return the importance of each column that is an input, the largest first (Breiman 2001, "Random forests").

    Inputs of one column are exchanged together, so the table is encoded only once.

    Parameters
    ----------
    state : FittedState
        Fitted model.
    inputs : ndarray of float32, shape (rows, inputs)
        Encoded rows.
    targets : ndarray of shape (rows,)
        Encoded targets.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.
    metric : str
        Score, one of `CLASS_METRICS` or `VALUE_METRICS`.
    repeats : int
        Permutations per column.
    seed : int
        Seed of the permutations.
    """
    sign = -1.0 if metric in _LOWER_IS_BETTER else 1.0

    def score(rows: NDArray[np.float32]) -> float:
        if state.classes is None:
            return sign * value_scores(state.values(rows), targets, weights)[metric]
        return sign * class_scores(state.probabilities(rows), targets, weights)[metric]

    best = score(inputs)
    orders = [fixed_order(len(inputs), (seed + repeat) % 2**64) for repeat in range(repeats)]
    found = {}
    for name, positions in state.inputs.positions.items():
        exchanged = inputs.copy()
        falls = []
        for order in orders:
            exchanged[:, positions] = inputs[order][:, positions]
            falls.append(best - score(exchanged))
        found[name] = Importance(float(np.mean(falls)), float(np.std(falls)))
    return dict(sorted(found.items(), key=lambda item: -item[1].mean))
