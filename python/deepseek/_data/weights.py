"""Validation of sample and class weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.checks import integer, real
from .._config.model import SupervisedConfig, takes_labels, targets_of
from .inputs import ErrorLocation, as_array, as_finite, in_rows

Array = NDArray[Any]


def as_weights(weights: Any, rows: int, dtype: np.dtype[Any], name: str = "sample_weight") -> Array | None:
    """Validate sample weights: at least 0 and not all 0.

    Parameters
    ----------
    weights : array-like of shape (rows,), or None
        One weight per row; None means 1 for every row.
    rows : int
        Required number of weights.
    dtype : dtype
        Element type of the result, float32 or float64.
    name : str, default="sample_weight"
        Name of the argument in error messages.

    Returns
    -------
    ndarray of shape (rows,), or None

    Raises
    ------
    TypeError, ValueError
        For weights of another shape, not finite, negative, or all 0.
    """
    return None if weights is None else row_weights(as_array(weights, name), rows, dtype, name)


def row_weights(array: Array, rows: int, dtype: np.dtype[Any], name: str) -> Array:
    """Validate an array of one weight per row."""
    if array.shape != (rows,):
        raise ValueError(f"{name}: got shape {array.shape}; expected ({rows},), one weight per row")
    return checked_weights(array, dtype, name)


def checked_weights(
    array: Array, dtype: np.dtype[Any], name: str, location: ErrorLocation = in_rows
) -> Array:
    """Return weights in the engine's type; raise ValueError unless all are finite, at least 0 and one is above 0."""
    values = as_finite(array, dtype, name, location)
    if values.size and values.min() < 0:
        row = int((values < 0).argmax())
        raise ValueError(f"{name}: got {values[row]:g} in {location(row)}; expected weights of at least 0")
    if not values.any():
        raise ValueError(f"{name}: got only zeros; expected at least one weight above 0")
    return values


def with_class_weights(
    weights: Array | None, class_weight: Any, y: Array, config: SupervisedConfig
) -> Array | None:
    """Return the sample weights multiplied by the weight of each row's class.

    Parameters
    ----------
    weights : ndarray of shape (rows,), or None
        Sample weights; None means 1 for every row.
    class_weight : mapping, list, "balanced" or None
        Weight by class index; classes left out have weight 1. "balanced" is rows / (classes present · rows of
        the class).
    y : ndarray
        Targets returned by `as_targets`.
    config : SupervisedConfig
        Configuration of the model.

    Returns
    -------
    ndarray of shape (rows,), or None

    Raises
    ------
    TypeError, ValueError
        For targets that name no class, and for invalid class weights.
    """
    if class_weight is None:
        return weights
    classes = _classes(y, config)
    table = _table(class_weight, classes, config.outputs if takes_labels(config) else 2)
    product = table[classes] if weights is None else table[classes] * weights.astype(np.float64)
    return checked_weights(product, np.dtype(config.dtype), "class_weight times sample_weight")


def _classes(y: Array, config: SupervisedConfig) -> Array:
    """Return the class of each row."""
    if y.ndim == 1:
        return y
    binary = targets_of(config) in ("probabilities", "binary") and config.outputs == 1
    if not binary or not np.isin(y, (0, 1)).all():
        raise ValueError(
            "class_weight: got targets that name no single class per row; expected class indices, or one output of "
            "0 or 1"
        )
    return y[:, 0].astype(np.int64)


def _table(class_weight: Any, classes: Array, count: int) -> Array:
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(
                f'class_weight: got {class_weight!r}; expected a mapping, a list, "balanced" or None'
            )
        rows = np.bincount(classes, minlength=count)
        return len(classes) / (np.count_nonzero(rows) * np.maximum(rows, 1.0))
    table = np.ones(count)
    if isinstance(class_weight, Mapping):
        for key, value in class_weight.items():
            table[integer("class_weight's class", key, 0, count - 1)] = real(f"class_weight[{key}]", value)
        return table
    listed = as_array(class_weight, "class_weight")
    if listed.shape != (count,):
        raise ValueError(f"class_weight: got shape {listed.shape}; expected ({count},), one weight per class")
    table[:] = [real(f"class_weight[{i}]", value.item()) for i, value in enumerate(listed)]
    return table
