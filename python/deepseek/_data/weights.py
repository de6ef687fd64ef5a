"""Sample and class weights at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import losses
from .._checks import integer, real
from .._settings import Supervised
from .inputs import Place, as_array, as_finite, in_rows
from .targets import takes_labels

Array = NDArray[Any]


def as_weights(weights: Any, rows: int, dtype: np.dtype[Any], name: str = "sample_weight") -> Array | None:
    """One weight a row, at least 0 and not all 0; None is one for all.

    Parameters
    ----------
    weights : array-like of shape (rows,), or None
    rows : int
        How many there must be.
    dtype : dtype
        float32 or float64.
    name : str
        What messages call it.
    """
    return None if weights is None else row_weights(as_array(weights, name), rows, dtype, name)


def row_weights(array: Array, rows: int, dtype: np.dtype[Any], name: str) -> Array:
    """The same of an array."""
    if array.shape != (rows,):
        raise ValueError(f"{name} must have shape ({rows},), one weight a row; got {array.shape}")
    return checked_weights(array, dtype, name)


def checked_weights(array: Array, dtype: np.dtype[Any], name: str, place: Place = in_rows) -> Array:
    """Weights in the engine's type: finite, none negative, not all 0."""
    values = as_finite(array, dtype, name, place)
    if values.size and values.min() < 0:
        row = int((values < 0).argmax())
        raise ValueError(f"{name} must not be negative; {place(row)} is {values[row]:g}")
    if not values.any():
        raise ValueError(f"{name} must not be all zero")
    return values


def with_class_weights(
    weights: Array | None, class_weight: Any, y: Array, config: Supervised
) -> Array | None:
    """Sample weights times the weight of each row's class.

    Parameters
    ----------
    weights : ndarray of shape (rows,), or None
        Sample weights so far.
    class_weight : mapping, list, "balanced" or None
        Weight by class index (classes left out weigh 1); "balanced": rows / (classes present · rows of the
        class).
    y : ndarray
        Targets as `as_targets` gives them.
    config : Supervised
    """
    if class_weight is None:
        return weights
    classes = _classes(y, config)
    table = _table(class_weight, classes, config.outputs if takes_labels(config) else 2)
    product = table[classes] if weights is None else table[classes] * weights.astype(np.float64)
    return checked_weights(product, np.dtype(config.dtype), "class_weight times sample_weight")


def _classes(y: Array, config: Supervised) -> Array:
    """The class of each row."""
    if y.ndim == 1:
        return y
    binary = losses.name_of(config.loss) in ("binary_cross_entropy", "focal") and config.outputs == 1
    if not binary or not np.isin(y, (0, 1)).all():
        raise ValueError(
            "class_weight needs targets that name one class a row (class indices, or one output of 0 or 1)"
        )
    return y[:, 0].astype(np.int64)


def _table(class_weight: Any, classes: Array, count: int) -> Array:
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f'class_weight must be a mapping, a list, "balanced" or None, got {class_weight!r}'
            )
        rows = np.bincount(classes, minlength=count)
        return len(classes) / (np.count_nonzero(rows) * np.maximum(rows, 1.0))
    table = np.ones(count)
    if isinstance(class_weight, Mapping):
        for key, value in class_weight.items():
            table[integer("class_weight's class", key, 0, count - 1)] = real(f"class_weight[{key}]", value)
        return table
    given = as_array(class_weight, "class_weight")
    if given.shape != (count,):
        raise ValueError(
            f"class_weight must have one weight for each of the {count} classes, got shape {given.shape}"
        )
    table[:] = [real(f"class_weight[{i}]", value.item()) for i, value in enumerate(given)]
    return table
