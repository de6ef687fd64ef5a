"""Scores of predictions: of classes and of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]

_TINY = 1e-15


def class_scores(
    probabilities: Array, codes: NDArray[np.int64], weights: Floats | None = None
) -> dict[str, float]:
    """Return the scores of probabilities.

    Parameters
    ----------
    probabilities : ndarray of shape (rows, classes)
        Predicted probabilities.
    codes : ndarray of int64, shape (rows,)
        True classes.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.

    Returns
    -------
    dict of str to float
        ``"accuracy"``; ``"balanced_accuracy"``, the mean recall of the classes that occur; ``"auc"``, the area
        under the ROC curve, for several classes the mean over one class against the others (NaN if only one
        occurs); ``"log_loss"``, the mean of -ln of the probability of the true class.
    """
    predicted = probabilities.argmax(axis=1)
    weights = np.ones(len(codes)) if weights is None else weights
    hits = predicted == codes
    recalls = [np.average(hits[codes == c], weights=weights[codes == c]) for c in np.unique(codes)]
    true = probabilities[np.arange(len(codes)), codes]
    return {
        "accuracy": float(np.average(hits, weights=weights)),
        "balanced_accuracy": float(np.mean(recalls)),
        "auc": _auc(probabilities, codes, weights),
        "log_loss": -float(np.average(np.log(np.clip(true, _TINY, 1.0)), weights=weights)),
    }


def per_class(
    probabilities: Array, codes: NDArray[np.int64], weights: Floats | None = None
) -> list[dict[str, float]]:
    """Return rows, and weighted precision, recall and F1 of each class; NaN where a denominator is 0."""
    weights = np.ones(len(codes)) if weights is None else weights
    predicted = probabilities.argmax(axis=1)
    result = []
    for c in range(probabilities.shape[1]):
        hits = float(weights[(predicted == c) & (codes == c)].sum())
        chosen, true = float(weights[predicted == c].sum()), float(weights[codes == c].sum())
        result.append(
            {
                "rows": float(np.sum(codes == c)),
                "precision": _ratio(hits, chosen),
                "recall": _ratio(hits, true),
                "f1": _ratio(2.0 * hits, chosen + true),
            }
        )
    return result


def value_scores(predicted: Array, truth: Array, weights: Floats | None = None) -> dict[str, float]:
    """Return the scores of values.

    Parameters
    ----------
    predicted, truth : ndarray of shape (rows,)
        Predicted and true values.
    weights : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.

    Returns
    -------
    dict of str to float
        ``"r2"``, the coefficient of determination (NaN if the true values are all equal); ``"rmse"``, the root
        of the mean squared error; ``"mae"``, the mean absolute error.
    """
    errors = predicted - truth
    mean = np.average(truth, weights=weights)
    variance = float(np.average(np.square(truth - mean), weights=weights))
    mse = float(np.average(np.square(errors), weights=weights))
    return {
        "r2": 1.0 - mse / variance if variance else float("nan"),
        "rmse": float(np.sqrt(mse)),
        "mae": float(np.average(np.abs(errors), weights=weights)),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _auc(probabilities: Array, codes: NDArray[np.int64], weights: Floats) -> float:
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_binary_auc(probabilities[:, c], codes == c, weights) for c in classes]
    known = [area for area in areas if area == area]
    return float(np.mean(known)) if known else float("nan")


def _binary_auc(scores: Array, positive: NDArray[np.bool_], weights: Floats) -> float:
    """Return the area under the ROC curve: the weight of the pairs in the right order, where ties count half."""
    _, inverse = np.unique(scores, return_inverse=True)
    inside = np.bincount(inverse, weights * positive)
    others = np.bincount(inverse, weights * ~positive)
    pairs = float(inside.sum() * others.sum())
    below = np.cumsum(others) - others / 2.0
    return _ratio(float(inside @ below), pairs)
