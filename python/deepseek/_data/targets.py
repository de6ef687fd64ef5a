"""Validation of targets: the values that each loss allows, in the form that the engine reads.

Class indices become int64 (rows,); all other targets become (rows, outputs) of the engine's type. Labels of
another kind (names, arbitrary integers) are encoded by `deepseek.sklearn`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._config.model import SupervisedConfig, takes_labels, targets_of
from .inputs import ErrorLocation, as_array, as_finite, in_rows

Array = NDArray[Any]

SUM_TOLERANCE = 1e-4
"""Largest difference between 1 and the sum of a row of probabilities."""


def as_targets(y: Any, config: SupervisedConfig, rows: int, dtype: np.dtype[Any], name: str = "y") -> Array:
    """Validate one target per row."""
    array = as_array(y, name)
    if array.ndim == 0:
        raise ValueError(f"{name}: got a single number; expected an array of {rows} targets")
    if array.shape[0] != rows:
        raise ValueError(f"{name}: got {array.shape[0]} rows; expected {rows}, as many as X has")
    if takes_labels(config) and (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        return as_labels(array.reshape(-1), config.outputs, name)
    return as_values(_rows(array, config, name), config, dtype, name)


def as_values(
    array: Array, config: SupervisedConfig, dtype: np.dtype[Any], name: str, location: ErrorLocation = in_rows
) -> Array:
    """Validate targets (rows, outputs) that are no class indices: finite, and in the range of the loss."""
    values = as_finite(array, dtype, name, location)
    check_range(values, config, name, location)
    return values


def as_labels(
    array: Array,
    classes: int,
    name: str,
    location: ErrorLocation = in_rows,
    *,
    of: str = "the model has {} outputs",
) -> Array:
    """Validate class indices 0 to classes - 1; floats are accepted if they are whole numbers.

    `of` is the reason for the number of classes, for the message.
    """
    if array.dtype.kind not in "iub":
        with np.errstate(over="ignore"):
            array = array.astype(np.float64)
        fractional = ~(np.floor(array) == array) | (np.abs(array) > 2.0**53)
        if fractional.any():
            row = int(fractional.argmax())
            raise ValueError(
                f"{name}: got {float(array[row])} in {location(row)}; expected class indices 0 to {classes - 1}"
            )
    low, high = array.min(), array.max()
    if low < 0 or high >= classes:
        row = int(((array < 0) | (array >= classes)).argmax())
        raise ValueError(
            f"{name}: got {int(array[row])} in {location(row)}; expected class indices 0 to {classes - 1} "
            f"({of.format(classes)}). For labels of another kind use deepseek.sklearn"
        )
    return np.ascontiguousarray(array, np.int64)


def _rows(array: Array, config: SupervisedConfig, name: str) -> Array:
    """Return targets (rows, outputs); (rows,) is accepted where there is one output."""
    outputs = config.outputs
    if array.ndim == 1 and outputs == 1:
        return array.reshape(-1, 1)
    if array.shape[1:] != (outputs,):
        also = " or (rows,) class indices" if takes_labels(config) else ""
        raise ValueError(f"{name}: got shape {array.shape}; expected (rows, {outputs}){also}")
    if targets_of(config) == "classes":
        raise ValueError(
            f"{name}: got shape {array.shape}; expected class indices of shape (rows,) for the focal loss"
        )
    return array


def check_range(
    values: Array, config: SupervisedConfig, name: str, location: ErrorLocation = in_rows
) -> None:
    """Raise ValueError for a target outside the range of the loss: counts, probabilities, or 0 and 1."""
    kind = targets_of(config)
    if kind == "counts":
        _check_none(values < 0, values, "at least 0 for the poisson loss", name, location)
    elif kind == "probabilities":
        _check_none((values < 0) | (values > 1), values, "probabilities from 0 to 1", name, location)
    elif kind == "binary":
        _check_none((values != 0) & (values != 1), values, "0 or 1 for the focal loss", name, location)
    elif kind == "class_probabilities":
        _check_none(values < 0, values, "probabilities, at least 0", name, location)
        sums = values.sum(axis=1, dtype=np.float64)
        wrong = np.abs(sums - 1.0) > SUM_TOLERANCE
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(
                f"{name}: got a sum of {sums[row]:g} in {location(row)}; expected rows of probabilities that sum to 1"
            )


def _check_none(invalid: Array, values: Array, expected: str, name: str, location: ErrorLocation) -> None:
    """Raise ValueError at the first invalid value, if there is one."""
    if invalid.any():
        row, column = (int(i) for i in np.argwhere(invalid)[0])
        raise ValueError(
            f"{name}: got {values[row, column]:g} in {location(row, column)}; expected {expected}"
        )
