"""Forms of predictions, and the metrics of `evaluate`: accuracy of classes, R² of values, with sums in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._config.checks import flag
from .._config.model import SupervisedConfig, takes_labels

Array = NDArray[Any]


def check_classes(config: SupervisedConfig) -> None:
    """Raise ValueError unless the model predicts classes."""
    if not losses.predicts_classes(config.loss):
        expected = ", ".join(filter(losses.predicts_classes, losses.NAMES))
        raise ValueError(
            f"predict_classes: got a model with loss {losses.name_of(config.loss)!r}, which predicts values; expected "
            f"one of {expected} (use predict)"
        )


def predicted_classes(outputs: Array, config: SupervisedConfig, squeeze: Any = False) -> Array:
    """Return int64 classes: the most probable (…,) of a softmax, or outputs ≥ 0.5 as 0 and 1 (…, outputs)."""
    if takes_labels(config):
        return np.asarray(np.argmax(outputs, axis=-1))
    return without_outputs((outputs >= 0.5).astype(np.int64), squeeze)


def without_outputs(values: Array, squeeze: Any) -> Array:
    """Return values (…, 1) of the only output as (…,) if `squeeze` is true."""
    if not flag("squeeze", squeeze):
        return values
    if values.shape[-1] != 1:
        raise ValueError(
            f"squeeze: got True for a model with {values.shape[-1]} outputs; expected one output"
        )
    return values.reshape(values.shape[:-1])


def evaluation_metric(
    outputs: Array, y: Array, weights: Array | None, config: SupervisedConfig
) -> dict[str, float]:
    """Return {"accuracy": …} for classes, {"r2": …} for values."""
    if not losses.predicts_classes(config.loss):
        return {"r2": r2(outputs, y, weights)}
    truth = y if y.ndim == 1 else np.argmax(y, axis=1) if takes_labels(config) else y >= 0.5
    correct = predicted_classes(outputs, config) == truth
    by_row = correct if correct.ndim == 1 else correct.mean(axis=1)
    return {"accuracy": float(np.average(by_row, weights=weights))}


def r2(outputs: Array, y: Array, weights: Array | None) -> float:
    """Return the coefficient of determination, averaged over outputs, as `sklearn.metrics.r2_score` defines it."""
    y = y.astype(np.float64)
    w = np.ones(len(y)) if weights is None else weights.astype(np.float64)
    residual = w @ np.square(y - outputs)
    total = w @ np.square(y - np.average(y, axis=0, weights=w))
    varies = total > 0
    scores = np.where(residual > 0, 0.0, 1.0)  # of constant targets
    scores[varies] = 1.0 - residual[varies] / total[varies]
    return float(scores.mean())
