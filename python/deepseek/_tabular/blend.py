"""Weights of the members and of the linear models in the answer of a `TabularNet`, found on out-of-fold outputs.

Probabilities are pooled as p ∝ p_net^u · p_linear^v; this also calibrates them, as temperature scaling does (Guo et al.
2017, "On calibration of modern neural networks"). Numbers are averaged with the weights 1 - v and v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .weights import effective_rows

Array = NDArray[Any]
Floats = NDArray[np.float64]

MAX_WEIGHT = 4.0
_PRIOR_ROWS = 10.0
"""Rows as strong as the preference for equal weights, which decides in tables of a few rows."""
_MAX_ROWS = 20_000
_TINY = 1e-12


@dataclass(frozen=True)
class Blend:
    """Weights of the mean output of the members and of that of the linear models."""

    net: float
    linear: float

    def probabilities(self, net: Floats, linear: Floats) -> Floats:
        """Return the pooled probabilities, shape (rows, classes); each row sums to 1.

        Parameters
        ----------
        net, linear : ndarray of shape (rows, classes)
            Mean probabilities of the members and of the linear models.
        """
        logits = self.net * _log(net) + self.linear * _log(linear)
        return _softmax(logits)

    def values(self, net: Array, linear: Array) -> Array:
        """Return the weighted mean of numbers."""
        return np.asarray(self.net * net + self.linear * linear)


def fit_probabilities(
    net: Array, linear: Array, codes: NDArray[np.int64], rows: Floats | None = None
) -> Blend:
    """Return the weights of the lowest log loss, by Newton's method; the loss is convex in them.

    Parameters
    ----------
    net, linear : ndarray of shape (rows, classes)
        Out-of-fold probabilities.
    codes : ndarray of int64, shape (rows,)
        True classes.
    rows : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.

    Returns
    -------
    Blend
        Weights from 0 to 4.
    """
    if not len(codes):
        return Blend(0.5, 0.5)
    net, linear, codes = net[:_MAX_ROWS], linear[:_MAX_ROWS], codes[:_MAX_ROWS]
    rows = np.ones(len(codes)) if rows is None else rows[:_MAX_ROWS] / rows[:_MAX_ROWS].mean()
    features = np.stack([_log(net), _log(linear)])
    found = _minimise(features, codes, rows, np.array([True, True]))
    for weight in (0, 1):  # a weight below 0 is 0 at the constrained minimum
        if found[weight] < 0.0:
            free = np.array([True, True])
            free[weight] = False
            found = np.maximum(_minimise(features, codes, rows, free), 0.0)
    u, v = (round(min(float(weight), MAX_WEIGHT), 4) for weight in found)
    return Blend(u, v)


def fit_values(net: Array, linear: Array, targets: Array, rows: Floats | None = None) -> Blend:
    """Return the weights of the lowest squared error.

    Parameters
    ----------
    net, linear, targets : ndarray of shape (rows,)
        Out-of-fold outputs, and true values.
    rows : ndarray of float64, shape (rows,), optional
        Weights of the rows, above 0. Default: 1.
    """
    net, linear, targets = (np.asarray(part, np.float64) for part in (net, linear, targets))
    difference = linear - net
    if not difference.any():
        return Blend(0.5, 0.5)
    rows = np.ones(len(net)) if rows is None else rows
    square = float(np.mean(rows * (difference * difference)))
    best = float(np.mean(rows * (difference * (targets - net)))) / square
    prior = _PRIOR_ROWS / effective_rows(rows)
    weight = round(min(max((best + 0.5 * prior) / (1.0 + prior), 0.0), 1.0), 4)
    return Blend(round(1.0 - weight, 4), weight)


def _minimise(features: Floats, codes: NDArray[np.int64], rows: Floats, free: NDArray[np.bool_]) -> Floats:
    """Return the minimum over the free weights of mean log loss + prior, the others at 0."""
    prior = _PRIOR_ROWS / effective_rows(rows)
    weights = np.where(free, 0.5, 0.0)
    loss, gradient, curvature = _derivatives(features, codes, rows, weights, prior)
    for _ in range(30):
        step = np.zeros(2)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        scale = 1.0
        while scale > 1e-6:
            trial = weights - scale * step
            found = _derivatives(features, codes, rows, trial, prior)
            if found[0] <= loss:
                break
            scale /= 2.0
        else:
            break
        weights, (loss, gradient, curvature) = trial, found
        if np.abs(scale * step).max() < 1e-6:
            break
    return weights


def _derivatives(
    features: Floats, codes: NDArray[np.int64], rows: Floats, weights: Floats, prior: float
) -> tuple[float, Floats, Floats]:
    """Return loss, gradient (2,) and second derivatives (2, 2) with respect to the weights; `rows` has mean 1."""
    index = np.arange(len(codes))
    logits = np.einsum("k,krc->rc", weights, features)
    probabilities = _softmax(logits)
    loss = -float(np.mean(rows * np.log(np.maximum(probabilities[index, codes], _TINY))))
    mean = np.einsum("rc,krc->kr", probabilities, features)
    gradient = np.mean(rows * (mean - features[:, index, codes]), axis=1)
    centred = features - mean[:, :, None]
    curvature = np.einsum("rc,krc,lrc->kl", rows[:, None] * probabilities, centred, centred) / len(codes)
    offset = weights - 0.5
    loss += 0.5 * prior * float(offset @ offset)
    return loss, gradient + prior * offset, curvature + prior * np.eye(2)


def _log(probabilities: Array) -> Floats:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), _TINY))


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
