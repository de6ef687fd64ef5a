"""Scores of predictions: of classes and of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_TINY = 1e-15


def class_scores(probabilities: Array, codes: NDArray[np.int64]) -> dict[str, float]:
    """Return the scores of probabilities.

    Parameters
    ----------
    probabilities : ndarray of shape (rows, classes)
        Predicted probabilities.
    codes : ndarray of int64, shape (rows,)
        True classes.

    Returns
    -------
    dict of str to float
        ``"accuracy"``; ``"balanced_accuracy"``, the mean recall of the classes that occur; ``"auc"``, the area
        under the ROC curve, for several classes the mean over one class against the others (NaN if only one
        occurs); ``"log_loss"``, the mean of -ln of the probability of the true class.
    """
    predicted = probabilities.argmax(axis=1)
    recalls = [float(np.mean(predicted[codes == c] == c)) for c in np.unique(codes)]
    true = probabilities[np.arange(len(codes)), codes]
    return {
        "accuracy": float(np.mean(predicted == codes)),
        "balanced_accuracy": float(np.mean(recalls)),
        "auc": _auc(probabilities, codes),
        "log_loss": -float(np.mean(np.log(np.clip(true, _TINY, 1.0)))),
    }


def per_class(probabilities: Array, codes: NDArray[np.int64]) -> list[dict[str, float]]:
    """Return rows, precision, recall and F1 of each class; NaN where a denominator is 0."""
    predicted = probabilities.argmax(axis=1)
    result = []
    for c in range(probabilities.shape[1]):
        hits = float(np.sum((predicted == c) & (codes == c)))
        chosen, true = float(np.sum(predicted == c)), float(np.sum(codes == c))
        result.append(
            {
                "rows": true,
                "precision": _ratio(hits, chosen),
                "recall": _ratio(hits, true),
                "f1": _ratio(2.0 * hits, chosen + true),
            }
        )
    return result


def value_scores(predicted: Array, truth: Array) -> dict[str, float]:
    """Return the scores of values.

    Parameters
    ----------
    predicted, truth : ndarray of shape (rows,)
        Predicted and true values.

    Returns
    -------
    dict of str to float
        ``"r2"``, the coefficient of determination (NaN if the true values are all equal); ``"rmse"``, the root
        of the mean squared error; ``"mae"``, the mean absolute error.
    """
    errors = predicted - truth
    variance = float(np.mean(np.square(truth - truth.mean())))
    mse = float(np.mean(np.square(errors)))
    return {
        "r2": 1.0 - mse / variance if variance else float("nan"),
        "rmse": float(np.sqrt(mse)),
        "mae": float(np.mean(np.abs(errors))),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _auc(probabilities: Array, codes: NDArray[np.int64]) -> float:
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_binary_auc(probabilities[:, c], codes == c) for c in classes]
    known = [area for area in areas if area == area]
    return float(np.mean(known)) if known else float("nan")


def _binary_auc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve from the ranks of the positive rows; ties count half."""
    count = int(positive.sum())
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[positive].sum() - count * (count + 1) / 2.0) / (count * others))
