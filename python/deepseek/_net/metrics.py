"""Figures of merit for `evaluate`: accuracy of classes, R² of values. Sums are in double, whatever the dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._data.targets import takes_labels
from .._settings import Supervised

Array = NDArray[Any]

CLASSIFYING = ("cross_entropy", "binary_cross_entropy", "focal")
"""Losses whose outputs are probabilities of classes."""


def check_classes(config: Supervised) -> None:
    """Refuse to name classes where there are none."""
    loss = losses.name_of(config.loss)
    if loss not in CLASSIFYING:
        raise ValueError(f"a net with loss {loss!r} predicts values, not classes")


def decided(outputs: Array, config: Supervised) -> Array:
    """Predicted classes: the likeliest (…,), or yes and no at one half (…, outputs), as int64."""
    if takes_labels(config):
        return np.asarray(np.argmax(outputs, axis=-1))
    return (outputs >= 0.5).astype(np.int64)


def figure_of_merit(outputs: Array, y: Array, weights: Array | None, config: Supervised) -> dict[str, float]:
    """{"accuracy": …} for classes, {"r2": …} for values."""
    if losses.name_of(config.loss) not in CLASSIFYING:
        return {"r2": r2(outputs, y, weights)}
    truth = y if y.ndim == 1 else np.argmax(y, axis=1) if takes_labels(config) else y >= 0.5
    right = decided(outputs, config) == truth
    by_row = right if right.ndim == 1 else right.mean(axis=1)
    return {"accuracy": float(np.average(by_row, weights=weights))}


def r2(outputs: Array, y: Array, weights: Array | None) -> float:
    """Coefficient of determination, averaged over outputs; as scikit-learn's `r2_score`."""
    y = y.astype(np.float64)
    w = np.ones(len(y)) if weights is None else weights.astype(np.float64)
    residual = w @ np.square(y - outputs)
    spread = w @ np.square(y - np.average(y, axis=0, weights=w))
    known = spread > 0
    scores = np.where(residual > 0, 0.0, 1.0)  # of targets that do not vary
    scores[known] = 1.0 - residual[known] / spread[known]
    return float(scores.mean())
